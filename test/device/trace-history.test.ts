/**
 * Device.traceHistory(): what every thread of a running device did last, whether it was switched on as text or not.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { createDevice, type Device } from '../../dist/src/index.js';

let device: Device | null = null;

afterEach(async () => {
  await device?.close();
  device = null;
});

describe('the trace history of a device', () => {
  it('has an access from its section to its answer, on the threads that it went through', async () => {
    device = await createDevice({ variant: 'pci', ramBytes: 2 ** 20 });
    await device.mmioWrite(0x1004, 0x20);
    // The BQL actor has gone to wait again, and so has published, when it answers the next access.
    await device.mmioRead(0x1004);
    const history = device.traceHistory();
    const write = history.findIndex(({ name, args }) => name === 'apple_gfx_write' && args.offset === 0x1004 && args.value === 0x20);
    expect(write).toBeGreaterThan(0);
    const before = history.slice(0, write + 1).map(({ actor, name }) => `${actor} ${name}`);
    for (const step of ['bql agfx_bql_taken', 'bql agfx_job_submitted', 'background-queue agfx_job_began', 'bql agfx_job_completed']) {
      expect(before).toContain(step);
    }
    const times = history.map(({ nanoseconds }) => nanoseconds);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('is empty where rings are switched off', async () => {
    device = await createDevice({ variant: 'pci', ramBytes: 2 ** 20, traceRing: false });
    await device.mmioRead(0x1004);
    expect(device.traceHistory()).toEqual([]);
  });
});
