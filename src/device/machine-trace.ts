/**
 * Notes what a run of a machine does, if that is wanted.
 *
 * Invariant: nothing depends on it. An event that nothing took is not noted.
 */
import { MACHINE_NAMES, type MachineName, TRACE_IDS } from '../trace/events.js';
import type { DevicePort } from './effects.js';

const NUMBERS = Object.fromEntries(MACHINE_NAMES.map((name, number) => [name, number])) as Readonly<Record<MachineName, number>>;

/** As much of a MachineRun as is noted. */
interface Run {
  readonly state: number;
  numberOf(event: string): number;
}
type NotePort = Pick<DevicePort, 'note' | 'tracesMachines'>;

/** A run has begun, and taken its first step. `instance` tells it from others of its kind. */
export function noteStart(port: NotePort, machine: MachineName, instance: number, run: Run): void {
  if (port.tracesMachines) port.note(TRACE_IDS.agfx_machine_started, NUMBERS[machine], instance, run.state);
}

/** A run took an event; called before what it asked for is carried out. */
export function noteMove(port: NotePort, machine: MachineName, instance: number, run: Run, event: string): void {
  port.note(TRACE_IDS.agfx_machine_moved, NUMBERS[machine], instance, run.numberOf(event), run.state);
}
