/**
 * A file with a trace, as a recording's chunks: a recording, or a log of QEMU's with events of this device, told apart by what is in it.
 *
 * Invariant: what is whole of a file that was cut off is given, and then `missing` says what is not. A log is read to its end before there is a
 * chunk, and takes the memory of the recording that it becomes.
 */
import { createReadStream, statSync } from 'node:fs';
import { describeError, RecordingError } from '../base/errors.js';
import { VERSION } from '../runtime/version.js';
import { FileDecoder } from '../trace/recording/file-decoder.js';
import { type Chunk, MAGIC } from '../trace/recording/format.js';
import { HAS_EVENTS } from '../visualiser/convert/import-line.js';
import { type ImportSummary, LogImport } from '../visualiser/convert/import-log.js';
import { checkedMachines } from './trace-machines.js';
import { UsageError } from './usage-error.js';

/** Of a file, what is looked at to tell what it is. */
const HEAD_BYTES = 4 * 2 ** 20;
const GZIP = [0x1f, 0x8b];

/** What is known of a file once its chunks have been read. */
export interface TraceFile {
  /** For messages. */
  readonly name: string;
  readonly kind: 'recording' | 'log';
  /** Gives them once; those of a recording as they are, unchecked. Rejects with RecordingError if there is none that can be read. */
  readonly chunks: () => AsyncGenerator<Chunk>;
  /** Of a recording that was cut off or is damaged: what is missing. Null before it is known, and if nothing is. */
  readonly missing: string | null;
  /** Of a log: what was found in it; null before it is known. */
  readonly summary: ImportSummary | null;
}

/** Opens a file, `-` being standard input. Rejects with UsageError for one that can't be read, and RecordingError for one that is neither. */
export async function openTraceFile(path: string): Promise<TraceFile> {
  const name = path === '-' ? 'standard input' : path;
  const pieces = read(path, name);
  const head: Uint8Array[] = [];
  let length = 0;
  while (length < HEAD_BYTES) {
    const piece = await pieces.next();
    if (piece.done === true) break;
    head.push(piece.value);
    length += piece.value.length;
    if (startsWith(head, MAGIC.subarray(0, -1))) return new RecordingFile(name, head, pieces);
    if (length >= MAGIC.length && HAS_EVENTS.test(textOf(head.slice(-2)))) break;
  }
  if (HAS_EVENTS.test(textOf(head))) return new LogFile(name, head, pieces);
  throw new RecordingError(
    `${name} is ${describeHead(head, length)}, expected a recording (run --record) or a log with apple_gfx_* events`,
  );
}

/** As openTraceFile(), for who wants the chunks and nothing else: an incomplete recording ends where it does. */
export async function* readTraceFile(path: string): AsyncGenerator<Chunk> {
  yield* (await openTraceFile(path)).chunks();
}

async function* read(path: string, name: string): AsyncGenerator<Uint8Array> {
  if (path !== '-' && statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`${name} is a folder, expected a file`);
  try {
    for await (const piece of path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 2 ** 18 })) yield piece as Uint8Array;
  } catch (error) {
    throw new UsageError(`${name} can't be read: ${describeError(error)}`);
  }
}

async function* after(head: readonly Uint8Array[], rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* head;
  yield* rest;
}

function startsWith(pieces: readonly Uint8Array[], expected: Uint8Array): boolean {
  const start = pieces.flatMap((piece) => [...piece.subarray(0, expected.length)]);
  return expected.every((byte, at) => start[at] === byte);
}

const textOf = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString('latin1');

function describeHead(head: readonly Uint8Array[], length: number): string {
  if (length === 0) return 'empty';
  if (startsWith(head, Uint8Array.from(GZIP))) return 'compressed by gzip';
  return /[^\t\n\r -~\x80-\xff]/.test(textOf(head).slice(0, 4096)) ? 'something else' : 'a text without such events in its beginning';
}

class RecordingFile implements TraceFile {
  readonly kind = 'recording';
  readonly summary = null;
  missing: string | null = null;

  constructor(
    readonly name: string,
    private readonly head: readonly Uint8Array[],
    private readonly rest: AsyncGenerator<Uint8Array>,
  ) {}

  readonly chunks = async function* (this: RecordingFile): AsyncGenerator<Chunk> {
    const decoder = new FileDecoder();
    let count = 0;
    try {
      for await (const piece of after(this.head, this.rest)) {
        for (const chunk of decoder.push(piece)) {
          count++;
          yield chunk;
        }
      }
    } catch (error) {
      if (!(error instanceof RecordingError) || count === 0) throw error;
      this.missing = `${error.message}; what comes behind is missing`;
      return;
    }
    if (decoder.pending > 0) this.missing = `it ends within a chunk: its last ${decoder.pending} bytes can't be read`;
  }.bind(this);
}

class LogFile implements TraceFile {
  readonly kind = 'log';
  readonly missing = null;
  summary: ImportSummary | null = null;

  constructor(
    readonly name: string,
    private readonly head: readonly Uint8Array[],
    private readonly rest: AsyncGenerator<Uint8Array>,
  ) {}

  readonly chunks = async function* (this: LogFile): AsyncGenerator<Chunk> {
    const log = new LogImport({ machines: checkedMachines(), producer: `apple-gfx ${VERSION} (import)` });
    for await (const piece of after(this.head, this.rest)) log.push(piece);
    const { chunks, summary } = log.finish();
    this.summary = summary;
    const decoder = new FileDecoder();
    for (const bytes of chunks) yield* decoder.push(bytes);
  }.bind(this);
}
