/**
 * A recording, checked as logs are (log-checks.ts), and its machines' moves besides.
 *
 * Invariant: of a recording that lost events nothing is said, since what is missing might be what was missed; nor of a machine that the recording knows
 * otherwise than this version does.
 */
import { MACHINE_NAMES, type MachineName, type TraceName } from '../../trace/events.js';
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import type { CheckedMachine, CheckedRun } from './check-parts.js';
import { PARSED_PATTERNS } from './event-patterns.js';
import { LogChecks } from './log-checks.js';
import { MachineChecks } from './machine-checks.js';
import { MergedEvents } from './merged-events.js';

/** Something that doesn't fit, and where it shows. */
export interface RecordingComplaint {
  readonly nanoseconds: number;
  readonly thread: string;
  readonly text: string;
}

export interface RecordingCheck {
  /** The first MAX_COMPLAINTS. */
  readonly complaints: readonly RecordingComplaint[];
  readonly complaintCount: number;
  /** What was not checked, and why; one sentence each. */
  readonly unchecked: readonly string[];
}

const MAX_COMPLAINTS = 1000;
/** Notes what PVG's threads have told, of several at once. */
const COLLECTS_FOR_OTHERS = 'watchdog';

export function checkRecording(store: TraceStore, machines: readonly CheckedMachine[]): RecordingCheck {
  const lost = store.threads.reduce((sum, log) => sum + log.lost + log.first, 0);
  if (lost > 0) return { complaints: [], complaintCount: 0, unchecked: [`${lost} events are missing, so nothing is checked.`] };
  return new Check(store, machines).run();
}

const sameLists = (a: readonly unknown[], b: readonly unknown[]): boolean => JSON.stringify(a) === JSON.stringify(b);

class Check {
  private readonly held: (RecordingComplaint & { readonly needs: readonly TraceName[] })[] = [];
  private readonly seen = new Set<string>();
  private readonly byNumber: (CheckedMachine | undefined)[];
  private readonly unchecked: string[] = [];
  private beyond = 0;
  private at: { nanoseconds: number; thread: string } = { nanoseconds: 0, thread: '' };

  constructor(
    private readonly store: TraceStore,
    private readonly machines: readonly CheckedMachine[],
  ) {
    this.byNumber = (store.header?.machines ?? []).map(({ name, events, states }) => {
      const known = machines.find((each) => each.name === name);
      if (known !== undefined && sameLists(known.recorded.events, events) && sameLists(known.recorded.states, states)) return known;
      this.unchecked.push(`Machine ${name} has other states or events here, so its moves are not checked.`);
      return undefined;
    });
  }

  run(): RecordingCheck {
    const checks = new LogChecks(this.complain, (machine) => this.begin(machine));
    const moves = new MachineChecks(this.complain);
    for (const events = new MergedEvents(this.store); events.next(); ) {
      const { log, index, nanoseconds } = events;
      const name = this.store.eventName(log.event(index));
      this.seen.add(name);
      this.at = { nanoseconds, thread: log.thread.name };
      if (PARSED_PATTERNS.has(name)) checks.event(this.event(name as TraceName, log, index), this.threadOf(log));
      this.move(moves, name, log, index);
    }
    const complaints = this.held.filter(({ needs }) => needs.every((name) => this.seen.has(name)));
    return {
      complaints: complaints.map(({ nanoseconds, thread, text }) => ({ nanoseconds, thread, text })),
      complaintCount: complaints.length + this.beyond,
      unchecked: this.unchecked,
    };
  }

  private threadOf({ thread }: ThreadLog): number | null {
    return thread.actor === COLLECTS_FOR_OTHERS ? null : thread.index;
  }

  private event(name: TraceName, log: ThreadLog, index: number) {
    const values: Record<string, number> = {};
    const fields = this.store.header?.events[log.event(index)]?.fields ?? [];
    fields.forEach((field, k) => {
      values[field] = log.arg(index, k);
    });
    // Where regions aren't counted, neither number was noted.
    if (name === 'apple_gfx_iosfc_unmap_memory_region' && values.count === 0) delete values.count;
    return { name, values, texts: {} };
  }

  private move(moves: MachineChecks, name: string, log: ThreadLog, index: number): void {
    if (name !== 'agfx_machine_started' && name !== 'agfx_machine_moved') return;
    const machine = this.byNumber[log.arg(index, 0)];
    if (machine === undefined) return;
    if (name === 'agfx_machine_started') moves.started(machine, log.arg(index, 1), log.arg(index, 2));
    else moves.moved(machine, log.arg(index, 1), log.arg(index, 2), log.arg(index, 3));
  }

  private begin(name: MachineName): CheckedRun {
    const machine = this.machines.find((each) => each.name === name);
    if (machine === undefined || !MACHINE_NAMES.includes(name)) return { send: () => {} };
    const steps = machine.start();
    return {
      send: (event, complain) => {
        if (!steps.send(event)) complain(`${name} doesn't take ${event}`, []);
      },
    };
  }

  private readonly complain = (text: string, needs: readonly TraceName[]): void => {
    if (this.held.length < MAX_COMPLAINTS) this.held.push({ ...this.at, text, needs });
    else this.beyond++;
  };
}
