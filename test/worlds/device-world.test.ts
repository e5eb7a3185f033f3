/**
 * The device in one thread runs every revision, always in the same way, and shows what each is known to suffer from.
 */
import { describe, expect, it } from 'vitest';
import { DeadlockError } from '../../src/base/errors.js';
import type { ScriptStep } from '../../src/bridge/scripted-steps.js';
import { REVISION_NAMES, type RevisionName } from '../../src/revisions/revision.js';
import { roundRobin, type Scheduler } from '../../src/runtime/process.js';
import { DeviceWorld, type WorldOptions } from './device-world.js';
import { RAM_REGION } from './memory-map.js';

const DOORBELL = 0x1024;
const PAGE = 0x4000;
const MODE = { width: 8, height: 4 };
const write = { write: true, window: 0, size: 4, offset: DOORBELL, value: 1 } as const;
const read = { ...write, write: false };

const taskSteps = (world: DeviceWorld, task: number): readonly ScriptStep[] => [
  { do: 'createTask', task, length: 4 * PAGE },
  { do: 'map', task, offset: PAGE, pieces: [{ gpa: world.gpa(task * PAGE), length: PAGE }] },
];

/** Picks by a linear congruential sequence. */
function seeded(seed: number): Scheduler {
  let state = seed;
  return (choices) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * choices.length);
  };
}

/** A vCPU writes a register, inside which two threads make tasks and map; then frames are shown. */
function scenario(options: WorldOptions): DeviceWorld {
  const world = new DeviceWorld({ ...options, trace: ['apple_gfx_*'] });
  new DataView(world.ram.buffer).setUint32(2 * PAGE, 0x1234_5678, true);
  const run = world.pvg.load(write, [
    { thread: 'task 0', steps: taskSteps(world, 2) },
    { thread: 'task 1', steps: [...taskSteps(world, 3), { do: 'readMemory', gpa: world.gpa(2 * PAGE), length: 4 }] },
  ]);
  const vcpu = world.vcpu('vcpu 0', [write]);
  expect(world.system.runUntil(() => vcpu.process.isDone && run.isDone)).toBe(true);
  expect(run.isOk).toBe(true);
  expect(world.memory.look(world.pvg.tasks.get(2)?.range ?? 0, PAGE)).toBe(0x1234_5678);

  world.pvg.start([
    {
      thread: 'control',
      steps: [
        { do: 'modeChange', port: 0, ...MODE },
        { do: 'newFrame', port: 0, colour: 0xff11_2233 },
        { do: 'raiseInterrupt', vector: 0 },
      ],
    },
  ]);
  world.system.runUntil(() => false);
  world.requestUpdate(0);
  world.system.runUntil(() => false);
  return world;
}

describe.each(REVISION_NAMES)('the revision %s', (revision) => {
  it.each([0, 1, 2, 3])('serves an access with upcalls inside, a mode, a frame, an interrupt (schedule %i)', (seed) => {
    const options = seed === 0 ? { revision } : { revision, scheduler: seeded(seed) };
    const world = scenario(options);
    const surface = world.displays[0]?.surface;
    expect(surface).toMatchObject(MODE);
    expect(new Set(surface?.pixels)).toEqual(new Set([0xff11_2233]));
    expect(world.displays[0]).toMatchObject({ updates: 1, dones: 1, lastPresent: 1 });
    expect(world.interrupts.count(0)).toBe(1);
    expect(world.map.referencesOf(RAM_REGION)).toBe(world.revision.taskReferences ? 2 : 0);

    const reset = world.reset();
    expect(world.system.runUntil(() => reset.isDone)).toBe(true);
    expect(world.map.referencesOf(RAM_REGION)).toBe(0);
    expect(world.memory.rangeCount).toBe(0);
    expect(world.system.pending().filter(({ enabled }) => !enabled)).toEqual([]);
    expect(world.guestErrors).toEqual([]);
  });

  it('does the same whenever the same is chosen', () => {
    const runs = [7, 7].map((seed) => {
      const { lines, system } = scenario({ revision, scheduler: seeded(seed) });
      return { lines, history: system.history };
    });
    expect(runs[1]).toEqual(runs[0]);
    const other = scenario({ revision, scheduler: seeded(8) });
    expect(other.system.history).not.toEqual(runs[0]?.history);
  });
});

