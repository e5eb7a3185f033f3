/**
 * Trace events are switched while a device runs: on its actors' threads, whether they have rings or not, and on PVG's own.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { createDevice, type Device, type DeviceOptions } from '../../dist/src/index.js';
import { OP_DEFINE_TASK, OP_DELETE_TASK } from '../../src/guest/layout.js';
import { RawGuest } from './raw-guest.js';

let device: Device;
let lines: string[];

async function start(options: DeviceOptions): Promise<void> {
  device = await createDevice({ variant: 'pci', ramBytes: 2 ** 23, pollMicroseconds: 0, ...options });
  lines = [];
  device.on('trace', (line) => lines.push(line));
}

afterEach(() => device.close());

/** What was printed since the last call, once it has come. */
async function printed(): Promise<readonly string[]> {
  await device.internals.inspect('bql');
  return lines.splice(0).map((line) => line.split(' ')[0] ?? '');
}

describe.each([true, false])('with trace rings: %s', (traceRing) => {
  it('an event is printed from when it is switched on until it is switched off', async () => {
    await start({ traceRing });
    await device.mmioWrite(0x1004, 1);
    expect(await printed()).toEqual([]);
    device.traceEvents.set('apple_gfx_wr*', true);
    await device.mmioWrite(0x1004, 2);
    expect(await printed()).toEqual(['apple_gfx_write']);
    device.traceEvents.set('agfx_bql_*', true);
    await device.mmioRead(0x1004);
    expect(await printed()).toEqual([
      'agfx_bql_requested',
      'agfx_bql_taken',
      'agfx_bql_wait_began',
      'agfx_bql_wait_ended',
      'agfx_bql_released',
    ]);
    device.traceEvents.set('*', false);
    await device.mmioWrite(0x1004, 3);
    expect(await printed()).toEqual([]);
  });
});

it('what PVG answers on its own threads follows too', async () => {
  await start({ revision: 'bh' });
  const guest = new RawGuest(device);
  await guest.start();
  device.traceEvents.set('apple_gfx_create_task', true);
  const taskAgain = async (): Promise<void> => {
    guest.control(OP_DEFINE_TASK, 0, 2, 0, 0x1_0000, 0);
    guest.control(OP_DELETE_TASK, 0, 2);
    await guest.kick();
  };
  /** The watchdog's thread looks a few times a second. */
  const until = async (count: number): Promise<void> => {
    while (lines.length < count) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await taskAgain();
  await until(1);
  device.traceEvents.set('apple_gfx_create_task', false);
  device.traceEvents.set('apple_gfx_destroy_task', true);
  await taskAgain();
  await until(2);
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['apple_gfx_create_task', 'apple_gfx_destroy_task']);
});

it('tells what is on, and refuses what there isn’t', async () => {
  await start({ trace: ['apple_gfx_iosfc*', '-*unmap*'] });
  expect(device.traceEvents.list('apple_gfx_iosfc_*region')).toEqual([
    { name: 'apple_gfx_iosfc_map_memory_new_region', isOn: true },
    { name: 'apple_gfx_iosfc_unmap_memory_region', isOn: false },
  ]);
  expect(device.traceEvents.list().length).toBeGreaterThan(40);
  device.traceEvents.set('apple_gfx_iosfc_map_memory', false);
  expect(device.traceEvents.list('apple_gfx_iosfc_map_memory')).toEqual([{ name: 'apple_gfx_iosfc_map_memory', isOn: false }]);
  expect(() => device.traceEvents.list('nothing')).toThrow('unknown event "nothing"');
  expect(() => device.traceEvents.set('-apple_gfx_read', true)).toThrow('unknown event "-apple_gfx_read"');
  expect(() => device.traceEvents.set('', true)).toThrow('glob is "", expected the name of an event, or a glob');
});
