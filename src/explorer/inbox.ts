/**
 * A mailbox for actors: it holds messages of any type, and notes in the running step's footprint what was done to it.
 */
import { Kind } from './operation.js';
import type { SharedObject } from './shared-object.js';

/** Adds an entry to the footprint of the step that runs. */
export type Touch = (kind: Kind, target: SharedObject) => void;

export class Inbox<T> {
  private readonly messages: T[] = [];

  constructor(
    readonly target: SharedObject,
    private readonly touch: Touch,
  ) {}

  get length(): number {
    return this.messages.length;
  }

  /** What is in it, the next one first. To be looked at, not changed. */
  get contents(): readonly T[] {
    return this.messages;
  }

  post(message: T): void {
    this.touch(Kind.send, this.target);
    this.messages.push(message);
  }

  /** The next message, or undefined. Finding that there is none depends on when others send, as a drain does. */
  take(): T | undefined {
    this.touch(this.messages.length > 0 ? Kind.receive : Kind.drain, this.target);
    return this.messages.shift();
  }

  /** Moves up to `max` messages, as many as there are now, to the end of `batch`. */
  drain(batch: T[], max: number): void {
    const { messages } = this;
    // Who takes as many as it may does not notice whether there are more: these are receives, and no later send matters to them.
    if (messages.length < max) this.touch(Kind.drain, this.target);
    else for (let count = 0; count < max; count++) this.touch(Kind.receive, this.target);
    if (messages.length <= max) {
      for (let index = 0; index < messages.length; index++) batch.push(messages[index] as T);
      messages.length = 0;
    } else {
      for (const message of messages.splice(0, max)) batch.push(message);
    }
  }
}
