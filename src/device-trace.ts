/**
 * A device's trace as its embedder sees it: which events are printed, lines as they come, and the latest events of every actor.
 *
 * Invariant: what nobody has listened to yet is kept up to a bound, so that a device which nobody listens to doesn't grow.
 */
import { messageName } from '../actors/messages.js';
import { ownTraces } from '../actors/own-traces.js';
import type { Report, Wiring } from '../actors/wiring.js';
import { ArgumentError } from './base/errors.js';
import type { PvgBridge } from './bridge/native.js';
import { TRACE_IDS, TRACE_NAMES, type TraceName, tracePattern } from './trace/events.js';
import type { TraceOrigin } from './trace/log.js';
import { TraceRing } from './trace/ring.js';
import { TraceSwitches } from './trace/switches.js';
import { type TraceEvent, traceEvent } from './trace/tracer.js';

/** Trace lines kept for the first listener. */
const EARLY_LINES = 256;

/** An event of a device's trace history. */
export interface TraceHistoryEvent extends TraceEvent {
  /** Which actor's thread: `bql`, `render-queue`, `background-queue`. */
  readonly actor: string;
}

/** A trace event, and whether it is printed. */
export interface TraceEventState {
  /** As `trace` in the device's options has it. */
  readonly name: TraceName;
  /** Whether lines of it come as `trace` events. */
  readonly isOn: boolean;
}

/** Which trace events a device prints. Used on the thread that made the device. */
export class TraceControl {
  private readonly switches: TraceSwitches;

  /** Made by the device. @internal */
  constructor(
    private readonly bridge: PvgBridge,
    private readonly wiring: Pick<Wiring, 'traceSwitches' | 'device'>,
  ) {
    this.switches = new TraceSwitches(wiring.traceSwitches);
  }

  /** The events that a name or a glob (`apple_gfx_*`) names. Throws ArgumentError for a name that no event has. */
  list(glob = '*'): readonly TraceEventState[] {
    return namesOf(glob).map((name) => ({ name, isOn: this.switches.isOn(TRACE_IDS[name]) }));
  }

  /**
   * Switches events on or off that a name or a glob names; the others stay as they are. It holds from the next batch of messages on that each thread
   * takes. Throws ArgumentError for a name that no event has.
   */
  set(glob: string, on: boolean): void {
    const names: readonly string[] = namesOf(glob);
    if (typeof on !== 'boolean') throw new ArgumentError(`on is ${String(on)}, expected true or false`);
    this.switches.set((name) => names.includes(name), on);
    // A device that has ended refuses it, and traces nothing.
    this.bridge.pvg_device_set_traces(this.wiring.device, ownTraces(this.switches.names));
  }
}

function namesOf(glob: string): readonly TraceName[] {
  if (typeof glob !== 'string' || glob === '')
    throw new ArgumentError(
      `glob is ${typeof glob === 'string' ? JSON.stringify(glob) : String(glob)}, expected the name of an event, or a glob`,
    );
  const names = glob.startsWith('-') ? [] : TRACE_NAMES.filter(tracePattern([glob]));
  if (names.length === 0 && !/[*?]/.test(glob)) throw new ArgumentError(`unknown event "${glob}"`);
  return names;
}

/** An actor's trace ring. */
export interface ActorRing {
  readonly actor: string;
  /** As the system numbers its thread. */
  readonly thread: number;
  readonly ring: TraceRing;
}

export class DeviceTrace {
  private readonly rings: ActorRing[] = [];
  private early: [string, TraceOrigin][] = [];

  /** `tell` says whether anybody listened. */
  constructor(private readonly tell: (line: string, origin: TraceOrigin) => boolean) {}

  onReport(report: Extract<Report, { report: 'trace' | 'traceRing' }>): void {
    if (report.report === 'traceRing') this.rings.push({ actor: report.actor, thread: report.thread, ring: new TraceRing(report.memory) });
    else if (!this.tell(report.line, report.origin) && this.early.length < EARLY_LINES) this.early.push([report.line, report.origin]);
  }

  /** Somebody listens now. */
  replay(): void {
    const lines = this.early;
    this.early = [];
    for (const [line, origin] of lines) this.tell(line, origin);
  }

  /** The actors' rings, in the order in which their threads came. */
  get all(): readonly ActorRing[] {
    return this.rings;
  }

  /** By time; each thread's in their order. */
  history(): readonly TraceHistoryEvent[] {
    const events = this.rings.flatMap(({ actor, ring }) => ring.read().map((entry) => ({ actor, ...traceEvent(entry, messageName) })));
    return events.sort((a, b) => a.nanoseconds - b.nanoseconds);
  }
}
