/**
 * gvnccapture: connects, waits for one whole picture, and writes it as a PNG. It draws no cursor, so the server paints it into the picture.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { find, run } from './process.mjs';

export async function gvnccapture({ port, folder }) {
  const program = find(['gvnccapture'], 'gvncviewer');
  const file = join(folder, 'gvnccapture.png');
  await run(program, ['--quiet', `127.0.0.1:${port - 5900}`, file]);
  const { width, height, data } = PNG.sync.read(await readFile(file));
  return { width, height, pixels: wordsOf(data) };
}

/** R, G, B, A bytes as words. */
export function wordsOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, at) => {
    const word = view.getUint32(4 * at);
    return ((word >>> 8) | (word << 24)) >>> 0;
  });
}
