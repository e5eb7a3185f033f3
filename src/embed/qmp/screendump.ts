/**
 * `screendump`: a display's picture as a file.
 *
 * Invariant: nothing but the file that is named is written, and it appears when it is whole. The cursor isn't in it, as it isn't in QEMU's: it is no
 * part of the surface.
 */
import { randomBytes } from 'node:crypto';
import { lstat, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Device } from '../../device.js';
import { encodePng, encodePpm } from '../../runtime/picture-file.js';
import { type Command, command } from './command.js';
import { QmpError } from './protocol.js';

const ENCODERS = new Map([
  ['ppm', encodePpm],
  ['png', encodePng],
]);

/** Of display `head`, 0 unless given; a PPM unless `format` says png. */
export function screendump(device: Device): Command {
  return command(
    { filename: 'string', format: 'string?', head: 'integer?' },
    async ({ filename, format = 'ppm', head = 0 }): Promise<object> => {
      const encode = ENCODERS.get(format);
      if (encode === undefined) throw new QmpError('GenericError', `Parameter 'format' does not accept value '${format}'`);
      const display = device.displays[head];
      if (display === undefined)
        throw new QmpError('GenericError', `Parameter 'head' is ${head}, expected 0..${device.displays.length - 1}`);
      await refuseWrongFile(filename);
      const shot = await display.screendump();
      const { surface } = display;
      if (shot === null || surface === null) throw new QmpError('GenericError', `display ${head} has shown nothing yet`);
      await writeWhole(filename, encode(shot.pixels, surface.width));
      return {};
    },
  );
}

/** A rename would put a file in the place of whatever is there. */
async function refuseWrongFile(path: string): Promise<void> {
  if (path === '') throw new QmpError('GenericError', "Parameter 'filename' is empty");
  const found = await lstat(path).catch(() => null);
  if (found !== null && !found.isFile()) throw new QmpError('GenericError', `'${path}' exists and is no regular file`);
}

async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomBytes(6).toString('hex')}.part`);
  try {
    await writeFile(temporary, bytes, { flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}
