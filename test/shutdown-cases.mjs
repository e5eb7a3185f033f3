/**
 * One way of ending, as a process of its own: `node test/shutdown-cases.mjs CASE`. Run by shutdown.mjs, which looks at
 * the exit code, the time it took and what it left behind.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createDevice } from '../dist/src/index.js';
import { startSession } from '../dist/src/cli/session.js';
import { REG_FIFO_BASE_PFN, REG_FIFO_LENGTH, REG_SHARED_PFN, REG_START } from '../dist/src/guest/layout.js';

const mode = { width: 640, height: 480, rateHz: 60 };
const openFiles = () => readdirSync('/proc/self/fd').length;
const drawing = async () => {
  const session = await startSession({ device: { vsync: false }, mode, frames: undefined });
  session.ended.catch(() => undefined);
  while (session.device.statistics.framesRendered < 3) await new Promise((resolve) => setTimeout(resolve, 2));
  return session;
};

const cases = {
  /** process.exit() in mid-frame. */
  async exit() {
    await drawing();
    process.exit(7);
  },
  async 'crash-bql'() {
    await crash('bql');
  },
  async 'crash-render-queue'() {
    await crash('render-queue');
  },
  async 'crash-background-queue'() {
    await crash('background-queue');
  },
  /** close() while an access is inside PVG, which waits for upcalls of its own, and others wait behind it. */
  async 'close-during-access'() {
    const before = await firstDevice();
    const device = await createDevice();
    const { ramBase, pageShift } = device.attachment;
    const page = ramBase / 2 ** pageShift;
    await device.mmioWrite(REG_FIFO_LENGTH, 0x10000);
    await device.mmioWrite(REG_FIFO_BASE_PFN, page);
    await device.mmioWrite(REG_SHARED_PFN, page + 16);
    // A START takes the internal task down and makes it anew: four upcalls.
    const accesses = Array.from({ length: 50 }, () =>
      device.mmioWrite(REG_START, 1).then(
        () => 'done',
        (error) => error.code,
      ),
    );
    await accesses[5];
    await device.close();
    const results = await Promise.all(accesses);
    if (!results.every((result) => result === 'done' || result === 'ERR_CLOSED')) throw new Error(`accesses ended as ${results}`);
    if (!results.includes('ERR_CLOSED')) throw new Error('every access had ended before the close');
    await nothingLeft(before);
    process.exit(0);
  },
  /** Twenty devices in turn leave nothing behind. */
  async twenty() {
    const before = await firstDevice();
    for (let index = 0; index < 20; index++) {
      const device = await createDevice({ variant: index % 2 ? 'pci' : 'mmio' });
      await device.mmioRead(0x1034);
      await device.close();
    }
    await nothingLeft(before);
  },
};

/** How many files are open once everything that stays open after the first device is. */
async function firstDevice() {
  const device = await createDevice();
  await device.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  return openFiles();
}

/** No file more than before, and none of PVG's threads; Node closes a worker's files a little after it has ended. */
async function nothingLeft(before) {
  for (let tries = 0; tries < 100 && openFiles() > before; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
  if (openFiles() > before) throw new Error(`${openFiles()} files are open, ${before} were before`);
  const threads = readdirSync('/proc/self/task').map((id) => readFileSync(`/proc/self/task/${id}/comm`, 'utf8'));
  if (threads.some((name) => name.startsWith('pvg-'))) throw new Error(`threads are left: ${threads.join('')}`);
}

/** A thread that throws stops the device, which says so; the process lives. */
async function crash(name) {
  const before = await firstDevice();
  const session = await drawing();
  const reason = new Promise((resolve) => session.device.once('closed', resolve));
  session.device.internals.crash(name);
  const error = await reason;
  if (!/died/.test(error?.message ?? '')) throw new Error(`the device ended with ${error}`);
  await session.finish();
  await nothingLeft(before);
}

const chosen = cases[process.argv[2]];
if (!chosen) throw new Error(`no case ${process.argv[2]}, there are ${Object.keys(cases).join(', ')}`);
await chosen();
