/**
 * Which post a message that is taken is of: of those to that actor with its kind and number, the first that no other was.
 *
 * Invariant: each post is of one message; one that lies far behind where it should have been taken is not of it.
 */
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';

export interface Post {
  readonly log: ThreadLog;
  readonly index: number;
  readonly nanoseconds: number;
  /** What its thread knew of when it posted; null until that is told. */
  clock: Uint32Array | null;
}

/** Clocks of processors differ by less. */
const SKEW_NANOSECONDS = 100_000;

export class PostTable {
  private readonly waiting = new Map<string, Post[]>();
  private readonly byPlace = new Map<ThreadLog, Map<number, Post>>();
  /** Numbers of PVG's threads that posted something. */
  readonly ofPvg = new Set<number>();

  constructor(store: TraceStore) {
    const actors = new Set(store.threads.map(({ thread }) => thread.actor));
    const [posted, taken] = [store.eventNumber('agfx_message_posted'), store.eventNumber('agfx_message_taken')];
    for (const log of store.threads) {
      for (let index = log.first; index < log.end; index++) {
        if (log.event(index) === taken && log.arg(index, 2) !== 0) this.ofPvg.add(log.arg(index, 2));
        if (log.event(index) !== posted) continue;
        const actor = store.header?.mailboxes[log.arg(index, 2)];
        if (actor !== undefined && actors.has(actor)) this.add(actor, { log, index, nanoseconds: log.time(index), clock: null });
      }
    }
    for (const list of this.waiting.values()) list.sort((a, b) => b.nanoseconds - a.nanoseconds);
  }

  /** The post of what is taken there; null if it is not known. */
  of(log: ThreadLog, index: number): Post | null {
    const list = this.waiting.get(keyOf(log.thread.actor, log, index));
    const post = list?.at(-1);
    if (list === undefined || post === undefined || post.nanoseconds > log.time(index) + SKEW_NANOSECONDS) return null;
    list.pop();
    return post;
  }

  /** A post is told; `clock` is of behind it. */
  told(log: ThreadLog, index: number, clock: Uint32Array): void {
    const posts = this.byPlace.get(log);
    const post = posts?.get(index);
    if (post === undefined) return;
    post.clock = clock;
    posts?.delete(index);
  }

  private add(actor: string, post: Post): void {
    const key = keyOf(actor, post.log, post.index);
    const list = this.waiting.get(key);
    if (list === undefined) this.waiting.set(key, [post]);
    else list.push(post);
    const places = this.byPlace.get(post.log) ?? new Map<number, Post>();
    this.byPlace.set(post.log, places);
    places.set(post.index, post);
  }
}

const keyOf = (actor: string, log: ThreadLog, index: number): string => `${actor} ${log.arg(index, 0)} ${log.arg(index, 1)}`;
