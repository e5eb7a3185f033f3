/**
 * Devices on Apple's PVG, which is a stand-in here: what the software PVG is configured with, the stand-in is told instead.
 */
import { createDevice, type Device } from '../../dist/src/index.js';
import { type Standin, Value } from '../native/apple/standin.js';
import { MODES, RAM_BYTES, type Rig, type RigOptions } from './rig.js';
import { SoftDevices } from './soft-devices.js';

/** Longer than a test needs to look at a frame that is on the GPU. */
const SLOW_GPU_MICROSECONDS = 300_000;

export class AppleDevices extends SoftDevices {
  constructor(private readonly standin: Standin) {
    super(makeDevice, standin.memory);
  }

  /** Textures are made long after their device is, so the stand-in is told for devices that are used again, too. */
  override open(options: RigOptions): Promise<Rig> {
    const { slowGpu = false, refuseEvery = 0, managedTextures = false } = options;
    this.standin.set(Value.refuseEvery, refuseEvery);
    this.standin.set(Value.encodeDelayMicroseconds, slowGpu ? SLOW_GPU_MICROSECONDS : 0);
    this.standin.set(Value.announceEveryFrame, slowGpu ? 1 : 0);
    this.standin.set(Value.managed, managedTextures ? 1 : 0);
    return super.open(options);
  }
}

function makeDevice({ revision, variant = 'mmio', given = [] }: RigOptions): Promise<Device> {
  return createDevice({
    ...{ revision, variant, ramBytes: RAM_BYTES, trace: ['apple_gfx_*'], memory: given },
    modes: MODES.map((mode) => ({ ...mode, rateHz: 60 })),
  });
}
