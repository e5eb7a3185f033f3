/**
 * The console's picture in shared memory, with what changed in it, for one writer and any number of readers.
 *
 * Invariant: the sequence is odd while the writer writes and even otherwise, so that a reader that saw it change reads again. Each tile of
 * SURFACE_TILE pixels squared has the sequence with which it changed last, exactly: no tile is marked in which no pixel changed. Nothing
 * here waits for another thread but wait() and, for a writer in the middle of a picture, snapshot(). A reader with a copy of its own
 * is in surface-reader.ts.
 */

import { integer } from '../base/arguments.js';
import { SURFACE_MAX_SIDE } from '../base/limits.js';

/** Side of a tile in pixels; PVG_TILE_SIDE in pvg_bridge.h. */
export const SURFACE_TILE = 64;

const SEQUENCE = 0;
const PRESENT_LOW = 1;
const PRESENT_HIGH = 2;
/** The header, and what the parts begin at multiples of: a cache line. */
const LINE_BYTES = 64;
const SNAPSHOT_PATIENCE_MS = 1000;

/** What Surface.snapshot() copied. */
export interface SurfaceSnapshot {
  /** 0xAARRGGBB words. */
  readonly pixels: Uint32Array;
  /** Number of the guest's present that it is, 0 before the first. */
  readonly present: number;
  /** The surface's sequence, for damageSince(). */
  readonly sequence: number;
}

/**
 * A surface: a header of sequence and present number, a word for each tile, then 0xAARRGGBB words, rows packed. All is zero before the
 * first picture, whose tiles are those that differ from zeros.
 */
export class Surface {
  private readonly header: Int32Array<SharedArrayBuffer>;
  /** 0xAARRGGBB words, rows packed, shared with the writer: a whole picture only while `sequence` stays the same and even. */
  readonly pixels: Uint32Array<SharedArrayBuffer>;
  /** The same as bytes. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** The sequences with which the tiles changed, row by row; written by the writer, between beginWrite() and endWrite(). */
  readonly tiles: Uint32Array<SharedArrayBuffer>;
  /** How many tiles there are in a row. */
  readonly tilesAcross: number;
  /** All of it; `new Surface(width, height, memory)` is the same surface on another thread. */
  readonly memory: SharedArrayBuffer;

  constructor(
    /** Pixels. */
    readonly width: number,
    /** Pixels. */
    readonly height: number,
    memory?: SharedArrayBuffer,
  ) {
    integer('width', width, 1, SURFACE_MAX_SIDE);
    integer('height', height, 1, SURFACE_MAX_SIDE);
    this.tilesAcross = Math.ceil(width / SURFACE_TILE);
    const tiles = this.tilesAcross * Math.ceil(height / SURFACE_TILE);
    const pixelsAt = LINE_BYTES + Math.ceil((4 * tiles) / LINE_BYTES) * LINE_BYTES;
    this.memory = memory ?? new SharedArrayBuffer(pixelsAt + 4 * width * height);
    this.header = new Int32Array(this.memory, 0, LINE_BYTES / 4);
    this.tiles = new Uint32Array(this.memory, LINE_BYTES, tiles);
    this.pixels = new Uint32Array(this.memory, pixelsAt);
    this.bytes = new Uint8Array(this.memory, pixelsAt);
  }

  /** Returns the sequence that the write will end with, for the tiles that change. */
  beginWrite(): number {
    return (Atomics.add(this.header, SEQUENCE, 1) + 2) >>> 0;
  }

  /** Ends a write: the picture is that of the present of this number. */
  endWrite(present: number): void {
    Atomics.store(this.header, PRESENT_LOW, present | 0);
    Atomics.store(this.header, PRESENT_HIGH, Math.floor(present / 2 ** 32));
    Atomics.add(this.header, SEQUENCE, 1);
    Atomics.notify(this.header, SEQUENCE);
  }

  /** Puts a saved picture back, before anybody else writes. */
  restore(pixels: Uint8Array, present: number): void {
    const sequence = this.beginWrite();
    this.bytes.set(pixels);
    this.tiles.fill(sequence);
    this.endWrite(present);
  }

  /** Changes with each picture; odd while one is written. */
  get sequence(): number {
    return Atomics.load(this.header, SEQUENCE);
  }

  /** Number of the guest's present that the picture is, 0 before the first; certain only if the sequence is the same before and after. */
  get present(): number {
    return Atomics.load(this.header, PRESENT_HIGH) * 2 ** 32 + (Atomics.load(this.header, PRESENT_LOW) >>> 0);
  }

  /** Sleeps until the sequence differs from `seen`; not on a thread that may not block. */
  wait(seen: number, timeoutMs: number): number {
    if (this.sequence === seen) Atomics.wait(this.header, SEQUENCE, seen, timeoutMs);
    return this.sequence;
  }

  /** How many rectangles damageSince() gives at most. */
  get maxRectangles(): number {
    return Math.ceil(this.tilesAcross / 2) * Math.ceil(this.height / SURFACE_TILE);
  }

  /**
   * Where pixels have changed since the (even) sequence `since`: puts x, y, width and height of as many rectangles as it returns into
   * `into`, which has room for maxRectangles. They cover the changed tiles and nothing else, and don't overlap. It is certain, as all that is read,
   * only if the sequence is even and the same before and after. A reader that didn't look for 2^30 pictures may miss some.
   */
  damageSince(since: number, into: Int32Array): number {
    const { tiles, tilesAcross, height } = this;
    let count = 0;
    for (let y = 0, row = 0; y < height; y += SURFACE_TILE, row += tilesAcross) {
      for (let tile = 0; tile < tilesAcross; tile++) {
        if (!isAfter(tiles[row + tile], since)) continue;
        const first = tile;
        while (tile + 1 < tilesAcross && isAfter(tiles[row + tile + 1], since)) tile++;
        count = this.addRectangle(into, count, { first, end: tile + 1, y });
      }
    }
    return count;
  }

  /** Adds tiles of one row, to the last rectangle if they continue it downwards. */
  private addRectangle(into: Int32Array, count: number, at: { readonly first: number; readonly end: number; readonly y: number }): number {
    const x = at.first * SURFACE_TILE;
    const width = Math.min(at.end * SURFACE_TILE, this.width) - x;
    const height = Math.min(SURFACE_TILE, this.height - at.y);
    const last = 4 * (count - 1);
    if (count > 0 && into[last] === x && into[last + 2] === width && (into[last + 1] ?? 0) + (into[last + 3] ?? 0) === at.y) {
      into[last + 3] = (into[last + 3] ?? 0) + height;
      return count;
    }
    into[last + 4] = x;
    into[last + 5] = at.y;
    into[last + 6] = width;
    into[last + 7] = height;
    return count + 1;
  }

  /**
   * A copy of the first `words` pixels that no write tore, with the number of the guest's present and the sequence;
   * null before the first, and if the writer died in the middle of a write.
   */
  snapshot(words = this.pixels.length): SurfaceSnapshot | null {
    const deadline = performance.now() + SNAPSHOT_PATIENCE_MS;
    while (performance.now() < deadline) {
      const sequence = this.sequence;
      if (sequence === 0) return null;
      if (sequence % 2 !== 0) continue;
      const pixels = new Uint32Array(this.pixels.subarray(0, words));
      const { present } = this;
      if (this.sequence === sequence) return { pixels, present, sequence };
    }
    return null;
  }
}

/** Sequences wrap around, so what counts is which half of the circle one is in. */
function isAfter(tile: number | undefined, since: number): boolean {
  return (((tile ?? 0) - since) | 0) > 0;
}
