/**
 * Steps that causality doesn't order can be exchanged: a recording's other orders run, and end as it did.
 */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { Causality } from '../../src/explorer/causality.js';
import { explore } from '../../src/explorer/explore.js';
import { type Chooser, exactly, Recorder, type Recording } from '../../src/explorer/recording.js';
import { reorder } from '../../src/explorer/reorder.js';
import { RandomWalk } from '../../src/explorer/strategies/random-walk.js';
import { defineWorld } from '../../src/explorer/world.js';
import * as families from './families.js';
import { mixedWorld } from './mixed-worlds.js';

/** What processes have seen, and what is left behind. */
function outcome({ execution }: Recorder): string {
  const histories = Array.from({ length: execution.count }, (_, process) => execution.historyOf(process));
  const objects = execution.builder.objects
    .slice(0, execution.builder.objectCount)
    .map(({ name, value, owner, length }) => [name, value, owner, length]);
  return JSON.stringify([histories, objects]);
}

/** Any order that causality allows. */
function shuffled(causality: Causality, prng: Prng): number[] {
  const { steps } = causality.recording;
  const left = new Set(steps.keys());
  const order: number[] = [];
  while (left.size > 0) {
    const ready = [...left].filter((step) => ![...left].some((other) => other < step && causality.isBefore(other, step)));
    const chosen = ready[prng.below(ready.length)] ?? 0;
    left.delete(chosen);
    order.push(steps[chosen]?.choice ?? 0);
  }
  return order;
}

describe('causality', () => {
  it('leaves out no order that there is', () => {
    let moved = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const prng = new Prng(seed);
      const mixed = mixedWorld(seed, { processes: 4, operations: 5, kinds: 12 }).world;
      const world = seed % 10 === 0 ? families.counter(3) : seed % 10 === 1 ? families.philosophersWithMain(3) : mixed;
      const recorder = new Recorder(world);
      const walk: Chooser = (execution) => execution.enabled[prng.below(execution.enabledCount)] ?? -1;
      const recording = recorder.record(walk, null);
      const wanted = outcome(recorder);
      const causality = new Causality(recording);
      const all = causality.byProcess.map(({ length }) => length);
      for (const order of [shuffled(causality, prng), shuffled(causality, prng), reorder(causality, all)]) {
        if (order.join() !== recording.steps.map(({ choice }) => choice).join()) moved++;
        const again = recorder.record(exactly(order), null);
        expect(again.steps).toHaveLength(recording.steps.length);
        expect(outcome(recorder)).toBe(wanted);
        if (order.length > 0) expect(again.steps.length).toBe(order.length);
      }
    }
    expect(moved).toBeGreaterThan(500);
  });

  it.each([
    [families.indep(2, 2), 6],
    [families.readers(2), 6],
    [families.mailbox(2), 2],
    [families.writers(3), 1],
    [families.mutex(3), 1],
  ])('orders no more than it must: $name has schedules of one kind that all are orders of each other', (world, orders) => {
    const groups = new Map<string, number>();
    const allowed = new Map<string, number>();
    explore(world, new RandomWalk({ seed: 1 }), {
      schedules: 300,
      keepGoing: true,
      onExecution: (execution) => {
        const choices = Array.from(execution.schedule.subarray(0, execution.steps));
        const recorder = new Recorder(world);
        const causality = new Causality(recorder.record(exactly(choices), null));
        const orders = new Set(Array.from({ length: 200 }, (_, seed) => shuffled(causality, new Prng(seed)).join()));
        groups.set(outcome(recorder), orders.size);
        allowed.set(choices.join(), orders.size);
      },
    });
    expect(Math.max(...allowed.values())).toBeGreaterThanOrEqual(orders === 6 && world.name.startsWith('readers') ? 2 : orders);
  });

  it('finds the orders with the fewest preemptions on paper, as the replay counts them', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const world = families.philosophers(4);
      const prng = new Prng(seed);
      const recorder = new Recorder(world);
      const recording = recorder.record((execution) => execution.enabled[prng.below(execution.enabledCount)] ?? -1, null);
      const causality = new Causality(recording);
      const best = recorder.record(
        exactly(
          reorder(
            causality,
            causality.byProcess.map(({ length }) => length),
          ),
        ),
        null,
      );
      expect(best.preemptions).toBeLessThanOrEqual(recording.preemptions);
      // Only the deadlock, in which everybody has one fork, needs one.
      expect(best.preemptions).toBe(recording.steps.length === 4 ? 1 : 0);
    }
  });
});

describe('timers', () => {
  it('fire where they fired: what was before them stays before, and what came after stays after', () => {
    const world = defineWorld('timers', (w) => {
      const [x, y] = [w.variable('x'), w.variable('y')];
      const timer = w.timer('timer');
      w.process('a', function* () {
        yield x.write(1);
      });
      w.process('b', function* () {
        yield timer.timeout();
      });
      w.process('c', function* () {
        yield y.write(1);
      });
    });
    const causality = new Causality(new Recorder(world).record(exactly([0, 1, 2]), null));
    expect([causality.isBefore(0, 1), causality.isBefore(1, 2), causality.isBefore(0, 2)]).toEqual([true, true, true]);
  });
});

describe('races', () => {
  const racesOf = (recording: Recording): string[] =>
    new Causality(recording).races().map(([earlier, later]) => {
      const [a, b] = [recording.steps[earlier], recording.steps[later]];
      return `${a?.process}${b?.process} ${a?.target?.name}`;
    });
  const inOrder = (...processes: readonly number[]): Chooser => exactly(processes);

  it('are between a lock and the lock before it, not the unlock', () => {
    expect(racesOf(new Recorder(families.mutex(3)).record(inOrder(0, 0, 1, 1, 2, 2), null))).toEqual(['12 m', '01 m']);
  });

  it('are not where something in between orders the two', () => {
    const world = defineWorld('chain', (w) => {
      const x = w.variable('x');
      const y = w.variable('y');
      w.process('a', function* () {
        yield x.write(1);
        yield y.write(1);
      });
      w.process('b', function* () {
        yield y.read();
        yield x.read();
      });
    });
    expect(racesOf(new Recorder(world).record(inOrder(0, 0, 1, 1), null))).toEqual(['01 y']);
    expect(racesOf(new Recorder(world).record(inOrder(0, 1, 1, 0), null))).toEqual(['10 y', '01 x']);
  });
});
