/**
 * A row of the benchmark: what a step of a compiled machine costs, next to XState's ways to take the same step, all in one process.
 *
 * The steps are those of two accesses, one of 8 bytes in two halves and a posted one, and of the lock around them, with a bottom half
 * inside the first one's wait. Ours includes making a run for each access; XState's ways are spared it where they can be, and
 * don't collect effects.
 */
import * as xstate from 'xstate';
import { lockMachine } from '../../../dist/actors/bql/lock.machine.js';
import { mmioJobMachine } from '../../../dist/src/device/mmio-job.machine.js';
import { compileMachine } from '../../../dist/src/runtime/machine-run.js';
import { interleave, median, rounded, scaled } from '../sides/sides.mjs';

const events = (types) => types.split(' ').map((type) => ({ type }));
const LOCK = [
  ...events('lock.offered'),
  { type: 'wait.began', job: 1 },
  ...events('bh.offered handler.ended condition.held'),
  { type: 'wait.began', job: 2 },
  ...events('condition.held handler.ended lock.offered handler.ended'),
];
const JOBS = [
  { input: { halves: 2, posted: false }, events: events('lock.granted bridge.completed bridge.completed') },
  { input: { halves: 1, posted: true }, events: events('lock.granted bridge.completed') },
];
const STEPS = LOCK.length + JOBS.reduce((sum, job) => sum + job.events.length, 0);

/** Our way: one round of all steps; returns how many effects there were, so that nothing is optimised away. */
function compiled() {
  const lock = compileMachine(lockMachine).start();
  const jobs = compileMachine(mmioJobMachine);
  return () => {
    let effects = 0;
    for (const event of LOCK) effects += lock.send(event).length;
    for (const { input, events } of JOBS) {
      const run = jobs.start(input);
      for (const event of events) effects += run.send(event).length;
    }
    return effects;
  };
}

/** XState's ways that take a snapshot and return the next one. */
function stepping(step, first) {
  const [lock, job] = [lockMachine(xstate), mmioJobMachine(xstate)];
  const start = first(lock, undefined);
  const starts = JOBS.map(({ input }) => first(job, input));
  const round = (machine, snapshot, events) => events.reduce((now, event) => step(machine, now, event), snapshot);
  return () => {
    round(lock, start, LOCK);
    for (const [index, { events }] of JOBS.entries()) round(job, starts[index], events);
  };
}

function pureTransition() {
  return stepping(
    (machine, snapshot, event) => xstate.transition(machine, snapshot, event)[0],
    (machine, input) => xstate.initialTransition(machine, input)[0],
  );
}

/** One scope that does nothing, used for every step. */
function reusedScope() {
  const scopes = new Map();
  const scopeOf = (machine, input) => {
    if (!scopes.has(machine)) {
      const scope = xstate.createActor(machine, { input })._actorScope;
      scopes.set(machine, { ...scope, defer: () => {}, emit: () => {}, actionExecutor: () => {} });
    }
    return scopes.get(machine);
  };
  return stepping(
    (machine, snapshot, event) => machine.transition(snapshot, event, scopes.get(machine)),
    (machine, input) => machine.getInitialSnapshot(scopeOf(machine, input), input),
  );
}

function liveActors() {
  const job = mmioJobMachine(xstate);
  const lock = xstate.createActor(lockMachine(xstate)).start();
  return () => {
    for (const event of LOCK) lock.send(event);
    for (const { input, events } of JOBS) {
      const actor = xstate.createActor(job, { input }).start();
      for (const event of events) actor.send(event);
    }
  };
}

/** Nanoseconds a step of one round takes, over that many rounds. */
function time(round, rounds) {
  const before = process.hrtime.bigint();
  for (let i = 0; i < rounds; i++) round();
  return Number(process.hrtime.bigint() - before) / (rounds * STEPS);
}

/** XState's ways, each with the rounds of a run at full scale. */
const WAYS = { transition: [pureTransition, 600], reusedScope: [reusedScope, 600], liveActors: [liveActors, 600] };
const OUR_ROUNDS = 60_000;

/** Times each way in turn; a first turn warms them up, so that compiled code is compared. */
async function timed(options) {
  const sides = { ours: [compiled, OUR_ROUNDS], ...WAYS };
  const timers = Object.entries(sides).map(([name, [make, rounds]]) => {
    const round = make();
    return [name, () => time(round, scaled(rounds, options.scale))];
  });
  await interleave(Object.fromEntries(timers), { ...options, runs: 1 });
  return interleave(Object.fromEntries(timers), options);
}

export async function measure({ runs, scale, progress }) {
  const { ours, ...ways } = await timed({ runs, scale, progress: (text) => progress(`machine-step: ${text}`) });
  const [fastest, reference] = Object.entries(ways).sort(([, a], [, b]) => median(a) - median(b))[0];
  return {
    name: 'machine-step',
    what: "a step of the access's and the lock's machines, compiled; against the fastest of XState's ways",
    unit: 'ns',
    ours: rounded(median(ours)),
    reference: rounded(median(reference)),
    value: rounded(median(reference) / median(ours)),
    better: 'higher',
    goal: 20,
    runs: ours.map((each, run) => {
      const theirs = Object.fromEntries(Object.entries(ways).map(([name, all]) => [name, rounded(all[run])]));
      return { ours: rounded(each), reference: theirs[fastest], ...theirs };
    }),
    note: `the fastest was ${fastest}`,
  };
}
