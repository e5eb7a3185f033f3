/**
 * Keyboard shortcuts, and what they do in words, for the help.
 *
 * Invariant: who was registered last is asked first, so a view's keys come before the shell's. Nothing is taken from an element that does something with
 * the key itself, while a dialog is open, or when Ctrl, Alt or Meta is held.
 */
import { type ReadonlySignal, signal } from '@preact/signals';

export interface KeyAction {
  /** What it does, for the help. */
  readonly text: string;
  run(): void;
}

/** By KeyboardEvent.key: `a`, `ArrowLeft`, `?`; several keys for one action are written with a space between, `+ =`. ` ` is called `Space`. */
export type KeyMap = Readonly<Record<string, KeyAction>>;

export interface Keys {
  readonly maps: ReadonlySignal<readonly KeyMap[]>;
  /** Registers keys, until what it returns is called. */
  register(map: KeyMap): () => void;
}

/** What elements do something with themselves, the first that is it. */
const OWN_KEYS: readonly (readonly [selector: string, keys: RegExp])[] = [
  [':modal *', /./],
  ['[type=range]', /^(Arrow|Page|Home|End)/],
  ['[type=checkbox]', /^Space$/],
  ['button, a', /^(Space|Enter)$/],
  ['input, textarea, select, [contenteditable]', /./],
];

const isOwn = (target: EventTarget | null, key: string): boolean =>
  target instanceof Element && OWN_KEYS.find(([selector]) => target.matches(selector))?.[1].test(key) === true;

export function createKeys(): Keys {
  const maps = signal<readonly KeyMap[]>([]);
  addEventListener('keydown', (event) => {
    const key = event.key === ' ' ? 'Space' : event.key;
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || isOwn(event.target, key)) return;
    for (const map of maps.peek().toReversed()) {
      const action = Object.entries(map).find(([names]) => names.split(' ').includes(key))?.[1];
      if (action === undefined) continue;
      event.preventDefault();
      return action.run();
    }
  });
  return {
    maps,
    register(map) {
      maps.value = [...maps.peek(), map];
      return () => {
        maps.value = maps.peek().filter((each) => each !== map);
      };
    },
  };
}
