/**
 * A recording in a file, as a dashboard's source.
 *
 * Invariant: it is read in pieces of a fixed size, as viewers ask for them, and nothing of it is kept. Each piece is checked when it is read for the
 * first time, which is in order, since each viewer begins with the first; so viewers can believe what they get. Behind the last chunk that is right
 * nothing is given: the source ends there, and says why (`missing`).
 */
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { describeError, RecordingError } from '../../base/errors.js';
import { DASHBOARD_FILE_PIECE_BYTES } from '../../base/limits.js';
import { RecordingChecks } from '../../trace/recording/checks.js';
import { ChunkDecoder } from '../../trace/recording/decoder.js';
import { ChunkKind, MAGIC, type RecordingHeader } from '../../trace/recording/format.js';
import { readChart } from '../chart/check.js';
import type { SourceFrame, StreamSource } from './source.js';

/** A recording that is shown. */
export interface FileSource extends StreamSource {
  close(): Promise<void>;
}

/** Opens a recording. Rejects with RecordingError if it is none, and with what the system says if it can't be opened. */
export async function openFileSource(path: string): Promise<FileSource> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const magic = await readPart(file, 0, MAGIC.length);
    if (!MAGIC.every((byte, index) => byte === magic[index])) {
      throw new RecordingError(
        `${path} begins with ${JSON.stringify(magic.toString('latin1'))}, expected AGFXREC and version ${MAGIC.at(-1)}`,
      );
    }
    return new CheckedFile(file, basename(path), size - MAGIC.length);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function checkMachines(machines: RecordingHeader['machines']): void {
  for (const { name, definition } of machines) if (definition !== null) readChart(definition, `the chart of machine ${name.slice(0, 60)}`);
}

class CheckedFile implements FileSource {
  readonly isLive = false;
  readonly preamble = [];
  readonly first = 0;
  readonly isComplete = true;
  readonly displays = 0;
  missing: string | null = null;
  private readonly decoder = new ChunkDecoder();
  private readonly checks = new RecordingChecks(checkMachines);
  /** Pieces that were checked. */
  private checked = 0;
  private hasEnd = false;

  /** `length`: bytes behind MAGIC that are given. */
  constructor(
    private readonly file: FileHandle,
    readonly title: string,
    private length: number,
  ) {
    if (length === 0) this.missing = 'it is empty';
  }

  get end(): number {
    return Math.ceil(this.length / DASHBOARD_FILE_PIECE_BYTES);
  }

  async read(number: number): Promise<Uint8Array> {
    const at = number * DASHBOARD_FILE_PIECE_BYTES;
    const piece = await readPart(this.file, MAGIC.length + at, DASHBOARD_FILE_PIECE_BYTES);
    // Another viewer may have been faster.
    if (number === this.checked) this.check(piece);
    return piece.subarray(0, Math.max(0, this.length - at));
  }

  frame(): SourceFrame | null {
    return null;
  }

  onChange(): () => void {
    return () => undefined;
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private check(piece: Uint8Array): void {
    const { decoder } = this;
    let right = decoder.taken;
    this.checked++;
    try {
      for (const chunk of decoder.push(piece)) {
        this.checks.pass(chunk);
        right = decoder.taken;
        if (chunk.kind === ChunkKind.end) this.hasEnd = true;
      }
    } catch (error) {
      return this.stop(right, `${describeError(error)}; what comes behind is missing`);
    }
    if (this.checked < this.end) return;
    if (decoder.pending > 0) this.stop(right, `it ends within a chunk: its last ${decoder.pending} bytes can't be read`);
    else if (!this.hasEnd) this.missing = 'it was not ended in order: what happened last may be missing';
  }

  private stop(length: number, missing: string): void {
    this.length = length;
    this.missing = missing;
  }
}

/** As much of that part as the file has. */
async function readPart(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
