/**
 * Devices for soft rigs, used again from test to test: a new one starts half a dozen threads, and one that was reset is as good.
 *
 * Invariant: a device is handed out again only if it is running, has been reset, and has said all that it had to say; what a test
 * leaves in it that a reset does not reach is undone first. Else it is closed.
 */
import { createDevice, type Device } from '../../dist/src/index.js';
import { until } from '../device/raw-guest.js';
import { type MemoryModel, MODES, RAM_BYTES, type Rig, type RigOptions, type RigSource } from './rig.js';
import { SoftRig } from './soft-rig.js';

/** Longer than a test needs to look at a frame that is on the GPU. */
const SLOW_GPU_MICROSECONDS = 300_000;

export class SoftDevices implements RigSource {
  private readonly idle = new Map<string, Device>();

  /** Another PVG behind the same guest has its devices made in another way, and may have guest memory from elsewhere. */
  constructor(
    private readonly make: (options: RigOptions) => Promise<Device> = makeDevice,
    readonly memory: MemoryModel = 'tasks',
  ) {}

  async open(options: RigOptions): Promise<Rig> {
    const key = JSON.stringify(options);
    const known = options.fresh ? undefined : this.idle.get(key);
    this.idle.delete(key);
    const device = known ?? (await this.make(options));
    const rig = new SoftRig(device, { ...options, memory: this.memory }, async () => {
      if (!options.fresh && !this.idle.has(key) && (await isAsNew(device))) this.idle.set(key, device);
      else await device.close();
    });
    await rig.begin();
    return rig;
  }

  async end(): Promise<void> {
    await Promise.all([...this.idle.values()].map((device) => device.close()));
    this.idle.clear();
  }
}

function makeDevice(options: RigOptions): Promise<Device> {
  const { revision, variant = 'mmio', refuseEvery = 0, managedTextures = false, slowGpu = false, given = [] } = options;
  return createDevice({
    ...{ revision, variant, refuseEvery, managedTextures },
    vsync: false,
    memory: given,
    ramBytes: RAM_BYTES,
    modes: MODES.map((mode) => ({ ...mode, rateHz: 60 })),
    encodeDelayMicroseconds: slowGpu ? SLOW_GPU_MICROSECONDS : 0,
    announceEveryFrame: slowGpu,
    trace: ['apple_gfx_*'],
  });
}

/** Resets the device and waits until it is quiet; false if it can't be used again. */
async function isAsNew(device: Device): Promise<boolean> {
  const { internals } = device;
  if (device.lifeCycle !== 'running') return false;
  await device.reset();
  device.interrupts.setMsiEnabled(false);
  let pipeline = 'unknown';
  await until(async () => {
    const { frames } = (await internals.inspect('bql')) as { frames: { pipeline: string }[] };
    pipeline = JSON.stringify(frames.map((each) => each.pipeline));
    return pipeline === '["idle"]' || pipeline.includes('stalled');
  });
  // Every actor with a memory map answers, behind everything that it had to say.
  const memory = await device.addMemory({ gpa: 0x2_0000_0000, bytes: 0x4000 });
  await memory.remove();
  return pipeline === '["idle"]';
}
