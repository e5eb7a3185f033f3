/**
 * Which actors may stand differently after a step: whoever took it, and those that watch an object which it touched.
 *
 * Invariant: it may name too many, never too few; whoever does not say what it watches is always named. That a look depends on nothing but
 * an actor's state and what it watches is up to the actor (actor.ts).
 */
import type { SharedObject } from './shared-object.js';
import { KIND_BITS } from './operation.js';

/** Everybody. */
export const EVERYBODY = -1;
/** Processes that have a bit; those above are always looked at. */
const BITS = 32;

/** Whether a process is among those that a number names. */
export function isNamed(named: number, process: number): boolean {
  return process >= BITS || ((named >>> process) & 1) === 1;
}

export class Watching {
  /** Processes that are always named. */
  private always = 0;
  /** Who watches it, by an object's id. */
  private watchers = new Int32Array(64);

  restart(): void {
    this.always = 0;
    this.watchers.fill(0);
  }

  /** `watched`: what the process's next operation depends on besides its own state; null: it does not say. */
  add(process: number, watched: readonly SharedObject[] | null): void {
    if (process >= BITS) return;
    if (watched === null) {
      this.always |= 1 << process;
      return;
    }
    for (const { id } of watched) {
      while (id >= this.watchers.length) this.watchers = grown(this.watchers);
      this.watchers[id] = (this.watchers[id] ?? 0) | (1 << process);
    }
  }

  /** Who may stand differently after a process's step with such a footprint. */
  after(process: number, footprint: Int32Array, length: number): number {
    const { watchers } = this;
    let named = this.always | (1 << process);
    for (let index = 0; index < length; index++) named |= watchers[(footprint[index] as number) >> KIND_BITS] ?? 0;
    return named;
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}
