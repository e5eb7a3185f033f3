/**
 * The device's server, ours or the one in C, as a process of its own.
 *
 * Invariant: once start() has resolved it listens. What it writes to stderr is kept, to be shown when something fails.
 */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const VNC_PORT = 5900;
const START_MS = 20_000;
const PAUSE_MS = 20;
const ROM_LENGTH = 0x2000;
/** Where the second header of a ROM is, and its numbers: an EFI image, which SeaBIOS leaves alone. */
const ROM_HEADER = 0x40;
const ROM_EFI = 3;
const ROM_LAST = 0x80;
const ROM_UNIT = 512;

/** A ROM that is one by its headers and whose bytes are like no other's. */
export function romImage() {
  const rom = Buffer.alloc(ROM_LENGTH);
  for (let at = 0; at < ROM_LENGTH; at++) rom[at] = (at * 7 + (at >> 8) * 31) & 0xff;
  rom.writeUInt16LE(0xaa55, 0);
  rom.writeUInt16LE(ROM_HEADER, 0x18);
  rom.write('PCIR', ROM_HEADER, 'latin1');
  rom.writeUInt16LE(0x106b, ROM_HEADER + 4);
  rom.writeUInt16LE(0xeeee, ROM_HEADER + 6);
  rom.writeUInt16LE(0, ROM_HEADER + 8);
  rom.writeUInt16LE(0x18, ROM_HEADER + 10);
  rom.writeUInt16LE(ROM_LENGTH / ROM_UNIT, ROM_HEADER + 16);
  rom[ROM_HEADER + 20] = ROM_EFI;
  rom[ROM_HEADER + 21] = ROM_LAST;
  return rom;
}

function commandOf(kind, folder, display) {
  const socketPath = join(folder, `${kind}.sock`);
  if (kind === 'c') return { socketPath, command: [join(root, 'dist', 'native', 'bench', 'vfio_server'), `--socket-path=${socketPath}`] };
  const qmpPath = join(folder, 'gfx.qmp');
  const romPath = join(folder, 'gfx.rom');
  writeFileSync(romPath, romImage());
  const main = join(root, 'dist', 'bundles', 'cli', 'main.cjs');
  const options = ['--socket-path', socketPath, '--romfile', romPath, '--vsync', 'off'];
  const viewers = ['--qmp', `unix:${qmpPath},server=on,wait=off`, '--display', `vnc=127.0.0.1:${display}`];
  return { socketPath, qmpPath, command: [process.execPath, main, 'serve', ...options, ...viewers] };
}

export class Server {
  #child;
  #ended = null;
  errors = '';

  /** `kind`: 'ours' or 'c'; sockets are made in `folder`, and `display` is the number of a VNC display. */
  static async start(kind, folder, display) {
    const server = new Server(kind, folder, display);
    for (const began = Date.now(); !existsSync(server.socketPath); ) {
      server.checkAlive();
      if (Date.now() - began > START_MS) throw new TypeError(`the server doesn't listen within ${START_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return server;
  }

  constructor(kind, folder, display) {
    const { socketPath, qmpPath, command } = commandOf(kind, folder, display);
    this.vncPort = VNC_PORT + display;
    this.kind = kind;
    this.socketPath = socketPath;
    this.qmpPath = qmpPath;
    this.#child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    const collect = (bytes) => {
      this.errors += bytes;
    };
    this.#child.stdout.on('data', collect);
    this.#child.stderr.on('data', collect);
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('close', (status, signal) => resolve(signal ?? status));
    });
    this.ended.then((how) => {
      this.#ended = how;
    });
  }

  checkAlive() {
    if (this.#ended !== null) throw new TypeError(`the server ended (${this.#ended}): ${this.errors.trim()}`);
  }

  /** Asks it to end; returns how it did. */
  async stop() {
    this.#child.kill('SIGTERM');
    return this.ended;
  }

  kill() {
    this.#child.kill('SIGKILL');
  }
}
