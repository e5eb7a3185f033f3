/**
 * The host's GPUs as the bridge lists them, and the one that a device is made for.
 *
 * What it does not do: judge them; src/device/gpu-choice.ts does.
 */
import { BridgeError } from '../base/errors.js';
import { chooseGpu, type Gpu } from '../device/gpu-choice.js';
import { checked, type PvgBridge } from './native.js';
import { GpuFlag, PvgStatus } from './pvg.js';

/** The index of the GPU that device.md 3 chooses. Throws BridgeError if none can be used, or the bridge won't say. */
export function findGpu(bridge: PvgBridge): number {
  const count = checked(bridge, 'list the GPUs', bridge.pvg_gpu_count());
  const gpus = Array.from({ length: count }, (_, index): Gpu => {
    const flags = checked(bridge, `look at GPU ${index}`, bridge.pvg_gpu_flags(index));
    const has = (flag: number): boolean => (flags & flag) !== 0;
    return { unifiedMemory: has(GpuFlag.unifiedMemory), removable: has(GpuFlag.removable), isDefault: has(GpuFlag.default) };
  });
  const gpu = chooseGpu(gpus);
  if (gpu === null) throw new BridgeError(PvgStatus.unsupported, `none of the ${count} GPUs can be used`);
  return gpu;
}
