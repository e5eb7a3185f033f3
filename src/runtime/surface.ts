/**
 * The console's picture in shared memory, for one writer and any number of readers.
 *
 * Invariant: the sequence is odd while the writer writes and even otherwise, so that a reader that saw it change reads again. Nothing
 * here waits for another thread but wait() and, for a writer in the middle of a picture, snapshot().
 */
const HEADER_BYTES = 64;
const SNAPSHOT_PATIENCE_MS = 1000;

/** What Surface.snapshot() copied. */
export interface SurfaceSnapshot {
  /** 0xAARRGGBB words. */
  readonly pixels: Uint32Array;
  readonly present: number;
  readonly sequence: number;
}

/**
 * A surface: 0xAARRGGBB words, rows packed, behind a header of [sequence, present number]. The sequence is odd while
 * the BQL actor writes, and even otherwise; readers that saw it change read again.
 */
export class Surface {
  private readonly header: Int32Array<SharedArrayBuffer>;
  readonly pixels: Uint32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly memory: SharedArrayBuffer;

  constructor(
    readonly width: number,
    readonly height: number,
    memory?: SharedArrayBuffer,
  ) {
    this.memory = memory ?? new SharedArrayBuffer(HEADER_BYTES + 4 * width * height);
    this.header = new Int32Array(this.memory, 0, HEADER_BYTES / 4);
    this.pixels = new Uint32Array(this.memory, HEADER_BYTES);
    this.bytes = new Uint8Array(this.memory, HEADER_BYTES);
  }

  beginWrite(): void {
    Atomics.add(this.header, 0, 1);
  }

  endWrite(present: number): void {
    Atomics.store(this.header, 1, present);
    Atomics.add(this.header, 0, 1);
    Atomics.notify(this.header, 0);
  }

  /** Puts a saved picture back, before anybody else writes. */
  restore(pixels: Uint8Array, present: number): void {
    this.beginWrite();
    this.bytes.set(pixels);
    this.endWrite(present);
  }

  get sequence(): number {
    return Atomics.load(this.header, 0);
  }

  /** Sleeps until the sequence differs from `seen`; not on a thread that may not block. */
  wait(seen: number, timeoutMs: number): number {
    if (this.sequence === seen) Atomics.wait(this.header, 0, seen, timeoutMs);
    return this.sequence;
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
      const present = Atomics.load(this.header, 1);
      if (this.sequence === sequence) return { pixels, present, sequence };
    }
    return null;
  }
}
