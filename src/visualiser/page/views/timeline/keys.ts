/**
 * The Timeline's keys.
 */
import type { RefObject } from 'preact';
import type { KeyMap } from '../../keys.js';
import { findNext, fitSelected, follow, pan, select, showAll, step, zoom } from './actions.js';
import { type TimelineState, timeAt } from './state.js';

const ZOOM = 0.7;
const PAN = 0.15;
const SCROLL = 60;

interface Parts {
  readonly search: RefObject<HTMLElement | null>;
  readonly canvas: RefObject<HTMLElement | null>;
}

export function timelineKeys(state: TimelineState, { search, canvas }: Parts): KeyMap {
  const zoomBy = (factor: number): void => zoom(state, factor, timeAt(state, state.pointer.value?.x ?? state.width.value / 2));
  const panBy = (share: number): void => pan(state, share * (timeAt(state, state.width.value) - timeAt(state, 0)));
  const scroll = (by: number): void => canvas.current?.parentElement?.scrollBy(0, by);
  return {
    'w + =': { text: 'nearer', run: () => zoomBy(ZOOM) },
    's -': { text: 'further away', run: () => zoomBy(1 / ZOOM) },
    'a ArrowLeft': { text: 'earlier', run: () => panBy(-PAN) },
    'd ArrowRight': { text: 'later', run: () => panBy(PAN) },
    ArrowUp: { text: 'lanes further up', run: () => scroll(-SCROLL) },
    ArrowDown: { text: 'lanes further down', run: () => scroll(SCROLL) },
    '0 Home': { text: 'all of it', run: () => showAll(state) },
    'e End': { text: 'go along with the end', run: () => follow(state) },
    f: { text: 'fit what is selected', run: () => fitSelected(state) },
    ',': { text: 'the span before in this row', run: () => step(state, -1) },
    '.': { text: 'the next span in this row', run: () => step(state, 1) },
    '/': { text: 'search', run: () => search.current?.focus() },
    n: { text: 'the next one found', run: () => findNext(state, false) },
    N: { text: 'the one found before', run: () => findNext(state, true) },
    Escape: {
      text: 'select and measure nothing',
      run: () => {
        select(state, null);
        state.measured.value = null;
      },
    },
  };
}
