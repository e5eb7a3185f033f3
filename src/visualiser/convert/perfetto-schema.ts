/**
 * Numbers of the fields of Perfetto's format that we write, by message (protos/perfetto/trace in its repository).
 *
 * Invariant: facts only; perfetto.ts says what is written when. They are checked by Perfetto's own trace processor (test/visualiser/convert).
 */

export const Trace = { packet: 1 } as const;

export const TracePacket = {
  clockSnapshot: 6,
  timestamp: 8,
  sequence: 10,
  trackEvent: 11,
  internedData: 12,
  sequenceFlags: 13,
  timestampClock: 58,
  defaults: 59,
  trackDescriptor: 60,
  firstOnSequence: 87,
} as const;

/** TracePacket.sequence_flags: what was interned before is void, and what follows refers to what is interned. */
export const SequenceFlags = { cleared: 1, needsState: 2 } as const;

export const TracePacketDefaults = { timestampClock: 58 } as const;
export const ClockSnapshot = { clocks: 1, primaryTraceClock: 2 } as const;
export const Clock = { id: 1, timestamp: 2 } as const;
/** BuiltinClock. */
export const BuiltinClock = { realtime: 1, monotonic: 3, boottime: 6 } as const;

export const TrackDescriptor = {
  uuid: 1,
  name: 2,
  process: 3,
  thread: 4,
  parent: 5,
  counter: 8,
  childOrdering: 11,
  siblingRank: 12,
} as const;
/** TrackDescriptor.child_ordering: by sibling_order_rank. */
export const EXPLICIT_ORDER = 3;
export const ProcessDescriptor = { pid: 1, name: 6 } as const;
export const ThreadDescriptor = { pid: 1, tid: 2, name: 5 } as const;
export const CounterDescriptor = { unitName: 6 } as const;

/** `flows` got its number in 2021; before, it had that of `oldFlows`, which readers still take if the new one is not there. */
export const TrackEvent = {
  categories: 3,
  annotations: 4,
  type: 9,
  name: 10,
  track: 11,
  counterValue: 30,
  oldFlows: 36,
  doubleCounterValue: 44,
  flows: 47,
  screenshot: 50,
} as const;
/** TrackEvent.type. */
export const EventType = { sliceBegin: 1, sliceEnd: 2, instant: 3, counter: 4 } as const;
export const Screenshot = { jpeg: 1 } as const;

export const DebugAnnotation = { name: 1, uint: 3, int: 4, double: 5, text: 6 } as const;

export const InternedData = { categories: 1, names: 2, annotationNames: 3 } as const;
export const Interned = { id: 1, text: 2 } as const;
