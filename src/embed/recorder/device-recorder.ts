/**
 * A device's recording as it comes: chunks of what its threads note, samples, cursors, notes and the end.
 *
 * Invariant: chunks come in an order in which each can be read, those of the preamble (header, threads) before what needs them. It looks a few dozen
 * times a second, and never makes a thread of the device wait. Used on the thread that made the device. Pictures are frame-maker.ts's.
 */
import { ArgumentError } from '../../base/errors.js';
import { loadBridge } from '../../bridge/native.js';
import type { Device } from '../../device.js';
import type { CursorImage, DeviceDisplay } from '../../display.js';
import type { DeviceStatistics } from '../../statistics.js';
import { encodeCursor, encodeEnd, encodeHeader, encodeNote, encodeSamples } from '../../trace/recording/encoder.js';
import type { RecordedNote } from '../../trace/recording/format.js';
import { type ChartOf, headerOf, MAILBOXES, SAMPLED } from './header.js';
import { RingCollector } from './ring-collector.js';

/** How often rings are read: a ring of DETAILED_RING_ENTRIES is filled in no less than fifty times as long. */
const COLLECT_MS = 16;
/** Samples come with every third look. */
const SAMPLE_EVERY = 3;

/** Takes the chunks. */
export interface ChunkSink {
  /** The header, or a thread's: to be kept as long as anything of the recording is. */
  preamble(chunk: Uint8Array): void;
  piece(chunk: Uint8Array): void;
  /** All has come. */
  ended(): void;
}

/** CLOCK_MONOTONIC, in nanoseconds. */
export const monotonicNow = (): number => Number(process.hrtime.bigint());

export interface RecorderOptions {
  /** Machines' charts for the header. Default none. */
  readonly chartOf?: ChartOf;
}

export class DeviceRecorder {
  private readonly bridge = loadBridge();
  private readonly collector: RingCollector;
  private readonly timer: NodeJS.Timeout;
  private looks = 0;
  private isOver = false;
  private statistics: DeviceStatistics;
  private readonly cursors: { x: number; y: number; shown: boolean }[];
  private lifeCycle = '';
  private readonly off: () => void;
  /** What this look has found so far: it leaves as one piece, since each costs whoever sends it on the same. */
  private readonly found: Uint8Array[] = [];

  /** Begins to record. Throws ArgumentError unless the device was made with `traceDetail`. */
  constructor(
    private readonly device: Device,
    private readonly sink: ChunkSink,
    { chartOf }: RecorderOptions = {},
  ) {
    if (!device.internals.wiring.traceDetail) throw new ArgumentError('the device was made without traceDetail, which a recording needs');
    const epoch = 1e6 * Date.now() - monotonicNow();
    sink.preamble(encodeHeader(headerOf(device, epoch, chartOf)));
    this.collector = new RingCollector({
      rings: () => device.traceRings,
      pvgThreadName: (thread) => this.bridge.pvg_device_thread_name(thread),
      onThread: (chunk) => sink.preamble(chunk),
      onEvents: (chunk) => this.found.push(chunk),
    });
    this.statistics = device.statistics;
    this.cursors = device.displays.map(() => ({ x: Number.NaN, y: Number.NaN, shown: false }));
    this.off = this.listen();
    this.timer = setInterval(() => this.look(), COLLECT_MS);
    this.timer.unref();
    this.look();
  }

  /** Says something that no thread noted. */
  note(kind: RecordedNote['kind'], text: string): void {
    if (this.isOver) return;
    this.found.push(encodeNote({ nanoseconds: monotonicNow(), kind, text }));
    this.hand();
  }

  /** Reads what the rings have by now. */
  look(): void {
    if (this.isOver) return;
    this.collector.collect();
    const { lifeCycle } = this.device;
    if (lifeCycle !== this.lifeCycle) this.note('lifeCycle', lifeCycle);
    this.lifeCycle = lifeCycle;
    for (const display of this.device.displays) this.lookAtCursor(display);
    if (this.looks++ % SAMPLE_EVERY === 0) this.sample();
    this.hand();
  }

  /** Ends the recording; nothing comes afterwards. Idempotent. */
  end(reason: string): void {
    if (this.isOver) return;
    this.look();
    this.isOver = true;
    clearInterval(this.timer);
    this.off();
    const statistics = Object.fromEntries(Object.entries(this.statistics).filter(([, value]) => typeof value === 'number'));
    this.sink.piece(encodeEnd({ nanoseconds: monotonicNow(), reason, statistics }));
    this.sink.ended();
  }

  private hand(): void {
    if (this.found.length > 0) this.sink.piece(Buffer.concat(this.found.splice(0)));
  }

  private listen(): () => void {
    const { device } = this;
    const onGuestError = (text: string): void => this.note('guestError', text);
    const onClosed = (reason: Error | null): void => {
      if (reason !== null) this.note(reason.name === 'DeadlockError' ? 'deadlock' : 'warning', reason.message);
      this.end(reason === null ? 'closed' : reason.message);
    };
    const cursors = device.displays.map((display) => {
      const listener = (image: CursorImage): void => {
        this.tellCursor(display, image);
        this.hand();
      };
      display.on('cursor', listener);
      if (display.cursorImage !== null) listener(display.cursorImage);
      return () => display.off('cursor', listener);
    });
    device.on('guestError', onGuestError);
    device.on('closed', onClosed);
    return () => {
      for (const off of cursors) off();
      device.off('guestError', onGuestError);
      device.off('closed', onClosed);
    };
  }

  private lookAtCursor(display: DeviceDisplay): void {
    const last = this.cursors[display.number];
    const { x, y } = display.cursor.place;
    const { shown } = display.cursor;
    if (last === undefined || (last.x === x && last.y === y && last.shown === shown)) return;
    Object.assign(last, { x, y, shown });
    this.tellCursor(display, null);
  }

  private tellCursor(display: DeviceDisplay, image: CursorImage | null): void {
    const { x, y } = display.cursor.place;
    const at = { display: display.number, nanoseconds: monotonicNow(), x, y, shown: display.cursor.shown };
    this.found.push(encodeCursor(image === null ? at : { ...at, image: { ...image, pixels: [...image.pixels] } }));
  }

  /** Of a device that is being closed there is nothing to be asked any more; what it counted last stays. */
  private sample(): void {
    const { bridge, device } = this;
    if (this.lifeCycle === 'closed') return;
    const { mailboxes } = device.internals.wiring;
    this.statistics = device.statistics;
    const depths = MAILBOXES.map(([key]) => Math.max(0, mailboxes[key] === 0 ? 0 : bridge.pvg_mailbox_depth(mailboxes[key])));
    this.found.push(encodeSamples({ nanoseconds: monotonicNow(), values: [...depths, ...SAMPLED.map((name) => this.statistics[name])] }));
  }
}
