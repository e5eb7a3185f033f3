/**
 * Interrupts as events on the thread that made the device.
 */
import { afterEach, expect, it } from 'vitest';
import { createDevice, type Device, InterruptLines, Vcpu } from '../../dist/src/index.js';
import { drawFrames } from '../guest/drawing.js';

let device: Device;
afterEach(() => device.close());

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

it('as many are told as were raised, whatever thread raises them, and none from before somebody listened', async () => {
  device = await createDevice({ variant: 'pci', ramBytes: 2 ** 20, pollMicroseconds: 0 });
  // The same memory, as the BQL actor's thread has it.
  const lines = new InterruptLines(device.internals.wiring.interrupts);
  lines.raise(3);
  const told = new Map<number, number>();
  const listener = (vector: number, count: number): void => void told.set(vector, (told.get(vector) ?? 0) + count);
  device.on('interrupt', listener);
  for (let round = 0; round < 3; round++) {
    for (let raised = 0; raised < 10; raised++) lines.raise(3);
    lines.raise(31);
    while ((told.get(31) ?? 0) < round + 1) await turn();
  }
  expect([...told]).toEqual([
    [3, 30],
    [31, 3],
  ]);
  device.off('interrupt', listener);
  lines.raise(3);
  await turn();
  device.on('interrupt', listener);
  lines.raise(5);
  while (!told.has(5)) await turn();
  expect(told.get(3)).toBe(30);
});

it('those of a guest that draws come, and the last of them before the device says that it has ended', async () => {
  device = await createDevice({ variant: 'mmio', modes: [{ width: 320, height: 240, rateHz: 60 }], vsync: false, ramBytes: 2 ** 24 });
  let told = 0;
  device.on('interrupt', (vector, count) => {
    expect(vector).toBe(0);
    told += count;
  });
  drawFrames(new Vcpu(device.attachment), 10);
  await turn();
  await turn();
  expect(told).toBeGreaterThan(0);
  const before = new Promise((resolve) => device.once('closed', () => resolve(told)));
  await device.close();
  expect(await before).toBe(device.interrupts.count(0));
});
