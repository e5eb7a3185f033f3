/**
 * Numbers and spans of time as people read them, in few places and steady widths.
 *
 * Invariant: the same number has the same text everywhere, and no text is longer than eight characters, so columns stay as they are.
 */

/** Nanoseconds with a unit and three digits: `820 ns`, `1.24 ms`, `12.5 s`, `3 h`. */
export function durationText(nanoseconds: number): string {
  const value = Math.max(0, nanoseconds);
  if (Number.isNaN(value)) return '–';
  if (value < 999.5) return `${Math.round(value)} ns`;
  if (value < 999.5e3) return `${three(value / 1e3)} µs`;
  if (value < 999.5e6) return `${three(value / 1e6)} ms`;
  if (value < 120e9) return `${three(value / 1e9)} s`;
  if (value < 120 * 60e9) return `${Math.round(value / 60e9)} min`;
  return `${Math.round(value / 3600e9)} h`;
}

/** A count, with a unit from ten thousand on: `9 999`, `12.3 k`, `1.20 M`. */
export function countText(count: number): string {
  if (Number.isNaN(count)) return '–';
  if (count < 999.5) return count % 1 === 0 || count >= 100 ? String(Math.round(count)) : count.toFixed(1);
  if (count < 9999.5) return groupText(count);
  if (count < 999.5e3) return `${three(count / 1e3)} k`;
  if (count < 999.5e6) return `${three(count / 1e6)} M`;
  return `${three(count / 1e9)} G`;
}

/** A whole number with thin gaps between thousands, however long. */
export function groupText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** A share of 0..1: `0 %`, `0.4 %`, `37 %`. */
export function shareText(share: number): string {
  if (Number.isNaN(share)) return '–';
  const percent = 100 * Math.min(1, Math.max(0, share));
  return percent > 0 && percent < 0.95 ? `${Math.max(0.1, percent).toFixed(1)} %` : `${Math.round(percent)} %`;
}

/** A moment of a recording, as time since its start: `3.214 s`. */
export function momentText(nanoseconds: number, start: number): string {
  if (Number.isNaN(nanoseconds) || Number.isNaN(start)) return '–';
  const seconds = (nanoseconds - start) / 1e9;
  if (Math.abs(seconds) < 60) return `${seconds.toFixed(3)} s`;
  const minutes = Math.trunc(seconds / 60);
  return `${minutes}:${Math.abs(seconds % 60)
    .toFixed(3)
    .padStart(6, '0')}`;
}

/** A singular for one, else a plural, with its count. */
export function many(count: number, one: string, more = `${one}s`): string {
  return `${groupText(count)} ${count === 1 ? one : more}`;
}

const three = (value: number): string => (value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : String(Math.round(value)));
