/**
 * A recording as ShiViz draws it: an event a pair of lines, with a vector clock that says what came before it.
 *
 * The file is as ShiViz takes it from a disk: first the regular expression of an event, then, empty, the one between executions, then the log. Its hosts are
 * threads, PVG's too; its events are all but those that say how many messages come at once. Where a message is taken, the clock takes over that of its post; a message
 * of PVG's has its post on the thread of PVG's that posted it.
 *
 * Invariant: of each host the first event has clock 1, and each further one the next number; an event comes behind those that its clock
 * says came before it, whatever the clocks of processors say.
 */
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { stateText } from '../model/spans-machines.js';
import { logLine } from './log-line.js';
import { MergedEvents } from './merged-events.js';
import { type Post, PostTable } from './shiviz-posts.js';
import { TextChunks } from './text-chunks.js';

/** What ShiViz reads an event with. */
export const SHIVIZ_EXPRESSION = '(?<event>.*)\\n(?<host>\\S*) (?<clock>{.*})';

/** Events that say nothing which the others don't. */
const LEFT_OUT: ReadonlySet<string> = new Set(['agfx_batch_taken', 'agfx_batch_ended']);

interface Host {
  readonly name: string;
  /** By host: of how many events it knows. Its own place is how many it had. */
  clock: Uint32Array;
}

/** A thread, and up to where it is told. */
interface Teller {
  readonly log: ThreadLog;
  readonly host: Host;
  next: number;
  isBusy: boolean;
}

export class ShivizWriter {
  private readonly chunks = new TextChunks();
  private readonly hosts: Host[] = [];
  private readonly tellers = new Map<ThreadLog, Teller>();
  private readonly ofPvg = new Map<number, Host>();
  private readonly posts: PostTable;

  constructor(private readonly store: TraceStore) {
    this.posts = new PostTable(store);
    for (const log of store.threads) {
      const { actor, name, number } = log.thread;
      if (actor === 'pvg') this.pvgHost(number, name);
      else this.tellers.set(log, { log, host: this.host(actor), next: log.first, isBusy: false });
    }
    for (const number of this.posts.ofPvg) this.pvgHost(number, '');
    for (const host of this.hosts) host.clock = new Uint32Array(this.hosts.length);
  }

  *write(): Generator<Uint8Array> {
    this.chunks.add(`${SHIVIZ_EXPRESSION}\n\n`);
    for (const events = new MergedEvents(this.store); events.next(); ) {
      const teller = this.tellers.get(events.log);
      if (teller !== undefined) this.tellUpTo(teller, events.index);
      if (this.chunks.isFull) yield this.chunks.take();
    }
    yield this.chunks.take();
  }

  /** A host of a name that no other has, in characters that ShiViz takes. */
  private host(text: string): Host {
    const name = text.replace(/[^\w.-]+/g, '-') || 'thread';
    const same = this.hosts.filter((each) => each.name === name || each.name.startsWith(`${name}-`)).length;
    const host = { name: same === 0 ? name : `${name}-${same + 1}`, clock: new Uint32Array(0) };
    this.hosts.push(host);
    return host;
  }

  private pvgHost(number: number, name: string): void {
    if (!this.ofPvg.has(number)) this.ofPvg.set(number, this.host(name === '' ? `pvg-${number}` : name));
  }

  private tellUpTo(teller: Teller, index: number): void {
    while (teller.next <= index) {
      this.tell(teller, teller.next);
      teller.next++;
    }
  }

  private tell(teller: Teller, index: number): void {
    const { log, host } = teller;
    const { store } = this;
    const name = store.eventName(log.event(index));
    if (LEFT_OUT.has(name)) return;
    const post = name === 'agfx_message_taken' ? this.postOf(teller, index) : null;
    if (post !== null) this.join(host, post);
    this.line(host, this.text(log, index, name));
    if (name === 'agfx_message_posted') this.posts.told(log, index, host.clock.slice());
  }

  /** The clock of the post of what is taken, which is told before. */
  private postOf(teller: Teller, index: number): Uint32Array | null {
    const { log } = teller;
    const post = this.posts.of(log, index);
    if (post === null) return this.postOfPvg(log, index);
    if (post.clock === null) this.tellPost(teller, post);
    return post.clock;
  }

  private tellPost(teller: Teller, post: Post): void {
    const poster = this.tellers.get(post.log);
    // Two threads whose messages would each have to be told before the other's: times that can't be.
    if (poster === undefined || poster.isBusy || poster === teller) return;
    teller.isBusy = true;
    this.tellUpTo(poster, post.index);
    teller.isBusy = false;
  }

  private postOfPvg(log: ThreadLog, index: number): Uint32Array | null {
    const host = this.ofPvg.get(log.arg(index, 2));
    if (host === undefined) return null;
    this.line(host, `${this.store.kindName(log.arg(index, 0))} posted`);
    return host.clock;
  }

  private join(host: Host, clock: Uint32Array): void {
    for (let at = 0; at < clock.length; at++) host.clock[at] = Math.max(host.clock[at] as number, clock[at] as number);
  }

  private text(log: ThreadLog, index: number, name: string): string {
    const machine = this.store.header?.machines[log.arg(index, 0)];
    if (name === 'agfx_machine_started' && machine !== undefined)
      return `${machine.name} ${log.arg(index, 1)} begins ${stateText(machine.states[log.arg(index, 2)])}`;
    if (name === 'agfx_machine_moved' && machine !== undefined)
      return `${machine.name} ${log.arg(index, 1)}: ${machine.events[log.arg(index, 2)] ?? '?'}, ${stateText(machine.states[log.arg(index, 3)])}`;
    if (name === 'agfx_message_posted' || name === 'agfx_message_taken')
      return `${this.store.kindName(log.arg(index, 0))} ${name === 'agfx_message_taken' ? 'taken' : 'posted'}`;
    return logLine(this.store, log, index);
  }

  private line(host: Host, text: string): void {
    const own = this.hosts.indexOf(host);
    host.clock[own] = (host.clock[own] as number) + 1;
    const known = this.hosts.flatMap(({ name }, at) => ((host.clock[at] as number) > 0 ? [`"${name}":${host.clock[at]}`] : []));
    this.chunks.add(`${text.replace(/[\r\n]/g, ' ')}\n${host.name} {${known.join(',')}}\n`);
  }
}
