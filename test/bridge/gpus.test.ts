/**
 * The GPU that a device is made for, as the bridge lists them (device.md 3). The native library is played.
 */
import { describe, expect, it } from 'vitest';
import { BridgeError } from '../../src/base/errors.js';
import { findGpu } from '../../src/bridge/gpus.js';
import { loadBridge, type PvgBridge } from '../../src/bridge/native.js';
import { GpuFlag, PvgStatus } from '../../src/bridge/pvg.js';

/** A host with GPUs of such flags; a negative one is a status of failure. */
function host(...flags: number[]): PvgBridge {
  const played: Partial<PvgBridge> = {
    pvg_gpu_count: () => flags.length,
    pvg_gpu_flags: (index: number) => flags[index] ?? PvgStatus.argument,
    pvg_last_error: () => 'its words',
  };
  return played as PvgBridge;
}

describe('the GPU of a device', () => {
  it.each([
    ['the first with unified memory', [GpuFlag.default, GpuFlag.unifiedMemory | GpuFlag.removable, GpuFlag.unifiedMemory], 1],
    ['else the last that is not removable', [0, GpuFlag.default, GpuFlag.removable], 1],
    ['else the default of the system', [GpuFlag.removable, GpuFlag.removable | GpuFlag.default], 1],
  ])('is %s', (_which, flags, index) => {
    expect(findGpu(host(...flags))).toBe(index);
  });

  it('is the only one of the software PVG', () => {
    expect(findGpu(loadBridge())).toBe(0);
  });

  it.each([
    ['there is none', host(), 'none of the 0 GPUs can be used'],
    ['none can be used', host(GpuFlag.removable, GpuFlag.removable), 'none of the 2 GPUs can be used'],
    ['the bridge will not say', host(0, PvgStatus.unsupported), 'look at GPU 1: its words'],
  ])('is an error if %s', (_why, bridge, text) => {
    expect(() => findGpu(bridge)).toThrow(new BridgeError(PvgStatus.unsupported, text));
  });
});
