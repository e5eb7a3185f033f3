/**
 * What the picture must be, and what it is: the reference renderer of the tests, and a VNC viewer of theirs.
 *
 * Both are TypeScript, which is bundled when it is needed. Invariant: nothing here knows the device.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { PNG } from 'pngjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** `folder` is where the bundle goes. */
export async function loadReference(folder) {
  const outfile = join(folder, 'reference.mjs');
  const contents = "export * from './test/reference/renderer.ts'; export * from './test/embed/rfb/client.ts';";
  await build({ stdin: { contents, resolveDir: root, loader: 'ts' }, bundle: true, platform: 'node', format: 'esm', outfile });
  return import(pathToFileURL(outfile).href);
}

/** The words of a PNG, opaque, and its size. */
export function readPicture(path) {
  const { width, height, data } = PNG.sync.read(readFileSync(path));
  const pixels = new Uint32Array(width * height);
  for (let at = 0; at < pixels.length; at++) pixels[at] = (0xff << 24) | (data[4 * at] << 16) | (data[4 * at + 1] << 8) | data[4 * at + 2];
  return { width, height, pixels };
}

/** Throws if a picture isn't the one that is expected; colours only. */
export function comparePictures(what, found, expected) {
  if (found.width !== expected.width || found.height !== expected.height)
    throw new TypeError(`${what} is ${found.width}x${found.height}, not ${expected.width}x${expected.height}`);
  const colour = (word) => word & 0xff_ffff;
  let wrong = 0;
  let first = '';
  for (let at = 0; at < expected.pixels.length; at++) {
    if (colour(found.pixels[at]) === colour(expected.pixels[at])) continue;
    const [x, y] = [at % found.width, Math.floor(at / found.width)];
    if (wrong++ === 0) first = `(${x}, ${y}) is ${colour(found.pixels[at]).toString(16)}, not ${colour(expected.pixels[at]).toString(16)}`;
  }
  if (wrong > 0) throw new TypeError(`${wrong} of ${what}'s ${expected.pixels.length} pixels are wrong, the first: ${first}`);
}
