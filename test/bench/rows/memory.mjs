/**
 * Rows of the benchmark: whether look-ups stay flat. A map with many mappings alive against one with few, and unmaps in one batch
 * against one by itself.
 */
import { interleave, median, rounded, runOurs, scaled } from '../sides/sides.mjs';

const MANY = 50_000;
const FEW = 1000;
const ROWS = {
  'alive/task': {
    what: 'a page mapped into a task with 50 000 others mapped, by an upcall; against with 1 000',
    goal: 1.15,
    ours: { scenario: 'beside', alive: MANY, warm: MANY, count: 5000 },
    reference: { scenario: 'beside', alive: FEW, warm: MANY, count: 5000 },
  },
  'alive/iosfc': {
    what: 'an IOSurface mapped with 50 000 others alive; against with 1 000',
    goal: 1.15,
    ours: { scenario: 'surfaces', alive: MANY, warm: MANY, count: 65_536 },
    reference: { scenario: 'surfaces', alive: FEW, warm: MANY, count: 65_536 },
  },
  'unmap/batch': {
    what: 'an unmap among 50 000 in one batch; against one unmap by itself',
    goal: 0.25,
    ours: { scenario: 'unmap-batch', alive: 0, warm: MANY, count: MANY },
    reference: { scenario: 'unmap-single', alive: 0, warm: 4000, count: 4000 },
  },
};

export const names = Object.keys(ROWS);

const micros = ({ nanoseconds, operations }) => nanoseconds / operations / 1000;

/** With how many mappings a scaled-down run begins: few enough to be quick, and still many. */
const fewer = (alive, scale) => scaled(alive, scale === 1 ? 1 : Math.max(scale, 0.02));

/** What runs first makes the code warm, with as many operations whatever is alive. */
function run({ scenario, alive, warm, count }, scale) {
  const name = alive === 0 ? scenario : `${scenario}-${fewer(alive, scale)}`;
  return () => runOurs({ scenario: name, placement: 'pinned', warm: scaled(warm, scale), count: scaled(count, scale) });
}

export async function measure({ runs, scale, wanted, progress }) {
  const rows = [];
  for (const name of names.filter(wanted)) {
    const { what, goal, ours, reference } = ROWS[name];
    const sides = { ours: run(ours, scale), reference: run(reference, scale) };
    const results = await interleave(sides, { runs, progress: (text) => progress(`${name}: ${text}`) });
    const [many, few] = [results.ours.map(micros), results.reference.map(micros)];
    rows.push({
      name,
      what,
      unit: 'µs',
      ours: rounded(median(many)),
      reference: rounded(median(few)),
      value: rounded(median(many) / median(few)),
      better: 'lower',
      goal,
      runs: many.map((each, index) => ({ ours: rounded(each), reference: rounded(few[index]) })),
    });
  }
  return rows;
}
