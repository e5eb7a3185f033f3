/**
 * What PVG's own threads note while they answer (pvg_bridge.h, struct pvg_trace_entry), as trace events and guest errors.
 *
 * Invariant: an event that isn't wanted costs PVG's threads one test of a bit, since the bridge is told which are. A line is as an actor's own,
 * with the thread and the time of PVG's.
 */
import type { PvgBridge } from '../src/bridge/native.js';
import { TraceEvent } from '../src/bridge/pvg.js';
import { Counters } from '../src/runtime/shared.js';
import { TRACE_FORMATS, type TraceArgs, type TraceName } from '../src/trace/events.js';
import type { TraceOrigin } from '../src/trace/log.js';
import { Tracer } from '../src/trace/tracer.js';
import type { Report, Wiring } from './wiring.js';

/** u64 words of struct pvg_trace_entry. */
const ENTRY_WORDS = 10;
const FIRST_WORD = 2;
/** Entries taken at a time. */
const BATCH = 256;

type EventName = Exclude<keyof typeof TraceEvent, 'lost' | 'iosfcUnmapNothing'>;

const NAMES: Readonly<Record<EventName, TraceName>> = {
  createTask: 'apple_gfx_create_task',
  destroyTask: 'apple_gfx_destroy_task',
  mapMemory: 'apple_gfx_map_memory',
  mapMemoryRange: 'apple_gfx_map_memory_range',
  remap: 'apple_gfx_remap',
  unmapMemory: 'apple_gfx_unmap_memory',
  readMemory: 'apple_gfx_read_memory',
  iosfcMap: 'apple_gfx_iosfc_map_memory',
  iosfcUnmapRegion: 'apple_gfx_iosfc_unmap_memory_region',
};

/** own_traces of struct pvg_config, and what pvg_device_set_traces takes: those of the events that are on. */
export function ownTraces(on: readonly TraceName[]): number {
  return Object.entries(NAMES).reduce((mask, [event, name]) => mask | (on.includes(name) ? 1 << TraceEvent[event as EventName] : 0), 0);
}

type Words = readonly number[];

/** The arguments of each event, from its words. */
const ARGUMENTS: { readonly [E in EventName]: (words: Words) => TraceArgs<TraceName> } = {
  createTask: ([length = 0, base = 0]) => ({ length, base }),
  destroyTask: ([task = 0, regions = 0]) => ({ task, regions }),
  mapMemory: ([task = 0, count = 0, offset = 0, readOnly = 0]) => ({ task, count, offset, readOnly }),
  mapMemoryRange: ([index = 0, gpa = 0, length = 0]) => ({ index, gpa, length }),
  remap: ([status = 0, source = 0, target = 0]) => ({ status: status === 0 ? 0 : -status, source, target }),
  unmapMemory: ([task = 0, offset = 0, length = 0]) => ({ task, offset, length }),
  readMemory: ([gpa = 0, length = 0, destination = 0]) => ({ gpa, length, destination }),
  iosfcMap: ([gpa = 0, length = 0, readOnly = 0, va = 0, e = 0, f = 0, address = 0]) => ({ gpa, length, readOnly, va, e, f, address }),
  iosfcUnmapRegion: ([address = 0, region = 0]) => ({ address, region }),
};

const BY_NUMBER = new Map(Object.keys(NAMES).map((event) => [TraceEvent[event as EventName] as number, event as EventName]));

/** One entry: its event, where it comes from, and its words; a word that is too large to be exact is Infinity. */
export interface OwnTrace {
  readonly event: number;
  readonly origin: TraceOrigin;
  readonly words: Words;
}

/** Takes entries from the bridge and reports them; owned by one thread. */
export class OwnTraceReader {
  private readonly entries = new BigUint64Array(ENTRY_WORDS * BATCH);
  private readonly tracer: Tracer;
  private origin: TraceOrigin = { thread: 0, microseconds: 0 };

  /** `take` fills entries in and says how many; `onGuestError` counts. */
  constructor(
    private readonly parts: {
      readonly take: (entries: BigUint64Array, max: number) => number;
      readonly onGuestError: () => void;
      readonly report: (report: Report) => void;
    },
  ) {
    // What was wanted when it was noted.
    this.tracer = new Tracer(['*'], (line) => parts.report({ report: 'trace', line, origin: this.origin }));
  }

  /** Reports everything that was noted until now. */
  drain(): void {
    for (;;) {
      const count = this.parts.take(this.entries, BATCH);
      for (let index = 0; index < count; index++) this.tell(this.entry(index));
      if (count < BATCH) return;
    }
  }

  private entry(index: number): OwnTrace {
    const [head = 0n, nanoseconds = 0n, ...words] = this.entries.subarray(ENTRY_WORDS * index, ENTRY_WORDS * (index + 1));
    return {
      event: Number(head & 0xffff_ffffn),
      origin: { thread: Number(head >> 32n), microseconds: Number(nanoseconds) / 1000 },
      words: words.slice(0, ENTRY_WORDS - FIRST_WORD).map((word) => (word < 2n ** 53n ? Number(word) : Number.POSITIVE_INFINITY)),
    };
  }

  private tell({ event, origin, words }: OwnTrace): void {
    const { report, onGuestError } = this.parts;
    const [first = 0] = words;
    this.origin = origin;
    if (event === TraceEvent.iosfcUnmapNothing) {
      onGuestError();
      return report({ report: 'guestError', text: `iosfc unmap of 0x${first.toString(16)}: nothing is mapped there` });
    }
    // Said whatever is switched on, for who misses lines must know.
    if (event === TraceEvent.lost) {
      return report({ report: 'trace', line: `agfx_traces_lost ${TRACE_FORMATS.agfx_traces_lost({ count: first })}`, origin });
    }
    const name = BY_NUMBER.get(event);
    if (name !== undefined) this.tracer.emit(NAMES[name], ARGUMENTS[name](words));
  }
}

/** The reader of a device's entries, for the one thread that takes them. */
export function ownTracesOf(bridge: PvgBridge, wiring: Wiring, report: (report: Report) => void): OwnTraceReader {
  const counters = new Counters(wiring.counters);
  return new OwnTraceReader({
    take: (entries, max) => bridge.pvg_device_traces(wiring.device, entries, max),
    onGuestError: () => counters.add('guestErrors'),
    report,
  });
}
