/**
 * A mailbox for actors: it holds messages of any type, and notes in the running step's footprint what was done to it.
 */
import { Kind } from './operation.js';
import type { SharedObject } from './shared-object.js';

/** Adds an entry to the footprint of the step that runs. */
export type Touch = (kind: Kind, target: SharedObject) => void;

/** A mailbox of actors, first in, first out, for messages of any type. */
export class Inbox<T> {
  private readonly messages: T[] = [];

  constructor(
    /** What schedules and footprints know it as. */
    readonly target: SharedObject,
    private readonly touch: Touch,
  ) {}

  /** How many messages are in it. */
  get length(): number {
    return this.messages.length;
  }

  /** What is in it, the next one first. To be looked at, not changed. */
  get contents(): readonly T[] {
    return this.messages;
  }

  /** Puts a message behind the others. */
  post(message: T): void {
    this.touch(Kind.send, this.target);
    this.messages.push(message);
  }

  /**
   * The next message, or undefined. For steps that wait until there is one: a step that may find none, and would then do something else, must
   * use drain(), since it matters to it when others send.
   */
  take(): T | undefined {
    this.touch(this.messages.length > 0 ? Kind.receive : Kind.drain, this.target);
    return this.messages.shift();
  }

  /** Moves up to `max` messages, as many as there are now, to the end of `batch`. In a footprint, those left are sent anew. */
  drain(batch: T[], max: number): void {
    this.touch(Kind.drain, this.target);
    const { messages } = this;
    for (let left = messages.length - max; left > 0; left--) this.touch(Kind.send, this.target);
    if (messages.length <= max) {
      for (let index = 0; index < messages.length; index++) batch.push(messages[index] as T);
      // Setting the length gives the memory up, which the next message needs again.
      while (messages.length > 0) messages.pop();
    } else {
      for (const message of messages.splice(0, max)) batch.push(message);
    }
  }
}
