/**
 * Whatever machine is compiled, its table does what XState's interpreter does: on random machines and random events.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { compileMachine } from '../../src/runtime/machine-run.js';
import { MachineDriver } from '../reference/machine-driver.js';
import { type RandomEvent, randomMachine } from './random-machine.js';

const RUNS = Number(process.env.MACHINE_RUNS ?? 400);

const numbers = fc.array(fc.nat(999), { minLength: 150, maxLength: 150 });
const events = fc.array(fc.record({ type: fc.constantFrom('a', 'b', 'c', 'nobody.knows'), n: fc.nat(3) }), { maxLength: 12 });

/** What a run shows. */
interface Seen {
  readonly value: unknown;
  readonly context: unknown;
  readonly done: boolean;
  readonly effects: readonly unknown[];
}

function interpreted(machine: AnyStateMachine, input: unknown, sequence: readonly RandomEvent[]): Seen[] {
  const driver = new MachineDriver(machine);
  let step = driver.begin(input);
  const seen = (): Seen => ({
    value: step.snapshot.value,
    context: step.snapshot.context,
    done: step.snapshot.status === 'done',
    effects: step.effects,
  });
  const all = [seen()];
  for (const event of sequence) {
    // XState's function goes on where its actor would not: a machine that has ended takes nothing.
    step = step.snapshot.status === 'done' ? { snapshot: step.snapshot, effects: [] } : driver.step(step.snapshot, event);
    all.push(seen());
  }
  expect(step.snapshot.status).not.toBe('error');
  return all;
}

function compiled(machine: AnyStateMachine, input: unknown, sequence: readonly RandomEvent[]): Seen[] {
  const table = compileMachine(machine);
  let run = table.start(input as never);
  const seen = (): Seen => ({ value: run.value, context: run.context, done: run.done, effects: run.effects });
  const all = [seen()];
  for (const event of sequence) {
    // Each step is a run of its own, so that a snapshot holds all there is to know.
    run = table.resume(run.snapshot);
    run.send(event);
    all.push(seen());
  }
  return all;
}

describe('a random machine', () => {
  it('does the same as a table and in XState', () => {
    const met = { done: 0, eventless: 0, regions: 0, steps: 0 };
    fc.assert(
      fc.property(numbers, events, fc.nat(3), fc.nat(4), (list, sequence, count, budget) => {
        const machine = randomMachine(list) as unknown as AnyStateMachine;
        const expected = interpreted(machine, { count, budget }, sequence);
        expect(compiled(machine, { count, budget }, sequence)).toEqual(expected);
        if (expected.some(({ done }) => done)) met.done++;
        if (expected.some(({ context }) => (context as { budget: number }).budget < budget)) met.eventless++;
        if (expected.some(({ value }) => typeof value === 'object' && Object.keys(value as object).length > 1)) met.regions++;
        met.steps += expected.filter(({ effects }) => effects.length > 0).length;
      }),
      { numRuns: RUNS, seed: 20 },
    );
    // The machines were worth comparing.
    expect(Object.values(met).every((times) => times > RUNS / 50)).toBe(true);
  });
});
