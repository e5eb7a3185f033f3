/**
 * A recording in a file, as a dashboard's source.
 *
 * Invariant: it is read in pieces of a fixed size, as viewers ask for them, and nothing of it is kept. What it holds is checked by who reads it; here it
 * only has to begin as a recording does.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { RecordingError } from '../../base/errors.js';
import { DASHBOARD_FILE_PIECE_BYTES } from '../../base/limits.js';
import { MAGIC } from '../../trace/recording/format.js';
import type { StreamSource } from './source.js';

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
    return {
      isLive: false,
      title: basename(path),
      preamble: [],
      first: 0,
      end: Math.ceil((size - MAGIC.length) / DASHBOARD_FILE_PIECE_BYTES),
      isComplete: true,
      displays: 0,
      read: (number) => readPart(file, MAGIC.length + number * DASHBOARD_FILE_PIECE_BYTES, DASHBOARD_FILE_PIECE_BYTES),
      frame: () => null,
      onChange: () => () => undefined,
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
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
