/**
 * The guest on the real device: several displays, the IOSurface mapper, other modes while it draws, save and restore.
 *
 * Pictures are compared with the reference renderer's, pixel by pixel, once the device shows all that the guest has drawn.
 */
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { VcpuData, VcpuReport } from '../../actors/vcpu/thread.js';
import { GuestOrders } from '../../src/runtime/guest-orders.js';
import { createDevice, type Device, type DeviceDisplay, type DeviceOptions } from '../../dist/src/index.js';
import type { GuestProgram } from '../../src/guest/program.js';
import { sceneOf } from '../../src/guest/scene.js';
import { renderFrame } from '../reference/renderer.js';

const modes = [
  { width: 640, height: 480, rateHz: 60 },
  { width: 400, height: 300, rateHz: 60 },
];
const options: DeviceOptions = { displays: 3, modes, vsync: false, ramBytes: 16 * 2 ** 20 };

interface Run {
  /** Ends the guest behind the frame it draws. */
  stop(): void;
  /** Frames since the device was brought up; rejects if the guest failed. */
  readonly total: Promise<number>;
}

function startGuest(device: Device, program: Omit<GuestProgram, 'shouldStop'>): Run {
  const orders = new GuestOrders();
  const data: VcpuData = { attachment: device.attachment, program, orders: orders.memory };
  const worker = new Worker(new URL('../../dist/actors/vcpu/thread.js', import.meta.url));
  worker.postMessage(data);
  const report = new Promise<VcpuReport>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  const total = report.then(async (result) => {
    await exited;
    if ('error' in result) throw new TypeError(result.error);
    return result.framesTotal;
  });
  return { stop: () => orders.give('stop'), total };
}

/** Waits until a display meets a condition; it is asked for updates, so it takes part in no timing. */
async function until(display: DeviceDisplay, condition: () => boolean): Promise<void> {
  while (!condition()) {
    await display.update();
    await new Promise(setImmediate);
  }
}

async function expectPicture(device: Device, port: number, frame: number): Promise<void> {
  const display = device.displays[port];
  if (!display) throw new TypeError(`there is no display ${port}`);
  await until(display, () => display.upToDate);
  const shot = await display.screendump();
  const { width, height } = display.surface ?? { width: 0, height: 0 };
  const expected = renderFrame(frame, width, height, port);
  expect(shot?.pixels.length, `display ${port}`).toBe(expected.length);
  expect(
    shot?.pixels.findIndex((pixel, index) => pixel !== expected[index]),
    `display ${port}`,
  ).toBe(-1);
  expect(display.cursor.position).toEqual(sceneOf(frame, width, height, port).cursor);
}

describe('the guest on the device', () => {
  it.each(['mmio', 'pci'] as const)('draws another picture on each of three displays (%s)', async (variant) => {
    const device = await createDevice({ ...options, variant });
    expect(await startGuest(device, { frames: 40, mode: { width: 400, height: 300 } }).total).toBe(40);
    for (const port of [0, 1, 2]) await expectPicture(device, port, 40);
    expect(device.displays.map(({ surface }) => surface?.width)).toEqual([400, 640, 640]);
    await device.close();
  });

  it('has its sprites and cursor mapped as IOSurfaces, and one of them mapped anew now and then', async () => {
    const device = await createDevice({ ...options, trace: ['apple_gfx_iosfc_*map_memory'] });
    const lines: string[] = [];
    device.on('trace', (line) => lines.push(line));
    expect(await startGuest(device, { frames: 64 }).total).toBe(64);
    await device.close();
    const surfaces = lines.filter((line) => /^apple_gfx_iosfc_map_memory .*len=0x(9000|1000) /.test(line));
    expect(surfaces.length).toBe(3 + 4);
  });

  it('draws in the size of another mode that a display is given meanwhile', async () => {
    const device = await createDevice(options);
    const run = startGuest(device, { frames: undefined });
    const [, second] = device.displays;
    if (!second) throw new TypeError('there is no second display');
    await until(second, () => second.presents.presented > 5);
    second.setModes([{ width: 800, height: 600, rateHz: 60 }]);
    await until(second, () => second.surface?.width === 800);
    run.stop();
    const total = await run.total;
    for (const port of [0, 1, 2]) await expectPicture(device, port, total);
    await device.close();
  });

  it.each(['mmio', 'pci'] as const)(
    'goes on where it was when the device was saved and restored, again and again (%s)',
    async (variant) => {
      let device = await createDevice({ ...options, variant });
      let total = await startGuest(device, { frames: 7 }).total;
      for (let round = 0; round < 3; round++) {
        const saved = await device.save();
        device = await createDevice({ restore: saved, vsync: false });
        const run = startGuest(device, { frames: undefined, resume: true });
        const display = device.display;
        const before = display.presents.presented;
        await until(display, () => display.presents.presented > before + 9);
        run.stop();
        const now = await run.total;
        expect(now).toBeGreaterThan(total + 9);
        total = now;
        for (const port of [0, 1, 2]) await expectPicture(device, port, total);
      }
      await device.close();
    },
  );
});
