/**
 * vncsnapshot: writes a JPEG of the best quality, in which a colour may be a little off. It draws the cursor itself, but
 * without half-transparent pixels, which such a viewer's cursors have not; so it is told to leave it out.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { find, run } from './process.mjs';

/** Of 255; what rounding does to a block of 8 × 8 pixels. */
const TOLERANCE = 3;

export async function vncsnapshot({ port, folder }) {
  const program = find(['vncsnapshot'], 'vncsnapshot');
  const convert = find(['convert-im6.q16', 'magick', 'convert'], 'imagemagick');
  const [jpeg, ppm] = ['jpg', 'ppm'].map((ending) => join(folder, `vncsnapshot.${ending}`));
  await run(program, ['-quiet', '-nocursor', '-nojpeg', '-encodings', 'raw', '-quality', '100', `127.0.0.1:${port - 5900}`, jpeg]);
  await run(convert, [jpeg, '-depth', '8', ppm]);
  return { ...parsePpm(await readFile(ppm)), hasCursor: false, tolerance: TOLERANCE };
}

/** A binary PPM with 8 bits a colour. */
function parsePpm(bytes) {
  const [head, , width, height] = /^(P6\s+(\d+)\s+(\d+)\s+255\s)/.exec(bytes.subarray(0, 64).toString('latin1')) ?? [];
  if (head === undefined) throw new Error('the picture is no PPM with 8 bits a colour');
  const at = head.length;
  const pixels = Uint32Array.from({ length: width * height }, (_, index) => bytes.readUIntBE(at + 3 * index, 3));
  return { width: Number(width), height: Number(height), pixels };
}
