/**
 * What threads share without messages: counters, interrupt lines and the cursor; surfaces are in surface.ts.
 *
 * Each is a SharedArrayBuffer with one writer (said on the field); readers on any thread. Nothing here waits but
 * InterruptLines.wait.
 */
import { MAX_VECTORS } from '../base/limits.js';
import { addToCount, COUNT_CELLS, readCount, startCount } from './count.js';

export const COUNTERS = [
  'accesses',
  'framesRendered',
  'framesUnseen',
  'framesDropped',
  'refusals',
  'guestErrors',
  'updates',
  'interrupts',
] as const;
export type CounterName = (typeof COUNTERS)[number];

/** A count has a cache line of its own, since different threads add to different ones: 64 bytes, in cells. */
const LINE_CELLS = 16;
/** The place of the count behind the counters. */
const HOLD = COUNTERS.length * LINE_CELLS;

/** Where each counter's cells begin. */
const PLACES = Object.fromEntries(COUNTERS.map((name, index) => [name, index * LINE_CELLS])) as Readonly<Record<CounterName, number>>;

/** Counters of a device; added to by its actors. Adding and reading allocates nothing. */
export class Counters {
  private readonly cells: Int32Array<SharedArrayBuffer>;
  /** Microseconds; one word, so that it is read as it was written. */
  private readonly hold: Float64Array<SharedArrayBuffer>;

  constructor(
    /** All of it, to make the same on another thread. */
    readonly memory: SharedArrayBuffer = new SharedArrayBuffer(4 * (HOLD + LINE_CELLS)),
  ) {
    this.cells = new Int32Array(memory);
    this.hold = new Float64Array(memory, 4 * HOLD, 1);
  }

  /** Counts something; called by the device's actors. */
  add(name: CounterName, amount = 1): void {
    addToCount(this.cells, PLACES[name], amount);
  }

  /** How often something was counted. */
  get(name: CounterName): number {
    return readCount(this.cells, PLACES[name]);
  }

  /** The BQL was held so much longer, in microseconds; the BQL actor alone adds to it. */
  addHold(microseconds: number): void {
    this.hold[0] = (this.hold[0] ?? 0) + microseconds;
  }

  /** How long the BQL was held, in microseconds. */
  get holdMicroseconds(): number {
    return Math.round(this.hold[0] ?? 0);
  }
}

const SHOWN_MICROSECONDS = 0;
const LAST_PRESENT = COUNT_CELLS;

/** Which frames a display has shown, or would have if somebody had looked, and over how long; written by the actor that owns the display. */
export class ShownFrames {
  private readonly cells: Int32Array<SharedArrayBuffer>;
  /** The writer's: when it showed its first frame, on its own clock; below 0 before. */
  private firstShown = -1;

  constructor(
    /** All of it, to make the same on another thread. */
    readonly memory: SharedArrayBuffer = new SharedArrayBuffer(4 * 2 * COUNT_CELLS),
  ) {
    this.cells = new Int32Array(memory);
  }

  /** A frame was shown: the guest's present of that number. */
  note(present: number): void {
    const now = performance.now();
    if (this.firstShown < 0) this.firstShown = now;
    const elapsed = Math.round(1000 * (now - this.firstShown));
    // The clock doesn't run backwards, but rounds; and a frame may be shown again.
    addToCount(this.cells, SHOWN_MICROSECONDS, Math.max(0, elapsed - readCount(this.cells, SHOWN_MICROSECONDS)));
    addToCount(this.cells, LAST_PRESENT, Math.max(0, present - this.lastPresent));
  }

  /** A restored display's frames go on from the present of that number, before anybody else writes. */
  restore(present: number): void {
    startCount(this.cells, LAST_PRESENT, present);
  }

  /** Number of the guest's present that was shown last, 0 before the first. */
  get lastPresent(): number {
    return readCount(this.cells, LAST_PRESENT);
  }

  /** Seconds from the first frame shown to the last. */
  get seconds(): number {
    return readCount(this.cells, SHOWN_MICROSECONDS) / 1e6;
  }
}

const VIEWERS = 0;
const BEHIND = 1;

/** Who looks at a display, so that frames which nobody looks at need not be copied. Viewers come and go on any thread. */
export class Viewers {
  private readonly cells: Int32Array<SharedArrayBuffer>;

