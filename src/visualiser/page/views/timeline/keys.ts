/**
 * The Timeline's keys.
 */
import type { KeyMap } from '../../keys.js';
import { timeOf } from './scene.js';
import type { TimelineState } from './state.js';

const ZOOM = 0.7;
const PAN = 0.15;
const SCROLL = 60;

interface Parts {
  readonly body: () => HTMLElement | null;
  readonly search: () => HTMLInputElement | null;
  /** Where the pointer is, and how wide the lanes are. */
  readonly pointer: () => number;
  readonly width: () => number;
}

export function timelineKeys(state: TimelineState, { body, search, pointer, width }: Parts): KeyMap {
  const at = (): number => timeOf(state.window.peek(), state.hovered.peek() === null ? width() / 2 : pointer(), width());
  const scroll = (by: number): void => {
    const element = body();
    if (element !== null) element.scrollTop += by;
  };
  return {
    'w + =': { text: 'nearer', run: () => state.zoom(ZOOM, at()) },
    's -': { text: 'further away', run: () => state.zoom(1 / ZOOM, at()) },
    'a ArrowLeft': { text: 'earlier', run: () => state.pan(-PAN) },
    'd ArrowRight': { text: 'later', run: () => state.pan(PAN) },
    ArrowUp: { text: 'lanes further up', run: () => scroll(-SCROLL) },
    ArrowDown: { text: 'lanes further down', run: () => scroll(SCROLL) },
    '0 Home': { text: 'all of it', run: () => state.showAll() },
    'e End': { text: 'go along with the end', run: () => state.follow() },
    f: { text: 'fit what is selected', run: () => state.fit() },
    m: { text: 'measure what is selected', run: () => state.measure() },
    ',': { text: 'the span before in this row', run: () => state.step(-1) },
    '.': { text: 'the next span in this row', run: () => state.step(1) },
    '[': { text: 'back along a message', run: () => state.jump(false) },
    ']': { text: 'on along a message', run: () => state.jump(true) },
    x: { text: 'all messages, or few', run: () => state.toggleArrows() },
    '/': { text: 'search', run: () => search()?.focus() },
    n: { text: 'the next one found', run: () => state.findNext(false) },
    N: { text: 'the one found before', run: () => state.findNext(true) },
    Escape: {
      text: 'select and measure nothing',
      run: () => {
        state.selected.value = null;
        state.measured.value = null;
      },
    },
  };
}
