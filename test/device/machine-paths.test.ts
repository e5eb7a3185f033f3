/**
 * Every state and every transition of every machine is reachable: the paths are XState's own.
 */
import { describe, expect, it } from 'vitest';
import { type AnyStateMachine, type AnyStateNode, createActor } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { lockMachine } from '../../actors/bql/lock.machine.js';
import { renderQueueMachine } from '../../actors/render-queue/render-queue.machine.js';
import { framePipelineMachine } from '../../src/device/frame-pipeline.machine.js';
import { lifeCycleMachine } from '../../src/device/life-cycle.machine.js';
import { mappingJobMachine } from '../../src/device/mapping-job.machine.js';
import { mmioJobMachine } from '../../src/device/mmio-job.machine.js';

/** Every combination that a revision may have of the frame pipeline's policies. */
const policies = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => ({
  insideUpdate: (bits & 1) !== 0,
  countsRefusals: (bits & 2) !== 0,
  restartsAfterRefusal: (bits & 4) !== 0,
  answersEveryUpdate: (bits & 4) !== 0,
}));

const machines: Record<
  string,
  { machine: AnyStateMachine; inputs?: readonly unknown[]; events: { type: string; [key: string]: unknown }[] }
> = {
  lock: {
    machine: lockMachine,
    events: [
      { type: 'lock.offered' },
      { type: 'bh.offered' },
      { type: 'wait.began', job: 1 },
      { type: 'condition.held' },
      { type: 'handler.ended' },
      { type: 'lock.lent' },
      { type: 'lock.returned' },
    ],
  },
  mmioJob: {
    machine: mmioJobMachine,
    inputs: [
      { halves: 2, posted: false },
      { halves: 2, posted: true },
    ],
    events: ['lock.granted', 'access.refused', 'bridge.completed', 'bridge.failed'].map((type) => ({ type })),
  },
  mappingJob: { machine: mappingJobMachine, events: ['bh.ran', 'range.mapped', 'range.failed', 'ranges.ended'].map((type) => ({ type })) },
  framePipeline: {
    machine: framePipelineMachine,
    inputs: policies,
    events: [
      { type: 'frame.arrived' },
      { type: 'frame.refused' },
      { type: 'frame.completed', shown: true },
      { type: 'frame.completed', shown: false },
      { type: 'update.requested' },
    ],
  },
  lifeCycle: {
    machine: lifeCycleMachine,
    events: [
      'device.realized',
      'reset.requested',
      'reset.completed',
      'save.requested',
      'save.ended',
      'close.requested',
      'thread.died',
      'threads.ended',
    ].map((type) => ({ type })),
  },
  renderQueue: {
    machine: renderQueueMachine,
    inputs: [{ sections: true }, { sections: false }],
    events: [
      'block.taken',
      'completion.taken',
      'mode.taken',
      'surface.noted',
      'encode.accepted',
      'encode.refused',
      'section.ended',
      'bql.taken',
    ].map((type) => ({ type })),
  },
};

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap((child) => nodesOf(child as AnyStateNode))];
}

/** A transition's name: where it stands, on which event, and which of the event's branches it is. */
function nameOf(transition: {
  source: AnyStateNode;
  eventType: string;
  target?: readonly AnyStateNode[] | undefined;
  guard?: unknown;
}): string {
  const branches = transition.source.transitions.get(transition.eventType) ?? [];
  return `${transition.source.id} ${transition.eventType} #${branches.indexOf(transition as never)}`;
}

function pathsOf(machine: AnyStateMachine, input: unknown, events: readonly { type: string }[]) {
  return getShortestPaths(machine, {
    input,
    events,
    fromState: createActor(machine, { input }).getSnapshot(),
    // Waits nest without bound; two levels reach every transition.
    stopWhen: (state: { context: { waits?: unknown[] } }) => (state.context?.waits?.length ?? 0) > 2,
  } as never) as unknown as { state: ReturnType<AnyStateMachine['getInitialSnapshot']> }[];
}

describe.each(Object.entries(machines))('the machine %s', (_name, { machine, inputs = [undefined], events }) => {
  const paths = inputs.flatMap((input) => pathsOf(machine, input, events));

  it('reaches every state', () => {
    const reached = new Set(paths.flatMap((path) => path.state._nodes.map((node: AnyStateNode) => node.id)));
    expect(
      nodesOf(machine.root)
        .map((node) => node.id)
        .filter((id) => !reached.has(id)),
    ).toEqual([]);
  });

  it('takes every transition', () => {
    const taken = new Set<string>();
    for (const { state } of paths) {
      if (state.status !== 'active') continue;
      for (const event of events)
        for (const transition of machine.getTransitionData(state as never, event as never)) taken.add(nameOf(transition as never));
    }
    const all = nodesOf(machine.root).flatMap((node) =>
      [...node.transitions.values()].flat().map((transition) => nameOf(transition as never)),
    );
    expect(all.length).toBeGreaterThan(3);
    expect(all.filter((name) => !taken.has(name))).toEqual([]);
  });
});
