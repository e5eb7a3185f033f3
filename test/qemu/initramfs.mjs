/**
 * An initramfs: a cpio archive of the "newc" kind, which Linux unpacks before it starts /init.
 *
 * Invariant: folders come before what is in them, since the kernel makes none by itself. What it doesn't do: owners (all is root's),
 * times, links, devices, which the guest has from devtmpfs; and compression, since an emulated processor is slow to undo it.
 */
import { dirname } from 'node:path';

const FOLDER = 0o040755;
const PROGRAM = 0o100755;
const ALIGNMENT = 4;

const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc((ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT)]);

/** One member; numbers are eight hexadecimal digits each. */
function member(path, number, mode, content) {
  const name = Buffer.from(`${path}\0`);
  const fields = [number, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(content)]);
}

export class Initramfs {
  #members = new Map();

  /** A folder and those above it. */
  folder(path) {
    if (path === '.' || path === '' || this.#members.has(path)) return;
    this.folder(dirname(path));
    this.#members.set(path, { mode: FOLDER, content: Buffer.alloc(0) });
  }

  /** A file, which may be run; `content` is a string or bytes. */
  file(path, content) {
    this.folder(dirname(path));
    this.#members.set(path, { mode: PROGRAM, content: Buffer.from(content) });
  }

  /** The archive. */
  pack() {
    const members = [...this.#members].map(([path, { mode, content }], index) => member(path, index + 1, mode, content));
    return Buffer.concat([...members, member('TRAILER!!!', 0, 0, Buffer.alloc(0))]);
  }
}
