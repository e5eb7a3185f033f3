/**
 * The states of one thread over time: read once from the first event to the last, and from then on at any moment.
 *
 * While it reads it keeps a copy of the state now and then (checkpoints). It goes to a moment from where it was for that purpose before, or from the
 * nearest checkpoint, whichever has fewer events to go. Invariant: all states come from one reading, so totals of two moments may be subtracted. A
 * moment whose events are not kept any more has the oldest state that is known.
 */
import { CHECKPOINT_EVENTS } from '../../base/limits.js';
import type { RecordingHeader } from '../../trace/recording/format.js';
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { Step } from './system-steps.js';
import { lose, newThread, type ThreadState } from './system-thread.js';
import type { Finding } from './system-warnings.js';

/** The state when the events before `index` have happened. */
interface Point {
  index: number;
  state: ThreadState;
}

const newPoint = (): Point => ({ index: 0, state: newThread() });

export class ThreadTrack {
  private readonly latest = newPoint();
  private checkpoints: Point[] = [];
  /** Where it was last for the moment, and for the begin of the window before. */
  private readonly cursors = { now: newPoint(), before: newPoint() };

  constructor(
    readonly log: ThreadLog,
    private readonly header: RecordingHeader,
    private readonly steps: readonly (Step | undefined)[],
  ) {}

  /** As of the last event that was read. */
  get state(): ThreadState {
    return this.latest.state;
  }

  /** Whether all that has come was read. */
  get isRead(): boolean {
    return this.latest.index === this.log.end;
  }

  /** Reads on, at most so many events; gives how many. */
  advance(most: number, found: (finding: Finding) => void): number {
    const { latest, log } = this;
    if (latest.index < log.first) {
      latest.index = log.first;
      lose(latest.state, log.time(log.first));
    }
    const from = latest.index;
    this.fold(latest, Math.min(log.end, from + most), found);
    return latest.index - from;
  }

  /** The state when all that was read up to a time, and at it, has happened. It changes with the next call for that purpose. */
  at(time: number, purpose: 'now' | 'before'): ThreadState {
    const { latest, log } = this;
    const cursor = this.cursors[purpose];
    const end = Math.min(latest.index, log.at(Math.floor(time) + 1));
    this.checkpoints = this.checkpoints.filter(({ index }) => index >= log.first);
    const { checkpoints } = this;
    const nearest = checkpoints.findLast(({ index }) => index <= end) ?? checkpoints[0] ?? latest;
    if (cursor.index < nearest.index || cursor.index > end) Object.assign(cursor, structuredClone(nearest));
    this.fold(cursor, end, null);
    return cursor.state;
  }

  /** Has the events before `end` happen. `found`: they are read for the first time. */
  private fold(point: Point, end: number, found: ((finding: Finding) => void) | null): void {
    const { header, log, steps } = this;
    const { losses, thread } = log;
    let loss = losses.findLastIndex(({ index }) => index < point.index) + 1;
    for (; point.index < end; point.index++) {
      const { index, state } = point;
      const since = log.time(index);
      if (found !== null && index % CHECKPOINT_EVENTS === 0) this.checkpoints.push(structuredClone(point));
      for (; losses[loss]?.index === index; loss++) {
        lose(state, since);
        found?.({ kind: 'eventsLost', subject: thread.name, from: since, at: since, amount: losses[loss]?.count ?? 0 });
      }
      const step = steps[log.event(index)];
      if (step === undefined) continue;
      const args = [log.arg(index, 0), log.arg(index, 1), log.arg(index, 2), log.arg(index, 3)] as const;
      step(state, { args, kind: header.kinds[args[0]] ?? String(args[0]), id: args[1], since, machines: header.machines, found });
    }
  }
}
