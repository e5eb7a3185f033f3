/**
 * The clock of a device: what a virtual one shows, and how it is moved.
 *
 * Invariant: it never passes a moment at which something happens. Before it moves, and whenever it stands still on the way, PVG is at rest and
 * the device's actors have dealt with all that PVG told them; so a run by a virtual clock is the same each time, however fast threads are. Moves
 * are carried out one after the other, in the order in which they were asked for. A real clock is only said to be one.
 */
import type { ActorName, Supervisor } from '../actors/supervisor.js';
import { ArgumentError, DeviceClosedError } from './base/errors.js';
import { MAX_CLOCK_NANOSECONDS } from './base/limits.js';
import type { PvgBridge } from './bridge/native.js';
import { PvgStatus } from './bridge/pvg.js';
import { Counters } from './runtime/shared.js';

/** Options of Device.advanceClock(). */
export interface AdvanceOptions {
  /** Ends a move that is on its way, between two moments: the promise rejects with the signal's reason, and the clock stays where it is. */
  readonly signal?: AbortSignal;
}

/** pvg_device_clock()'s for what will not come. */
const NEVER = 2n ** 64n - 1n;
/**
 * So often what the actors tell of themselves has to be the same. A look goes through every mailbox, so what was in one at a look has been dealt
 * with at the next; and what is handed from actor to actor without a trace in what they tell is so twice at most.
 */
const SAME_LOOKS = 3;
/** How long PVG is given before it is looked at again when it was not at rest, in milliseconds. */
const RESTLESS_MS = 1;

interface Times {
  readonly now: bigint;
  readonly vsync: bigint;
  /** When the encode goes on that the clock holds up. */
  readonly encode: bigint;
  readonly atRest: boolean;
}

const earlier = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** A device's clock; made by the device. */
export class DeviceClock {
  private readonly words = new BigUint64Array(4);
  private turn: Promise<unknown> = Promise.resolve();
  private readonly counters: Counters;
  private readonly actors: readonly ActorName[];

  constructor(
    private readonly bridge: PvgBridge,
    private readonly supervisor: Supervisor,
    private readonly kind: 'real' | 'virtual',
  ) {
    this.counters = new Counters(supervisor.wiring.counters);
    this.actors = (['bql', 'render-queue'] as const).filter((name) => supervisor.has(name));
  }

  /** Nanoseconds; null on a real clock. Of a closed device, what it showed last. */
  get now(): bigint | null {
    return this.kind === 'real' ? null : this.times.now;
  }

  /** When the next vertical blank comes; null if none will, or on a real clock. */
  get nextVsync(): bigint | null {
    if (this.kind === 'real') return null;
    const { vsync } = this.times;
    return vsync === NEVER ? null : vsync;
  }

  /** When the next thing happens by itself: a blank, or the end of an encode that the clock holds up; null if nothing will. */
  get nextDeadline(): bigint | null {
    if (this.kind === 'real') return null;
    const { vsync, encode } = this.times;
    const next = earlier(vsync, encode);
    return next === NEVER ? null : next;
  }

  /** See Device.advanceClock(). */
  async advance(nanoseconds: bigint | number, { signal }: AdvanceOptions = {}): Promise<bigint> {
    if (this.kind === 'real') throw new ArgumentError("the device has a real clock: only one made with clock: 'virtual' can be moved");
    const span = spanOf(nanoseconds);
    const moved = this.turn.then(() => this.move(span, signal));
    this.turn = moved.catch(() => undefined);
    return moved;
  }

  private async move(span: bigint, signal: AbortSignal | undefined): Promise<bigint> {
    const target = this.times.now + span;
    if (target > MAX_CLOCK_NANOSECONDS)
      throw new ArgumentError(`the clock would show ${target} ns, and shows at most ${MAX_CLOCK_NANOSECONDS}`);
    await this.settle();
    for (;;) {
      signal?.throwIfAborted();
      const { now, vsync, encode } = this.times;
      const next = earlier(target, earlier(vsync, encode));
      await this.supervisor.moveClock(next - now);
      await this.settle();
      if (next === target) break;
    }
    // What the actors have reported until now arrives before the event loop has turned.
    await new Promise(setImmediate);
    return this.times.now;
  }

  /** Of a device that has gone, as they were. */
  private get times(): Times {
    this.bridge.pvg_device_clock(this.supervisor.wiring.device, this.words);
    const [now = 0n, vsync = NEVER, encode = NEVER, atRest = 0n] = this.words;
    return { now, vsync, encode, atRest: atRest !== 0n };
  }

  /** Resolves when PVG is at rest and the actors have nothing left to do but what the clock holds up. Rejects if the device ends. */
  private async settle(): Promise<void> {
    let before = '';
    for (let same = 0; same < SAME_LOOKS; ) {
      const { atRest } = this.times;
      const { text, busy } = await this.look();
      const rests = atRest && !busy;
      same = rests && text === before ? same + 1 : 0;
      before = text;
      if (!rests) await new Promise((resolve) => setTimeout(resolve, RESTLESS_MS));
    }
  }

  private async look(): Promise<{ text: string; busy: boolean }> {
    const looks = await this.unlessClosed(Promise.all(this.actors.map((name) => this.supervisor.inspect(name))));
    const queues = looks.flatMap(({ bottomHalves, sections, queued }) => [bottomHalves, sections, queued]);
    const waits = looks.some(({ nestedWaits }) => nestedWaits !== undefined && nestedWaits !== 0);
    const background = this.bridge.pvg_mailbox_depth(this.supervisor.wiring.mailboxes.background);
    const frames = looks.map((each) => each.frames);
    const counts = (['interrupts', 'framesRendered', 'framesDropped', 'refusals', 'updates'] as const).map((name) => this.counters.get(name));
    const busy = waits || background > 0 || queues.some((queue) => Array.isArray(queue) && queue.length > 0);
    return { text: JSON.stringify([frames, counts]), busy };
  }

  /** An actor that has ended never answers. */
  private async unlessClosed<T>(promise: Promise<T>): Promise<T> {
    const { supervisor, bridge } = this;
    if (bridge.pvg_device_clock(supervisor.wiring.device, this.words) !== PvgStatus.ok) throw new DeviceClosedError();
    let onClosed = (_reason: Error | null): void => undefined;
    const closed = new Promise<never>((_, reject) => {
      onClosed = (reason) => reject(reason ?? new DeviceClosedError());
      supervisor.once('closed', onClosed);
    });
    try {
      return await Promise.race([promise, closed]);
    } finally {
      supervisor.off('closed', onClosed);
    }
  }
}

function spanOf(nanoseconds: bigint | number): bigint {
  const isWhole = typeof nanoseconds === 'bigint' || Number.isSafeInteger(nanoseconds);
  if (!isWhole || nanoseconds < 0 || nanoseconds > MAX_CLOCK_NANOSECONDS) {
    throw new ArgumentError(`nanoseconds is ${String(nanoseconds)}, expected an integer in 0..${MAX_CLOCK_NANOSECONDS}: a clock never goes back`);
  }
  return BigInt(nanoseconds);
}
