/**
 * Rows of the benchmark: how fast partial-order reduction goes through events, and a sampler through executions of a whole device.
 *
 * What is given is the slowest of several programs; a program is warmed up by a run that does not count.
 */
import { explore } from '../../../dist/src/explorer/explore.js';
import { OptimalDpor } from '../../../dist/src/explorer/strategies/optimal-dpor.js';
import { RandomWalk } from '../../../dist/src/explorer/strategies/random-walk.js';
import { defineWorld } from '../../../dist/src/explorer/world.js';
import { makeWorld } from '../../../dist/src/worlds/index.js';
import { median, rounded, scaled } from '../sides/sides.mjs';

function* lockOnce(lock) {
  yield lock.lock();
  yield lock.unlock();
}

function* sendOnce(box, value) {
  yield box.send(value);
}

function* receiveAll(box, count) {
  for (let index = 0; index < count; index++) yield box.receive();
}

function* access(variable, isWriter) {
  yield isWriter ? variable.write(1) : variable.read();
}

const PROCESSES = 8;
const each = (count, make) => Array.from({ length: count }, (_, index) => make(index));

const PROGRAMS = [
  defineWorld('mutex', (w) => {
    const lock = w.lock('lock');
    for (let index = 0; index < PROCESSES; index++) w.process(`p${index}`, () => lockOnce(lock));
  }),
  defineWorld('mailbox', (w) => {
    const box = w.mailbox('box');
    for (let index = 0; index < PROCESSES; index++) w.process(`sender${index}`, () => sendOnce(box, index));
    w.process('receiver', () => receiveAll(box, PROCESSES));
  }),
  defineWorld('readers', (w) => {
    const variable = w.variable('x');
    for (let index = 0; index < 2 * PROCESSES; index++) w.process(`p${index}`, () => access(variable, index === 0));
  }),
];

const DPOR = 'explorer/dpor';
const DEVICE = 'explorer/device';
export const names = [DPOR, DEVICE];

const EVENTS_GOAL = 1_000_000;
const SCHEDULES_GOAL = 20_000;

const seconds = (since) => Number(process.hrtime.bigint() - since) / 1e9;

/** How much a second, of all executions and of the fastest few hundred that follow each other. */
function perSecond(of, run) {
  const before = process.hrtime.bigint();
  let fastest = 0;
  let last = null;
  const found = run((soFar) => {
    const now = { time: process.hrtime.bigint(), done: of(soFar) };
    if (last !== null) fastest = Math.max(fastest, (now.done - last.done) / seconds(last.time));
    last = now;
    return false;
  });
  return { whole: of(found) / seconds(before), fastest };
}

function row(name, { what, unit, goal, results }) {
  const wholes = ({ runs }) => runs.map(({ whole }) => whole);
  const fastest = ({ runs }) => Math.max(...runs.map((run) => run.fastest));
  const slowest = results.reduce((least, next) => (median(wholes(next)) < median(wholes(least)) ? next : least));
  const ours = median(wholes(slowest));
  const said = results.map((each) => `${each.world}: ${Math.round(median(wholes(each)))}, and ${Math.round(fastest(each))} at best`);
  return {
    ...{ name, what, unit, ours: rounded(ours), reference: goal, value: rounded(ours / goal), better: 'higher', goal: 1 },
    runs: wholes(slowest).map((run) => ({ ours: rounded(run), reference: goal })),
    note: `the slowest was ${slowest.world} (${said.join('; ')}; at best: the fastest 256 executions)`,
  };
}

export function measure({ runs, scale, wanted, progress }) {
  const times = (world, run) => {
    progress(`explorer: ${world}`);
    run();
    return { world, runs: each(runs, run) };
  };
  const rows = [];
  if (wanted(DPOR)) {
    const schedules = scaled(40_000, scale);
    const results = PROGRAMS.map((world) =>
      times(world.name, () =>
        perSecond(
          ({ steps }) => steps,
          (stop) => explore(world, new OptimalDpor(), { schedules, stop }),
        ),
      ),
    );
    rows.push(row(DPOR, { what: 'events a second of optimal DPOR, on one core', unit: 'events/s', goal: EVENTS_GOAL, results }));
  }
  if (wanted(DEVICE)) {
    const schedules = scaled(20_000, scale);
    const results = ['everything', 'reset', 'nested'].map((name) => {
      const world = makeWorld(name, 'hardened');
      return times(name, () =>
        perSecond(
          (found) => found.schedules,
          (stop) => explore(world, new RandomWalk({ seed: 1 }), { schedules, stop }),
        ),
      );
    });
    rows.push(
      row(DEVICE, {
        what: 'executions of a whole device a second, by random walk, on one core',
        unit: 'schedules/s',
        goal: SCHEDULES_GOAL,
        results,
      }),
    );
  }
  return Promise.resolve(rows);
}
