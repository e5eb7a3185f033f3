/**
 * Recordings of machines that took random events: what a trace says of them, and what XState says that they did.
 */
import * as xstate from 'xstate';
import type { AnyMachineSnapshot } from 'xstate';
import { MACHINES as NAMED } from '../../../actors/machines.js';
import { laidOut, machineCharts } from '../../../src/cli/machine-charts.js';
import { RING_FIELDS, TRACE_IDS, TRACE_NAMES } from '../../../src/trace/events.js';
import { ChunkDecoder } from '../../../src/trace/recording/decoder.js';
import { EventsWriter, encodeHeader, encodeThread } from '../../../src/trace/recording/encoder.js';
import type { RecordedMachine, RecordingHeader } from '../../../src/trace/recording/format.js';
import { type StoreBounds, TraceStore } from '../../../src/trace/recording/trace-store.js';
import { MACHINES as CATALOGUE, type MachineEvent } from '../../device/machine-catalogue.js';

const charts = await laidOut(machineCharts());

/** All machines of the device, as a header has them. */
export const RECORDED: readonly RecordedMachine[] = NAMED.map(({ name, table }, index) => ({
  name,
  events: table.events,
  states: table.values,
  definition: charts[index],
}));

export const HEADER: RecordingHeader = {
  format: 1,
  producer: 'test',
  revision: 'hardened',
  variant: 'mmio',
  displays: 1,
  seed: null,
  schedule: null,
  epochNanoseconds: 0,
  events: TRACE_NAMES.map((name) => ({ name, fields: RING_FIELDS[name] })),
  kinds: {},
  machines: RECORDED,
  mailboxes: {},
  counters: [],
};

/** What happened: a start, or an event that a machine took. */
export interface Walked {
  readonly time: number;
  readonly machine: number;
  readonly instance: number;
  /** -1 for a start. */
  readonly event: number;
  readonly state: number;
}

/** A transition as XState tells of it: where it stands, on which event, where it leads. */
export interface Taken {
  readonly source: string;
  readonly event: string;
  readonly targets: readonly string[];
}

/** One run of a machine. */
export class Walk {
  private snapshot: AnyMachineSnapshot;
  private readonly entry;

  constructor(
    readonly machine: number,
    input: number,
  ) {
    const name = RECORDED[machine]?.name;
    const entry = CATALOGUE.find((each) => each.machine.id === name);
    if (entry === undefined) throw new TypeError(`no machine ${machine}`);
    this.entry = entry;
    this.snapshot = xstate.getInitialSnapshot(entry.machine, entry.inputs[input % entry.inputs.length] as never) as AnyMachineSnapshot;
  }

  /** The table's number of the state. */
  get state(): number {
    const wanted = JSON.stringify(this.snapshot.value);
    return (RECORDED[this.machine]?.states ?? []).findIndex((value) => sorted(value) === sorted(JSON.parse(wanted)));
  }

  get done(): boolean {
    return this.snapshot.status !== 'active';
  }

  /** Takes one of the machine's events; gives its number, and what XState says was taken. */
  take(choice: number): { readonly event: number; readonly taken: readonly Taken[] } {
    const { machine, events } = this.entry;
    const event = events[choice % events.length] as MachineEvent;
    const found = machine.getTransitionData(this.snapshot as never, event as never);
    const taken = found.map(({ source, eventType, target }) => ({
      source: source.path.join('.'),
      event: eventType,
      targets: (target ?? []).map(({ path }) => path.join('.')),
    }));
    this.snapshot = xstate.getNextSnapshot(machine, this.snapshot as never, event as never) as AnyMachineSnapshot;
    return { event: (RECORDED[this.machine]?.events ?? []).indexOf(event.type), taken };
  }
}

/** A value as a text, whatever the order of its regions. */
function sorted(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, inner]) => `${key}:${sorted(inner)}`);
  return `{${entries.sort().join()}}`;
}

/** The chunk that says of some things that they happened, on one thread. */
export function chunkOf(events: readonly Walked[], thread = 0): Uint8Array {
  const writer = new EventsWriter(
    thread,
    TRACE_NAMES.map((name) => RING_FIELDS[name].length),
  );
  for (const { time, machine, instance, event, state } of events) {
    if (event < 0) writer.add(time, TRACE_IDS.agfx_machine_started, [machine, instance, state]);
    else writer.add(time, TRACE_IDS.agfx_machine_moved, [machine, instance, event, state]);
  }
  return writer.take(0);
}

/** A store that chunks can be added to. */
export function emptyStore(bounds: StoreBounds = {}): { readonly store: TraceStore; add(...chunks: readonly Uint8Array[]): void } {
  const store = new TraceStore(bounds);
  const decoder = new ChunkDecoder();
  const add = (...chunks: readonly Uint8Array[]): void => {
    for (const bytes of chunks) for (const chunk of decoder.push(bytes)) store.apply(chunk);
  };
  add(
    encodeHeader(HEADER),
    ...[0, 1].map((index) => encodeThread({ index, actor: `actor${index}`, name: `actor ${index}`, number: index })),
  );
  return { store, add };
}
