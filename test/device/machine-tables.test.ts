/**
 * Every machine of the product does the same as a table and in XState: all reachable states with all contexts, times all events.
 *
 * Both are walked side by side, from each input; what either of them reaches is compared with the other.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { compileMachine, type RunSnapshot } from '../../src/runtime/machine-run.js';
import { MachineDriver } from '../reference/machine-driver.js';
import { type CatalogueEntry, MACHINES, nodesOf, takenBy, transitionsOf } from './machine-catalogue.js';

const UNKNOWN = { type: 'no.such.event' };

interface Pair {
  readonly snapshot: ReturnType<MachineDriver<AnyStateMachine>['initial']>;
  readonly run: RunSnapshot<AnyStateMachine>;
}

/** Walks a machine in both forms; returns the transitions that were taken and the table's states that were reached. */
function walk({ definition, machine, inputs, events, endsWalk }: CatalogueEntry): { taken: Set<string>; reached: Set<number> } {
  const driver = new MachineDriver(machine);
  const table = compileMachine(definition);
  const waiting: Pair[] = inputs.map((input) => ({ snapshot: driver.initial(input), run: table.start(input as never).snapshot }));
  const seen = new Set<string>();
  const taken = new Set<string>();
  for (let pair = waiting.pop(); pair; pair = waiting.pop()) {
    const { snapshot, run: before } = pair;
    const started = table.resume(before);
    const { value, context } = snapshot;
    expect({ value: started.value, context: started.context, done: started.done }).toEqual({
      value,
      context,
      done: snapshot.status === 'done',
    });
    const key = JSON.stringify([before, value]);
    if (seen.has(key) || endsWalk(context)) continue;
    seen.add(key);
    for (const event of [...events, UNKNOWN]) {
      const run = table.resume(before);
      const effects = run.send(event as never);
      const step = snapshot.status === 'done' ? { snapshot, effects: [] } : driver.step(snapshot, event as never);
      const names = snapshot.status === 'done' ? [] : takenBy(machine, snapshot, event);
      for (const name of names) taken.add(name);
      expect(effects, `${key} ${JSON.stringify(event)}`).toEqual(step.effects);
      // What nothing takes leaves everything as it was, down to identity; so does what XState leaves as it was.
      if (step.snapshot === snapshot) expect(run.state === before.state && run.context === before.context).toBe(true);
      if (names.length === 0) expect([effects.length, run.state, run.context === before.context]).toEqual([0, before.state, true]);
      waiting.push({ snapshot: step.snapshot, run: run.snapshot });
    }
  }
  return { taken, reached: new Set([...seen].map((key) => JSON.parse(key)[0].state)) };
}

it('every machine of the product is compared', () => {
  const files = ['src', 'actors'].flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }));
  expect(files.filter((file) => file.endsWith('.machine.ts')).length).toBe(MACHINES.length);
});

describe.each(MACHINES.map((entry) => [entry.machine.id, entry] as const))('the machine %s', (_name, entry) => {
  it('does the same as a table and in XState: state, context, effects, end', () => {
    const { taken, reached } = walk(entry);
    expect(transitionsOf(entry.machine).filter((name) => !taken.has(name))).toEqual([]);
    // The product's machines have no eventless transitions; a walk that met some would have to count them too.
    expect(nodesOf(entry.machine.root).filter(({ always }) => always !== undefined)).toEqual([]);
    // Each state of the table is one that the machine gets into.
    expect(reached.size).toBe(compileMachine(entry.definition).values.length);
  });

  it('is the same table whether XState or the product reads its definition', () => {
    const [ours, theirs] = [entry.definition, entry.machine].map((each) => compileMachine(each));
    expect({ values: ours?.values, events: ours?.events }).toEqual({ values: theirs?.values, events: theirs?.events });
  });

  it('allocates nothing for steps that change no context and have no parameters to work out', () => {
    const { definition, inputs, events } = entry;
    const table = compileMachine(definition);
    for (const input of inputs) {
      const start = table.start(input as never).snapshot;
      for (const event of events) {
        const [first, second] = [table.resume(start), table.resume(start)].map((run) => ({ effects: run.send(event as never), run }));
        if (first?.run.context !== start.context) continue;
        expect(first?.effects).toBe(second?.effects);
        for (const effect of first?.effects ?? []) expect(effect).toSatisfy(Object.isFrozen);
      }
    }
  });
});
