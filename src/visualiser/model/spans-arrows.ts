/**
 * Arrows: from a moment on one lane to a moment on another, for a message from its post to where it is taken, and what else wakes or answers.
 *
 * Invariant: in the order in which their second end was found, which is nearly that of time; over each GROUP of them it is known from when to
 * when they reach, so a stretch of time is found without a look at the others. Nothing is made for an arrow.
 */
import { KEPT_ARROWS, PENDING_ARROWS } from '../../base/limits.js';
import { grown } from './spans-columns.js';

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

const FIRST_ROOM = 1024;
const GROUP = 256;

export class ArrowTable {
  private fromTimes = new Float64Array(FIRST_ROOM);
  private toTimes = new Float64Array(FIRST_ROOM);
  private ids = new Float64Array(FIRST_ROOM);
  private names = new Uint16Array(FIRST_ROOM);
  private fromLanes = new Uint16Array(FIRST_ROOM);
  private toLanes = new Uint16Array(FIRST_ROOM);
  private kinds = new Uint8Array(FIRST_ROOM);
  private earliest = new Float64Array(FIRST_ROOM / GROUP);
  private latest = new Float64Array(FIRST_ROOM / GROUP);
  private oldest = 0;
  private used = 0;

  constructor(readonly limit = KEPT_ARROWS) {}

  get first(): number {
    return this.oldest;
  }

  get end(): number {
    return this.oldest + this.used;
  }

  get length(): number {
    return this.used;
  }

  /** What is known of an arrow; null if it is not kept. Makes an object, so not for every one of many. */
  at(arrow: number): Arrow | null {
    const at = arrow - this.oldest;
    if (!(at >= 0 && at < this.used)) return null;
    return {
      kind: this.kinds[at] as number,
      name: this.names[at] as number,
      id: this.ids[at] as number,
      fromLane: this.fromLanes[at] as number,
      toLane: this.toLanes[at] as number,
      from: this.fromTimes[at] as number,
      to: this.toTimes[at] as number,
    };
  }

  push(arrow: Arrow): void {
    if (this.used >= this.limit) this.forget();
    if (this.used === this.kinds.length) this.grow();
    const at = this.used++;
    this.kinds[at] = arrow.kind;
    this.names[at] = arrow.name;
    this.ids[at] = arrow.id;
    this.fromLanes[at] = arrow.fromLane;
    this.toLanes[at] = arrow.toLane;
    this.fromTimes[at] = arrow.from;
    this.toTimes[at] = arrow.to;
    this.reach(at);
  }

  /** The arrows that touch a stretch of time, in their order, until the visitor returns false. */
  visit(from: number, to: number, visitor: (arrow: number) => boolean | undefined): void {
    for (let group = 0; group * GROUP < this.used; group++) {
      if ((this.earliest[group] as number) > to || (this.latest[group] as number) < from) continue;
      const end = Math.min(this.used, (group + 1) * GROUP);
      for (let at = group * GROUP; at < end; at++) {
        const [a, b] = [this.fromTimes[at] as number, this.toTimes[at] as number];
        if (Math.min(a, b) > to || Math.max(a, b) < from) continue;
        if (visitor(this.oldest + at) === false) return;
      }
    }
  }

  private reach(at: number): void {
    const group = Math.floor(at / GROUP);
    const [from, to] = [this.fromTimes[at] as number, this.toTimes[at] as number];
    const isFirst = at % GROUP === 0;
    this.earliest[group] = Math.min(isFirst ? Number.POSITIVE_INFINITY : (this.earliest[group] as number), from, to);
    this.latest[group] = Math.max(isFirst ? Number.NEGATIVE_INFINITY : (this.latest[group] as number), from, to);
  }

  private forget(): void {
    const count = GROUP * Math.max(1, Math.floor(this.used / 2 / GROUP));
    const columns = [this.fromTimes, this.toTimes, this.ids, this.names, this.fromLanes, this.toLanes, this.kinds];
    for (const column of columns) column.copyWithin(0, count, this.used);
    for (const column of [this.earliest, this.latest]) column.copyWithin(0, count / GROUP);
    this.oldest += count;
    this.used -= Math.min(this.used, count);
  }

  private grow(): void {
    const room = 2 * this.kinds.length;
    this.fromTimes = grown(this.fromTimes, room);
    this.toTimes = grown(this.toTimes, room);
    this.ids = grown(this.ids, room);
    this.names = grown(this.names, room);
    this.fromLanes = grown(this.fromLanes, room);
    this.toLanes = grown(this.toLanes, room);
    this.kinds = grown(this.kinds, room);
    this.earliest = grown(this.earliest, room / GROUP);
    this.latest = grown(this.latest, room / GROUP);
  }
}

/** An end of an arrow that waits for the other one. */
interface Pending {
  readonly time: number;
  readonly lane: number;
  readonly isPost: boolean;
  next: Pending | null;
}

/** A post is noted before it leaves, but by another processor's clock; so much later than where it was taken it may seem. */
const SKEW_NANOSECONDS = 100_000;

/**
 * Finds which post a message that was taken is of: of those with one key, in their order. Either end may come first, since threads are read one after
 * the other.
 */
export class Pairing {
  private readonly waiting = new Map<number, { head: Pending; tail: Pending }>();
  private count = 0;

  /** Told of each pair. */
  constructor(private readonly onPair: (post: Omit<Pending, 'next'>, taken: Omit<Pending, 'next'>, key: number) => void) {}

  /** One end of an arrow. */
  add(key: number, time: number, lane: number, isPost: boolean): void {
    const end: Pending = { time, lane, isPost, next: null };
    for (;;) {
      const other = this.waiting.get(key)?.head;
      if (other === undefined || other.isPost === isPost) break;
      const [post, taken] = isPost ? [end, other] : [other, end];
      const isPair = post.time <= taken.time + SKEW_NANOSECONDS;
      // A message that was taken before it was posted is another one, whose post was lost: it waits no longer.
      if (isPair || isPost) this.take(key);
      if (isPair) return this.onPair(post, taken, key);
      if (!isPost) return;
    }
    this.wait(key, end);
  }

  /** Events were lost up to a time: what waits from before may have had its other end among them. */
  lostUntil(time: number): void {
    for (const [key, { head }] of this.waiting) {
      for (let end: Pending | null = head; end !== null && end.time < time; end = end.next) this.take(key);
    }
  }

  private wait(key: number, end: Pending): void {
    const list = this.waiting.get(key);
    if (list === undefined) this.waiting.set(key, { head: end, tail: end });
    else {
      list.tail.next = end;
      list.tail = end;
    }
    if (++this.count <= PENDING_ARROWS) return;
    const [oldest] = this.waiting.keys();
    if (oldest !== undefined) this.take(oldest);
  }

  private take(key: number): void {
    const list = this.waiting.get(key);
    if (list === undefined) return;
    this.count--;
    if (list.head.next === null) this.waiting.delete(key);
    else list.head = list.head.next;
  }
}
