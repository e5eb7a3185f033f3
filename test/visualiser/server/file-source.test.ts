/**
 * A recording in a file as viewers get it: checked once, up to the last chunk that is right, with what is wrong behind it in words.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type FileSource, openFileSource } from '../../../dist/src/visualiser/server/file-source.js';
import { DASHBOARD_FILE_PIECE_BYTES } from '../../../src/base/limits.js';
import { encodeChunk, encodeEnd, encodeHeader, encodeNote } from '../../../src/trace/recording/encoder.js';
import { ChunkKind, MAGIC, type RecordingHeader } from '../../../src/trace/recording/format.js';
import { fileBytes, HEADER, pieces } from '../../page/recordings.js';

const folder = mkdtempSync(join(tmpdir(), 'file-source-'));
let source: FileSource | null = null;
afterEach(async () => {
  await source?.close();
  source = null;
});
afterAll(() => rmSync(folder, { recursive: true }));

const open = async (...parts: readonly Uint8Array[]): Promise<FileSource> => {
  const path = join(folder, 'file.agfxrec');
  writeFileSync(path, Buffer.concat(parts));
  source = await openFileSource(path);
  return source;
};

/** What a viewer gets that reads it to its end. */
async function readAll(from: FileSource): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for (let number = 0; number < from.end; number++) all.push((await from.read(number)) ?? new Uint8Array());
  return Buffer.concat(all);
}

const header = encodeHeader(HEADER);
const end = encodeEnd({ nanoseconds: 9, reason: 'done', statistics: {} });
/** Longer than a piece. */
const long = encodeNote({ nanoseconds: 1, kind: 'trace', text: 'x'.repeat(DASHBOARD_FILE_PIECE_BYTES) });
const withMachine = (definition: unknown): Uint8Array =>
  encodeHeader({ ...HEADER, machines: [{ name: 'lamp', events: [], states: [], definition }] } as RecordingHeader);

describe('a file', () => {
  it('that is whole is given as it is, to one viewer after the other', async () => {
    const file = await open(MAGIC, header, long, long, end);
    expect(file.end).toBe(3);
    for (const _ of [1, 2]) expect((await readAll(file)).equals(Buffer.concat([header, long, long, end]))).toBe(true);
    expect(file.missing).toBeNull();
  });

  it('is read by several at once', async () => {
    const file = await open(MAGIC, header, long, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0), long);
    const both = await Promise.all([readAll(file), readAll(file)]);
    for (const bytes of both) expect(bytes.equals(Buffer.concat([header, long]))).toBe(true);
  });

  it.each([
    ['it is empty', [], []],
    ["it ends within a chunk: its last 20 bytes can't be read", [header, end.subarray(0, 20)], [header]],
    ["it ends within a chunk: its last 3 bytes can't be read", [header, long, end, Uint8Array.of(7, 0, 0)], [header, long, end]],
    ['it was not ended in order: what happened last may be missing', [header, long], [header, long]],
    ['there is no chunk at byte', [header, long, Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7), end], [header, long]],
    ['it begins with a chunk of kind 8, expected its header', [end, header], []],
    ['note: kind is missing, expected a text', [header, encodeChunk(ChunkKind.note, Buffer.from('{}')), end], [header]],
    ['the chart of machine lamp.states is undefined, expected a list', [withMachine({}), end], []],
  ])('that is wrong is given as far as it is right: %s', async (text, parts, right) => {
    const file = await open(MAGIC, ...parts);
    const bytes = await readAll(file);
    expect(file.missing).toContain(text);
    expect(bytes.equals(Buffer.concat(right))).toBe(true);
    expect((await readAll(file)).equals(bytes)).toBe(true);
  });

  it('that is damaged within a chunk of several pieces is given up to that chunk by the second viewer', async () => {
    const broken = Uint8Array.from(long);
    broken[broken.length - 2] = 0;
    const file = await open(MAGIC, header, broken, end);
    await readAll(file);
    expect(file.missing).toMatch(/note is no JSON: .*; what comes behind is missing/);
    expect((await readAll(file)).equals(header)).toBe(true);
  });

  it('that is a recording’s, cut at any byte, is its chunks up to there', async () => {
    const bytes = fileBytes(3);
    const chunks = pieces(3);
    for (let length = MAGIC.length; length <= bytes.length; length += 97) {
      const file = await open(bytes.subarray(0, length));
      const whole = await readAll(file);
      let count = 0;
      let taken = MAGIC.length;
      while (count < chunks.length && taken + (chunks[count]?.length ?? 0) <= length) taken += chunks[count++]?.length ?? 0;
      expect(whole.equals(Buffer.concat(chunks.slice(0, count)))).toBe(true);
      expect(file.missing === null).toBe(count === chunks.length);
      await file.close();
      source = null;
    }
  });
});
