/**
 * How it stands with what is shown: in the header in a word, and what is wrong above the view, in full.
 */
import { useSignal } from '@preact/signals';
import type { App } from './app.js';

interface Standing {
  /** As it is shown; shell.css has a colour for some. */
  readonly word: string;
  readonly detail: string;
  /** What is wrong, '' if nothing is. */
  readonly fault: string;
}

function standingOf({ connection, store: { end }, version }: App): Standing {
  version.value;
  const state = connection.value;
  if (state.kind === 'connecting') return { word: 'connecting', detail: '', fault: '' };
  if (state.kind === 'closed') return { word: 'disconnected', detail: state.reason, fault: state.reason };
  const { complete, welcome } = state;
  const { isLive, title } = welcome;
  const fault = complete?.missing ?? '';
  const said = fault || end?.reason;
  const detail = said ? `${title} · ${said}` : title;
  const word = fault ? 'incomplete' : isLive ? (end ? 'ended' : 'live') : complete ? 'file' : 'loading';
  return { word, detail, fault };
}

export function Status({ app }: { readonly app: App }) {
  const { word, detail } = standingOf(app);
  return (
    <output class="status" title={detail}>
      <span class={`dot ${word}`} />
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
