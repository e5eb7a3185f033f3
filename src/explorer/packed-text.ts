/**
 * Long schedules, packed: the edge to zlib.
 *
 * Invariant: what unpack() gives is never longer than it is told, whatever it is given.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

export function pack(text: string): string {
  return deflateRawSync(text, { level: 9 }).toString('base64url');
}

/** The text again; null if it is damaged or longer than `most` bytes. */
export function unpack(packed: string, most: number): string | null {
  if (!/^[\w-]*$/.test(packed)) return null;
  try {
    return inflateRawSync(Buffer.from(packed, 'base64url'), { maxOutputLength: most }).toString('utf8');
  } catch {
    // Whatever zlib has to say about it, it isn't what pack() gave.
    return null;
  }
}
