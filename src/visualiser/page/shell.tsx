/**
 * The page around the views: name, connection, tabs, time, theme, help.
 *
 * Invariant: what is in the header keeps its place and size whatever it says, so that nothing jumps.
 */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { App } from './app.js';
import type { ConnectionState } from './connection.js';
import { GuestControl } from './guest-control.js';
import { Help } from './help.js';
import { Icon } from './icon.js';
import { TimeControl } from './time-control.js';
import type { View } from './views.js';

interface ShellProps {
  readonly app: App;
  readonly views: readonly View[];
}

function follow({ time }: App): void {
  time.value = null;
}

export function Shell({ app, views }: ShellProps) {
  const isHelpOpen = useSignal(false);
  const show = (isOpen: boolean): void => {
    isHelpOpen.value = isOpen;
  };
  useEffect(
    () =>
      app.keys({
        '?': { text: 'show or hide this help', run: () => show(!isHelpOpen.peek()) },
        t: { text: 'light or dark', run: app.toggleTheme },
        l: { text: 'follow the end', run: () => follow(app) },
        ...Object.fromEntries(views.map(({ name, title }, index) => [`${index + 1}`, { text: `show ${title}`, run: () => app.go(name) }])),
      }),
    [app, views],
  );
  const view = views.find(({ name }) => name === app.route.value.view) ?? views[0];
  return (
    <div class="shell">
      <header class="bar">
        <h1 class="name">apple-gfx</h1>
        <nav class="tabs" aria-label="Views">
          {views.map((each) => (
            <a key={each.name} href={`#/${each.name}`} class="tab" aria-current={each === view ? 'page' : undefined}>
              {each.title}
            </a>
          ))}
        </nav>
        <Status app={app} />
        <GuestControl app={app} />
        <TimeControl app={app} />
        <ThemeButton app={app} />
        <button type="button" class="button icon" title="Keys (?)" aria-expanded={isHelpOpen.value} onClick={() => show(true)}>
          ?
        </button>
      </header>
      <main class="view">
        {view !== undefined && app.generation.value > 0 ? (
          <view.component key={`${view.name} ${app.generation.value}`} app={app} />
        ) : (
          <Waiting app={app} />
        )}
      </main>
      {isHelpOpen.value && <Help app={app} onClose={() => show(false)} />}
    </div>
  );
}

function ThemeButton({ app }: { readonly app: App }) {
  const other = app.theme.value === 'dark' ? 'light' : 'dark';
  return (
    <button
      type="button"
      class="button icon"
      title={`Switch to the ${other} theme (t)`}
      aria-label={`Switch to the ${other} theme`}
      onClick={app.toggleTheme}
    >
      <Icon name={app.theme.value === 'dark' ? 'moon' : 'sun'} />
    </button>
  );
}

interface StatusText {
  readonly tone: 'ok' | 'warn' | 'bad' | 'muted';
  readonly word: string;
  readonly detail: string;
}

function statusOf(state: ConnectionState, ended: string | null): StatusText {
  if (state.kind === 'connecting') return { tone: 'muted', word: 'connecting', detail: '' };
  if (state.kind === 'closed') {
    return { tone: 'bad', word: 'disconnected', detail: `${state.reason}${state.retries ? '; trying again' : ''}` };
  }
  const { welcome, isComplete } = state;
  if (ended !== null) return { tone: 'muted', word: welcome.isLive ? 'ended' : 'file', detail: `${welcome.title} · ${ended}` };
  if (welcome.isLive) return { tone: 'ok', word: 'live', detail: welcome.title };
  return { tone: isComplete ? 'muted' : 'warn', word: isComplete ? 'file' : 'loading', detail: welcome.title };
}

function Status({ app }: { readonly app: App }) {
  const status = useComputed(() => {
    app.version.value;
    return statusOf(app.connection.value, app.generation.value > 0 ? (app.store.end?.reason ?? null) : null);
  });
  const { tone, word, detail } = status.value;
  return (
    <output class="status" title={detail}>
      <span class={`dot ${tone}`} />
      <span class="status-word">{word}</span>
      <span class="status-detail">{detail}</span>
    </output>
  );
}

/** In place of a view, before anything has come. */
function Waiting({ app }: { readonly app: App }) {
  const state = app.connection.value;
  if (state.kind === 'closed') {
    return (
      <div class="waiting" role="alert">
        <p>
          <strong>Disconnected</strong>: {state.reason}.
        </p>
        <button type="button" class="button" onClick={app.reconnect} disabled={!state.retries}>
          Try again
        </button>
      </div>
    );
  }
  return <div class="waiting">{state.kind === 'connecting' ? 'Connecting …' : 'There is no view of that name.'}</div>;
}
