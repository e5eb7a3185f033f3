/**
 * Every state and every transition of every machine is reachable: the paths are XState's own.
 */
import { describe, expect, it } from 'vitest';
import { type AnyStateMachine, type AnyStateNode, createActor } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { type CatalogueEntry, MACHINES, nodesOf, takenBy, transitionsOf } from './machine-catalogue.js';

function pathsOf({ machine, events, endsWalk }: CatalogueEntry, input: unknown) {
  return getShortestPaths(machine, {
    input,
    events,
    fromState: createActor(machine, { input }).getSnapshot(),
    stopWhen: (state: { context: unknown }) => endsWalk(state.context),
  } as never) as unknown as { state: ReturnType<AnyStateMachine['getInitialSnapshot']> }[];
}

describe.each(MACHINES.map((entry) => [entry.machine.id, entry] as const))('the machine %s', (_name, entry) => {
  const { machine, inputs, events } = entry;
  const paths = inputs.flatMap((input) => pathsOf(entry, input));

  it('reaches every state', () => {
    const reached = new Set(paths.flatMap((path) => path.state._nodes.map((node: AnyStateNode) => node.id)));
    expect(
      nodesOf(machine.root)
        .map((node) => node.id)
        .filter((id) => !reached.has(id)),
    ).toEqual([]);
  });

  it('takes every transition', () => {
    const running = paths.filter(({ state }) => state.status === 'active');
    const taken = new Set(running.flatMap(({ state }) => events.flatMap((event) => takenBy(machine, state, event))));
    const all = transitionsOf(machine);
    expect(all.length).toBeGreaterThan(3);
    expect(all.filter((name) => !taken.has(name))).toEqual([]);
  });
});
