/**
 * The state machines of a recording at a moment: read from where reading stopped, or from a moment before that was kept.
 *
 * Invariant: what is read costs by the event, whatever was read before; after read(time), every machine is as it was when the last event at or
 * before that time had happened, as far as its events are kept. No event is kept here: an instance's history is looked up in the store. At most
 * MACHINE_MOMENTS moments are kept, further apart the longer the recording is, so going back reads a part of it only.
 */
import { MACHINE_HISTORY, MACHINE_HISTORY_SCANNED, MACHINE_INSTANCES, MACHINE_MOMENTS } from '../../base/limits.js';
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { type MachineFacts, type MachineInstance, MachineTrack, type Moved } from './machines-track.js';

/** Which moves are meant: of all machines, of one, or of one of its instances. */
export interface MachineChoice {
  readonly machine: number | null;
  readonly instance: number | null;
}

/** How far apart moments are kept at first, in nanoseconds. */
const FIRST_APART = 1e9;

/** What was known at a moment, by machine, and where reading had stopped, by thread. */
interface Moment {
  readonly time: number;
  readonly facts: readonly MachineFacts[];
  readonly next: number[];
}

export class MachinesModel {
  readonly tracks: readonly MachineTrack[];
  private next: number[] = [];
  private time = Number.NEGATIVE_INFINITY;
  private readonly started: number;
  private readonly moved: number;
  /** The earliest first: the one before everything. */
  private moments: readonly Moment[];
  private apart = FIRST_APART;

  /** For a store that has its header. */
  constructor(private readonly store: TraceStore) {
    this.tracks = (store.header?.machines ?? []).map((machine) => new MachineTrack(machine));
    this.started = store.eventNumber('agfx_machine_started');
    this.moved = store.eventNumber('agfx_machine_moved');
    this.moments = [this.moment()];
  }

  /** Reads up to a moment, null for all there is. */
  read(time: number | null): void {
    const { start, now } = this.store;
    // Without an event there is nothing to read.
    if (Number.isNaN(start)) return;
    const until = time ?? now;
    if (until < this.time) this.goBack(until);
    for (;;) {
      const due = Math.max(this.moments.at(-1)?.time ?? start, start) + this.apart;
      if (due >= until) break;
      this.readUntil(due);
      this.keepMoment();
    }
    this.readUntil(until);
  }

  private moment(): Moment {
    const { time, next, tracks } = this;
    return structuredClone({ time, next, facts: tracks.map(({ facts }) => facts) });
  }

  private keepMoment(): void {
    const instances = this.tracks.reduce((sum, { facts }) => sum + facts.running.size, 0);
    // So many would take too much memory each time: then what was kept so far has to do.
    if (instances > MACHINE_INSTANCES) this.apart = Number.POSITIVE_INFINITY;
    else this.moments = [...this.moments, this.moment()];
    if (this.moments.length <= MACHINE_MOMENTS) return;
    this.moments = this.moments.filter((_, index) => index % 2 === 0);
    this.apart *= 2;
  }

  private goBack(time: number): void {
    const { facts, next } = structuredClone(this.moments.findLast((each) => each.time <= time) as Moment);
    this.next = next;
    for (const [index, track] of this.tracks.entries()) track.facts = facts[index] as MachineFacts;
  }

  private readUntil(time: number): void {
    for (const [thread, log] of this.store.threads.entries()) this.readThread(log, thread, time);
    this.time = time;
  }

  private readThread(log: ThreadLog, thread: number, until: number): void {
    const { end } = log;
    let index = Math.max(this.next[thread] ?? 0, log.first);
    for (; index < end && log.time(index) <= until; index++) {
      const move = this.moveAt(thread, index);
      if (move !== null) this.tracks[move.machine]?.moved(move);
    }
    this.next[thread] = index;
  }

  /** What an event says of a machine; null if it says nothing of any, or not of what is meant. */
  private moveAt(
    thread: number,
    index: number,
    { machine: meant = null, instance: one = null }: Partial<MachineChoice> = {},
  ): Moved | null {
    const log = this.store.threads[thread] as ThreadLog;
    const number = log.event(index);
    const isMove = number === this.moved;
    if (!isMove && number !== this.started) return null;
    const [machine, instance] = [log.arg(index, 0), log.arg(index, 1)];
    if ((meant !== null && machine !== meant) || (one !== null && instance !== one)) return null;
    const [event, state] = isMove ? [log.arg(index, 2), log.arg(index, 3)] : [-1, log.arg(index, 2)];
    return { machine, instance, log: thread, time: log.time(index), event, state };
  }

  /** When the next move is, behind what was read (1), or when the latest was that was read (-1); null if there is none. */
  timeOfMove(by: 1 | -1, choice: MachineChoice): number | null {
    let found = by * Number.POSITIVE_INFINITY;
    for (const [thread, log] of this.store.threads.entries()) {
      const next = Math.max(this.next[thread] ?? 0, log.first);
      for (let index = by > 0 ? next : next - 1; index >= log.first && index < log.end; index += by) {
        const time = log.time(index);
        if (by * (time - found) >= 0) break;
        if (this.moveAt(thread, index, choice) !== null) found = time;
      }
    }
    return Number.isFinite(found) ? found : null;
  }

  /** The latest moves of an instance up to what was read, the latest first. */
  history(machine: number, { id, log: thread, started, last }: MachineInstance): readonly Moved[] {
    const moves: Moved[] = [];
    const log = this.store.threads[thread];
    const next = this.next[thread] ?? 0;
    const first = Math.max(log?.first ?? next, next - MACHINE_HISTORY_SCANNED);
    for (let index = next - 1; index >= first && moves.length < MACHINE_HISTORY; index--) {
      const move = this.moveAt(thread, index, { machine, instance: id });
      if (move === null || move.time > last) continue;
      if (move.time < started) break;
      moves.push(move);
      if (move.event < 0) break;
    }
    return moves;
  }
}
