/**
 * The state machines of a recording at a moment: read from where reading stopped, or from the beginning for an earlier moment.
 *
 * Invariant: what is read costs by the event, whatever was read before; after read(store, time), every machine is as it was when the last event at or
 * before that time had happened, as far as its events are kept. No event is kept here: an instance's history is looked up in the store.
 */
import { MACHINE_HISTORY, MACHINE_HISTORY_SCANNED } from '../../base/limits.js';
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { type MachineInstance, MachineTrack } from './machines-track.js';

/** A start or a move of an instance; `event` is -1 for its start. */
export interface MachineStep {
  readonly time: number;
  readonly event: number;
  readonly state: number;
}

/** Which moves are meant: of all machines, of one, or of one of its instances. */
export interface MachineChoice {
  readonly machine: number | null;
  readonly instance: number | null;
}

export class MachinesModel {
  readonly tracks: readonly MachineTrack[];
  private readonly next: number[] = [];
  private readonly started: number;
  private readonly moved: number;
  private position = Number.NEGATIVE_INFINITY;

  /** For a store that has its header. */
  constructor(store: TraceStore) {
    this.tracks = (store.header?.machines ?? []).map((machine) => new MachineTrack(machine));
    this.started = store.eventNumber('agfx_machine_started');
    this.moved = store.eventNumber('agfx_machine_moved');
  }

  /** Reads up to a moment, null for all there is. */
  read(store: TraceStore, time: number | null): void {
    const until = time ?? Number.POSITIVE_INFINITY;
    if (until < this.position) {
      for (const track of this.tracks) track.reset();
      this.next.length = 0;
    }
    this.position = time ?? store.now;
    for (const [thread, log] of store.threads.entries()) this.readThread(log, thread, until);
  }

  private readThread(log: ThreadLog, thread: number, until: number): void {
    const { end } = log;
    let index = Math.max(this.next[thread] ?? 0, log.first);
    for (; index < end; index++) {
      const time = log.time(index);
      if (time > until) break;
      const event = log.event(index);
      if (event === this.moved) {
        const [instance, name, state] = [log.arg(index, 1), log.arg(index, 2), log.arg(index, 3)];
        this.tracks[log.arg(index, 0)]?.moved({ log: thread, time, instance, event: name, state });
      } else if (event === this.started) {
        this.tracks[log.arg(index, 0)]?.began({ log: thread, time, instance: log.arg(index, 1), event: -1, state: log.arg(index, 2) });
      }
    }
    this.next[thread] = index;
  }

  private isMeant(log: ThreadLog, index: number, { machine, instance }: MachineChoice): boolean {
    const event = log.event(index);
    if (event !== this.moved && event !== this.started) return false;
    return (machine === null || log.arg(index, 0) === machine) && (instance === null || log.arg(index, 1) === instance);
  }

  /** When the next move will be, behind what was read; null if there is none yet. */
  nextMove(store: TraceStore, choice: MachineChoice): number | null {
    let found = Number.POSITIVE_INFINITY;
    for (const [thread, log] of store.threads.entries()) {
      for (let index = Math.max(this.next[thread] ?? 0, log.first); index < log.end; index++) {
        const time = log.time(index);
        if (time >= found) break;
        if (this.isMeant(log, index, choice)) found = time;
      }
    }
    return found === Number.POSITIVE_INFINITY ? null : found;
  }

  /** When the latest move was that was read; null if there was none. */
  lastMove(store: TraceStore, choice: MachineChoice): number | null {
    let found = Number.NEGATIVE_INFINITY;
    for (const [thread, log] of store.threads.entries()) {
      for (let index = Math.min(this.next[thread] ?? 0, log.end) - 1; index >= log.first; index--) {
        const time = log.time(index);
        if (time <= found) break;
        if (this.isMeant(log, index, choice)) found = time;
      }
    }
    return found === Number.NEGATIVE_INFINITY ? null : found;
  }

  /** The latest moves of an instance up to what was read, the latest first. */
  history(store: TraceStore, machine: number, instance: MachineInstance): readonly MachineStep[] {
    const steps: MachineStep[] = [];
    const log = store.threads[instance.log];
    if (log === undefined) return steps;
    const choice = { machine, instance: instance.id };
    const end = Math.min(this.next[instance.log] ?? 0, log.end);
    const first = Math.max(log.first, end - MACHINE_HISTORY_SCANNED);
    for (let index = end - 1; index >= first && steps.length < MACHINE_HISTORY; index--) {
      const time = log.time(index);
      if (time < instance.started) break;
      if (time > instance.last || !this.isMeant(log, index, choice)) continue;
      const isMove = log.event(index) === this.moved;
      steps.push({ time, event: isMove ? log.arg(index, 2) : -1, state: log.arg(index, isMove ? 3 : 2) });
      if (!isMove) break;
    }
    return steps;
  }
}
