/**
 * Texts of worlds, cut to what a page shows: a world can make them as long as it likes.
 */
import { MAX_SENTENCE, MAX_TEXT } from './limits.js';

/** Not every system's fonts have arrows. */
const ARROWS = /[→⇒]/g;

/** At most MAX_TEXT characters; what was cut ends in an ellipsis. */
export function clipped(text: string, most = MAX_TEXT): string {
  return (text.length <= most ? text : `${text.slice(0, most - 1)}…`).replace(ARROWS, '›');
}

/** As clipped(), at most MAX_SENTENCE. */
export const sentence = (text: string): string => clipped(text, MAX_SENTENCE);