it.each(REVISION_NAMES)('%s: an interrupt keeps PVG waiting for nobody, even while the BQL is held, and arrives', (revision) => {
  const world = new DeviceWorld({ revision });
  const raise = { do: 'raiseInterrupt', vector: 0 } as const;
  world.pvg.load(read, [{ thread: 'control', steps: [raise, { do: 'iosfcInterrupt', vector: 0 }, raise] }]);
  // The access ends when PVG's thread has raised all, so that one which waited for the lock would wait for ever.
  const vcpu = world.vcpu('vcpu 0', [read]);
  expect(world.system.runUntil(() => vcpu.process.isDone)).toBe(true);
  world.system.runUntil(() => false);
  expect([world.interrupts.count(0), world.interrupts.count(1)]).toEqual([2, 1]);
});

describe('a read inside which PVG maps', () => {
  const readInside = (revision: RevisionName): DeviceWorld => {
    const world = new DeviceWorld({ revision });
    world.pvg.setRegister(read, 77);
    world.pvg.load(read, [{ thread: 'control', steps: taskSteps(world, 2) }]);
    return world;
  };

  it.each(['unlock', 'shared-cond', 'v5', 'bh', 'hardened'] as const)('completes in %s', (revision) => {
    const world = readInside(revision);
    const vcpu = world.vcpu('vcpu 0', [read]);
    expect(world.system.runUntil(() => vcpu.process.isDone)).toBe(true);
    expect(vcpu.values).toEqual([77]);
  });

  it.each(['sync', 'async-write'] as const)('is a deadlock in %s, which says who waits for what', (revision) => {
    const world = readInside(revision);
    world.vcpu('vcpu 0', [read]);
    const run = (): boolean => world.system.runUntil(() => false);
    expect(run).toThrow(DeadlockError);
    const again = readInside(revision);
    again.vcpu('vcpu 0', [read]);
    expect(() => again.system.runUntil(() => false)).toThrow(
      /bql waits to return from PVG: read gfx 0x1024.*vcpu 0 waits to have its access answered.*pvg control waits to have createTask answered/s,
    );
  });
});

it('writes overtake each other in async-write, and in no later revision', () => {
  const accesses = [1, 2].map((value) => ({ ...write, offset: 0x1000, value }));
  const registerAfter = (revision: RevisionName, seed: number): number => {
    const world = new DeviceWorld({ revision, scheduler: seeded(seed) });
    const vcpu = world.vcpu('vcpu 0', accesses);
    world.system.runUntil(() => false);
    expect(vcpu.process.isDone).toBe(true);
    const [value] = [world.vcpu('vcpu 1', [{ ...read, offset: 0x1000 }])].map(({ values }) => values);
    world.system.runUntil(() => false);
    return value?.[0] ?? 0;
  };
  const seeds = Array.from({ length: 60 }, (_, index) => index + 1);
  expect(new Set(seeds.map((seed) => registerAfter('async-write', seed)))).toEqual(new Set([1, 2]));
  for (const revision of ['unlock', 'shared-cond', 'v5', 'bh', 'hardened'] as const) {
    expect(new Set(seeds.map((seed) => registerAfter(revision, seed)))).toEqual(new Set([2]));
  }
});

describe('a mode change that PVG tells while a frame waits to be encoded', () => {
  /** The display queue takes PVG's display lock before the render queue has come to the block. */
  const order = ['pvg control', 'pvg control', 'pvg display', 'render-queue', 'render-queue', 'pvg display', 'pvg display', 'pvg display'];

  function run(revision: RevisionName): DeviceWorld {
    let script: string[] = [];
    const turns = roundRobin();
    const scheduler: Scheduler = (choices) => {
      const place = choices.findIndex(({ process }) => process === script[0]);
      if (place < 0) return turns(choices);
      script.shift();
      return place;
    };
    const world = new DeviceWorld({ revision, scheduler });
    const steps = (colour: number): ScriptStep[] => [{ do: 'newFrame', port: 0, colour }];
    world.pvg.start([{ thread: 'control', steps: [{ do: 'modeChange', port: 0, ...MODE }, ...steps(1)] }]);
    world.system.runUntil(() => false);
    script = [...order];
    world.pvg.start([{ thread: 'control', steps: [...steps(2), { do: 'modeChange', port: 0, width: 5, height: 5 }] }]);
    world.system.runUntil(() => false);
    return world;
  }

  it('is a deadlock in async-write: the encode waits for the lock, and the mode change behind it for its turn', () => {
    const world = run('async-write');
    const blocked = world.system.pending().map(({ process, object }) => [process, object]);
    expect(blocked).toEqual([
      ['render-queue', 'render queue'],
      ['pvg display', expect.stringMatching(/^upcall /)],
    ]);
    expect(world.displays[0]?.surface).toMatchObject(MODE);
  });

  it('is none in hardened, where nobody waits for the answer', () => {
    const world = run('hardened');
    expect(world.system.pending()).toEqual([]);
    expect(world.displays[0]?.surface).toMatchObject({ width: 5, height: 5 });
  });
});
