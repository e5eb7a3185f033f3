/**
 * What guests know displays by: serial numbers, counted from 1 where the embedder gives none.
 *
 * A guest ignores a display whose serial it has already, so a number that was handed out or given is never handed out
 * again, not even when its device is closed. Numbers that an embedder gives may repeat: two guests may each have a
 * display 1.
 *
 * What it does not do: reach over threads. Every thread that makes devices has a count of its own, so an embedder that
 * makes one guest's devices on several threads gives the serials.
 */
import { AppleGfxError } from '../base/errors.js';

/** Serials are 32-bit numbers, and 0 is none. */
export const MAX_DISPLAY_SERIAL = 2 ** 32 - 1;

export class DisplaySerials {
  private next = 1;
  /** Numbers that were given, from `next` on; those before it can't be handed out any more. */
  private readonly given = new Set<number>();

  /** Serials for `count` displays: the ones that the embedder gives, else the next that nobody has. */
  take(count: number, given: readonly number[] | null): readonly number[] {
    if (!given) return Array.from({ length: count }, () => this.handOut());
    for (const serial of given) if (serial >= this.next) this.given.add(serial);
    return given;
  }

  private handOut(): number {
    while (this.given.delete(this.next)) this.next++;
    if (this.next > MAX_DISPLAY_SERIAL) throw new AppleGfxError('ERR_SERIALS', 'every display serial has been used; give displaySerials');
    return this.next++;
  }
}

/** The count of this thread's devices. */
export const displaySerials = new DisplaySerials();
