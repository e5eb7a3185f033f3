/**
 * Rows of the benchmark: resident memory after much work, against after the first thousandth of it, in one process.
 */
import { rounded, runOurs, scaled } from '../sides/sides.mjs';

const GOAL = 1.05;
const MIB = 2 ** 20;
const ROWS = {
  'resident/accesses': { what: 'one million accesses', scenario: 'resident-accesses', count: 1_000_000 },
  'resident/frames': { what: '100 000 frames at 640×480', scenario: 'resident-frames', count: 100_000 },
  'resident/maps': { what: '500 000 maps', scenario: 'resident-maps', count: 500_000 },
};

export const names = Object.keys(ROWS);

export async function measure({ scale, wanted, progress }) {
  const rows = [];
  for (const name of names.filter(wanted)) {
    const { what, scenario, count } = ROWS[name];
    progress(`${name}, once`);
    const { early, late } = await runOurs({ scenario, placement: 'free', warm: scaled(count, scale / 1000), count: scaled(count, scale) });
    rows.push({
      name,
      what: `resident memory after ${what}; against after the first thousandth`,
      unit: 'MiB',
      ours: rounded(late / MIB),
      reference: rounded(early / MIB),
      value: rounded(late / early),
      better: 'lower',
      goal: GOAL,
      runs: [{ ours: late, reference: early }],
    });
  }
  return rows;
}