  constructor(
    /** All of it, to make the same on another thread. */
    readonly memory: SharedArrayBuffer = new SharedArrayBuffer(8),
  ) {
    this.cells = new Int32Array(memory);
  }

  add(): void {
    Atomics.add(this.cells, VIEWERS, 1);
  }

  remove(): void {
    Atomics.sub(this.cells, VIEWERS, 1);
  }

  get count(): number {
    return Atomics.load(this.cells, VIEWERS);
  }

  /** The surface lacks frames that were not copied; written by the actor that owns the display. */
  get behind(): boolean {
    return Atomics.load(this.cells, BEHIND) === 1;
  }

  setBehind(behind: boolean): void {
    Atomics.store(this.cells, BEHIND, behind ? 1 : 0);
  }
}

const MSI_VECTORS = 0;
const SEQUENCE = 1;
const SIGNALLED = 2;
const FIRST_VECTOR = 3;

/**
 * Interrupt lines or MSI vectors: how often each was raised. Cell 0 is how many MSI vectors the guest has enabled, 0
 * while MSI is off (written by the guest's side), 1 a sequence number that waiters sleep on, 2 whether any is signalled on a descriptor
 * (interrupt-signals.ts), then one count per vector (written by the BQL actor).
 */
export class InterruptLines {
  private readonly cells: Int32Array<SharedArrayBuffer>;

  constructor(
    /** All of it, to make the same on another thread. */
    readonly memory: SharedArrayBuffer = new SharedArrayBuffer(4 * (FIRST_VECTOR + MAX_VECTORS)),
  ) {
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

  /** Whether the guest has switched MSI on. */
  get msiEnabled(): boolean {
    return this.msiVectors > 0;
  }

  /** How many vectors the guest has enabled; 0 while MSI is off. */
  get msiVectors(): number {
    return Atomics.load(this.cells, MSI_VECTORS);
  }

  /** Counts an interrupt and wakes who waits; called by the BQL actor. */
  raise(vector: number): void {
    Atomics.add(this.cells, FIRST_VECTOR + (vector % MAX_VECTORS), 1);
    // The sequence moves after the count, so that whoever sees it move finds the count moved too.
    Atomics.add(this.cells, SEQUENCE, 1);
    Atomics.notify(this.cells, SEQUENCE);
  }

  /** Whether interrupts are to be signalled on descriptors too. */
  get isSignalled(): boolean {
    return Atomics.load(this.cells, SIGNALLED) === 1;
  }

  /** Says whether any line or vector has a descriptor; called by InterruptSignals. */
  setSignalled(signalled: boolean): void {
    Atomics.store(this.cells, SIGNALLED, signalled ? 1 : 0);
  }

  /** How often a line or vector was raised, modulo 2³² and as a signed number. */
  count(vector: number): number {
    return Atomics.load(this.cells, FIRST_VECTOR + vector);
  }

  /** Another number after each interrupt, for wait(). */
  get sequence(): number {
    return Atomics.load(this.cells, SEQUENCE);
  }

  /** Sleeps until the sequence differs from `seen`, or timeoutMs passed; returns the sequence. */
  wait(seen: number, timeoutMs: number): number {
    if (this.sequence === seen) Atomics.wait(this.cells, SEQUENCE, seen, timeoutMs);
    return this.sequence;
  }

  /** Resolves when the sequence differs from `seen`, or wake() was called; blocks nobody. */
  async changed(seen: number): Promise<void> {
    await Atomics.waitAsync(this.cells, SEQUENCE, seen).value;
  }

  /** Wakes everybody who waits, as if there had been an interrupt. */
  wake(): void {
    Atomics.notify(this.cells, SEQUENCE);
  }
}

/** Where the console shows the cursor; written by the BQL actor. Cells: shown, x, y. */
export class CursorState {
  private readonly cells: Int32Array;

  constructor(
    /** All of it, to make the same on another thread. */
    readonly memory: SharedArrayBuffer = new SharedArrayBuffer(12),
  ) {
    this.cells = new Int32Array(memory);
  }

  /** Shows or hides it; called by the BQL actor. */
  setShown(shown: boolean): void {
    Atomics.store(this.cells, 0, shown ? 1 : 0);
  }

  /** Moves it to a pixel; called by the BQL actor. */
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
