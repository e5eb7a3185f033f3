/**
 * The pci variant's option ROM: the bytes that a firmware finds in the expansion ROM's BAR.
 *
 * What it does not do: read files, or look at what the bytes are; the guest's firmware judges that.
 */
import { ArgumentError } from '../base/errors.js';
import { MAX_OPTION_ROM_BYTES } from '../base/limits.js';

/** A BAR decodes a power of two, and an expansion ROM's at least this much. */
const MIN_ROM_BYTES = 2048;

/** Throws ArgumentError unless there may be an option ROM of that many bytes. */
export function checkOptionRomBytes(bytes: number): void {
  if (bytes < 1 || bytes > MAX_OPTION_ROM_BYTES) {
    throw new ArgumentError(`optionRom has ${bytes} bytes, expected 1..${MAX_OPTION_ROM_BYTES}`);
  }
}

/** A copy of the ROM, padded with zeros to a power of two of at least 2 KiB. Throws ArgumentError if it is empty or too large. */
export function padOptionRom(bytes: Uint8Array): Uint8Array {
  checkOptionRomBytes(bytes.length);
  let length = MIN_ROM_BYTES;
  while (length < bytes.length) length *= 2;
  const padded = new Uint8Array(length);
  padded.set(bytes);
  return padded;
}
