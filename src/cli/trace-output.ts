/**
 * Where `apple-gfx trace convert` writes: a file that is there when it is whole, or standard output.
 *
 * Invariant: no more is in memory than one piece and what the system buffers. On a terminal, standard error says how far it is when it takes long.
 */
import { createWriteStream, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { inflateRawSync } from 'node:zlib';
import { describeError } from '../base/errors.js';
import { UsageError } from './usage-error.js';

const PROGRESS_MS = 500;

/** Raw deflate's content, of so many bytes at most. */
export const inflate = (deflated: Uint8Array, bytes: number): Uint8Array =>
  inflateRawSync(deflated, { maxOutputLength: Math.max(1, bytes) });

export class TraceOutput {
  private bytes = 0;
  private toldAt = performance.now();
  private hasTold = false;
  private failure: Error | null = null;

  private constructor(
    private readonly stream: Writable,
    /** Where it is written until it is whole; null if it is written where it belongs. */
    private readonly part: string | null,
    private readonly path: string,
  ) {
    stream.on('error', (error) => {
      this.failure = error;
    });
  }

  /** `-` is standard output. Rejects with UsageError if it can't be written. */
  static async open(path: string): Promise<TraceOutput> {
    if (path === '-') return new TraceOutput(process.stdout, null, path);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) throw new UsageError(`${path} is a folder, expected a file`);
    // A device or a pipe is written as it is.
    const part = stat === undefined || stat.isFile() ? `${path}.part` : null;
    const stream = createWriteStream(part ?? path);
    await new Promise((resolve, reject) => {
      stream.once('open', resolve);
      stream.once('error', (error) => reject(new UsageError(`${path} can't be written: ${describeError(error)}`)));
    });
    return new TraceOutput(stream, part, path);
  }

  /** Resolves when there is room for more. */
  async write(piece: Uint8Array): Promise<void> {
    this.check();
    if (piece.length === 0) return;
    this.bytes += piece.length;
    this.tell();
    if (!this.stream.write(piece)) await new Promise<void>((resolve) => this.onRoom(resolve));
    this.check();
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    if (this.hasTold) process.stderr.write('\r\x1b[K');
    if (this.stream === process.stdout) return void (await new Promise<void>((resolve) => process.stdout.write('', () => resolve())));
    await finished(this.stream.end());
    if (this.part !== null) await rename(this.part, this.path);
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    if (this.hasTold) process.stderr.write('\r\x1b[K');
    if (this.stream !== process.stdout) this.stream.destroy();
    if (this.part !== null) await rm(this.part, { force: true });
  }

  private onRoom(resolve: () => void): void {
    const done = (): void => {
      this.stream.off('drain', done);
      this.stream.off('error', done);
      this.stream.off('close', done);
      resolve();
    };
    for (const event of ['drain', 'error', 'close']) this.stream.on(event, done);
  }

  private check(): void {
    if (this.failure !== null) throw new UsageError(`${this.path} can't be written: ${describeError(this.failure)}`);
  }

  private tell(): void {
    if (process.stderr.isTTY !== true || performance.now() - this.toldAt < PROGRESS_MS) return;
    this.toldAt = performance.now();
    this.hasTold = true;
    process.stderr.write(`\r\x1b[Kapple-gfx: ${(this.bytes / 2 ** 20).toFixed(1)} MiB written`);
  }
}
