/**
 * The commands of a device's QMP socket.
 *
 * Invariant: there is none without something real behind it. What is missing therefore: `stop` and `cont` for a device whose vCPUs nobody here has.
 */
import type { Device } from '../../device.js';
import { type Command, command, type Commands } from './command.js';
import { version } from './greeting.js';
import { humanMonitor } from './human-monitor.js';
import { queryActors, queryJobs, queryQueues } from './inspection.js';
import type { QmpEvent } from './protocol.js';
import { screendump } from './screendump.js';
import { traceEventGetState, traceEventSetState } from './trace-state.js';

/** The guest's side of a device, for who has it. */
export interface QmpMachine {
  /** Whether the vCPUs stand still. */
  readonly paused: boolean;
  /** Resolves when they do. */
  pause(): Promise<void>;
  /** Lets them go on. */
  resume(): Promise<void>;
  /** Resets the device and what runs on the vCPUs; who is paused stays so. */
  reset(): Promise<void>;
}

export interface CommandParts {
  readonly device: Device;
  readonly machine: QmpMachine | null;
  /** Tells every client. */
  readonly tell: (event: QmpEvent) => void;
  /** To be carried out once the command is answered. */
  readonly quit: () => void;
}

/** QEMU's RunState of a device. */
function statusOf(device: Device, machine: QmpMachine | null): string {
  switch (device.lifeCycle) {
    case 'realizing':
      return 'prelaunch';
    case 'saving':
      return 'save-vm';
    case 'closing':
    case 'closed':
      return 'shutdown';
    default:
      return machine?.paused ? 'paused' : 'running';
  }
}

/** All of them, by name. */
export function deviceCommands({ device, machine, tell, quit }: CommandParts): Commands {
  const reset = async (): Promise<void> => {
    await (machine ?? device).reset();
    tell({ event: 'RESET', data: { guest: false, reason: 'host-qmp-system-reset' } });
  };
  const commands: Map<string, Command> = new Map([
    // Its session answers it; here it is named once it is done with.
    ['qmp_capabilities', command({}, () => ({}))],
    ['query-status', command({}, () => ({ status: statusOf(device, machine), running: statusOf(device, machine) === 'running' }))],
    ['query-version', command({}, version)],
    ['query-commands', command({}, (): readonly object[] => [...commands.keys()].map((name) => ({ name })))],
    ['screendump', screendump(device)],
    ['system_reset', command({}, reset)],
    ['quit', command({}, quit)],
    ['trace-event-get-state', traceEventGetState(device)],
    ['trace-event-set-state', traceEventSetState(device)],
    ['human-monitor-command', command({ 'command-line': 'string' }, (given) => humanMonitor(device, given['command-line']))],
    ['x-agfx-query-actors', command({}, () => queryActors(device))],
    ['x-agfx-query-jobs', command({}, () => queryJobs(device))],
    ['x-agfx-query-queues', command({}, () => queryQueues(device))],
  ]);
  if (machine !== null) {
    commands.set('stop', pauseCommand(machine, tell));
    commands.set('cont', resumeCommand(machine, tell));
  }
  return commands;
}

/** As in QEMU, who stands still already is left so, and nobody is told. */
function pauseCommand(machine: QmpMachine, tell: CommandParts['tell']): Command {
  return command({}, async () => {
    if (machine.paused) return;
    await machine.pause();
    tell({ event: 'STOP' });
  });
}

function resumeCommand(machine: QmpMachine, tell: CommandParts['tell']): Command {
  return command({}, async () => {
    if (!machine.paused) return;
    await machine.resume();
    tell({ event: 'RESUME' });
  });
}
