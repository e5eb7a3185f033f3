/**
 * An animation of which every frame is looked at: `node test/device/animation.mjs VARIANT FIRST LAST [--restore FILE] [--save FILE]`.
 *
 * Draws frames FIRST to LAST on two displays, one after the other, and prints a line of JSON: for each frame the digests of what the displays
 * show, pixels and cursor. The guest runs on this thread, so that no frame is presented before the last one is shown.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createDevice, Vcpu } from '../../dist/src/index.js';
import { GuestDriver } from '../../dist/src/guest/driver.js';
import { iosfcWindow } from '../../dist/src/guest/machine.js';
import { sceneOf } from '../../dist/src/guest/scene.js';

const { values, positionals } = parseArgs({
  options: { restore: { type: 'string' }, save: { type: 'string' } },
  allowPositionals: true,
});
const [variant, first, last] = positionals;
const modes = [{ width: 320, height: 240, rateHz: 1000 }];

const device = await createDevice(
  values.restore ? { restore: readFileSync(values.restore) } : { variant, modes, displays: 2, ramBytes: 16 * 2 ** 20 },
);
const vcpu = new Vcpu(device.attachment);
if (!values.restore) vcpu.interrupts.setMsiEnabled(true);
let seen = vcpu.interrupts.sequence;
const machine = {
  ram: vcpu.ram,
  ramBase: vcpu.ramBase,
  pageShift: vcpu.pageShift,
  read: (offset) => vcpu.read32(offset),
  write: (offset, value) => vcpu.write32(offset, value),
  waitForInterrupt(timeoutMs) {
    const before = seen;
    seen = vcpu.interrupts.wait(seen, timeoutMs);
    return seen === before ? 0 : 1;
  },
  ...iosfcWindow(vcpu.hasIosfc ? vcpu : null),
};

/** What a display shows, once it shows all that was presented. */
async function digestOf(display) {
  while (!display.upToDate) await new Promise(setImmediate);
  const shot = await display.screendump();
  const hash = createHash('sha256').update(new Uint8Array(shot.pixels.buffer));
  return hash.update(JSON.stringify([display.cursor.position, shot.present])).digest('hex');
}

const driver = values.restore ? GuestDriver.resume(machine) : GuestDriver.start(machine, {});
const frames = {};
for (let frame = Number(first); frame <= Number(last); frame++) {
  driver.present((number, { port, width, height }) => sceneOf(number, width, height, port));
  driver.finish();
  frames[driver.frame] = await Promise.all(device.displays.map(digestOf));
}
if (values.save) writeFileSync(values.save, await device.save());
else await device.close();
process.stdout.write(`${JSON.stringify(frames)}\n`);
