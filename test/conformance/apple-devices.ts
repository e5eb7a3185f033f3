/**
 * Devices on Apple's PVG, which is a stand-in here: what the software PVG is configured with, the stand-in is told instead.
 */
import { createDevice, type Device } from '../../dist/src/index.js';
import { type Standin, Value } from '../native/apple/standin.js';
import { MODES, RAM_BYTES, type Rig, type RigOptions } from './rig.js';
import { SoftDevices } from './soft-devices.js';

/** Longer than a test needs to look at a frame that is on the GPU. */
const SLOW_GPU_MICROSECONDS = 300_000;

/**
 * Tests of what the device is asked for guest memory: a framework that was told where the RAM is asks nothing, so the device maps nothing,
 * refuses nothing, has no references, and knows of no memory that came later; a revision that would hide a failed read has none to hide.
 */
const OF_QUESTIONS = [
  'reserves a range of zeros',
  'answers no task when nothing can be reserved',
  'leaves the target of a piece that fails as it was',
  'maps ROM for reading only',
  'of no pieces succeeds',
  'tells of no failure',
  'are taken when a task first maps anything of a region',
  'keep what a task maps of memory that was removed',
  'gives the bytes of RAM, from and to any address',
  'goes on from one region to the next',
  "has another device's registers read",
  'gives parts of registers where it begins or ends inside one',
  "of the device's own registers, inside an access",
  'that comes inside an access is shown',
  'destroys every task with its references',
];

export class AppleDevices extends SoftDevices {
  readonly leavesOut: readonly string[];

  constructor(private readonly standin: Standin) {
    super(makeDevice);
    this.leavesOut = standin.memory === 'ranges' ? OF_QUESTIONS : [];
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

function makeDevice({ revision, variant = 'mmio' }: RigOptions): Promise<Device> {
  return createDevice({
    ...{ revision, variant, ramBytes: RAM_BYTES, trace: ['apple_gfx_*'] },
    modes: MODES.map((mode) => ({ ...mode, rateHz: 60 })),
  });
}
