/**
 * Rows of the benchmark: what tracing costs an MMIO write, compiled in but off, and with the trace ring on.
 */
import { interleave, median, rounded, runOurs, scaled } from '../sides/sides.mjs';
import { untracedCopy } from '../sides/untraced.mjs';

const COUNT = 100_000;
const ROWS = {
  'trace/off': { what: 'MMIO writes, trace compiled in but off, pinned; against no trace', goal: 0.99, ring: false },
  'trace/ring': { what: 'MMIO writes, trace ring on, pinned; against no trace', goal: 0.95, ring: true },
};

export const names = Object.keys(ROWS);

const micros = ({ nanoseconds, operations }) => nanoseconds / operations / 1000;

export async function measure({ runs, scale, wanted, progress }) {
  const asked = names.filter(wanted);
  const count = scaled(COUNT, scale);
  const side = (traceRing, program) => () =>
    runOurs({ scenario: 'write', placement: 'pinned', warm: count, count, device: { traceRing }, program });
  let untraced;
  try {
    untraced = await untracedCopy();
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    // A development dependency, which an installed package has not.
    return asked.map((name) => ({ name, skipped: 'there is no esbuild to make a build without tracing with' }));
  }
  try {
    const sides = { none: side(false, untraced.ours) };
    for (const name of asked) sides[name] = side(ROWS[name].ring);
    const results = await interleave(sides, { runs, progress: (text) => progress(`trace: ${text}`) });
    return rowsOf(asked, results);
  } finally {
    untraced.remove();
  }
}

function rowsOf(asked, results) {
  const reference = results.none.map(micros);
  return asked.map((name) => {
    const ours = results[name].map(micros);
    return {
      name,
      what: ROWS[name].what,
      unit: 'µs',
      ours: rounded(median(ours)),
      reference: rounded(median(reference)),
      value: rounded(median(reference) / median(ours)),
      better: 'higher',
      goal: ROWS[name].goal,
      runs: ours.map((each, run) => ({ ours: rounded(each), reference: rounded(reference[run]) })),
    };
  });
}
