/**
 * The order in which messages were delivered, out of a trace history (`traceDeliveries` in the device's options).
 *
 * Invariant: what is said of a thread is in the order in which it took it, a batch being what one look into its mailbox gave it. What is not
 * here: what the messages said, beyond what tells those of a kind apart, and anything about threads that trace nothing.
 */
import { list } from '../base/arguments.js';
import type { TraceEvent } from './tracer.js';

/** A message that an actor took. */
export interface Delivery {
  /** Its kind's name. */
  readonly kind: string;
  /** Number of the upcall, job or request that it is about. */
  readonly id: number;
  /** Number of the thread of PVG's that posted it, 0 if that is none of PVG's. */
  readonly thread: number;
  /** What tells it from others of its kind: an access's register, a completed frame's present, the upcall behind a display's section. */
  readonly detail: number;
}

/** What an actor took at once. */
export interface DeliveredBatch {
  /** The name of the thread that took it. */
  readonly actor: string;
  /** CLOCK_MONOTONIC when it had come back from waiting for it. */
  readonly nanoseconds: number;
  /** In the order in which they were taken. */
  readonly messages: readonly Delivery[];
}

/**
 * The batches of a history, in its order. A batch of which the ring no longer had all is left out, with all before it of that thread.
 */
export function deliveriesOf(history: readonly (TraceEvent & { readonly actor: string })[]): readonly DeliveredBatch[] {
  /** By thread, the messages of the batch that it took last. */
  const open = new Map<number, Delivery[]>();
  const batches: DeliveredBatch[] = [];
  for (const { thread, actor, nanoseconds, name, args } of list('history', history)) {
    if (name === 'agfx_batch_taken') {
      const messages: Delivery[] = [];
      open.set(thread, messages);
      batches.push({ actor, nanoseconds, messages });
    } else if (name === 'agfx_message_taken') {
      open.get(thread)?.push({ kind: String(args.kind), id: Number(args.id), thread: Number(args.thread), detail: Number(args.detail) });
    }
  }
  return batches;
}
