/**
 * Writes a device's recording to a file: all of it as it comes, or the last seconds when something goes wrong and at the end.
 *
 * Invariant: what is written is chunks that are whole, header first, so a file can be read up to where its writer was cut off. What a slow disk
 * leaves in memory is bounded: beyond that pieces are left out, and the recording says how many. Pictures are made no faster than half a core compresses them.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { Device } from '../../device.js';
import type { DeviceDisplay } from '../../display.js';
import { encodeNote } from '../../trace/recording/encoder.js';
import { MAGIC } from '../../trace/recording/format.js';
import { type ChunkSink, monotonicNow } from './device-recorder.js';
import { FrameMaker } from './frame-maker.js';

/** Bytes that may wait for the disk. */
const MAX_WAITING_BYTES = 64 * 2 ** 20;
/** A recording has at most so many pictures of a display a second. */
const FRAME_MS = 33;
/** How long pictures are told as what changed since the one before, until a whole one comes again. */
const WHOLE_EVERY_MS = 1000;
/** Bytes that are kept of the last seconds, however long those are. */
const MAX_KEPT_BYTES = 256 * 2 ** 20;

export interface FileOptions {
  /** Keep so many seconds only; undefined: all of it is written as it comes. */
  readonly lastSeconds?: number | undefined;
}

interface Piece {
  readonly chunk: Uint8Array;
  readonly milliseconds: number;
}

export class FileRecorder implements ChunkSink {
  private readonly preambles: Uint8Array[] = [];
  private kept: Piece[] = [];
  private keptBytes = 0;
  private skipped = 0;
  private isOver = false;
  private dumping: Promise<void> = Promise.resolve();
  private timers: NodeJS.Timeout[] = [];

  private constructor(
    private readonly path: string,
    private readonly stream: WriteStream | null,
    private readonly lastSeconds: number,
  ) {
    stream?.write(MAGIC);
  }

  /** Opens the file, and leaves what is there if only the last seconds are to be written. Rejects if it can't be written. */
  static async create(path: string, { lastSeconds }: FileOptions = {}): Promise<FileRecorder> {
    const handle = await open(path, lastSeconds === undefined ? 'w' : 'a');
    if (lastSeconds !== undefined) await handle.close();
    return new FileRecorder(path, lastSeconds === undefined ? handle.createWriteStream() : null, lastSeconds ?? 0);
  }

  preamble(chunk: Uint8Array): void {
    if (this.stream) this.stream.write(chunk);
    else this.preambles.push(chunk);
  }

  piece(chunk: Uint8Array): void {
    if (this.stream) this.write(this.stream, chunk);
    else this.keep(chunk);
  }

  ended(): void {
    this.isOver = true;
    for (const timer of this.timers) clearTimeout(timer);
  }

  /** Records pictures of a device's displays too, from now on. */
  addFrames(device: Device): void {
    for (const display of device.displays) this.followDisplay(display);
  }

  /** Something has gone wrong: of a recording of the last seconds, writes them. */
  dump(): void {
    if (this.stream) return;
    this.dumping = this.dumping.then(() => this.writeKept());
    // Who closes the recorder hears of it.
    this.dumping.catch(() => undefined);
  }

  /** Resolves when all is in the file. Rejects if it could not be written. */
  async close(): Promise<void> {
    this.ended();
    if (this.stream) return finished(this.stream.end());
    this.dump();
    return this.dumping;
  }

  private write(stream: WriteStream, chunk: Uint8Array): void {
    if (stream.writableLength > MAX_WAITING_BYTES) {
      this.skipped++;
      return;
    }
    if (this.skipped > 0) {
      const text = `${this.skipped} pieces of the recording were left out, since ${this.path} could not be written fast enough`;
      stream.write(encodeNote({ nanoseconds: monotonicNow(), kind: 'skipped', text }));
      this.skipped = 0;
    }
    stream.write(chunk);
  }

  private keep(chunk: Uint8Array): void {
    const milliseconds = performance.now();
    this.kept.push({ chunk, milliseconds });
    this.keptBytes += chunk.length;
    const oldest = this.kept[0]?.milliseconds ?? milliseconds;
    // A second more at a time, so that it is seldom done.
    if (milliseconds - oldest > 1000 * (this.lastSeconds + 1) || this.keptBytes > MAX_KEPT_BYTES) this.forget(milliseconds);
  }

  private forget(now: number): void {
    let count = 0;
    let bytes = this.keptBytes;
    for (const { chunk, milliseconds } of this.kept) {
      if (now - milliseconds <= 1000 * this.lastSeconds && bytes <= (MAX_KEPT_BYTES / 8) * 7) break;
      bytes -= chunk.length;
      count++;
    }
    this.kept = this.kept.slice(count);
    this.keptBytes = bytes;
  }

  /** Beside the file and renamed, so that there is always a whole one. */
  private async writeKept(): Promise<void> {
    const temporary = `${this.path}.${process.pid}.tmp`;
    const stream = createWriteStream(temporary);
    stream.write(MAGIC);
    for (const chunk of this.preambles) stream.write(chunk);
    for (const { chunk } of this.kept) stream.write(chunk);
    await finished(stream.end());
    await rename(temporary, this.path);
  }

  private followDisplay(display: DeviceDisplay): void {
    const maker = new FrameMaker(display);
    let sequence = -1;
    let wholeAt = 0;
    let seen = 0;
    const step = async (): Promise<void> => {
      const began = performance.now();
      const { sequence: current = 0 } = display.surface ?? {};
      // A picture that stays is told again only where what was told before goes.
      if (began - wholeAt > WHOLE_EVERY_MS && (this.stream === null || current !== seen)) sequence = -1;
      seen = current;
      const made = await maker.make(sequence, monotonicNow);
      if (this.isOver) return;
      if (made !== null) {
        if (sequence === -1) wholeAt = began;
        sequence = made.sequence;
        this.piece(made.chunk);
      }
      this.timers[display.number] = setTimeout(() => void step(), Math.max(FRAME_MS, performance.now() - began)).unref();
    };
    void step();
  }
}
