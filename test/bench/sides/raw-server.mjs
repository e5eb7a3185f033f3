/**
 * Our side of raw-viewer.mjs: a device whose guest draws a whole picture at every vsync, each time in another colour, and a VNC server on it.
 *
 * Started by fork() with the mode. It says where it serves, tells when asked what it took until now, and ends when told to. The thread of the guest is
 * this file too.
 */
import { readFileSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { serveVnc } from '../../../dist/src/embed/rfb/server.js';
import { GuestDriver } from '../../../dist/src/guest/driver.js';
import { iosfcWindow } from '../../../dist/src/guest/machine.js';
import { createDevice, parseMode, Vcpu } from '../../../dist/src/index.js';

function draw(attachment) {
  const vcpu = new Vcpu(attachment);
  let seen = vcpu.interrupts.sequence;
  vcpu.interrupts.setMsiEnabled(true);
  const driver = GuestDriver.start({
    ram: vcpu.ram,
    ramBase: vcpu.ramBase,
    pageShift: vcpu.pageShift,
    read: (offset) => vcpu.read32(offset),
    write: (offset, value) => vcpu.write32(offset, value),
    waitForInterrupt(timeoutMs) {
      const before = seen;
      seen = vcpu.interrupts.wait(before, timeoutMs);
      return seen === before ? 0 : 1;
    },
    ...iosfcWindow(null),
  });
  const colourOf = (frame) => (0xff00_0000 | (Math.imul(frame, 0x9e_3779) & 0xff_ffff)) >>> 0;
  try {
    for (;;) {
      driver.present((frame, { width, height }) => ({
        // Nowhere, since it would be painted into the picture.
        cursor: { x: 0xffff, y: 0xffff },
        commands: [{ kind: 'fill', x: 0, y: 0, width, height, colour: colourOf(frame) }],
      }));
    }
  } catch (error) {
    if (error.code !== 'ERR_CLOSED') throw error;
  }
}

/** Processor time of this process's first thread, where the server runs, in microseconds. */
const threadTime = () => {
  const fields = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return Number(fields[0]) / 1000;
};

if (isMainThread) {
  const device = await createDevice({ variant: 'pci', modes: [parseMode(process.argv[2])], ramBytes: 2 ** 25 });
  const server = await serveVnc(device.display, { port: 0 });
  const guest = new Worker(new URL(import.meta.url), { workerData: device.attachment });
  process.on('message', async (message) => {
    if (message === 'look') {
      const { user, system } = process.cpuUsage();
      const { framesRendered, framesDropped } = device.statistics;
      process.send({ cpu: user + system, thread: threadTime(), frames: framesRendered, dropped: framesDropped });
      return;
    }
    await server.close();
    await device.close();
    await guest.terminate();
    process.disconnect();
  });
  process.send({ port: server.address.port });
} else draw(workerData);
