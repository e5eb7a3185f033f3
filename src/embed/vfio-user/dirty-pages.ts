/**
 * Which pages of a piece of memory were written and not told of yet, as bits; the lowest page is the lowest bit of the first byte.
 *
 * Invariant: a page is told of once for each time that it was noted in. Pages are of PAGE_BYTES; whoever asks may want larger ones.
 */
import { PAGE_BYTES } from './protocol.js';

export class DirtyPages {
  private readonly bits: Uint8Array;

  constructor(
    private readonly address: bigint,
    private readonly bytes: bigint,
  ) {
    this.bits = new Uint8Array(Number((bytes / BigInt(PAGE_BYTES) + 7n) / 8n));
  }

  /** Adds a bitmap of the whole piece. */
  note(bitmap: Uint8Array): void {
    for (let index = 0; index < this.bits.length; index++) this.bits[index] = (this.bits[index] ?? 0) | (bitmap[index] ?? 0);
  }

  /** Moves what lies in [address, address + ...) to a bitmap of larger pages that begins at `address`. */
  take(address: bigint, bytes: bigint, pageBytes: number, target: Uint8Array): void {
    let from = address;
    let end = address + bytes;
    if (from < this.address) from = this.address;
    if (end > this.address + this.bytes) end = this.address + this.bytes;
    if (from >= end) return;
    const page = BigInt(PAGE_BYTES);
    const last = Number((end - this.address) / page);
    // Where this piece's first page is in the larger bitmap, in pages of its own size.
    const shift = Number((this.address - address) / page);
    const perPage = pageBytes / PAGE_BYTES;
    for (let at = Number((from - this.address) / page); at < last; at++) {
      const byte = this.bits[at >> 3] ?? 0;
      if (byte === 0) {
        at |= 7;
        continue;
      }
      if ((byte & (1 << (at & 7))) === 0) continue;
      this.bits[at >> 3] = byte & ~(1 << (at & 7));
      const bit = Math.floor((shift + at) / perPage);
      target[bit >> 3] = (target[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  }
}
