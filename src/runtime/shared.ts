/**
 * What threads share without messages: counters, interrupt lines, the cursor, and surfaces.
 *
 * Each is a SharedArrayBuffer with one writer (said on the field); readers on any thread. Nothing here waits but
 * InterruptLines.wait.
 */
import { MAX_VECTORS } from '../base/limits.js';

export const COUNTERS = ['accesses', 'framesRendered', 'framesDropped', 'refusals', 'guestErrors', 'updates', 'interrupts'] as const;
export type CounterName = (typeof COUNTERS)[number];

/** The cell behind the counters. */
const HOLD = COUNTERS.length;

const wallClockMicroseconds = (): bigint => BigInt(Math.round(1000 * (performance.timeOrigin + performance.now())));

/** Counters of a device; added to by its actors. */
export class Counters {
  private readonly cells: BigUint64Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(8 * (HOLD + 1))) {
    this.cells = new BigUint64Array(memory);
  }

  add(name: CounterName): void {
    Atomics.add(this.cells, COUNTERS.indexOf(name), 1n);
  }

  get(name: CounterName): number {
    return Number(Atomics.load(this.cells, COUNTERS.indexOf(name)));
  }

  /** Time the BQL was held, in microseconds. */
  addHold(microseconds: number): void {
    Atomics.add(this.cells, HOLD, BigInt(Math.round(microseconds)));
  }

  get holdMicroseconds(): number {
    return Number(Atomics.load(this.cells, HOLD));
  }
}

const FIRST_SHOWN = 0;
const LAST_SHOWN = 1;
const LAST_PRESENT = 2;

/** Which frames a display has shown, and when; written by the actor that owns the display. */
export class ShownFrames {
  private readonly cells: BigUint64Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(24)) {
    this.cells = new BigUint64Array(memory);
  }

  /** A frame was shown: the guest's present of that number. */
  note(present: number): void {
    const now = wallClockMicroseconds();
    Atomics.compareExchange(this.cells, FIRST_SHOWN, 0n, now);
    Atomics.store(this.cells, LAST_SHOWN, now);
    Atomics.store(this.cells, LAST_PRESENT, BigInt(present));
  }

  /** A restored display's frames go on from the present of that number. */
  restore(present: number): void {
    Atomics.store(this.cells, LAST_PRESENT, BigInt(present));
  }

  /** Number of the guest's present that was shown last, 0 before the first. */
  get lastPresent(): number {
    return Number(Atomics.load(this.cells, LAST_PRESENT));
  }

  /** Seconds from the first frame shown to the last. */
  get seconds(): number {
    return Number(Atomics.load(this.cells, LAST_SHOWN) - Atomics.load(this.cells, FIRST_SHOWN)) / 1e6;
  }
}

const MSI_VECTORS = 0;
const SEQUENCE = 1;
const FIRST_VECTOR = 2;

/**
 * Interrupt lines or MSI vectors: how often each was raised. Cell 0 is how many MSI vectors the guest has enabled, 0
 * while MSI is off (written by the guest's side), 1 a sequence number that waiters sleep on, then one count per vector
 * (written by the BQL actor).
 */
export class InterruptLines {
  private readonly cells: Int32Array<SharedArrayBuffer>;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(4 * (FIRST_VECTOR + MAX_VECTORS))) {
    this.cells = new Int32Array(memory);
  }

  /**
   * Switches MSI on for vectors 0 to `vectors` − 1, or off; without it a pci device's interrupts are dropped. The number
   * comes from the guest, so more than there can be are all there are, and less than one is one.
   */
  setMsiEnabled(enabled: boolean, vectors = MAX_VECTORS): void {
    // One cell holds both, so that nobody sees MSI on with a number of vectors from before.
    Atomics.store(this.cells, MSI_VECTORS, enabled ? Math.min(Math.max(vectors, 1), MAX_VECTORS) : 0);
  }

  get msiEnabled(): boolean {
    return this.msiVectors > 0;
  }

  /** How many vectors the guest has enabled; 0 while MSI is off. */
  get msiVectors(): number {
    return Atomics.load(this.cells, MSI_VECTORS);
  }

  raise(vector: number): void {
    Atomics.add(this.cells, FIRST_VECTOR + (vector % MAX_VECTORS), 1);
    // The sequence moves after the count, so that whoever sees it move finds the count moved too.
    Atomics.add(this.cells, SEQUENCE, 1);
    Atomics.notify(this.cells, SEQUENCE);
  }

  count(vector: number): number {
    return Atomics.load(this.cells, FIRST_VECTOR + vector);
  }

  get sequence(): number {
    return Atomics.load(this.cells, SEQUENCE);
  }

  /** Sleeps until the sequence differs from `seen`, or timeoutMs passed; returns the sequence. */
  wait(seen: number, timeoutMs: number): number {
    if (this.sequence === seen) Atomics.wait(this.cells, SEQUENCE, seen, timeoutMs);
    return this.sequence;
  }
}

/** Where the console shows the cursor; written by the BQL actor. Cells: shown, x, y. */
export class CursorState {
  private readonly cells: Int32Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(12)) {
    this.cells = new Int32Array(memory);
  }

  setShown(shown: boolean): void {
    Atomics.store(this.cells, 0, shown ? 1 : 0);
  }

  moveTo(x: number, y: number): void {
    Atomics.store(this.cells, 1, x);
    Atomics.store(this.cells, 2, y);
  }

  /** Whether it is shown, wherever it is. */
  get shown(): boolean {
    return Atomics.load(this.cells, 0) === 1;
  }

  /** Where it was moved to last, whether shown or not; { 0xffff, 0xffff }: not on this display. */
  get place(): { readonly x: number; readonly y: number } {
    return { x: Atomics.load(this.cells, 1), y: Atomics.load(this.cells, 2) };
  }

  /** null: hidden, or not on this display. */
  get position(): { readonly x: number; readonly y: number } | null {
    const { x, y } = this.place;
    return Atomics.load(this.cells, 0) === 1 && !(x === 0xffff && y === 0xffff) ? { x, y } : null;
  }
}

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
