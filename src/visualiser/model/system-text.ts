/**
 * Numbers and spans of time as people read them, in few places and steady widths.
 *
 * Invariant: the same number has the same text everywhere, and what isn't known is a dash.
 */

/** Three digits and a unit, each a thousand of the one before. */
function withUnit(value: number, units: readonly string[]): string {
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${unit === 0 || rest >= 99.95 ? Math.round(rest) : rest.toFixed(rest < 9.995 ? 2 : 1)} ${units[unit]}`;
}

/** Nanoseconds: `820 ns`, `1.24 ms`, `12.5 s`. */
export const durationText = (nanoseconds: number): string =>
  Number.isNaN(nanoseconds) ? '–' : withUnit(Math.max(0, nanoseconds), ['ns', 'µs', 'ms', 's']);

/** A count, with a unit from ten thousand on: `0.4`, `9 999`, `12.3 k`, `1.20 M`. */
export function countText(count: number): string {
  if (Number.isNaN(count)) return '–';
  if (count >= 9999.5) return withUnit(count / 1000, ['k', 'M', 'G']);
  return count < 99.5 && count % 1 !== 0 ? count.toFixed(1) : groupText(count);
}

/** A whole number with gaps between thousands, however long. */
export const groupText = (count: number): string => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ' ');

/** A share of 0..1: `0 %`, `0.4 %`, `37 %`. */
export function shareText(share: number): string {
  const percent = 100 * share;
  return Number.isNaN(share) ? '–' : `${percent > 0 && percent < 0.95 ? Math.max(0.1, percent).toFixed(1) : Math.round(percent)} %`;
}

/** A moment of a recording, as seconds since its start: `3.214 s`. */
export const momentText = (nanoseconds: number, start: number): string => {
  const seconds = (nanoseconds - start) / 1e9;
  return Number.isNaN(seconds) ? '–' : `${seconds.toFixed(3)} s`;
};

/** With its count: `1 frame`, `2 frames`. */
export const many = (count: number, one: string): string => `${groupText(count)} ${one}${count === 1 ? '' : 's'}`;
