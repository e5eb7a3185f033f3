/**
 * Pictures: what the independent renderer says a frame is, and where a viewer's differs from it.
 *
 * A picture is { width, height, pixels }, pixels as 0xAARRGGBB words whose alpha counts for nothing.
 */
import { fileURLToPath } from 'node:url';

const TESTS = fileURLToPath(new URL('..', import.meta.url));

/** The exports of a module in TypeScript that loads no package. */
export async function compiled(path) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({ entryPoints: [`${TESTS}${path}`], bundle: true, write: false, format: 'esm', logLevel: 'error' });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}

/** The frame with the cursor at its place, and without. */
export async function referenceOf({ frame, width, height }) {
  const { renderFrame, renderScreenshot } = await compiled('reference/renderer.ts');
  const picture = (render) => ({ width, height, pixels: render(frame, width, height) });
  return { withCursor: picture(renderScreenshot), withoutCursor: picture(renderFrame) };
}

const hex = (word) => (word & 0xff_ffff).toString(16).padStart(6, '0');

/** How far apart two colours are: the largest difference of red, green or blue. */
function apart(one, other) {
  if (((one ^ other) & 0xff_ffff) === 0) return 0;
  return Math.max(...[16, 8, 0].map((shift) => Math.abs(((one >> shift) & 0xff) - ((other >> shift) & 0xff))));
}

/** null if they are the same, colours no farther apart than `tolerance`; else how they differ. */
export function difference(seen, wanted, tolerance = 0) {
  if (seen.width !== wanted.width || seen.height !== wanted.height) {
    return `it is ${seen.width}x${seen.height} large, expected ${wanted.width}x${wanted.height}`;
  }
  let count = 0;
  let first = -1;
  for (let at = 0; at < wanted.pixels.length; at++) {
    if (apart(seen.pixels[at], wanted.pixels[at]) <= tolerance) continue;
    if (count++ === 0) first = at;
  }
  if (count === 0) return null;
  const place = `${first % wanted.width},${Math.floor(first / wanted.width)}`;
  return `${count} pixels are not as they should be, the first at ${place}: ${hex(seen.pixels[first])}, expected ${hex(wanted.pixels[first])}`;
}
