/**
 * Whatever a caller without types hands over, what the library throws or rejects with is an exported error with a code, and the device goes on.
 *
 * What isn't tried: objects that only pretend to be the library's own, whose methods throw.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as library from '../dist/src/index.js';
import { serveQmp } from '../dist/src/embed/qmp/server.js';
import { serveVnc } from '../dist/src/embed/rfb/server.js';

/** Values of every type, in place of each argument. */
const VALUES: readonly unknown[] = [null, undefined, Number.NaN, -1, 1.5, 2 ** 60, '', 'x', {}, [], [null], true, 2n, Symbol('s'), () => 1];
const EXPORTED = new Set<unknown>(Object.values(library));
type Anything = (...values: unknown[]) => unknown;
/** As somebody sees it who has no types. */
const untyped = (value: unknown): Readonly<Record<string, Anything>> => value as Readonly<Record<string, Anything>>;

const folder = mkdtempSync(join(tmpdir(), 'errors-'));
let device: library.Device;
let vcpu: library.Vcpu;
beforeAll(async () => {
  device = await library.createDevice({ ramBytes: 2 ** 20, pollMicroseconds: 0 });
  vcpu = new library.Vcpu(device.attachment);
});
afterAll(async () => {
  await device.close();
  rmSync(folder, { recursive: true });
});

/** What is wrong with how a call failed; null if nothing is. What it made is closed. */
async function wrongFailure(call: () => unknown): Promise<string | null> {
  try {
    const made = (await call()) as { close?: () => Promise<void>; remove?: () => Promise<void> } | undefined;
    await made?.close?.();
    await made?.remove?.();
    return null;
  } catch (error) {
    const isOurs = error instanceof library.AppleGfxError && EXPORTED.has(error.constructor) && /^ERR_[A-Z_]+$/.test(error.code);
    return isOurs ? null : String(error);
  }
}

async function failures(call: Anything): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const value of VALUES) {
    const failure = await wrongFailure(() => call(value));
    if (failure !== null) wrong.push(`${String(value)}: ${failure}`);
  }
  return wrong;
}

/** As options: whatever it has or hasn't, defaults do. */
const isUsable = (value: unknown): boolean => value === undefined || (typeof value === 'object' && value !== null);
const mode = { width: 640, height: 480, rateHz: 60 };
const create = (options: unknown): unknown => untyped(library).createDevice?.(options);
/** Made with what can't make a device, so that a right value isn't one either. */
const option = (name: string): [string, Anything] => [
  `createDevice ${name}`,
  (value) => create({ variant: 'mmio', optionRom: '', [name]: value }),
];
const OPTIONS = [
  'revision',
  'ramBytes',
  'ramBase',
  'windowBase',
  'displays',
  'displaySerials',
  'displayModes',
  'modes',
  'vsync',
  'vectors',
  'memory',
];
const MORE = [
  'headless',
  'savable',
  'trace',
  'traceRing',
  'traceDeliveries',
  'pollMicroseconds',
  'migrationBlocker',
  'restore',
  'optionRom',
];

