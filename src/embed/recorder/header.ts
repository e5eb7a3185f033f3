/**
 * The header of a recording of a device: what its events, messages, machines and counters are called.
 *
 * Invariant: it says all that a reader needs who has another version of this project, or none.
 */
import { MACHINES } from '../../../actors/machines.js';
import { Message, messageName } from '../../../actors/messages.js';
import { Upcall } from '../../bridge/pvg.js';
import type { Device } from '../../device.js';
import { VERSION } from '../../runtime/version.js';
import type { DeviceStatistics } from '../../statistics.js';
import { RING_FIELDS, TRACE_NAMES } from '../../trace/events.js';
import type { RecordedMachine, RecordingHeader } from '../../trace/recording/format.js';

/** Mailboxes that are sampled, with the names of those who take from them. */
export const MAILBOXES = [
  ['bql', 'bql'],
  ['render', 'render-queue'],
  ['background', 'background-queue'],
  ['watchdog', 'watchdog'],
] as const;

/** Of the statistics, what is sampled. */
export const SAMPLED = [
  'mmioAccesses',
  'framesRendered',
  'framesUnseen',
  'framesDropped',
  'framesPresented',
  'refusedEncodes',
  'interrupts',
  'guestErrors',
  'bqlHoldMicroseconds',
  'upcalls',
  'upcallWakes',
  'upcallWakesInVain',
] as const satisfies (keyof DeviceStatistics)[];

/** Draws a machine, for whoever has no definition of it. */
export type ChartOf = (machine: (typeof MACHINES)[number]) => unknown;

function machineOf(machine: (typeof MACHINES)[number], chartOf: ChartOf): RecordedMachine {
  return { name: machine.name, events: machine.table.events, states: machine.table.values, definition: chartOf(machine) };
}

/** `epochNanoseconds`: what makes CLOCK_MONOTONIC nanoseconds since the epoch. */
export function headerOf(device: Device, epochNanoseconds: number, chartOf: ChartOf = () => null): RecordingHeader {
  const { wiring } = device.internals;
  const kinds = [...Object.values(Upcall), ...Object.values(Message)];
  return {
    format: 1,
    producer: `apple-gfx ${VERSION}`,
    revision: wiring.revision,
    variant: wiring.variant,
    displays: device.displays.length,
    seed: null,
    schedule: null,
    epochNanoseconds,
    events: TRACE_NAMES.map((name) => ({ name, fields: RING_FIELDS[name] })),
    kinds: Object.fromEntries(kinds.map((kind) => [kind, messageName(kind)])),
    machines: MACHINES.map((machine) => machineOf(machine, chartOf)),
    mailboxes: Object.fromEntries(
      [...MAILBOXES, ['update', 'bql'] as const]
        .filter(([key]) => wiring.mailboxes[key] !== 0)
        .map(([key, name]) => [wiring.mailboxes[key], name]),
    ),
    counters: [...MAILBOXES.map(([, name]) => `mailbox.${name}`), ...SAMPLED],
  };
}
