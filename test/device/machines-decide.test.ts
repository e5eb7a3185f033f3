/**
 * The machines decide: a device whose machine lacks one transition misbehaves in just the way that the transition says.
 *
 * Each case runs twice, on a copy of the built device with its machines as they are and on one that lacks the transition,
 * so that a scenario that never worked can't pass. On the first the test waits for what has to happen, as long as it takes; on the
 * second until the actors, asked again and again, have nothing more to do.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Upcall } from '../../src/bridge/pvg.js';
import type { Device } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import { RawGuest, until } from './raw-guest.js';

const dist = new URL('../../dist', import.meta.url).pathname;
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** Puts a machine without something in the place of the machine `name` in `file`. */
function withhold(file: string, name: string, path: readonly string[]): void {
  const original = file.replace('.machine.js', '.original.js');
  renameSync(file, original);
  writeFileSync(
    file,
    `import { ${name} as original } from './${basename(original)}';
const copy = (value) => Array.isArray(value) ? value.map(copy)
  : value?.constructor === Object ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy(inner)])) : value;
const path = ${JSON.stringify(path)};
export const ${name} = (builders) => {
  const machine = original(builders);
  const config = copy(machine.config);
  const holder = path.slice(0, -1).reduce((node, key) => node[key], config);
  if (!(path.at(-1) in holder)) throw new Error('the machine ${name} has no ' + path.join(' '));
  delete holder[path.at(-1)];
  return builders.setup(machine.implementations).createMachine(config);
};
`,
  );
}

/** A copy of the built device; in `file` the machine `name` lacks what the path of keys leads to. */
function copyWithout(file: string, name: string, path: readonly string[] | null): string {
  const folder = mkdtempSync(join(dist, 'mutant-'));
  folders.push(folder);
  for (const part of ['src', 'actors']) {
    cpSync(join(dist, part), join(folder, part), { recursive: true, filter: (name) => !name.endsWith('.map') });
  }
  mkdirSync(join(folder, 'native'));
  cpSync(join(dist, 'native/libpvg_bridge.so'), join(folder, 'native/libpvg_bridge.so'));
  if (path !== null) withhold(join(folder, file), name, path);
  // Threads run bundles.
  execFileSync(process.execPath, ['native/build.mjs', '--bundles', folder]);
  return folder;
}

interface Scene {
  readonly device: Device;
  readonly guest: RawGuest;
  /** Names of trace events. */
  readonly log: string[];
}

async function openScene(folder: string): Promise<Scene> {
  const { createDevice } = (await import(/* @vite-ignore */ join(folder, 'src/index.js'))) as typeof import('../../dist/src/index.js');
  const modes = [{ width: 64, height: 48, rateHz: 60 }];
  // The revision that goes through every machine.
  const device = await createDevice({ revision: 'v5', modes, vsync: false, trace: ['apple_gfx_*'], ramBytes: 16 * 2 ** 20 });
  const log: string[] = [];
  device.on('trace', (line: string) => log.push(line.split(' ')[0] ?? ''));
  return { device, guest: new RawGuest(device), log };
}

interface Waiting {
  readonly bottomHalves: readonly number[];
  readonly nestedWaits: number;
}

async function waiting(device: Device): Promise<Waiting> {
  return (await device.internals.inspect('bql')) as unknown as Waiting;
}