it.each<[string, Anything]>([
  ['createDevice', (value) => (isUsable(value) ? null : create(value))],
  ...[...OPTIONS, ...MORE].map(option),
  ...['mmioRead', 'mmioWrite', 'iosfcRead', 'iosfcWrite', 'ram', 'addMemory', 'addDevice'].map((name): [string, Anything] => [
    `Device.${name}`,
    (value) => untyped(device)[name]?.call(device, value),
  ]),
  ['the length of Device.ram', (value) => untyped(device).ram?.call(device, 0, value)],
  ['the value of Device.mmioWrite', (value) => untyped(device).mmioWrite?.call(device, 0x1004, value)],
  ['the value of Device.iosfcWrite', (value) => untyped(device).iosfcWrite?.call(device, 8, value)],
  ...['gpa', 'bytes', 'kind', 'priority', 'source'].map((name): [string, Anything] => [
    `addMemory ${name}`,
    (value) => untyped(device).addMemory?.call(device, { gpa: 2 ** 40, bytes: 16_384, [name]: value }),
  ]),
  ['traceEvents.list', (value) => untyped(device.traceEvents).list?.call(device.traceEvents, value)],
  ['traceEvents.set', (value) => untyped(device.traceEvents).set?.call(device.traceEvents, value, false)],
  ['whether traceEvents.set switches on', (value) => untyped(device.traceEvents).set?.call(device.traceEvents, 'agfx_job_began', value)],
  ['setModes', (value) => untyped(device.display).setModes?.call(device.display, value)],
  ...Object.keys(mode).map((name): [string, Anything] => [
    `setModes ${name}`,
    (value) => untyped(device.display).setModes?.call(device.display, [{ ...mode, [name]: value }]),
  ]),
  ['detachViewer', () => device.display.detachViewer()],
  ['parseMode', (value) => untyped(library).parseMode?.(value)],
  ['parseModes', (value) => untyped(library).parseModes?.(value)],
  ['new Vcpu', (value) => new library.Vcpu(value as library.VcpuAttachment)],
  ...['read32', 'read64', 'readIosfc32', 'readIosfc64', 'write32', 'write64'].map((name): [string, Anything] => [
    `the offset of Vcpu.${name}`,
    (value) => untyped(vcpu)[name]?.call(vcpu, value, name.endsWith('64') ? 1n : 1),
  ]),
  ...['write32', 'write64', 'writeIosfc32', 'writeIosfc64'].map((name): [string, Anything] => [
    `the value of Vcpu.${name}`,
    (value) => untyped(vcpu)[name]?.call(vcpu, 0x1004, value),
  ]),
  ['new Surface', (value) => new library.Surface(value as number, value as number)],
  [
    'new SurfaceReader',
    (value) => (value === null || typeof value !== 'object' ? new library.SurfaceReader(value as library.Surface) : null),
  ],
  ['deliveriesOf', (value) => (Array.isArray(value) ? null : library.deliveriesOf(value as []))],
  ['serveVnc', (value) => serveVnc(value as library.DeviceDisplay, { port: 0 })],
  ['the options of serveVnc', (value) => (isUsable(value) ? null : serveVnc(device.display, value as object))],
  ...['port', 'webSocketPort', 'origins', 'password', 'name', 'host'].map((name): [string, Anything] => [
    `serveVnc ${name}`,
    (value) => serveVnc(device.display, { port: 0, [name]: value === 'x' && name === 'host' ? '192.0.2.1' : value }),
  ]),
  ['serveQmp', (value) => serveQmp(value as library.Device, { path: join(folder, 'qmp') })],
  ...['path', 'machine', 'onQuit'].map((name): [string, Anything] => [
    `serveQmp ${name}`,
    (value) => (name === 'path' && value === 'x' ? null : serveQmp(device, { path: join(folder, 'qmp'), [name]: value })),
  ]),
  ['serveQmp where there is no folder', () => serveQmp(device, { path: join(folder, 'none', 'qmp') })],
])('%s', async (_, call) => {
  expect(await failures(call)).toEqual([]);
  expect(device.lifeCycle).toBe('running');
});

it('every way into a device that is closed', async () => {
  const closed = await library.createDevice({ ramBytes: 2 ** 20, pollMicroseconds: 0 });
  const processor = new library.Vcpu(closed.attachment);
  await closed.close();
  const calls: Readonly<Record<string, () => unknown>> = {
    mmioRead: () => closed.mmioRead(0),
    mmioWrite: () => closed.mmioWrite(0, 0),
    reset: () => closed.reset(),
    save: () => closed.save(),
    update: () => closed.update(),
    screendump: () => closed.screendump(),
    addMemory: () => closed.addMemory({ gpa: 2 ** 40, bytes: 16_384 }),
    setModes: () => closed.display.setModes([mode]),
    attachViewer: () => closed.display.attachViewer(),
    read32: () => processor.read32(0),
    attach: () => new library.Vcpu(closed.attachment),
    ram: () => closed.ram(),
    statistics: () => closed.statistics,
    traceEvents: () => closed.traceEvents.set('*', true),
    close: () => closed.close(),
  };
  for (const [name, call] of Object.entries(calls)) expect([name, await wrongFailure(call)]).toEqual([name, null]);
  await expect(closed.mmioRead(0)).rejects.toMatchObject({ name: 'DeviceClosedError', code: 'ERR_CLOSED' });
  expect(existsSync(join(folder, 'qmp'))).toBe(false);
});
