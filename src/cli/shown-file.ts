/**
 * A file that `apple-gfx open` shows: a recording, read as viewers ask for it, or a log of QEMU's, which is made a recording in memory.
 *
 * Invariant: what is neither is refused before anything is served.
 */
import { basename } from 'node:path';
import { encodeChunk } from '../trace/recording/encoder.js';
import type { FileSource } from '../visualiser/server/file-source.js';
import type { StreamSource } from '../visualiser/server/source.js';
import { openTraceFile } from './trace-file.js';

/** Opens it. `warn`: told of what doesn't fit in a log. Rejects with UsageError and RecordingError. */
export async function openShownFile(path: string, warn: (text: string) => void): Promise<FileSource> {
  const file = await openTraceFile(path);
  if (file.kind === 'recording') {
    const { openFileSource } = await import('../visualiser/server/file-source.js');
    return openFileSource(path);
  }
  const pieces: Uint8Array[] = [];
  for await (const { kind, payload } of file.chunks()) pieces.push(encodeChunk(kind, payload));
  const complaints = file.summary?.complaintCount ?? 0;
  if (complaints > 0)
    warn(
      `${path}: ${complaints} ${complaints === 1 ? 'thing does' : 'things do'} not fit the device's machines; apple-gfx trace check ${path} names what`,
    );
  const source: StreamSource = {
    ...{ isLive: false, title: basename(path), preamble: [], first: 0, end: pieces.length, isComplete: true, displays: 0 },
    read: (number) => pieces[number] ?? null,
    frame: () => null,
    onChange: () => () => undefined,
  };
  return { ...source, close: () => Promise.resolve() };
}
