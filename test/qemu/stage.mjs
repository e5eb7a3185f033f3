/**
 * What every scenario has: a server, QEMUs that come and go, the reference, and a line for each check.
 *
 * Invariant: a check that fails ends its scenario, since what follows builds on it, and close() leaves no process behind.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeGuest } from './guest.mjs';
import { Qmp } from './qmp.mjs';
import { comparePictures, loadReference, readPicture } from './reference.mjs';
import { Server } from './server.mjs';
import { VirtualMachine } from './vm.mjs';

const VNC_PORT = 5900;
const VNC_DISPLAYS = 100;

/** A VNC display number of this machine's that nobody has. */
async function freeDisplay() {
  for (let display = process.pid % VNC_DISPLAYS; ; display++) {
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(VNC_PORT + display, '127.0.0.1', () => resolve(true));
    });
    if (free) {
      await new Promise((resolve) => server.close(resolve));
      return display;
    }
  }
}

export class Stage {
  #machines = new Set();
  #servers = [];
  #booted = 0;
  passed = 0;
  failed = 0;

  /** `options`: parts, kind of the server, and whether to keep the folder. */
  static async open(options) {
    const stage = new Stage(options);
    try {
      stage.initrd = makeGuest(options.parts, stage.folder);
      stage.reference = await loadReference(stage.folder);
      stage.server = await stage.serve(options.kind);
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  constructor({ parts, keep }) {
    this.parts = parts;
    this.keep = keep;
    this.folder = mkdtempSync(join(tmpdir(), 'apple-gfx-qemu-'));
  }

  /** One more server, which ends with the stage. */
  async serve(kind) {
    const server = await Server.start(kind, this.folder, await freeDisplay());
    this.#servers.push(server);
    return server;
  }

  /** Boots a guest with a device of each of these servers. */
  async boot({ iommu = false, servers = [this.server] } = {}) {
    for (const server of servers) server.checkAlive();
    const { parts, initrd } = this;
    const qmpPath = join(this.folder, `qemu-${++this.#booted}.qmp`);
    const machine = new VirtualMachine({ parts, initrd, socketPaths: servers.map(({ socketPath }) => socketPath), qmpPath, iommu });
    this.#machines.add(machine);
    await machine.ready(qmpPath);
    return machine;
  }

  /** Runs one check and says what came of it; what it returns is added to the line. */
  async check(name, run) {
    try {
      const more = await run();
      this.passed++;
      console.log(`ok ${name}${more ? `: ${more}` : ''}`);
    } catch (error) {
      this.failed++;
      console.log(`FAILED ${name}: ${error.message}`);
      const said = this.server?.errors.trim().split('\n').slice(-12);
      if (said) console.log(said.map((line) => `  server: ${line}`).join('\n'));
      throw error;
    }
  }

  /** The picture that the device shows is the reference's: by our monitor, and by our VNC server, which draws the cursor into it as this viewer can't. */
  async comparePicture(frame, { width, height }) {
    const { renderFrame, renderScreenshot, dial, RAW } = this.reference;
    const path = join(this.folder, 'shot.png');
    const monitor = await Qmp.dial(this.server.qmpPath);
    await monitor.execute('screendump', { filename: path, format: 'png' });
    monitor.close();
    comparePictures('the screendump', readPicture(path), { width, height, pixels: renderFrame(frame, width, height) });
    const { viewer, socket } = await dial(this.server.vncPort);
    await viewer.greet();
    viewer.setEncodings(RAW);
    viewer.request(false);
    await viewer.update();
    socket.destroy();
    comparePictures('the picture by VNC', viewer, { width, height, pixels: renderScreenshot(frame, width, height) });
    return `frame ${frame}, ${width}x${height}, by screendump and by VNC`;
  }

  async close() {
    for (const machine of this.#machines) await machine.kill();
    for (const server of this.#servers) {
      server.kill();
      await server.ended;
    }
    if (this.keep) console.log(`kept: ${this.folder}`);
    else rmSync(this.folder, { recursive: true, force: true });
  }
}
