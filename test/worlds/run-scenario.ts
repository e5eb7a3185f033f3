/**
 * A round of conformance: what two processors have PVG do, as the scenario of a world. test/worlds/real-run.ts has a guest do the same.
 */
import * as L from '../../src/guest/layout.js';
import { RAM_GPA, type Scenario, WINDOW_GPA } from '../../src/worlds/device-world.js';

export const MODES = [
  { width: 320, height: 200 },
  { width: 200, height: 320 },
] as const;
export const PRESENTS = 3;
/** The guest's tasks: two that differ by which of PVG's threads maps their memory. */
export const FIRST_TASK = 2;
export const SECOND_TASK = 3;

/** Registers by which the processors tell PVG to do something. */
export const ORDERS = { kick: L.REG_MAIN_KICK, mode: L.REG_MODE, doorbell: L.REG_CHILD_DOORBELL, surfaces: L.IOSFC_PRODUCER } as const;

/** A register that keeps what is written to it and has no effect until the device is started again. */
export const SPARE_REGISTER = L.REG_SHARED_PFN;

/** PVG's threads that a round's scripts stand for, by their numbers (native/soft/soft_pvg.h). */
export const THREADS = new Map([
  [1, 'control'],
  [2, 'task0'],
  [3, 'task1'],
  [7, 'mapper'],
]);

/** What tells a round from others. */
export interface Round {
  /** Which one of its device's it is, from 1 on. */
  readonly number: number;
  /** The mode that it sets; the other one is set before. */
  readonly mode: 0 | 1;
  readonly image: number;
  readonly x: number;
  readonly y: number;
  readonly shown: boolean;
  /** Microseconds that pass before the kick, the mode, the doorbell, the surfaces and the updates, so that rounds differ. */
  readonly delays: readonly number[];
  /** The frames come once the mode is set. */
  readonly framesBehind: boolean;
}

/** `number`: which round of its device's it is. `variety`: makes rounds differ in when things happen. */
export function roundOf(number: number, variety: number): Round {
  const delays = [3, 5, 7, 11, 13].map((prime) => ((variety * prime) % 17) ** 2);
  return {
    number,
    mode: number % 2 === 0 ? 0 : 1,
    image: 1 + (number % 200),
    x: number % 40,
    y: (number + 1) % 40,
    shown: number % 2 === 0,
    delays,
    framesBehind: variety % 4 === 0,
  };
}

/**
 * A round as a world has it. `nested`: PVG reads the cursor's bitmap from a register, so that there is an access inside the kick; else from RAM. Where the software PVG does one thing behind another, the world's threads may do so at any time; the log decides. */
export function runScenario({ mode, image, x, y, shown }: Round, nested: boolean): Scenario {
  return {
    name: 'run',
    summary: 'accesses of two processors, upcalls, a cursor, frames, a mode change and updates at once',
    vcpus: [
      ['write', { order: ORDERS.kick }, { order: ORDERS.mode }, 'read'],
      [{ order: ORDERS.doorbell }, 'write', { order: ORDERS.surfaces }, 'read'],
    ],
    mode: MODES[mode === 0 ? 1 : 0],
    scripts: [
      {
        name: 'control',
        steps: [
          { do: 'createTask', task: FIRST_TASK, pages: 2 },
          // What a thread does when it has an answer is one step with the taking of it, and others may come in between here.
          { do: 'awaitTask', task: FIRST_TASK },
          { do: 'createTask', task: SECOND_TASK, pages: 2 },
          { do: 'awaitTask', task: SECOND_TASK },
          { do: 'readMemory', gpa: nested ? WINDOW_GPA + SPARE_REGISTER : RAM_GPA, length: 4 },
          { do: 'cursorGlyph', image },
          { do: 'awaitThread', thread: 'task1' },
          { do: 'destroyTask', task: SECOND_TASK },
        ],
        inside: { vcpu: 0, index: 1 },
      },
      {
        name: 'task0',
        steps: [
          { do: 'awaitTask', task: FIRST_TASK },
          { do: 'map', task: FIRST_TASK, page: 0, gpa: RAM_GPA },
          { do: 'map', task: FIRST_TASK, page: 1, gpa: RAM_GPA },
          { do: 'unmap', task: FIRST_TASK, page: 1 },
          { do: 'use', task: FIRST_TASK, page: 0 },
        ],
        inside: { vcpu: 0, index: 1 },
      },
      {
        name: 'task1',
        steps: [
          { do: 'awaitTask', task: SECOND_TASK },
          { do: 'map', task: SECOND_TASK, page: 0, gpa: RAM_GPA },
        ],
        inside: { vcpu: 0, index: 1 },
      },
      { name: 'stamp', steps: [{ do: 'raiseInterrupt', vector: 0 }], inside: { vcpu: 0, index: 1 }, awaited: false },
      { name: 'mode', steps: [{ do: 'modeChange', ...MODES[mode] }], inside: { vcpu: 0, index: 2 } },
      {
        name: 'mapper',
        steps: [
          { do: 'iosfcMap', surface: 1, gpa: RAM_GPA, length: 0x4000 },
          { do: 'iosfcMap', surface: 2, gpa: RAM_GPA, length: 0x4000 },
          { do: 'iosfcUnmap', surface: 1 },
          { do: 'raiseInterrupt', vector: 0, line: 'iosfcInterrupt' },
        ],
        inside: { vcpu: 1, index: 2 },
      },
      {
        name: 'blanks',
        steps: [
          { do: 'cursorMove', x, y },
          { do: 'cursorShow', show: shown },
        ],
      },
      {
        name: 'fifo',
        steps: Array.from({ length: PRESENTS }, () => ({ do: 'newFrame' as const })),
        inside: { vcpu: 1, index: 0 },
        awaited: false,
      },
    ],
    freedom: { announcesOnce: true, cutsFrames: true },
    updates: [false, true],
    workers: 2,
    tellsLater: true,
    counts: true,
  };
}
