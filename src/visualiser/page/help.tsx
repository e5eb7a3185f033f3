/**
 * The keys that work now, and what they do.
 */
import { useEffect, useRef } from 'preact/hooks';
import type { App } from './app.js';

const WORDS: Readonly<Record<string, string>> = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓' };

export function Help({ app, onClose }: { readonly app: App; onClose(): void }) {
  const closeButton = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    closeButton.current?.focus();
    const forget = app.keys({ Escape: { text: 'close this help', run: onClose } });
    return () => {
      forget();
      if (before instanceof HTMLElement) before.focus();
    };
  }, [app]);
  // A view's keys come first: whoever asks, asks about what is in front of him.
  const maps = app.shortcuts.value.filter((map) => !('Escape' in map && Object.keys(map).length === 1)).toReversed();
  return (
    <div class="help" role="dialog" aria-modal="true" aria-label="Keys">
      <div class="help-head">
        <h2>Keys</h2>
        <button type="button" class="button" ref={closeButton} onClick={onClose}>
          Close
        </button>
      </div>
      {maps.map((map, index) => (
        <dl key={index} class="keys">
          {Object.entries(map).map(([keys, { text }]) => (
            <div key={keys}>
              <dt>
                {keys.split(' ').map((key) => (
                  <kbd key={key}>{WORDS[key] ?? key}</kbd>
                ))}
              </dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      ))}
    </div>
  );
}