/** Waits until many questions to both actors found nothing new: no trace line, the same waits. */
async function quiet({ device, log }: Scene): Promise<void> {
  let before = '';
  for (let turns = 0; turns < 50; turns++) {
    const now = JSON.stringify([await waiting(device), await device.internals.inspect('render-queue'), log.length]);
    if (now !== before) turns = 0;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Whether the access completes. */
async function completes(access: Promise<unknown>, scene: Scene, broken: boolean): Promise<boolean> {
  let settled = false;
  const done = access.then(() => {
    settled = true;
  });
  if (broken) done.catch(() => undefined);
  await (broken ? quiet(scene) : done);
  return settled;
}

interface Case {
  readonly file: string;
  readonly machine: string;
  readonly path: readonly string[];
  readonly fault: string;
  /** What the device does, in a form that the two runs can be compared by. */
  observe(scene: Scene, broken: boolean): Promise<unknown>;
  readonly whole: unknown;
  readonly broken: unknown;
}

const cases: readonly Case[] = [
  {
    file: 'src/device/mmio-job.machine.js',
    machine: 'mmioJobMachine',
    path: ['states', 'running', 'on', 'bridge.completed'],
    fault: 'an access never completes, though PVG has processed it',
    async observe(scene, broken) {
      const completed = await completes(scene.device.mmioRead(L.REG_VERSION), scene, broken);
      const { nestedWaits } = await waiting(scene.device);
      return { completed, nestedWaits, processed: scene.log.includes('apple_gfx_read') };
    },
    whole: { completed: true, nestedWaits: 0, processed: true },
    broken: { completed: false, nestedWaits: 1, processed: true },
  },
  {
    file: 'actors/bql/lock.machine.js',
    machine: 'lockMachine',
    path: ['states', 'waiting', 'on', 'bh.offered'],
    fault: 'a bottom half that the access in flight needs never runs: both wait for ever',
    async observe(scene, broken) {
      const completed = await completes(scene.guest.start(), scene, broken);
      const { bottomHalves, nestedWaits } = await waiting(scene.device);
      return { completed, bottomHalves, nestedWaits, served: scene.log.includes('apple_gfx_create_task') };
    },
    whole: { completed: true, bottomHalves: [], nestedWaits: 0, served: true },
    broken: { completed: false, bottomHalves: [Upcall.createTask], nestedWaits: 1, served: false },
  },
  {
    file: 'src/device/mapping-job.machine.js',
    machine: 'mappingJobMachine',
    path: ['states', 'mapping', 'states', 'whole', 'on', 'ranges.ended'],
    fault: 'PVG maps and is never told so',
    async observe(scene, broken) {
      const completed = await completes(scene.guest.start(), scene, broken);
      const { bottomHalves, nestedWaits } = await waiting(scene.device);
      return { completed, bottomHalves, nestedWaits, mapped: scene.log.includes('apple_gfx_remap') };
    },
    whole: { completed: true, bottomHalves: [], nestedWaits: 0, mapped: true },
    broken: { completed: false, bottomHalves: [], nestedWaits: 1, mapped: true },
  },
  {
    file: 'src/device/frame-pipeline.machine.js',
    machine: 'framePipelineMachine',
    path: ['states', 'pipeline', 'states', 'rendering', 'states', 'single', 'on', 'frame.completed'],
    fault: 'no frame is ever shown',
    observe: presentThree,
    whole: { shown: 3 },
    broken: { shown: 0 },
  },
  {
    file: 'actors/render-queue/render-queue.machine.js',
    machine: 'renderQueueMachine',
    path: ['states', 'completing', 'on', 'section.ended'],
    fault: 'the first frame is shown and none after it',
    observe: presentThree,
    whole: { shown: 3 },
    broken: { shown: 1 },
  },
  {
    file: 'src/device/life-cycle.machine.js',
    machine: 'lifeCycleMachine',
    path: ['states', 'resetting', 'on', 'reset.completed'],
    fault: 'the device can be reset once and never again',
    async observe({ device }) {
      await device.reset();
      const again = await device.reset().then(
        () => 'reset',
        (error: Error) => error.message,
      );
      return { lifeCycle: device.lifeCycle, again };
    },
    whole: { lifeCycle: 'running', again: 'reset' },
    broken: { lifeCycle: 'resetting', again: 'the device is not running' },
  },
];

/** Three frames, one after the other: each is presented when the one before it was shown, or nothing more happens. */
async function presentThree(scene: Scene, broken: boolean): Promise<{ shown: number }> {
  const { device, guest } = scene;
  await guest.start();
  for (let frame = 1; frame <= 3; frame++) {
    await guest.presentColour(0xff_00_00_00 + frame, frame);
    await until(() => guest.stamp(1) === frame);
    await (broken ? quiet(scene) : until(() => device.statistics.framesRendered === frame));
  }
  return { shown: device.statistics.framesRendered };
}

describe('without one transition of its machine', () => {
  it.for(cases)('$machine: $fault', async ({ file, machine, path, observe, whole, broken }) => {
    for (const [lacking, expected] of [
      [null, whole],
      [path, broken],
    ] as const) {
      const scene = await openScene(copyWithout(file, machine, lacking));
      try {
        expect(await observe(scene, lacking !== null)).toEqual(expected);
      } finally {
        await scene.device.close();
      }
    }
  });
});
