/**
 * The states of a device that its VMM moves to another host, and the data that move with it.
 *
 * Invariants: an order to go to a state is carried out as the shortest way of arcs that doesn't lead through a state in which data are read. The device
 * exists in `running` and `preCopy` only: PVG can be suspended once, so what was stopped goes on as a new device that is made from the saved one. If an arc
 * fails the device is in `error`, which only a reset ends. What it does not do: move guest memory, which the VMM does itself.
 */
import { Errno, RequestError } from './protocol.js';

/** The states' numbers on the wire. */
export const MigrationState = { error: 0, stop: 1, running: 2, stopCopy: 3, resuming: 4, preCopy: 6 } as const;
type State = (typeof MigrationState)[keyof typeof MigrationState];

/** What a migration does to the device. Each call returns when it is done, and throws RequestError if it can't be. */
export interface MigrationTarget {
  /** Brings the device to rest for good, and gives its state. */
  stop(): Uint8Array;
  /** Makes a device that goes on from a state, or a new one. */
  run(state: Uint8Array | null): void;
}

/** Flags that say what is supported: STOP_COPY, and PRE_COPY, in which there is nothing to read yet. */
export const MIGRATION_FLAGS = 1n | 4n;
/** The longest state that is taken: far more than a device of eight large displays has. */
const MAX_STATE_BYTES = 2 ** 30;

const ARCS: Readonly<Record<State, readonly State[]>> = {
  [MigrationState.error]: [],
  [MigrationState.stop]: [MigrationState.running, MigrationState.stopCopy, MigrationState.resuming],
  [MigrationState.running]: [MigrationState.stop, MigrationState.preCopy],
  [MigrationState.stopCopy]: [MigrationState.stop],
  [MigrationState.resuming]: [MigrationState.stop],
  [MigrationState.preCopy]: [MigrationState.running, MigrationState.stopCopy],
};
/** States in which data are read; no way leads through them. */
const SAVING: ReadonlySet<State> = new Set([MigrationState.stopCopy, MigrationState.preCopy]);
const NAMES = Object.fromEntries(Object.entries(MigrationState).map(([name, number]) => [number, name])) as Readonly<
  Record<number, string>
>;

function isState(value: number): value is State {
  return NAMES[value] !== undefined;
}

/** The states on the shortest way, without the one that it begins in; null if there is none. */
function wayOf(from: State, to: State): readonly State[] | null {
  const ways: State[][] = [[from]];
  const seen = new Set<State>([from]);
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const at = way.at(-1) ?? from;
    if (at === to) return way.slice(1);
    if (at !== from && SAVING.has(at)) continue;
    for (const next of ARCS[at]) {
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return null;
}

export class Migration {
  private current: State = MigrationState.running;
  /** What the device was when it was stopped, or what has come for it; null: nothing. */
  private saved: Uint8Array | null = null;
  private read = 0;
  /** What has come for it, and room for more. */
  private arrived = new Uint8Array();
  private arrivedBytes = 0;

  constructor(private readonly target: MigrationTarget) {}

  get state(): number {
    return this.current;
  }

  /** Whether there is a device. */
  get isRunning(): boolean {
    return this.current === MigrationState.running || this.current === MigrationState.preCopy;
  }

  /** Goes to a state. Throws RequestError if there is no way, or it fails on the way. */
  go(to: number): void {
    // Whoever has read data to their end doesn't begin to read again without having said so.
    const isBack = this.current === MigrationState.stopCopy && to === MigrationState.preCopy;
    const way = isState(to) && to !== MigrationState.error && !isBack ? wayOf(this.current, to) : null;
    if (way === null) throw new RequestError(Errno.EINVAL, `a device in state ${NAMES[this.current]} can't go to state ${NAMES[to] ?? to}`);
    for (const next of way) this.step(next);
  }

  /** A reset ends whatever migration there was. Throws RequestError if no device can be made. */
  reset(): void {
    const hadDevice = this.isRunning;
    this.forget();
    if (!hadDevice) {
      this.current = MigrationState.error;
      this.target.run(null);
    }
    this.current = MigrationState.running;
  }

  /** The client has gone: a device that it had stopped goes on as it was, or as a new one if that can't be. */
  abandon(): void {
    if (this.current === MigrationState.running) return;
    if (this.current === MigrationState.error || this.current === MigrationState.resuming) return this.reset();
    try {
      this.go(MigrationState.running);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.reset();
    }
  }

  /** The next bytes of the state, as many as fit; fewer: there are no more. Throws RequestError in other states. */
  take(room: number): Uint8Array {
    if (!SAVING.has(this.current)) throw new RequestError(Errno.EINVAL, `there are no data to read in state ${NAMES[this.current]}`);
    const saved = this.current === MigrationState.stopCopy ? this.saved : null;
    const bytes = saved?.subarray(this.read, this.read + room) ?? new Uint8Array();
    this.read += bytes.length;
    return bytes;
  }

  /** Takes bytes of a state in. Throws RequestError in other states, or for too many. */
  give(bytes: Uint8Array): void {
    if (this.current !== MigrationState.resuming)
      throw new RequestError(Errno.EINVAL, `data can't be written in state ${NAMES[this.current]}`);
    const whole = this.arrivedBytes + bytes.length;
    if (whole > MAX_STATE_BYTES) throw new RequestError(Errno.ENOSPC, `a state has at most ${MAX_STATE_BYTES} bytes`);
    if (whole > this.arrived.length) {
      const larger = new Uint8Array(Math.max(whole, 2 * this.arrived.length));
      larger.set(this.arrived.subarray(0, this.arrivedBytes));
      this.arrived = larger;
    }
    this.arrived.set(bytes, this.arrivedBytes);
    this.arrivedBytes = whole;
  }

  private step(next: State): void {
    const from = this.current;
    try {
      if (next === MigrationState.stop && from === MigrationState.running) this.saved = this.target.stop();
      if (from === MigrationState.preCopy && next === MigrationState.stopCopy) this.saved = this.target.stop();
      if (next === MigrationState.resuming) this.forget();
      if (from === MigrationState.resuming) this.saved = this.whole();
      if (next === MigrationState.running && from === MigrationState.stop) this.start();
      this.read = 0;
      this.current = next;
    } catch (error) {
      if (error instanceof RequestError) this.current = MigrationState.error;
      throw error;
    }
  }

  private start(): void {
    const { saved } = this;
    this.forget();
    this.target.run(saved);
  }

  /** What has come, in one piece; nothing at all is a new device's state. */
  private whole(): Uint8Array | null {
    if (this.arrivedBytes === 0) return null;
    const bytes = this.arrived.slice(0, this.arrivedBytes);
    this.forget();
    return bytes;
  }

  private forget(): void {
    this.saved = null;
    this.arrived = new Uint8Array();
    this.arrivedBytes = 0;
    this.read = 0;
  }
}
