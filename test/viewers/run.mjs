/**
 * `npm run test:viewers`: VNC viewers that others wrote show a known frame, each pixel of it.
 *
 * `node test/viewers/run.mjs [--only gvnccapture,novnc] [--frame 45] [--size 1280x800] [--keep FOLDER]`. A guest draws frames up to that one, and
 * stops; each viewer in turn is connected to the device's VNC server, and what it shows is compared with what the independent renderer
 * (test/reference) makes of that frame. Exit code 0 only if every viewer that was asked for, all unless --only says so, showed it; 1 if one
 * didn't, 2 if one isn't there. --keep leaves the pictures as PNG files.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serveVnc } from '../../dist/src/embed/rfb/server.js';
import { createDevice, Vcpu } from '../../dist/src/index.js';
import { encodePng } from '../../dist/src/runtime/picture-file.js';
import { gvnccapture } from './gvnccapture.mjs';
import { novnc } from './novnc.mjs';
import { compiled, difference, referenceOf } from './picture.mjs';
import { MissingError } from './process.mjs';
import { tigervnc } from './tigervnc.mjs';
import { vncsnapshot } from './vncsnapshot.mjs';

/** Each connects, and resolves with a picture of what it shows, or rejects with MissingError. */
const VIEWERS = {
  gvnccapture,
  vncsnapshot,
  'tigervnc-raw': (context) => tigervnc(context, 'Raw'),
  'tigervnc-zrle': (context) => tigervnc(context, 'ZRLE'),
  novnc,
};

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    frame: { type: 'string', default: '45' },
    size: { type: 'string', default: '1280x800' },
    keep: { type: 'string' },
  },
});
const [width, height] = values.size.split('x').map(Number);
const frame = Number(values.frame);
const names = values.only?.split(',') ?? Object.keys(VIEWERS);
const unknown = names.filter((name) => !Object.hasOwn(VIEWERS, name));
if (unknown.length > 0 || !(width >= 320 && height >= 200 && frame >= 1)) {
  console.error(`wrong arguments: viewers are ${Object.keys(VIEWERS).join(', ')}; a size is at least 320x200, a frame at least 1`);
  process.exit(2);
}

/** What a viewer did: null if it shows the frame, else what was wrong. */
async function check(name, context) {
  let picture;
  try {
    picture = await VIEWERS[name](context);
  } catch (error) {
    return { isMissing: error instanceof MissingError, text: error.message };
  }
  if (values.keep !== undefined) await writeFile(join(values.keep, `${name}.png`), encodePng(picture.pixels, picture.width));
  const wanted = picture.hasCursor === false ? context.reference.withoutCursor : context.reference.withCursor;
  const wrong = difference(picture, wanted, picture.tolerance);
  return wrong === null ? null : { isMissing: false, text: wrong };
}

const folder = await mkdtemp(join(tmpdir(), 'viewers-'));
if (values.keep !== undefined) await mkdir(values.keep, { recursive: true });
const device = await createDevice({ variant: 'pci', modes: [{ width, height, rateHz: 60 }], ramBytes: 64 * 2 ** 20 });
const server = await serveVnc(device.display, { port: 0, webSocketPort: 0, name: 'a known frame' });
let code = 0;
try {
  const { drawFrames, shown } = await compiled('guest/drawing.ts');
  drawFrames(new Vcpu(device.attachment), frame);
  await shown(device);
  const reference = await referenceOf({ frame, width, height });
  const context = {
    folder,
    port: server.address.port,
    webSocketPort: server.webSocketAddress.port,
    width,
    height,
    reference,
  };
  for (const name of names) {
    const began = performance.now();
    const wrong = await check(name, context);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    if (wrong === null) console.log(`${name}: shows frame ${frame} of ${width}x${height} (${seconds} s)`);
    else console.log(`${name}: ${wrong.isMissing ? 'is not there' : 'WRONG'}: ${wrong.text}`);
    code = Math.max(code, wrong === null ? 0 : wrong.isMissing ? 2 : 1);
    if (wrong !== null && !wrong.isMissing) code = 1;
  }
} finally {
  await server.close();
  await device.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}
process.exitCode = code;
