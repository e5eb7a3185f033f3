/**
 * The keys that work, and what they do.
 */
import type { App } from './app.js';

const SIGNS: Readonly<Record<string, string>> = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓' };

const show = (dialog: HTMLDialogElement | null): void => dialog?.showModal();

/** Open as long as it is there; the browser closes it by Escape and gives the focus back. */
export function Help({ app, onClose }: { readonly app: App; onClose(): void }) {
  return (
    <dialog class="help" aria-label="Keys" ref={show} onClose={onClose}>
      <form method="dialog">
        <h2>Keys</h2>
        <button type="submit" class="button">
          Close
        </button>
      </form>
      {
        // A view's keys come first: whoever asks, asks about what is in front of him.
        app.shortcuts.value.toReversed().map((map, index) => (
          <dl key={index} class="keys">
            {Object.entries(map).map(([keys, { text }]) => (
              <div key={keys}>
                <dt>
                  {keys.split(' ').map((key) => (
                    <kbd key={key}>{SIGNS[key] ?? key}</kbd>
                  ))}
                </dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
        ))
      }
    </dialog>
  );
}
