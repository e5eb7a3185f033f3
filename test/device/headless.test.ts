/**
 * Frames that nobody looks at: not copied, and there when somebody comes to look. Everything else is as with a viewer.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { ArgumentError, createDevice, type Device, type DeviceOptions, REVISION_NAMES } from '../../dist/src/index.js';
import { Frames } from '../../src/device/frames.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { FakePort } from './fake-port.js';
import { RawGuest, until } from './raw-guest.js';

const ON_A_QUEUE = REVISION_NAMES.filter((name) => name !== 'sync');

class Scene {
  readonly port = new FakePort();
  readonly frames: Frames;
  private readonly notes: boolean;

  constructor(revision: RevisionName) {
    this.port.viewed = false;
    this.frames = new Frames(0, this.port, REVISIONS[revision]);
    this.notes = REVISIONS[revision].frames === 'renderQueueSections';
    this.frames.setMode(640, 480);
  }

  arrive(frame: number): void {
    this.frames.newFrame();
    if (this.notes) this.frames.noteSurface(frame);
  }

  /** A frame from its arrival to its completion. */
  frame(frame: number): void {
    this.arrive(frame);
    this.frames.completed(frame, true, 100 + frame);
  }

  get copied(): readonly number[] {
    return this.port.copies.map(({ present }) => present);
  }

  get passed(): readonly number[] {
    return this.port.of('passFrame').map(({ present }) => present);
  }

  get done(): number {
    return this.port.of('signalUpdateDone').length;
  }
}

describe.each(ON_A_QUEUE)('%s: a frame that nobody looks at', (revision) => {
  it('is rendered and not copied, and an update copies the newest one, once', () => {
    const scene = new Scene(revision);
    scene.frame(1);
    scene.frame(2);
    expect([scene.copied, scene.passed, scene.port.counted('framesRendered')]).toEqual([[], [101, 102], 2]);
    scene.frames.updateRequested();
    expect([scene.copied, scene.done, scene.port.of('pushUpdate').length]).toEqual([[102], 1, 1]);
    scene.frames.updateRequested();
    expect([scene.copied, scene.done]).toEqual([[102], 2]);
    scene.frame(3);
    expect([scene.copied, scene.passed]).toEqual([[102], [101, 102, 103]]);
  });

  it('is left alone while the next one is rendered into its texture: an update waits for that', () => {
    const scene = new Scene(revision);
    scene.frame(1);
    scene.arrive(2);
    scene.frames.updateRequested();
    scene.frames.updateRequested();
    expect([scene.copied, scene.done]).toEqual([[], 0]);
    scene.frames.completed(2, true, 102);
    expect([scene.copied, scene.done]).toEqual([[102], 1]);
    scene.frame(3);
    expect(scene.copied).toEqual([102]);
  });

  it('is what an update gets if the one after it is refused', () => {
    const scene = new Scene(revision);
    scene.frame(1);
    scene.arrive(2);
    scene.frames.updateRequested();
    scene.frames.refused(2);
    expect([scene.copied, scene.done]).toEqual([[101], 1]);
  });

  it('is copied if an update waits for it, or somebody has come', () => {
    const scene = new Scene(revision);
    scene.arrive(1);
    scene.frames.updateRequested();
    expect(scene.done).toBe(0);
    scene.frames.completed(1, true, 101);
    expect([scene.copied, scene.done]).toEqual([[101], 1]);
    scene.port.viewed = true;
    scene.frame(2);
    scene.port.viewed = false;
    scene.frame(3);
    expect([scene.copied, scene.passed]).toEqual([[101, 102], [103]]);
  });

  it('goes with its mode', () => {
    const scene = new Scene(revision);
    scene.frame(1);
    scene.frames.setMode(800, 600);
    scene.frames.updateRequested();
    expect([scene.copied, scene.done]).toEqual([[], 1]);
  });

  it('is copied if its texture is given back, because its mode was left and came back meanwhile', () => {
    const scene = new Scene(revision);
    scene.arrive(1);
    scene.frames.setMode(800, 600);
    scene.frames.setMode(640, 480);
    scene.frames.completed(1, true, 101);
    expect([scene.copied, scene.passed]).toEqual([[101], []]);
  });
});

const options: DeviceOptions = { headless: true, vsync: false, ramBytes: 16 * 2 ** 20, modes: [{ width: 64, height: 48, rateHz: 60 }] };
let device: Device;
let made: Device | null = null;
afterEach(() => made?.close());

async function make(more: DeviceOptions): Promise<void> {
  made = await createDevice(more);
  device = made;
}

/** The guest's present of that number was shown, or would have been. */
const shown = (present: number): Promise<void> => until(() => device.display.shown.lastPresent === present);

async function drawing(more: DeviceOptions = {}): Promise<RawGuest> {
  await make({ ...options, ...more });
  const guest = new RawGuest(device);
  await guest.start();
  for (let each = 1; each <= 3; each++) {
    await guest.presentColour(0xff00_0000 + each, each);
    await shown(each);
  }
  return guest;
}

describe('a headless device', () => {
  it('says how many frames it did not copy, and loses none of them for that', async () => {
    await drawing();
    const { framesRendered, framesUnseen, framesDropped } = device.statistics;
    expect([framesRendered, framesUnseen, framesDropped]).toEqual([3, 3, 0]);
    expect(device.surface?.snapshot()).toBeNull();
  });

  it('shows the newest frame to a viewer that comes, and all until it goes', async () => {
    const guest = await drawing();
    await device.display.attachViewer();
    expect(device.surface?.snapshot()).toMatchObject({ present: 3 });
    expect(device.surface?.pixels[0]).toBe(0xff00_0003);
    await guest.presentColour(0xff00_0004, 4);
    await shown(4);
    expect(device.surface?.snapshot()).toMatchObject({ present: 4 });
    device.display.detachViewer();
    await guest.presentColour(0xff00_0005, 5);
    await shown(5);
    expect(device.surface?.snapshot()).toMatchObject({ present: 4 });
    expect(device.statistics.framesUnseen).toBe(4);
    expect(() => device.display.detachViewer()).toThrow(ArgumentError);
  });

  it.each(['v5', 'bh', 'hardened'] as const)('%s: gives a screendump the newest frame', async (revision) => {
    await drawing({ revision });
    const shot = await device.screendump();
    expect([shot?.present, shot?.pixels[0]]).toEqual([3, 0xff00_0003]);
  });

  it('is saved with the newest frame', async () => {
    await drawing();
    const bytes = await device.save();
    await make({ restore: bytes, vsync: false });
    expect(device.surface?.snapshot()).toMatchObject({ present: 3 });
    expect(device.surface?.pixels[0]).toBe(0xff00_0003);
  });

  it('of whom nobody has said so copies every frame', async () => {
    await drawing({ headless: false });
    expect([device.statistics.framesUnseen, device.surface?.pixels[0]]).toEqual([0, 0xff00_0003]);
  });
});
