/**
 * Which trace events a device prints. They are chosen when it is made, and its threads look at nothing that could change it later.
 */
import type { Device } from '../../device.js';
import { TRACE_NAMES, tracePattern } from '../../trace/events.js';
import { type Command, command } from './command.js';
import { QmpError } from './protocol.js';

export interface TraceState {
  readonly name: string;
  readonly isOn: boolean;
}

/** The events that a name or pattern names. */
export function traceStates(device: Device, pattern: string): readonly TraceState[] {
  const isNamed = tracePattern([pattern]);
  const isOn = tracePattern(device.internals.wiring.trace);
  return TRACE_NAMES.filter(isNamed).map((name) => ({ name, isOn: isOn(name) }));
}

export function traceEventGetState(device: Device): Command {
  return command({ name: 'string' }, ({ name }) => {
    const states = traceStates(device, name);
    if (states.length === 0 && !/[*?]/.test(name)) throw new QmpError('GenericError', `unknown event "${name}"`);
    return states.map((each) => ({ name: each.name, state: each.isOn ? 'enabled' : 'disabled' }));
  });
}
