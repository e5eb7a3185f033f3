/**
 * Which trace events are switched on, in shared memory: the thread that made the device switches, every thread of the device looks.
 *
 * Invariant: a thread looks at one word, once for each batch of messages that it takes, and at the events only if that word has changed since. So a
 * switch holds from a thread's next batch on, and costs nothing where events are traced. What PVG's own threads note is a bit mask in native memory.
 */
import { TRACE_NAMES, type TraceName, tracePattern } from './events.js';

const VERSION = 0;
const COUNT = 1;
const FIRST_EVENT = 2;

export class TraceSwitches {
  private readonly cells: Int32Array<SharedArrayBuffer>;

  /** All are off at the beginning. */
  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(4 * (FIRST_EVENT + TRACE_NAMES.length))) {
    this.cells = new Int32Array(memory);
  }

  /** As globs have it, in their order (tracePattern()). */
  static of(globs: readonly string[]): TraceSwitches {
    const switches = new TraceSwitches();
    switches.set(tracePattern(globs), true);
    return switches;
  }

  /** Changes with every set(). */
  get version(): number {
    return Atomics.load(this.cells, VERSION);
  }

  /** Whether the version is another one. A plain look, which costs little: who sees a change late sees it at its next batch. */
  isPast(version: number): boolean {
    return this.cells[VERSION] !== version;
  }

  /** Switches those on or off that the predicate is true of; the others stay as they are. One thread's. */
  set(isNamed: (name: string) => boolean, on: boolean): void {
    TRACE_NAMES.forEach((name, id) => {
      if (isNamed(name)) Atomics.store(this.cells, FIRST_EVENT + id, on ? 1 : 0);
    });
    Atomics.store(this.cells, COUNT, this.names.length);
    // Last, so that whoever sees it change finds the events changed. Who reads them before sees it change later, and reads again.
    Atomics.add(this.cells, VERSION, 1);
  }

  /** Whether any event is on. */
  get any(): boolean {
    return Atomics.load(this.cells, COUNT) > 0;
  }

  /** By number (TRACE_IDS). */
  isOn(id: number): boolean {
    return Atomics.load(this.cells, FIRST_EVENT + id) === 1;
  }

  /** The events that are on. */
  get names(): readonly TraceName[] {
    return TRACE_NAMES.filter((_, id) => this.isOn(id));
  }
}
