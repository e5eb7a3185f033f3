/**
 * References on memory regions, shared by every actor that maps something of them.
 *
 * The cells are the memory map's own (pvg_host.h), so native code counts in the same words; in process they are an array. One cell a region: FREE, or twice the number of references plus 1 once the region was removed from the map.
 * Invariant: exactly one caller, on whatever thread, is told that a removed region has lost its last reference, and
 * nobody reaches the region after that. The cell is one atomic word, so no order of acquire, release and remove can lose or repeat that.
 */
import { assert } from '../base/errors.js';
import { MAX_REGION_SLOTS } from '../base/limits.js';

const FREE = -1;
const REMOVED = 1;
const ONE = 2;

export class RegionReferences {
  private readonly cells: Int32Array;

  constructor(readonly memory: ArrayBufferLike = new SharedArrayBuffer(4 * (MAX_REGION_SLOTS + 1))) {
    this.cells = new Int32Array(memory);
    // Cell 0 says that the others were made FREE: zero means a region without references.
    if (Atomics.exchange(this.cells, 0, 1) === 0) this.cells.fill(FREE, 1);
  }

  /** A slot for a new region, or null if all are taken. */
  claim(): number | null {
    for (let slot = 1; slot <= MAX_REGION_SLOTS; slot++) {
      if (Atomics.compareExchange(this.cells, slot, FREE, 0) === FREE) return slot;
    }
    return null;
  }

  count(slot: number): number {
    return Math.max(0, Atomics.load(this.cells, slot)) >> 1;
  }

  acquire(slot: number): void {
    assert(Atomics.add(this.cells, slot, ONE) >= 0, 'a reference was taken on a region that is gone');
  }

  /** True if the region is gone with that. Asserts that there was a reference to give back. */
  release(slot: number): boolean {
    const before = Atomics.sub(this.cells, slot, ONE);
    assert(before >= ONE, 'a reference was given back that nobody has');
    return this.isGone(slot, before - ONE);
  }

  /** Gives back a reference that may be somebody else's; false if there is none. */
  tryRelease(slot: number): 'none' | 'released' | 'gone' {
    for (;;) {
      const before = Atomics.load(this.cells, slot);
      if (before < ONE) return 'none';
      if (Atomics.compareExchange(this.cells, slot, before, before - ONE) === before) {
        return this.isGone(slot, before - ONE) ? 'gone' : 'released';
      }
    }
  }

  /** The region is on no map any more; true if it is gone with that. */
  remove(slot: number): boolean {
    const before = Atomics.or(this.cells, slot, REMOVED);
    assert(before >= 0 && (before & REMOVED) === 0, 'a region was removed twice');
    return this.isGone(slot, before | REMOVED);
  }

  /** Whether the slot is that of a region that was removed and still has references. */
  isHeld(slot: number): boolean {
    const cell = Atomics.load(this.cells, slot);
    return cell > REMOVED && (cell & REMOVED) !== 0;
  }

  private isGone(slot: number, now: number): boolean {
    if (now !== REMOVED) return false;
    Atomics.store(this.cells, slot, FREE);
    return true;
  }
}
