/**
 * A device's trace as its embedder sees it: lines as they come, and the latest events of every actor.
 *
 * Invariant: what nobody has listened to yet is kept up to a bound, so that a device which nobody listens to doesn't grow.
 */
import { messageName } from '../actors/messages.js';
import type { Report } from '../actors/wiring.js';
import type { TraceOrigin } from './trace/log.js';
import { TraceRing } from './trace/ring.js';
import { type TraceEvent, traceEvent } from './trace/tracer.js';

/** Trace lines kept for the first listener. */
const EARLY_LINES = 256;

/** An event of a device's trace history. */
export interface TraceHistoryEvent extends TraceEvent {
  /** Which actor's thread: `bql`, `render-queue`, `background-queue`. */
  readonly actor: string;
}

export class DeviceTrace {
  private readonly rings: { readonly actor: string; readonly ring: TraceRing }[] = [];
  private early: [string, TraceOrigin][] = [];

  /** `tell` says whether anybody listened. */
  constructor(private readonly tell: (line: string, origin: TraceOrigin) => boolean) {}

  onReport(report: Extract<Report, { report: 'trace' | 'traceRing' }>): void {
    if (report.report === 'traceRing') this.rings.push({ actor: report.actor, ring: new TraceRing(report.memory) });
    else if (!this.tell(report.line, report.origin) && this.early.length < EARLY_LINES) this.early.push([report.line, report.origin]);
  }

  /** Somebody listens now. */
  replay(): void {
    const lines = this.early;
    this.early = [];
    for (const [line, origin] of lines) this.tell(line, origin);
  }

  /** By time; each thread's in their order. */
  history(): readonly TraceHistoryEvent[] {
    const events = this.rings.flatMap(({ actor, ring }) => ring.read().map((entry) => ({ actor, ...traceEvent(entry, messageName) })));
    return events.sort((a, b) => a.nanoseconds - b.nanoseconds);
  }
}
