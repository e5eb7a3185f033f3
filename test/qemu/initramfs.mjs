/**
 * An initramfs: a cpio archive of the "newc" kind, compressed, as Linux unpacks it before it starts /init.
 *
 * Invariant: folders come before what is in them, since the kernel makes none by itself. What it doesn't do: owners (all is root's),
 * times, hard links, devices, which the guest has from devtmpfs.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const FOLDER = 0o040755;
const PROGRAM = 0o100755;
const LINK = 0o120777;
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

  link(path, target) {
    this.folder(dirname(path));
    this.#members.set(path, { mode: LINK, content: Buffer.from(target) });
  }

  /** What lies in a folder of this machine, with links as links. */
  tree(path, source) {
    const status = lstatSync(source);
    if (status.isSymbolicLink()) this.link(path, readlinkSync(source));
    else if (status.isFile()) this.file(path, readFileSync(source));
    else if (status.isDirectory()) {
      this.folder(path);
      for (const name of readdirSync(source).sort()) this.tree(join(path, name), join(source, name));
    }
  }

  /** The archive, compressed. */
  pack() {
    const members = [...this.#members].map(([path, { mode, content }], index) => member(path, index + 1, mode, content));
    return gzipSync(Buffer.concat([...members, member('TRAILER!!!', 0, 0, Buffer.alloc(0))]), { level: 1 });
  }
}
