/**
 * A thread that dies before the device serves anything: createDevice() rejects with what it died of, and the process goes on.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const dist = new URL('../../dist', import.meta.url).pathname;
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A copy of the built device, of which one thread's code throws. */
function copyWithBroken(thread: string): string {
  const folder = mkdtempSync(join(dist, 'mutant-'));
  folders.push(folder);
  for (const part of ['src', 'actors', 'bundles']) cpSync(join(dist, part), join(folder, part), { recursive: true });
  mkdirSync(join(folder, 'native'));
  cpSync(join(dist, 'native/libpvg_bridge.so'), join(folder, 'native/libpvg_bridge.so'));
  writeFileSync(join(folder, 'bundles', thread, 'thread.cjs'), "throw new RangeError('broken on purpose');");
  return folder;
}

it.each([
  ['bql', 'bql'],
  ['render-queue', 'render-queue'],
  ['watchdog', 'watchdog'],
  ['background-queue', 'background queue'],
])('of the %s', async (thread, name) => {
  const index = join(copyWithBroken(thread), 'src/index.js');
  const { createDevice } = (await import(/* @vite-ignore */ index)) as typeof import('../../dist/src/index.js');
  await expect(createDevice({ ramBytes: 2 ** 24 })).rejects.toThrow(`its ${name} died: broken on purpose`);
});
