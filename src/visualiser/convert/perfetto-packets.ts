/**
 * Packets of a Perfetto trace, put together field by field.
 *
 * Invariant: one sequence; its first packet says so, and by which clock times are. A text is written out once and then called by a number, which the packet
 * that uses it first explains. An event is one of event(), whatever it says, and end().
 */
import { ProtoWriter } from './protobuf.js';
import {
  BuiltinClock,
  Clock,
  ClockSnapshot,
  CounterDescriptor,
  DebugAnnotation,
  EventType,
  EXPLICIT_ORDER,
  InternedData,
  Interned,
  ProcessDescriptor,
  SequenceFlags,
  ThreadDescriptor,
  Trace,
  TracePacket,
  TracePacketDefaults,
  TrackDescriptor,
  TrackEvent,
} from './perfetto-schema.js';

/** Of the process, as which a recording is shown. */
const PID = 1;
const SEQUENCE = 1;

export interface TrackSpec {
  readonly uuid: number;
  readonly parent: number;
  readonly name: string;
  /** Place among the tracks. */
  readonly rank: number;
  /** The system's number of the thread of which it is; null if it is of none. */
  readonly thread?: number | null;
  readonly isCounter?: boolean;
}

export interface EventSpec {
  readonly type: number;
  readonly track: number;
  readonly nanoseconds: number;
}

/** Texts of one kind that have numbers. */
class InternTable {
  private readonly numbers = new Map<string, number>();
  fresh: [number, string][] = [];

  /** `field`: of InternedData. */
  constructor(readonly field: number) {}

  of(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    const number = this.numbers.size + 1;
    this.numbers.set(text, number);
    this.fresh.push([number, text]);
    return number;
  }
}

export class PerfettoPackets {
  readonly proto = new ProtoWriter();
  private readonly categories = new InternTable(InternedData.categories);
  private readonly names = new InternTable(InternedData.names);
  private readonly annotationNames = new InternTable(InternedData.annotationNames);
  private isFirst = true;

  /** `epoch`: nanoseconds from a recording's time to the epoch. */
  constructor(epoch: number, start: number) {
    this.clocks(epoch, start);
  }

  /** What was written since. */
  take(): Uint8Array {
    return this.proto.take();
  }

  process(uuid: number, name: string): void {
    const { proto } = this;
    this.begin();
    proto.begin(TracePacket.trackDescriptor);
    proto.uint(TrackDescriptor.uuid, uuid);
    proto.uint(TrackDescriptor.childOrdering, EXPLICIT_ORDER);
    proto.begin(TrackDescriptor.process);
    proto.uint(ProcessDescriptor.pid, PID);
    proto.text(ProcessDescriptor.name, name);
    proto.end();
    proto.end();
    proto.end();
  }

  track({ uuid, parent, name, rank, thread = null, isCounter = false }: TrackSpec): void {
    const { proto } = this;
    this.begin();
    proto.begin(TracePacket.trackDescriptor);
    proto.uint(TrackDescriptor.uuid, uuid);
    proto.uint(TrackDescriptor.parent, parent);
    proto.uint(TrackDescriptor.siblingRank, rank);
    proto.text(TrackDescriptor.name, name);
    if (thread !== null) {
      proto.begin(TrackDescriptor.thread);
      proto.uint(ThreadDescriptor.pid, PID);
      proto.uint(ThreadDescriptor.tid, thread);
      proto.text(ThreadDescriptor.name, name);
      proto.end();
    } else if (isCounter) {
      proto.begin(TrackDescriptor.counter);
      if (/microseconds/i.test(name)) proto.text(CounterDescriptor.unitName, 'µs');
      proto.end();
    }
    proto.end();
    proto.end();
  }

  event({ type, track, nanoseconds }: EventSpec): void {
    const { proto } = this;
    this.begin();
    proto.uint(TracePacket.timestamp, Math.max(0, Math.round(nanoseconds)));
    proto.begin(TracePacket.trackEvent);
    proto.uint(TrackEvent.type, type);
    proto.uint(TrackEvent.track, track);
  }

  name(category: string, name: string): void {
    this.proto.uint(TrackEvent.categories, this.categories.of(category));
    this.proto.uint(TrackEvent.name, this.names.of(name));
  }

  annotation(name: string, value: number | string): void {
    const { proto } = this;
    proto.begin(TrackEvent.annotations);
    proto.uint(DebugAnnotation.name, this.annotationNames.of(name));
    if (typeof value === 'string') proto.text(DebugAnnotation.text, value);
    else if (!Number.isSafeInteger(value)) proto.double(DebugAnnotation.double, value);
    else proto.uint(value < 0 ? DebugAnnotation.int : DebugAnnotation.uint, value);
    proto.end();
  }

  /**
   * The event is an end of a flow; which one, readers tell by the times. Under both of its numbers, for readers of any age. A flow is never said to end, for
   * its number is not used again, and an end that by its processor's clock comes before the beginning would be none.
   */
  flow(id: number): void {
    this.proto.fixed64(TrackEvent.flows, id);
    this.proto.uint(TrackEvent.oldFlows, id);
  }

  /** Ends an event's packet. */
  end(): void {
    const { proto } = this;
    proto.end();
    this.intern();
    proto.end();
  }

  counter(track: number, nanoseconds: number, value: number): void {
    this.event({ type: EventType.counter, track, nanoseconds });
    if (Number.isSafeInteger(value)) this.proto.uint(TrackEvent.counterValue, value);
    else this.proto.double(TrackEvent.doubleCounterValue, value);
    this.end();
  }

  /** Begins a packet of the sequence. */
  private begin(): void {
    const { proto } = this;
    proto.begin(Trace.packet);
    proto.uint(TracePacket.sequence, SEQUENCE);
    proto.uint(TracePacket.sequenceFlags, this.isFirst ? SequenceFlags.cleared + SequenceFlags.needsState : SequenceFlags.needsState);
    if (!this.isFirst) return;
    this.isFirst = false;
    proto.uint(TracePacket.firstOnSequence, 1);
    proto.begin(TracePacket.defaults);
    proto.uint(TracePacketDefaults.timestampClock, BuiltinClock.monotonic);
    proto.end();
  }

  private intern(): void {
    const { proto } = this;
    const tables = [this.categories, this.names, this.annotationNames];
    if (tables.every(({ fresh }) => fresh.length === 0)) return;
    proto.begin(TracePacket.internedData);
    for (const table of tables) {
      for (const [id, text] of table.fresh) {
        proto.begin(table.field);
        proto.uint(Interned.id, id);
        proto.text(Interned.text, text);
        proto.end();
      }
      table.fresh = [];
    }
    proto.end();
  }

  /** What clocks show at the same time. That of the boot is as the monotonic one, of a machine that never slept. */
  private clocks(epoch: number, start: number): void {
    const { proto } = this;
    proto.begin(Trace.packet);
    proto.begin(TracePacket.clockSnapshot);
    proto.uint(ClockSnapshot.primaryTraceClock, BuiltinClock.monotonic);
    const times = [
      [BuiltinClock.monotonic, start],
      [BuiltinClock.boottime, start],
      [BuiltinClock.realtime, Math.max(0, start + epoch)],
    ] as const;
    for (const [id, time] of times) {
      proto.begin(ClockSnapshot.clocks);
      proto.uint(Clock.id, id);
      proto.uint(Clock.timestamp, Math.round(time));
      proto.end();
    }
    proto.end();
    proto.end();
  }
}
