/**
 * The states of one thread over time: read once from the first event to the last, and from then on at any moment.
 *
 * While it reads it keeps a copy of the state now and then (checkpoints). A cursor goes to a moment from the state that it has, or from the nearest
 * checkpoint before, whichever has fewer events to go. Invariant: all states come from one reading, so totals of two moments may be subtracted. A
 * moment whose events are not kept any more has the oldest state that is known.
 */
import { CHECKPOINT_EVENTS, MAX_CHECKPOINTS } from '../../base/limits.js';
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { SystemEvents } from './system-events.js';
import { type ThreadListener, ThreadState } from './system-thread.js';

/** The state when the events before `index` have happened. */
interface Checkpoint {
  readonly index: number;
  readonly state: ThreadState;
}

/** Told of events that were lost, while a thread is read for the first time. */
export interface TrackListener extends ThreadListener {
  lost(count: number, at: number): void;
}

export class ThreadTrack {
  /** As of the last event that was read. */
  readonly latest = new ThreadState();
  private read: number;
  private checkpoints: Checkpoint[];
  private spacing = CHECKPOINT_EVENTS;

  constructor(
    readonly log: ThreadLog,
    private readonly events: SystemEvents,
    private readonly listener: TrackListener,
  ) {
    this.read = log.first;
    this.checkpoints = [{ index: this.read, state: new ThreadState() }];
  }

  /** Index of the next event to be read. */
  get index(): number {
    return this.read;
  }

  /** Reads on, at most so many events; gives how many. */
  advance(most: number): number {
    const { log, latest } = this;
    if (this.read < log.first) {
      this.read = log.first;
      latest.lose(log.time(log.first));
    }
    const from = this.read;
    const end = Math.min(log.end, from + most);
    while (this.read < end) {
      const last = this.checkpoints.at(-1);
      const next = Math.min(end, Math.max(this.read + 1, (last?.index ?? 0) + this.spacing));
      this.fold(latest, this.read, next, this.listener);
      this.read = next;
      if (next - (last?.index ?? 0) >= this.spacing) this.keep({ index: next, state: latest.copy() });
    }
    return end - from;
  }

  /** A checkpoint of the state when the events before `index` had happened, or the nearest before that; the oldest if there is none. */
  before(index: number): Checkpoint {
    const { checkpoints, log } = this;
    while (checkpoints.length > 1 && (checkpoints[0]?.index ?? 0) < log.first) checkpoints.shift();
    let [low, high] = [0, checkpoints.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((checkpoints[middle]?.index ?? 0) <= index) low = middle;
      else high = middle;
    }
    const found = checkpoints[low];
    return found !== undefined && found.index >= log.first ? found : { index: this.read, state: this.latest };
  }

  /** Has a state go through the events in from..end-1. */
  fold(state: ThreadState, from: number, end: number, listener: TrackListener | null): void {
    const { log, events } = this;
    const { losses } = log;
    let loss = losses.length;
    while (loss > 0 && (losses[loss - 1]?.index ?? 0) >= from) loss--;
    for (let index = from; index < end; index++) {
      for (let next = losses[loss]; next?.index === index; next = losses[++loss]) {
        state.lose(log.time(index));
        listener?.lost(next.count, log.time(index));
      }
      state.step(log, index, events, listener);
    }
  }

  private keep(checkpoint: Checkpoint): void {
    this.checkpoints.push(checkpoint);
    if (this.checkpoints.length <= MAX_CHECKPOINTS) return;
    this.checkpoints = this.checkpoints.filter((_, index) => index % 2 === 0);
    this.spacing *= 2;
  }
}

/** A state that goes to and fro in a thread's time. */
export class TrackCursor {
  private state: ThreadState;
  private index: number;

  constructor(private readonly track: ThreadTrack) {
    const { index, state } = track.before(track.log.first);
    this.index = index;
    this.state = state.copy();
  }

  /** The state when all that was read up to a time, and at it, has happened. It is the cursor's own, and changes with the next call. */
  at(time: number): ThreadState {
    const { track } = this;
    const { log } = track;
    let end = Math.min(track.index, log.at(time));
    while (end < track.index && log.time(end) <= time) end++;
    const from = track.before(end);
    if (from.index > this.index || this.index > end || this.index < log.first) {
      this.index = from.index;
      this.state = from.state.copy();
    }
    if (this.index < end) track.fold(this.state, this.index, end, null);
    this.index = Math.max(this.index, end);
    return this.state;
  }
}
