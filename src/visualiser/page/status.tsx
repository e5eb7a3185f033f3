/**
 * How it stands with what is shown: in the header in a word, and what is wrong above the view, in full.
 */
import { useSignal } from '@preact/signals';
import type { App } from './app.js';

interface Standing {
  readonly tone: 'ok' | 'warn' | 'bad' | 'muted';
  readonly word: string;
  readonly detail: string;
  /** What is wrong, '' if nothing is. */
  readonly fault: string;
}

function standingOf({ connection, store, version, generation }: App): Standing {
  version.value;
  generation.value;
  const state = connection.value;
  if (state.kind === 'connecting') return { tone: 'muted', word: 'connecting', detail: '', fault: '' };
  if (state.kind === 'closed') {
    const detail = `${state.reason}${state.retries ? '; trying again' : ''}`;
    return { tone: 'bad', word: 'disconnected', detail, fault: state.reason };
  }
  const { complete, welcome } = state;
  const { isLive, title } = welcome;
  const fault = complete?.missing ?? '';
  if (fault !== '') return { tone: 'warn', word: 'incomplete', detail: `${title} · ${fault}`, fault };
  const detail = store.end === null ? title : `${title} · ${store.end.reason}`;
  if (isLive && store.end === null) return { tone: 'ok', word: 'live', detail, fault };
  if (isLive) return { tone: 'muted', word: 'ended', detail, fault };
  return { tone: 'muted', word: complete === null ? 'loading' : 'file', detail, fault };
}

export function Status({ app }: { readonly app: App }) {
  const { tone, word, detail } = standingOf(app);
  return (
    <output class="status" title={detail}>
      <span class={`dot ${tone}`} />
      <span class="status-word">{word}</span>
      <span class="status-detail">{detail}</span>
    </output>
  );
}

/** Lies above the view until it is closed, and comes again when something else is wrong. */
export function Notice({ app }: { readonly app: App }) {
  const closed = useSignal('');
  const { word, fault } = standingOf(app);
  if (fault === closed.value || fault === '') return null;
  return (
    <div class="notice" role="alert">
      <strong>{word}</strong>
      <span>{fault}</span>
      <button
        type="button"
        class="button"
        onClick={() => {
          closed.value = fault;
        }}
      >
        Close
      </button>
    </div>
  );
}
