/**
 * What messages say about who waits for whom: arrows, and lanes of threads that write no events of their own, PVG's and processors.
 *
 * Invariant: a message of PVG's has no time but that at which it was taken, nor has a processor's access; their arrows take no time.
 */
import { SPAN_NAMES } from '../../base/limits.js';
import { ArrowKind, Pairing } from './spans-arrows.js';
import type { Lane } from './spans-lanes.js';
import type { SpanReader } from './spans-reader.js';
import { SpanFlag, SpanKind } from './spans-table.js';
import { VcpuLanes } from './spans-vcpus.js';
import type { SpanModel } from './spans.js';

/** PVG's upcalls: those whose thread waits for the answer, and those that only tell. */
const AWAITED = new Set('createTask destroyTask mapMemory unmapMemory readMemory iosfcMap iosfcUnmap'.split(' '));

const TELLING = new Set('raiseInterrupt newFrame modeChange cursorGlyph cursorShow cursorMove frameCompleted iosfcInterrupt'.split(' '));

/** Where ids of messages begin anew in a key that is exact. */
const PAIRED_IDS = 2 ** 21;

/** A message: the name of its kind, and its id. */
interface Message {
  readonly name: string;
  readonly id: number;
}

export class MessageLanes {
  private readonly vcpus: VcpuLanes;
  private readonly pairing = new Pairing();

  constructor(private readonly model: SpanModel) {
    this.vcpus = new VcpuLanes(model);
  }

  /** The lane of a thread of PVG's, by PVG's number of it. */
  pvgLane(number: number): Lane {
    return this.model.lane(`pvg ${number}`, { kind: 'pvg', name: `pvg ${number}` });
  }

  /** An actor posted a message to a mailbox. */
  posted(reader: SpanReader, message: Message, mailbox: number): void {
    const { time, store, lane } = reader;
    const { name, id } = message;
    const actor = store.header?.mailboxes[mailbox];
    if (actor !== undefined) return this.pair(reader, message, actor, true);
    const vcpu =
      name === 'reply'
        ? this.vcpus.ended(time, id, mailbox)
        : name === 'enterPvg' && this.vcpus.entered(mailbox, reader.facts(SpanKind.entry, name, id));
    if (vcpu) this.draw(ArrowKind.reply, message, [lane, vcpu], time);
  }

  /** An actor took a message; `thread`: PVG's on which it was posted, which may be an actor's post as well, 0 if it was none of PVG's. */
  taken(reader: SpanReader, message: Message, thread: number): void {
    const { time, lane } = reader;
    const { name, id } = message;
    const vcpu =
      name === 'access'
        ? this.vcpus.began(reader.facts(SpanKind.access, name, id))
        : name === 'accessReturned' && this.vcpus.returned(time, id);
    if (vcpu) this.draw(ArrowKind.access, message, [vcpu, lane], time);
    else if (thread !== 0 && (AWAITED.has(name) || TELLING.has(name))) this.upcall(reader, message, this.pvgLane(thread));
    else this.pair(reader, message, reader.log.thread.actor, false);
  }

  /** What a message asked for is done: who waits for its answer goes on. */
  handled({ time, lane }: SpanReader, message: Message): void {
    const { name, id } = message;
    if (name === 'access') this.vcpus.ended(time, id, null);
    const number = this.model.names.of(name);
    const waiter = this.model.lanes.find(({ kind, rows }) => kind === 'pvg' && rows[0]?.open?.id === id && rows[0].open.name === number);
    if (waiter === undefined) return;
    waiter.row(0).end(time);
    this.draw(ArrowKind.answer, message, [lane, waiter], time);
  }

  /** Events were lost up to a time. */
  lostUntil(time: number): void {
    this.pairing.lostUntil(time);
  }

  private upcall(reader: SpanReader, message: Message, from: Lane): void {
    const { time, lane } = reader;
    const { name, id } = message;
    const row = from.row(0);
    // It makes another one, so the answer to the one before was lost.
    row.end(time, SpanFlag.cut);
    if (id !== 0 && AWAITED.has(name)) row.begin(reader.facts(SpanKind.upcall, name, id));
    else row.mark(reader.facts(SpanKind.event, name, id));
    this.draw(ArrowKind.upcall, message, [from, lane], time);
  }

  private pair({ time, lane }: SpanReader, { name, id }: Message, actor: string, isPost: boolean): void {
    const { arrows, names } = this.model;
    const end = { time, lane: lane.index, isPost };
    const kind = names.of(name);
    // Messages of one kind that wait at a time have ids that are not that far apart.
    const other = this.pairing.add((names.of(actor) * SPAN_NAMES + kind) * PAIRED_IDS + (id % PAIRED_IDS), end);
    if (other === null) return;
    const [post, taken] = isPost ? [end, other] : [other, end];
    const ends = { fromLane: post.lane, from: post.time, toLane: taken.lane, to: taken.time };
    arrows.add({ kind: ArrowKind.message, name: kind, id, ...ends });
  }

  /** An arrow that takes no time, as far as is known. */
  private draw(kind: number, { name, id }: Message, [from, to]: readonly [Lane, Lane], time: number): void {
    const { arrows, names } = this.model;
    arrows.add({ kind, name: names.of(name), id, fromLane: from.index, toLane: to.index, from: time, to: time });
  }
}
