/**
 * The supervisor's own trace: moves of its life-cycle machine, and what it posts. On a device that is neither recorded nor shown it does nothing.
 *
 * Invariant: its ring can be read after each event, since the thread that it is on may wait for anything then.
 */
import type { PvgBridge } from '../src/bridge/native.js';
import { noteMove, noteStart } from '../src/device/machine-trace.js';
import type { Mailboxes } from '../src/runtime/mailbox.js';
import type { Tracer } from '../src/trace/tracer.js';
import { makeTracer, tracePosts } from './thread-tracer.js';
import type { Report, Wiring } from './wiring.js';

/** As much of the machine's run as is noted. */
type LifeRun = Parameters<typeof noteStart>[3];

export class LifeTrace {
  private readonly tracer: Tracer | null;

  constructor(
    private readonly run: LifeRun,
    parts: {
      readonly bridge: PvgBridge;
      readonly wiring: Wiring;
      readonly mailboxes: Mailboxes;
      readonly report: (report: Report) => void;
    },
  ) {
    const { bridge, wiring, mailboxes } = parts;
    if (!wiring.traceDetail) {
      this.tracer = null;
      return;
    }
    // Later, when whoever makes the supervisor can listen to it.
    const report = (each: Report): void => queueMicrotask(() => parts.report(each));
    this.tracer = makeTracer({ bridge, wiring, actor: 'supervisor', report });
    tracePosts(this.tracer, mailboxes);
    noteStart(this.port(this.tracer), 'lifeCycle', 0, run);
  }

  /** The run took an event. */
  moved(event: string): void {
    if (this.tracer === null) return;
    noteMove(this.port(this.tracer), 'lifeCycle', 0, this.run, event);
    this.tracer.publish();
  }

  private port(tracer: Tracer): Parameters<typeof noteStart>[0] {
    return { tracesMachines: true, note: (event, ...args) => tracer.note(event, ...args) };
  }
}
