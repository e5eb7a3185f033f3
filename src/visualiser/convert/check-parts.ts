/**
 * What the checks of logs have in common: how they complain, and the machines that they run.
 *
 * Invariant: the machines are the device's own, handed in by who has them, since the visualiser knows no device.
 */
import type { MachineName, TraceName } from '../../trace/events.js';
import type { RecordedMachine } from '../../trace/recording/format.js';

/**
 * Says what doesn't fit. It counts only if the log has each event of `needs` at least once: a log in which they were not switched on says nothing
 * of what they would have said.
 */
export type Complain = (text: string, needs: readonly TraceName[]) => void;

/** A machine of the device, as a log's events drive it. */
export interface CheckedMachine {
  readonly name: MachineName;
  readonly recorded: RecordedMachine;
  start(): MachineSteps;
  /** Whether it may begin in that state. */
  isFirst(state: number): boolean;
  /** Whether an event may bring it from one state to another, whatever its context is. `event`: its place in `recorded.events`. */
  mayMove(before: number, event: number, state: number): boolean;
}

/** One run of it. */
export interface MachineSteps {
  /** Number of the state in `recorded.states`. */
  readonly state: number;
  /** False if the machine, as it is, doesn't take that event. */
  send(event: string): boolean;
}

/** A run that is noted in the recording. */
export interface CheckedRun {
  send(event: string, complain: Complain): void;
}
