/**
 * TigerVNC's viewer on an X server without a screen, whose memory is a file (XWD). Where its window is depends on what it takes a window's frame
 * for, so the picture is looked for; it can't be told where the cursor is, so the server paints it.
 */
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { difference } from './picture.mjs';
import { find, start } from './process.mjs';

const PATIENCE_MS = 20_000;
/** So much larger than the picture is the screen. */
const MARGIN = 64;

export async function tigervnc({ port, folder, width, height, reference }, encoding) {
  const viewer = find(['xtigervncviewer', 'vncviewer'], 'tigervnc-viewer');
  const server = find(['Xvfb'], 'xvfb');
  const screen = `${width + MARGIN}x${height + MARGIN}x24`;
  const memory = await mkdtemp(join(folder, 'screen-'));
  // It writes its number where it is told to once it serves.
  const args = ['-displayfd', '1', '-nocursor', '-nolisten', 'tcp', '-noreset', '-fbdir', memory, '-screen', '0', screen];
  const x = start(server, args);
  let window = null;
  try {
    const number = await until(() => /^(\d+)$/m.exec(x.said)?.[1], 'the X server did not start');
    const options = ['-Shared', '-AutoSelect=0', '-FullColor=1', `-PreferredEncoding=${encoding}`, '-RemoteResize=0', '-MenuKey='];
    const place = ['-geometry', `${width}x${height}+0+0`, `127.0.0.1::${port}`];
    window = start(viewer, [...options, ...place], { DISPLAY: `:${number}`, HOME: folder });
    const wanted = reference.withCursor;
    const look = async () => pictureOn(parseXwd(await readFile(join(memory, 'Xvfb_screen0'))), wanted);
    const deadline = performance.now() + PATIENCE_MS;
    let seen = await look();
    while (performance.now() < deadline && difference(seen, wanted) !== null) {
      await sleep(100);
      seen = await look();
      if (window.child.exitCode !== null) throw new Error(`the viewer has ended: ${window.said.trim().slice(-500)}`);
    }
    return seen;
  } finally {
    await window?.stop();
    await x.stop();
  }
}

async function until(look, otherwise) {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await sleep(50)) {
    const found = look();
    if (found !== undefined) return found;
  }
  throw new Error(otherwise);
}

/** The part of the screen whose first row is the picture's; if there is none, its upper left. */
function pictureOn(screen, { width, height, pixels }) {
  const isSame = (at, index) => ((screen.pixels[at + index] ^ pixels[index]) & 0xff_ffff) === 0;
  const isRow = (at) => {
    for (let index = 0; index < width; index++) if (!isSame(at, index)) return false;
    return true;
  };
  const corners = Array.from({ length: MARGIN ** 2 }, (_, index) => (index % MARGIN) + screen.width * Math.floor(index / MARGIN));
  const corner = corners.find(isRow) ?? 0;
  const at = (index) => corner + (index % width) + screen.width * Math.floor(index / width);
  return { width, height, pixels: Uint32Array.from({ length: width * height }, (_, index) => screen.pixels[at(index)]) };
}

/** An X window dump: a header of 32-bit numbers, colours, then rows (XWDFile.h of X). */
function parseXwd(bytes) {
  const word = (index) => bytes.readUInt32BE(4 * index);
  const [headerBytes, depth, width, height, byteOrder, bitsPerPixel, rowBytes, colours] = [0, 3, 4, 5, 7, 11, 12, 19].map(word);
  if (depth !== 24 || bitsPerPixel !== 32 || byteOrder !== 0 || rowBytes !== 4 * width) {
    throw new Error(
      `the X server's screen has ${bitsPerPixel} bits a pixel, a depth of ${depth}, and ${rowBytes} bytes a row of ${width} pixels`,
    );
  }
  const from = headerBytes + 12 * colours;
  return { width, height, pixels: Uint32Array.from({ length: width * height }, (_, index) => bytes.readUInt32LE(from + 4 * index)) };
}
