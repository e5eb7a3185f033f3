/**
 * Every machine of the product, with inputs and events that make each of its guards both true and false.
 */
import * as xstate from 'xstate';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { type Wait, lockMachine } from '../../actors/bql/lock.machine.js';
import { renderQueueMachine } from '../../actors/render-queue/render-queue.machine.js';
import { framePipelineMachine } from '../../src/device/frame-pipeline.machine.js';
import { lifeCycleMachine } from '../../src/device/life-cycle.machine.js';
import { mappingJobMachine } from '../../src/device/mapping-job.machine.js';
import { mmioJobMachine } from '../../src/device/mmio-job.machine.js';
import type { MachineDefinition } from '../../src/runtime/machine-definition.js';

export interface MachineEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface CatalogueEntry {
  /** As the product compiles it. */
  readonly definition: MachineDefinition<AnyStateMachine>;
  /** As XState has it. */
  readonly machine: AnyStateMachine;
  readonly inputs: readonly unknown[];
  readonly events: readonly MachineEvent[];
  /** Whether a walk goes no further, in a machine whose contexts have no end. */
  readonly endsWalk: (context: unknown) => boolean;
}

/** Every combination that a revision may have of the frame pipeline's policies. */
const policies = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => ({
  insideUpdate: (bits & 1) !== 0,
  countsRefusals: (bits & 2) !== 0,
  restartsAfterRefusal: (bits & 4) !== 0,
  answersEveryUpdate: (bits & 4) !== 0,
}));

const named = (types: string): MachineEvent[] => types.split(' ').map((type) => ({ type }));
const neverEnds = (): boolean => false;

const entries: readonly Omit<CatalogueEntry, 'machine'>[] = [
  {
    definition: lockMachine,
    inputs: [undefined],
    events: [
      ...named('lock.offered bh.offered condition.held handler.ended lock.lent lock.returned'),
      { type: 'wait.began', job: 1 },
      { type: 'wait.began', job: 2 },
    ],
    // Waits nest without bound; two levels reach every transition.
    endsWalk: (context) => ((context as { wait: Wait | null }).wait?.depth ?? 0) > 2,
  },
  {
    definition: mmioJobMachine,
    inputs: [
      { halves: 2, posted: false },
      { halves: 2, posted: true },
      { halves: 1, posted: false },
    ],
    events: named('lock.granted access.refused bridge.completed bridge.failed'),
    endsWalk: neverEnds,
  },
  {
    definition: mappingJobMachine,
    inputs: [undefined],
    events: named('bh.ran range.mapped range.failed ranges.ended'),
    endsWalk: neverEnds,
  },
  {
    definition: framePipelineMachine,
    inputs: policies,
    events: [
      ...named('frame.arrived frame.refused update.requested'),
      { type: 'frame.completed', shown: true },
      { type: 'frame.completed', shown: false },
    ],
    endsWalk: neverEnds,
  },
  {
    definition: lifeCycleMachine,
    inputs: [undefined],
    events: named(
      'device.realized reset.requested reset.completed save.requested save.ended save.refused close.requested thread.died threads.ended',
    ),
    endsWalk: neverEnds,
  },
  {
    definition: renderQueueMachine,
    inputs: [{ sections: true }, { sections: false }],
    events: named('block.taken completion.taken mode.taken surface.noted encode.accepted encode.refused section.ended bql.taken'),
    endsWalk: neverEnds,
  },
];

export const MACHINES: readonly CatalogueEntry[] = entries.map((entry) => ({ ...entry, machine: entry.definition(xstate) }));

export function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap((child) => nodesOf(child as AnyStateNode))];
}

/** A transition's name: where it stands, on which event, and which of the event's branches it is. */
export function nameOf(transition: { source: AnyStateNode; eventType: string }): string {
  const branches = transition.source.transitions.get(transition.eventType) ?? [];
  return `${transition.source.id} ${transition.eventType} #${branches.indexOf(transition as never)}`;
}

/** The names of all transitions on events. */
export function transitionsOf(machine: AnyStateMachine): string[] {
  return nodesOf(machine.root).flatMap((node) => [...node.transitions.values()].flat().map((transition) => nameOf(transition as never)));
}

/** The names of the transitions that an event takes. */
export function takenBy(machine: AnyStateMachine, snapshot: unknown, event: MachineEvent): string[] {
  return machine.getTransitionData(snapshot as never, event as never).map((transition) => nameOf(transition as never));
}
