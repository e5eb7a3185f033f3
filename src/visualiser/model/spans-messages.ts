/**
 * What messages say about who waits for whom: arrows, and lanes of threads that write no events of their own, PVG's and processors.
 *
 * Invariant: a message of PVG's has no time but that at which it was taken, nor has a processor's access; their arrows take no time.
 */
import type { RecordingHeader } from '../../trace/recording/format.js';
import { type Arrow, ArrowKind, type ArrowTable, Pairing } from './spans-arrows.js';
import type { NameList } from './spans-columns.js';
import type { Lane, Lanes } from './spans-lanes.js';
import { SpanFlag, type SpanFacts, SpanKind } from './spans-table.js';
import { VcpuLanes } from './spans-vcpus.js';

/** PVG's upcalls, and whether the thread that makes one waits for its answer. */
const UPCALLS: Readonly<Record<string, boolean>> = {
  createTask: true,
  destroyTask: true,
  mapMemory: true,
  unmapMemory: true,
  readMemory: true,
  raiseInterrupt: false,
  newFrame: false,
  modeChange: false,
  cursorGlyph: false,
  cursorShow: false,
  cursorMove: false,
  frameCompleted: false,
  iosfcMap: true,
  iosfcUnmap: true,
  iosfcInterrupt: false,
};

const TWO_32 = 2 ** 32;
/** Upcalls that wait to be answered; more can't, as each takes a thread of PVG's. */
const MAX_WAITING = 4096;

/** A message, as the events about it say. */
export interface MessageFacts {
  readonly kind: number;
  readonly id: number;
  readonly time: number;
  /** The lane that said so. */
  readonly lane: number;
  readonly log: number;
  readonly entry: number;
}

export class MessageLanes {
  private readonly vcpus: VcpuLanes;
  private readonly pairing: Pairing;
  /** Kinds of messages: their names, and whether they wait if they are upcalls. */
  private readonly kinds = new Map<number, { readonly name: number; readonly text: string; readonly waits: boolean | null }>();
  /** Actor and kind as one small number, and the way back to the name. */
  private readonly routes = new Map<number, number>();
  private readonly routeNames: number[] = [];
  /** The lane of who waits for an answer, by name and id. */
  private readonly waiting = new Map<number, Lane>();
  private readonly facts: SpanFacts = { kind: 0, name: 0, id: 0, job: 0, log: 0, entry: 0, flags: 0 };
  private readonly arrow: Arrow = { kind: 0, name: 0, id: 0, fromLane: 0, toLane: 0, from: 0, to: 0 };
  private header: RecordingHeader | null = null;

  constructor(
    private readonly lanes: Lanes,
    private readonly names: NameList,
    private readonly arrows: ArrowTable,
  ) {
    this.vcpus = new VcpuLanes(lanes);
    this.pairing = new Pairing((post, taken, key) => {
      this.draw(ArrowKind.message, this.routeNames[Math.floor(key / TWO_32)] ?? 0, key % TWO_32, [
        post.lane,
        post.time,
        taken.lane,
        taken.time,
      ]);
    });
  }

  set recorded(header: RecordingHeader) {
    this.header = header;
  }

  /** The name of a kind of message, a number of SpanModel.names. */
  nameOf(kind: number): number {
    return this.kindOf(kind).name;
  }

  /** The lane of a thread of PVG's, by PVG's number of it. */
  pvgLane(number: number): Lane {
    return this.lanes.of(`pvg ${number}`, () => ({ kind: 'pvg', name: `pvg ${number}`, log: -1 }));
  }

  /** An actor posted a message to a mailbox. */
  posted(message: MessageFacts, mailbox: number): void {
    const { text, name } = this.kindOf(message.kind);
    const actor = this.header?.mailboxes[mailbox];
    if (actor !== undefined) {
      this.pairing.add(this.keyOf(this.names.of(actor), message), message.time, message.lane, true);
      return;
    }
    const vcpu =
      text === 'reply'
        ? this.vcpus.ended(message.time, message.id, mailbox)
        : text === 'enterPvg'
          ? this.vcpus.entered(message.time, mailbox, this.factsOf(message, name))
          : null;
    if (vcpu !== null) this.draw(ArrowKind.reply, name, message.id, [message.lane, message.time, vcpu.index, message.time]);
  }

