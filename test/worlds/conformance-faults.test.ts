/**
 * What the conformance of runs notices: logs of runs that never were, and worlds that do not do what the device does.
 */
import { expect, it } from 'vitest';
import { LogMismatchError } from '../../src/explorer/follow.js';
import type { Revision } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import type { DeliveredBatch, Delivery } from '../../src/trace/deliveries.js';
import { followRun, type LoggedRun } from '../../src/worlds/conformance.js';
import type { Scenario } from '../../src/worlds/device-world.js';
import { RealRun } from './real-run.js';
import { endOf } from './run-end.js';
import { roundOf, runScenario, THREADS } from './run-scenario.js';

const real = await RealRun.open('hardened');
// One whose frames come behind the mode, so that they are told of.
const round = roundOf(1, 4);
const scenario = runScenario(round, true);
const { end, ...logged } = await real.run(round);
const run: LoggedRun = { ...logged, threads: THREADS };
await real.close();

/** A message's place: its batch's number, and its own in that. */
type Place = readonly [batch: number, message: number];

/** Places of a kind in what an actor took. */
function placesOf(actor: string, kind: string): Place[] {
  return run.deliveries.flatMap((batch, number) =>
    batch.messages.flatMap((message, place) => (batch.actor === actor && message.kind === kind ? [[number, place] as const] : [])),
  );
}

function messageAt([batch, message]: Place): Delivery {
  return run.deliveries[batch]?.messages[message] as Delivery;
}

/** The log with other messages at some places: what `change` gives for each. */
function changed(change: (message: Delivery, place: Place) => readonly Delivery[]): LoggedRun {
  const deliveries = run.deliveries.map((batch, number) => ({
    ...batch,
    messages: batch.messages.flatMap((message, place) => change(message, [number, place])),
  }));
  return { ...run, deliveries: deliveries.filter(({ messages }) => messages.length > 0) };
}

const isAt = (one: Place, other: Place): boolean => one[0] === other[0] && one[1] === other[1];
const without = (place: Place): LoggedRun => changed((message, each) => (isAt(place, each) ? [] : [message]));
const swapped = (one: Place, other: Place): LoggedRun =>
  changed((message, each) => [isAt(one, each) ? messageAt(other) : isAt(other, each) ? messageAt(one) : message]);

const following =
  (attempt: LoggedRun, world: Scenario = scenario, policies: Partial<Revision> = {}): (() => unknown) =>
  () =>
    followRun(world, { ...REVISIONS.hardened, ...policies }, attempt);

it('the run itself is followed, and ends as it did', () => {
  const followed = followRun(scenario, REVISIONS.hardened, run);
  expect(followed.failures).toEqual([]);
  expect(endOf(followed)).toEqual(end);
});

it('a message that is missing is noticed, and it is said at which step of whom', () => {
  const kinds = ['access', 'jobDone', 'createTask', 'newFrame', 'modeChange', 'iosfcInterrupt'];
  for (const kind of kinds) {
    const [place] = placesOf('bql', kind);
    expect(place, kind).toBeDefined();
    expect(following(without(place ?? [0, 0])), kind).toThrow(/at step \d+\n {2}(bql is to take|render is to take|[\w ]+: )/);
  }
  expect(following(without(placesOf('render-queue', 'renderBlock')[0] ?? [0, 0]))).toThrow(LogMismatchError);
});

it.each([
  ['an access and the end of a job', 'access', 'jobDone'],
  ['a task and a mapping in it', 'createTask', 'mapMemory'],
  ['where the cursor is and whether it is shown', 'cursorMove', 'cursorShow'],
  ['a task and the end of one', 'createTask', 'destroyTask'],
  ['a frame that was told of and one that is complete', 'newFrame', 'frameCompleted'],
] as const)('two messages the other way round are noticed: %s', (_, first, second) => {
  const [one] = placesOf('bql', first);
  const [other] = placesOf('bql', second);
  expect([one, other]).not.toContain(undefined);
  expect(following(swapped(one ?? [0, 0], other ?? [0, 0]))).toThrow(LogMismatchError);
});

it('batches that were taken one after the other and are said to have been one are noticed', () => {
  const [first, ...rest] = run.deliveries.filter(({ actor }) => actor === 'bql') as [DeliveredBatch, ...DeliveredBatch[]];
  const others = run.deliveries.filter(({ actor }) => actor !== 'bql');
  const together = [{ ...first, messages: [first, ...rest].flatMap(({ messages }) => messages) }, ...others];
  expect(following({ ...run, deliveries: together })).toThrow(LogMismatchError);
});

it.each<[string, Partial<Revision>]>([
  ['where upcalls wait for the lock', { tasks: 'section' }],
  ['where the mapper asks the BQL actor', { iosfc: 'bh' }],
  ['where display events come by the background queue', { displayEvents: 'backgroundSection' }],
  ['without a render queue', { frames: 'backgroundQueue' }],
  ['where the processors enter PVG themselves', { gfxWrite: 'droppingBql' }],
  ['where no access may be inside another', { reentrantAccesses: false }],
])('a world %s does not do what the device did', (_, policies) => {
  expect(following(run, scenario, policies)).toThrow(LogMismatchError);
});

it('nor does a world in which somebody does something else', () => {
  const { vcpus = [], scripts = [] } = scenario;
  expect(following(run, { ...scenario, vcpus: [vcpus[0]?.slice(0, 3) ?? [], vcpus[1] ?? []] })).toThrow(LogMismatchError);
  expect(following(run, { ...scenario, updates: [false] })).toThrow(LogMismatchError);
  const lazy = scripts.map((script) => (script.name === 'mapper' ? { ...script, steps: script.steps.slice(0, 3) } : script));
  expect(following(run, { ...scenario, scripts: lazy })).toThrow(LogMismatchError);
  expect(following({ ...run, presents: run.presents + 10 })).toThrow(LogMismatchError);
});

it('what a world ends with is compared, if its log says nothing of it', () => {
  const other = {
    ...scenario,
    scripts: (scenario.scripts ?? []).map((script) => (script.name === 'task0' ? { ...script, steps: script.steps.slice(0, -1) } : script)),
  };
  expect(endOf(followRun(other, REVISIONS.hardened, run))).toEqual(end);
  const held = {
    ...scenario,
    scripts: (scenario.scripts ?? []).map((script) =>
      script.name === 'mapper' ? { ...script, steps: [...script.steps].filter((step) => step.do !== 'iosfcUnmap') } : script,
    ),
  };
  expect(endOf(followRun(held, REVISIONS.hardened, run))).toMatchObject({ iosfcMappings: 2, references: end.references + 1 });
});
