/**
 * The page around the views: name, connection, tabs, time, theme, help.
 *
 * Invariant: what is in the header keeps its place and size whatever it says, so that nothing jumps.
 */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { App } from './app.js';
import { GuestControl } from './guest-control.js';
import { Help } from './help.js';
import { IconButton } from './icon.js';
import { Notice, Status } from './status.js';
import { TimeControl } from './time-control.js';
import type { View } from './views.js';

interface ShellProps {
  readonly app: App;
  readonly views: readonly View[];
}

export function Shell({ app, views }: ShellProps) {
  const isHelpOpen = useSignal(false);
  const showHelp = (): void => {
    isHelpOpen.value = true;
  };
  useEffect(
    () =>
      app.keys({
        '?': { text: 'show this help', run: showHelp },
        t: { text: 'light or dark', run: app.toggleTheme },
        l: {
          text: 'follow the end',
          run: () => {
            app.time.value = null;
          },
        },
        ...Object.fromEntries(views.map(({ name, title }, index) => [index + 1, { text: `show ${title}`, run: () => app.go(name) }])),
      }),
    [],
  );
  const view = views.find(({ name }) => name === app.route.value.view) ?? views[0];
  const generation = app.generation.value;
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
        <IconButton icon="theme" title="Light or dark" shortcut="t" onClick={app.toggleTheme} />
        <button type="button" class="button icon" title="Keys (?)" onClick={showHelp}>
          ?
        </button>
      </header>
      <main class="view">
        {view !== undefined && generation > 0 && <view.component key={`${view.name} ${generation}`} app={app} />}
        <Notice app={app} />
      </main>
      {isHelpOpen.value && (
        <Help
          app={app}
          onClose={() => {
            isHelpOpen.value = false;
          }}
        />
      )}
    </div>
  );
}
