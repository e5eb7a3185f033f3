/**
 * Times and durations in words, and where an axis has its marks.
 */

const UNITS: readonly (readonly [nanoseconds: number, name: string])[] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
];

/** A duration with three or four digits: `12.3 µs`. */
export function durationText(nanoseconds: number): string {
  const [unit, name] = UNITS.find(([each]) => Math.abs(nanoseconds) >= each) ?? [1, 'ns'];
  const value = nanoseconds / unit;
  return `${unit === 1 ? Math.round(value) : value.toPrecision(value >= 1000 ? 4 : 3)} ${name}`;
}

/** A moment since the recording's start, to the microsecond: `1.234 567 s`. */
export function momentText(nanoseconds: number): string {
  const microseconds = Math.abs(Math.round(nanoseconds / 1e3));
  const [seconds, rest] = [`${nanoseconds <= -500 ? '−' : ''}${Math.trunc(microseconds / 1e6)}`, microseconds % 1e6];
  const digits = String(rest).padStart(6, '0');
  return `${seconds}.${digits.slice(0, 3)} ${digits.slice(3)} s`;
}

/** The nanoseconds between an axis's marks: 1, 2 or 5 of some power of ten, at least as many. */
export function tickStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least) ?? 10 * power;
}

/** A mark's text, with as many digits as tell it from its neighbours. */
export function tickText(nanoseconds: number, step: number): string {
  const [unit, name] = UNITS.find(([each]) => step >= each || each === 1) ?? [1, 'ns'];
  // Marks a millisecond apart late in a run read better in seconds.
  const [shown, shownName] =
    Math.abs(nanoseconds) >= 10_000 * unit && unit < 1e9
      ? [unit * 1e3, UNITS.find(([each]) => each === unit * 1e3)?.[1] ?? name]
      : [unit, name];
  const digits = Math.max(0, Math.ceil(-Math.log10(step / shown) - 1e-9));
  return `${(nanoseconds / shown).toFixed(digits)} ${shownName}`;
}