  /** An actor took a message; `thread`: PVG's that posted it, 0 if none of PVG's did. */
  taken(message: MessageFacts, actor: string, thread: number): void {
    const { text, name, waits } = this.kindOf(message.kind);
    const { time, lane } = message;
    if (waits !== null && thread !== 0) return this.upcall(message, name, waits, thread);
    if (text === 'access') {
      const vcpu = this.vcpus.began(time, this.factsOf(message, name));
      return this.draw(ArrowKind.access, name, message.id, [vcpu.index, time, lane, time]);
    }
    if (text === 'accessReturned') {
      const vcpu = this.vcpus.returned(time, message.id);
      if (vcpu !== null) return this.draw(ArrowKind.access, name, message.id, [vcpu.index, time, lane, time]);
    }
    this.pairing.add(this.keyOf(this.names.of(actor), message), time, lane, false);
  }

  /** What a message asked for is done: who waits for its answer goes on. */
  handled(name: number, id: number, lane: number, time: number): void {
    if (this.names.text(name) === 'access') this.vcpus.ended(time, id, null);
    const key = name * TWO_32 + id;
    const waiter = this.waiting.get(key);
    if (waiter === undefined) return;
    this.waiting.delete(key);
    const { open } = waiter.row(0);
    if (open?.id !== id || open.name !== name) return;
    waiter.end(0, time);
    this.draw(ArrowKind.answer, name, id, [lane, time, waiter.index, time]);
  }

  /** Events were lost up to a time. */
  lostUntil(time: number): void {
    this.pairing.lostUntil(time);
  }

  private upcall(message: MessageFacts, name: number, waits: boolean, thread: number): void {
    const { time, id, lane } = message;
    const from = this.pvgLane(thread);
    const facts = this.factsOf(message, name);
    // It made another one, so the answer to the one before was lost.
    if (from.row(0).open !== null) from.end(0, time, SpanFlag.cut);
    if (waits && id !== 0) {
      facts.kind = SpanKind.upcall;
      from.begin(0, time, facts);
      const key = name * TWO_32 + id;
      this.waiting.delete(key);
      this.waiting.set(key, from);
      const [oldest] = this.waiting.size > MAX_WAITING ? this.waiting.keys() : [];
      if (oldest !== undefined) this.waiting.delete(oldest);
    } else {
      facts.kind = SpanKind.event;
      from.mark(0, time, facts);
    }
    this.draw(ArrowKind.upcall, name, id, [from.index, time, lane, time]);
  }

  private factsOf({ id, log, entry }: MessageFacts, name: number): SpanFacts {
    return Object.assign(this.facts, { name, id, log, entry });
  }

  private draw(kind: number, name: number, id: number, [fromLane, from, toLane, to]: readonly [number, number, number, number]): void {
    this.arrows.push(Object.assign(this.arrow, { kind, name, id, fromLane, from, toLane, to }));
  }

  private kindOf(kind: number) {
    let known = this.kinds.get(kind);
    if (known === undefined) {
      const text = this.header?.kinds[kind] ?? `0x${kind.toString(16)}`;
      known = { text, name: this.names.of(text), waits: UPCALLS[text] ?? null };
      // No honest recording has so many kinds.
      if (this.kinds.size < 65_536) this.kinds.set(kind, known);
    }
    return known;
  }

  private keyOf(actor: number, { kind, id }: MessageFacts): number {
    const { name } = this.kindOf(kind);
    const pair = actor * 65_536 + name;
    let route = this.routes.get(pair);
    if (route === undefined) {
      route = this.routeNames.length;
      this.routes.set(pair, route);
      this.routeNames.push(name);
    }
    return route * TWO_32 + (id % TWO_32);
  }
}
