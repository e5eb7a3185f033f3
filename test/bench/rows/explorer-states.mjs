/**
 * Rows of the benchmark: new states a second of the search of states, packed, depth first; by itself, and against SPIN on the same models.
 *
 * Each figure is the one of the model that does worst.
 */
import { searchStates } from '../../../dist/src/explorer/states/search-states.js';
import { stateModels } from '../models/state-models.mjs';
import { interleave, median, rounded } from '../sides/sides.mjs';
import { compileSpin, hasSpin } from '../sides/spin.mjs';

export const names = ['explorer/states', 'explorer/spin'];

const GOALS = { states: 200_000, spin: 0.5 };

function search(world) {
  const before = process.hrtime.bigint();
  const { states, transitions } = searchStates(world, { order: 'dfs-states', keepGoing: true });
  return { states, transitions, seconds: Number(process.hrtime.bigint() - before) / 1e9 };
}

const rate = ({ states, seconds }) => states / seconds;

/** Both sides of all models in turn; throws if they don't count the same. */
async function compared(models, spins, { runs, progress }) {
  const sides = {};
  for (const [index, { world }] of models.entries()) {
    search(world);
    sides[world.name] = () => search(world);
    if (spins !== null) sides[`${world.name} in SPIN`] = () => spins[index].search();
  }
  const results = await interleave(sides, { runs, progress: (text) => progress(`explorer/states: ${text}`) });
  return models.map(({ world: { name } }) => {
    const ours = results[name];
    const theirs = results[`${name} in SPIN`] ?? null;
    const [one, other] = [ours[0], theirs?.[0] ?? ours[0]];
    if (one.states !== other.states || one.transitions !== other.transitions) {
      throw new Error(
        `${name}: ${one.states} states and ${one.transitions} transitions, but SPIN has ${other.states} and ${other.transitions}`,
      );
    }
    return { name, states: one.states, ours: median(ours.map(rate)), theirs: theirs && median(theirs.map(rate)), runs: ours.map(rate) };
  });
}

const worst = (models, value) => models.reduce((least, model) => (value(model) < value(least) ? model : least));

function statesRow(models) {
  const { name, ours, states, runs } = worst(models, (model) => model.ours);
  return {
    name: 'explorer/states',
    what: 'new states a second of a small model, packed, one core; against the goal',
    unit: 'states/s',
    ours: rounded(ours),
    reference: GOALS.states,
    value: rounded(ours / GOALS.states),
    better: 'higher',
    goal: 1,
    runs: runs.map((each) => ({ ours: rounded(each) })),
    note: `the slowest model was ${name}, of ${states} states`,
  };
}

function spinRow(models) {
  const { name, ours, theirs, runs } = worst(models, (model) => model.ours / model.theirs);
  const all = models.map((model) => `${model.name}: ${rounded(model.ours / model.theirs, 3)}`);
  return {
    name: 'explorer/spin',
    what: 'new states a second of the same model; against SPIN -O2 without reduction',
    unit: 'states/s',
    ours: rounded(ours),
    reference: rounded(theirs),
    value: rounded(ours / theirs),
    better: 'higher',
    goal: GOALS.spin,
    runs: runs.map((each) => ({ ours: rounded(each), reference: rounded(theirs) })),
    note: `the same numbers of states and transitions; worst on ${name} (${all.join(', ')})`,
  };
}

export async function measure({ runs, scale, wanted, progress }) {
  const models = stateModels(scale);
  const spinIsWanted = wanted('explorer/spin');
  const spinIsThere = spinIsWanted && (await hasSpin());
  const spins = spinIsThere ? await Promise.all(models.map(({ promela }) => compileSpin(promela))) : null;
  try {
    const results = await compared(models, spins, { runs, progress });
    const rows = wanted('explorer/states') ? [statesRow(results)] : [];
    if (spinIsThere) rows.push(spinRow(results));
    else if (spinIsWanted) rows.push({ name: 'explorer/spin', skipped: 'spin is not installed' });
    return rows;
  } finally {
    for (const spin of spins ?? []) spin.remove();
  }
}
