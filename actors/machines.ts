/**
 * The machines of the device, by the names that traces give them.
 *
 * Invariant: they stand in the order of MACHINE_NAMES, whose places are the machines' numbers in a trace. A table here is the same as the one
 * that runs, since equal definitions make equal tables.
 */
import type { AnyStateMachine } from 'xstate';
import { framePipelineMachine } from '../src/device/frame-pipeline.machine.js';
import { lifeCycleMachine } from '../src/device/life-cycle.machine.js';
import { mappingJobMachine } from '../src/device/mapping-job.machine.js';
import { mmioJobMachine } from '../src/device/mmio-job.machine.js';
import type { MachineDefinition } from '../src/runtime/machine-definition.js';
import { MachineTable } from '../src/runtime/machine-run.js';
import { MACHINE_NAMES, type MachineName } from '../src/trace/events.js';
import { lockMachine } from './bql/lock.machine.js';
import { renderQueueMachine } from './render-queue/render-queue.machine.js';

/** A machine as it is written, and what it runs as. */
export interface NamedMachine {
  readonly name: MachineName;
  readonly definition: MachineDefinition<AnyStateMachine>;
  readonly table: MachineTable<AnyStateMachine>;
}

const DEFINITIONS: Readonly<Record<MachineName, unknown>> = {
  lock: lockMachine,
  mmioJob: mmioJobMachine,
  mappingJob: mappingJobMachine,
  framePipeline: framePipelineMachine,
  renderQueue: renderQueueMachine,
  lifeCycle: lifeCycleMachine,
};

/** All of them. */
export const MACHINES: readonly NamedMachine[] = MACHINE_NAMES.map((name) => {
  // Each is of a type of its own, which nobody here looks at.
  const definition = DEFINITIONS[name] as MachineDefinition<AnyStateMachine>;
  return { name, definition, table: new MachineTable(definition) };
});
