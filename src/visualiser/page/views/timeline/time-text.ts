/**
 * Moments in words, and where an axis has its marks.
 */
export { durationText } from '../../../model/system-text.js';

/** A moment since the recording's start, to the microsecond or as many digits as are asked for: `1.234 567 s`. */
export function momentText(nanoseconds: number, digits = 6): string {
  const seconds = (nanoseconds / 1e9).toFixed(digits).replace('-', '−');
  return `${seconds.replace(/(?<=\.(\d{3})*)\d{3}(?=\d)/g, '$& ')} s`;
}

/** The nanoseconds between an axis's marks: 1, 2 or 5 of some power of ten, at least as many. */
export function tickStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
}

/** How many digits tell a mark from its neighbours. */
export const tickDigits = (step: number): number => Math.max(0, 9 - Math.floor(Math.log10(step) + 1e-9));
