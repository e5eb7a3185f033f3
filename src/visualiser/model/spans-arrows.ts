/**
 * Arrows: from a moment on one lane to a moment on another, for a message from its post to where it is taken, and what else wakes or answers.
 *
 * Invariant: in the order in which their second end was found, which is nearly that of time; over each GROUP of them it is known from when to
 * when they reach, so a stretch of time is found without a look at the others. Nothing is made for an arrow.
 */
import { KEPT_ARROWS, PENDING_ARROWS } from '../../base/limits.js';
import { Columns } from './spans-columns.js';

/** What an arrow is. */
export const ArrowKind = {
  /** From an actor's post to where the message is taken. */
  message: 0,
  /** From one of PVG's threads to where its message is taken; when it was posted is not known. */
  upcall: 1,
  /** An answer to one of PVG's threads that waits. */
  answer: 2,
  /** An access of a processor's; when it was posted is not known. */
  access: 3,
  /** The reply to it, and what else a processor is sent. */
  reply: 4,
} as const;
export const ARROW_KIND_NAMES = Object.keys(ArrowKind) as readonly (keyof typeof ArrowKind)[];

/** An arrow as it is added. */
export interface Arrow {
  kind: number;
  /** A number of SpanModel.names: the message's kind. */
  name: number;
  id: number;
  fromLane: number;
  toLane: number;
  from: number;
  to: number;
}

/** How many arrows are looked at, or passed by, together. */
const GROUP = 256;

export class ArrowTable extends Columns<
  readonly [from: number, to: number, id: number, name: number, fromLane: number, toLane: number, kind: number]
> {
  /** From when to when each GROUP of them reaches. */
  private groups: { from: number; to: number }[] = [];

  constructor(limit = KEPT_ARROWS) {
    super([Float64Array, Float64Array, Float64Array, Uint16Array, Uint16Array, Uint16Array, Uint8Array], limit);
  }

  /** What is known of an arrow; null if it is not kept. Makes an object, so not for every one of many. */
  at(arrow: number): Arrow | null {
    if (!this.has(arrow)) return null;
    const [from, to, id, name, fromLane, toLane, kind] = this.read(arrow);
    return { kind, name, id, fromLane, toLane, from, to };
  }

  add({ kind, name, id, fromLane, toLane, from, to }: Arrow): void {
    if (this.isFull) {
      const count = Math.ceil(this.length / 2 / GROUP);
      this.groups.splice(0, count);
      this.forget(count * GROUP);
    }
    if (this.length % GROUP === 0) this.groups.push({ from, to });
    this.push(from, to, id, name, fromLane, toLane, kind);
    const group = this.groups.at(-1);
    if (group === undefined) return;
    group.from = Math.min(group.from, from, to);
    group.to = Math.max(group.to, from, to);
  }

  /** The arrows that touch a stretch of time, in their order, until the visitor, which is told of their lanes as well, returns false. */
  visit(from: number, to: number, visitor: (arrow: number, fromLane: number, toLane: number) => boolean | undefined): void {
    const [begins = [], ends = [], , , fromLanes = [], toLanes = []] = this.of;
    for (const [index, group] of this.groups.entries()) {
      if (group.from > to || group.to < from) continue;
      const last = Math.min(this.length, (index + 1) * GROUP);
      for (let at = index * GROUP; at < last; at++) {
        const [a, b] = [begins[at] as number, ends[at] as number];
        if (Math.min(a, b) > to || Math.max(a, b) < from) continue;
        if (visitor(this.first + at, fromLanes[at] as number, toLanes[at] as number) === false) return;
      }
    }
  }
}

/** An end of an arrow that waits for the other one. */
export interface ArrowEnd {
  readonly time: number;
  readonly lane: number;
  readonly isPost: boolean;
}

/** A post is noted before it leaves, but by another processor's clock; so much later than where it was taken it may seem. */
const SKEW_NANOSECONDS = 100_000;

/**
 * Finds which post a message that was taken is of: of those with one key, in their order. Either end may come first, since threads are read one after
 * the other.
 */
export class Pairing {
  /** By key, in the order of their times; never empty. */
  private readonly waiting = new Map<number, ArrowEnd[]>();
  private count = 0;

  /** One end of an arrow; gives the other one, if it has come. */
  add(key: number, end: ArrowEnd): ArrowEnd | null {
    const { isPost, time } = end;
    let other = this.waiting.get(key)?.[0];
    while (other !== undefined && other.isPost !== isPost) {
      const isPair = isPost ? time <= other.time + SKEW_NANOSECONDS : other.time <= time + SKEW_NANOSECONDS;
      // A message that was taken before it was posted is another one, whose post was lost: it waits no longer.
      if (isPair || isPost) this.take(key);
      if (isPair) return other;
      if (!isPost) return null;
      other = this.waiting.get(key)?.[0];
    }
    const ends = this.waiting.get(key);
    if (ends === undefined) this.waiting.set(key, [end]);
    else ends.push(end);
    this.count++;
    const [oldest] = this.count > PENDING_ARROWS ? this.waiting.keys() : [];
    if (oldest !== undefined) this.take(oldest);
    return null;
  }

  /** Events were lost up to a time: what waits from before may have had its other end among them. */
  lostUntil(time: number): void {
    for (const [key, ends] of this.waiting) while (ends[0] !== undefined && ends[0].time < time) this.take(key);
  }

  private take(key: number): void {
    const ends = this.waiting.get(key);
    ends?.shift();
    this.count--;
    if (ends?.length === 0) this.waiting.delete(key);
  }
}
