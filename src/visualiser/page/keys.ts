/**
 * Keyboard shortcuts, and what they do in words, for the help.
 *
 * Invariant: who was registered last is asked first, so a view's keys come before the shell's. Nothing is taken from a field that one writes in, nor
 * when Ctrl, Alt or Meta is held.
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

const INPUTS = new Set(['INPUT', 'TEXTAREA', 'SELECT']);

function isWriting(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  // A slider has arrows of its own, and a button is pressed by Space and Enter.
  if (target.tagName === 'BUTTON' || target.tagName === 'A') return key === 'Space' || key === 'Enter';
  if (target instanceof HTMLInputElement && target.type === 'checkbox') return key === 'Space';
  if (target instanceof HTMLInputElement && target.type === 'range') return /^(Arrow|Page|Home|End)/.test(key);
  return INPUTS.has(target.tagName) || target.isContentEditable;
}

export function createKeys(): Keys {
  const maps = signal<readonly KeyMap[]>([]);
  addEventListener('keydown', (event) => {
    const key = event.key === ' ' ? 'Space' : event.key;
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || isWriting(event.target, key)) return;
    for (const map of maps.peek().toReversed()) {
      const action = Object.entries(map).find(([names]) => names.split(' ').includes(key))?.[1];
      if (action === undefined) continue;
      event.preventDefault();
      action.run();
      return;
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
