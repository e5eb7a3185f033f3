/**
 * A saved device in memory: a description and named blobs, as one array of bytes.
 *
 * Invariant: what encodeSavedState() gives, decodeSavedState() gives back; whatever is not exactly that is refused with
 * a SavedStateError that says why. The bytes are described in saved-state-format.ts.
 *
 * What it does not do: hold a guest's RAM. SavedStateWriter and SavedStateReader carry that in pieces, into and out of
 * the same format.
 */
import { SavedStateError } from '../base/errors.js';
import { MAX_SAVED_BLOB_BYTES } from '../base/limits.js';
import { SavedStateReader, type SavedStateSource } from './saved-state-reader.js';
import { SavedStateWriter } from './saved-state-writer.js';

export interface SavedState {
  /** What the device says of itself; an object that JSON can express. */
  readonly description: object;
  /** By name: 1 to 64 printable ASCII characters. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/** A source whose bytes are in memory. */
export function sourceOf(bytes: Uint8Array): SavedStateSource {
  return { length: bytes.length, read: (at, length) => bytes.subarray(at, at + length) };
}

/** Throws ArgumentError for a description or a name that can't be written. */
export function encodeSavedState({ description, blobs }: SavedState): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new SavedStateWriter((bytes) => parts.push(bytes), description);
  for (const [name, bytes] of blobs) writer.blob(name, bytes);
  writer.end();
  return Buffer.concat(parts);
}

/** Throws SavedStateError unless `bytes` are a whole, unchanged saved state of a format that is known. */
export function decodeSavedState(bytes: Uint8Array): { description: Readonly<Record<string, unknown>>; blobs: Map<string, Uint8Array> } {
  const reader = new SavedStateReader(sourceOf(bytes));
  const total = [...reader.lengths.values()].reduce((sum, length) => sum + length, 0);
  if (total > MAX_SAVED_BLOB_BYTES) {
    throw new SavedStateError('limit', `its blobs have ${total} bytes, at most ${MAX_SAVED_BLOB_BYTES} are possible at once`);
  }
  return { description: reader.description, blobs: new Map([...reader.lengths.keys()].map((name) => [name, reader.blob(name)])) };
}
