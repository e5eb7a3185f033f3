/**
 * Which trace events a device prints, and switching them: for QMP, and as lines for people.
 *
 * As in QEMU, what a pattern matches nothing of is no error, and a name that no event has is one. Each event is there, so `ignore-unavailable` makes no
 * difference; and none is a vCPU's, so `vcpu` is ignored, as QEMU does.
 */
import { ArgumentError } from '../../base/errors.js';
import type { Device } from '../../device.js';
import type { TraceEventState } from '../../device-trace.js';
import { type Command, command } from './command.js';
import { QmpError } from './protocol.js';

/** The events that a name or pattern names; none for a name that no event has. */
export function traceStates(device: Device, pattern: string): readonly TraceEventState[] {
  try {
    return device.traceEvents.list(pattern);
  } catch (error) {
    if (error instanceof ArgumentError) return [];
    throw error;
  }
}

export function traceEventGetState(device: Device): Command {
  return command({ name: 'string', vcpu: 'integer?' }, ({ name }) =>
    refusing(() => device.traceEvents.list(name)).map((each) => ({ name: each.name, state: each.isOn ? 'enabled' : 'disabled' })),
  );
}

export function traceEventSetState(device: Device): Command {
  return command(
    { name: 'string', enable: 'boolean', 'ignore-unavailable': 'boolean?', vcpu: 'integer?' },
    ({ name, enable }) => void refusing(() => device.traceEvents.set(name, enable)),
  );
}

/** `trace-event NAME on|off [VCPU]`; the lines that a person would see. */
export function traceEvent(device: Device, words: readonly string[]): readonly string[] {
  const [name, option, vcpu, extra] = words;
  if (name === undefined) return ['trace-event: string expected'];
  if (option !== 'on' && option !== 'off') return ["Expected 'on' or 'off'"];
  if (extra !== undefined || (vcpu !== undefined && !/^\d+$/.test(vcpu))) return ["extraneous arguments for command 'trace-event'"];
  try {
    device.traceEvents.set(name, option === 'on');
    return [];
  } catch (error) {
    if (error instanceof ArgumentError) return [`Error: ${error.message}`];
    throw error;
  }
}

function refusing<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof ArgumentError) throw new QmpError('GenericError', error.message);
    throw error;
  }
}
