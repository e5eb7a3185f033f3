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
import { Board } from './runtime/board.js';
import { Counters } from './runtime/shared.js';

/** Options of Device.advanceClock(). */
export interface AdvanceOptions {
  /** Ends a move that is on its way, between two moments: the promise rejects with the signal's reason, and the clock stays where it is. */
  readonly signal?: AbortSignal;
}

/** pvg_device_clock()'s for what will not come. */
const NEVER = 2n ** 64n - 1n;
/**
 * So often in a row PVG has to be at rest and what the actors tell of themselves the same. What an actor was at is done when it tells, and what it
 * then gave to another one is done at the next look; what is handed on without a trace in what they tell is so twice at most.
 */
const SAME_LOOKS = 3;
/** Looks without a pause, and how long the pauses are then, in milliseconds: who has much to draw is not asked all the time. */
const EAGER_LOOKS = 20;
const RESTLESS_MS = 1;
const COUNTED = ['interrupts', 'framesRendered', 'framesDropped', 'refusals', 'updates'] as const;

interface Times {
  readonly now: bigint;
  readonly vsync: bigint;
  /** When the encode goes on that the clock holds up. */
  readonly encode: bigint;
  readonly atRest: boolean;
  /** In flight. */
  readonly encodes: number;
}

/** Whether the state of a display's frames has one being rendered (src/device/frame-pipeline.machine.ts). */
const isRendering = (state: unknown): boolean => /"pipeline":\{"rendering"/.test(JSON.stringify(state));
const earlier = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** A device's clock; made by the device. */
export class DeviceClock {
  private readonly words = new BigUint64Array(5);
  private turn: Promise<unknown> = Promise.resolve();
  private readonly counters: Counters;
  private readonly board: Board;
  private readonly actors: readonly ActorName[];
  private readonly mailboxes: readonly number[];

  constructor(
    private readonly bridge: PvgBridge,
    private readonly supervisor: Supervisor,
    private readonly kind: 'real' | 'virtual',
  ) {
    this.counters = new Counters(supervisor.wiring.counters);
    this.board = new Board(supervisor.wiring.board);
    this.actors = (['bql', 'render-queue'] as const).filter((name) => supervisor.has(name));
    const { bql, render, background } = supervisor.wiring.mailboxes;
    this.mailboxes = [bql, render, background];
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
      const deadline = earlier(vsync, encode);
      const next = earlier(target, deadline);
      await this.supervisor.moveClock(next - now);
      // Where nothing happens there is nothing new to deal with.
      if (deadline <= target) await this.settle();
      if (next === target) break;
    }
    // What the actors have reported until now arrives before the event loop has turned.
    await new Promise(setImmediate);
    return this.times.now;
  }

  /** Of a device that has gone, as they were. */
  private get times(): Times {
    this.bridge.pvg_device_clock(this.supervisor.wiring.device, this.words);
    const [now = 0n, vsync = NEVER, encode = NEVER, atRest = 0n, encodes = 0n] = this.words;
    return { now, vsync, encode, atRest: atRest !== 0n, encodes: Number(encodes) };
  }

  /** Resolves when PVG is at rest and the actors have nothing left to do but what the clock holds up. Rejects if the device ends. */
  private async settle(): Promise<void> {
    let before = '';
    for (let same = 0, looks = 0; same < SAME_LOOKS; looks++) {
      const text = await this.look();
      same = text === null ? 0 : text === before ? same + 1 : 1;
      before = text ?? '';
      if (looks >= EAGER_LOOKS) await new Promise((resolve) => setTimeout(resolve, RESTLESS_MS));
    }
  }

  /** What the actors tell of themselves; null while there is something to do. Guests' accesses are not looked at: one may wait for the clock. */
  private async look(): Promise<string | null> {
    const { atRest, encodes } = this.times;
    // An actor that is asked while it has nothing in its mailbox tells of itself as it is behind all that was there.
    const areEmpty = this.mailboxes.every((mailbox) => this.bridge.pvg_mailbox_depth(mailbox) <= 0);
    const looks = await this.unlessClosed(Promise.all(this.actors.map((name) => this.supervisor.inspect(name))));
    const queues = looks.flatMap(({ bottomHalves, sections, queued }) => [bottomHalves, sections, queued]);
    // A render queue that is in the middle of something says so; the BQL actor has no such state.
    const isQueued =
      queues.some((queue) => Array.isArray(queue) && queue.length > 0) || looks.some(({ state = 'idle' }) => state !== 'idle');
    const frames = looks.flatMap((each) => each.frames);
    // A frame that is rendered is with PVG, or on its way there or back.
    const isCarried = frames.filter(isRendering).length !== encodes;
    if (!atRest || !areEmpty || isQueued || isCarried || this.hasBusyWorker) return null;
    const counts = COUNTED.map((name) => this.counters.get(name));
    return JSON.stringify([frames, counts]);
  }

  /** Whether a worker has something in hand that is no guest's access. */
  private get hasBusyWorker(): boolean {
    const { bridge, board, supervisor } = this;
    const { background } = supervisor.wiring.mailboxes;
    const free = board.workers.filter(({ thread, activity }) => thread > 0 && activity === 0).length;
    return bridge.pvg_mailbox_waiters(background) < free;
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
    throw new ArgumentError(
      `nanoseconds is ${String(nanoseconds)}, expected an integer in 0..${MAX_CLOCK_NANOSECONDS}: a clock never goes back`,
    );
  }
  return BigInt(nanoseconds);
}
