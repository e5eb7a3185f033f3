/**
 * What happens in each world of the device: small programs for the guest, PVG and the console.
 *
 * Each is as small as what it is to show allows, since the explorer tries every interleaving of it.
 */
import { REMOVABLE_GPA, RAM_GPA, type Scenario, WINDOW_GPA } from './device-world.js';
import type { PvgStep } from './pvg-steps.js';

const MODE = { width: 8, height: 4 };
const OTHER = { width: 4, height: 8 };

/** A thread that makes a task, maps a page and looks at it, inside an access. */
const maps = (task: number): readonly PvgStep[] => [
  { do: 'createTask', task, pages: 2 },
  { do: 'map', task, page: 0, gpa: RAM_GPA },
  { do: 'use', task, page: 0 },
];

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'accesses',
    summary: 'two processors write and read registers of their own',
    vcpus: [
      ['write', 'read'],
      ['write', 'read'],
    ],
  },
  {
    name: 'upcalls',
    summary: 'inside a write, two threads of PVG make tasks and map memory at once',
    vcpus: [['write', 'read']],
    scripts: [
      { name: 'task0', steps: maps(0), inside: { vcpu: 0, index: 0 } },
      { name: 'task1', steps: maps(1), inside: { vcpu: 0, index: 0 } },
    ],
  },
  {
    name: 'reading',
    summary: 'inside a read, PVG maps memory and waits for the answer, while another processor writes',
    vcpus: [['read'], ['write']],
    scripts: [{ name: 'task', steps: maps(0), inside: { vcpu: 0, index: 0 } }],
  },
  {
    name: 'frames',
    summary: 'three frames, of which PVG may refuse one, and the console asks for an update',
    mode: MODE,
    scripts: [{ name: 'guest', steps: [{ do: 'newFrame' }, { do: 'newFrame' }, { do: 'newFrame' }] }],
    freedom: { refusals: 1 },
    updates: [false],
  },
  {
    name: 'modes',
    summary: 'a mode change there and back while a frame is in flight',
    mode: MODE,
    scripts: [
      {
        name: 'guest',
        steps: [{ do: 'newFrame' }, { do: 'modeChange', ...OTHER }, { do: 'newFrame' }, { do: 'modeChange', ...MODE }, { do: 'newFrame' }],
      },
    ],
  },
  {
    name: 'cursor',
    summary: 'glyph, show and move, one after the other',
    mode: MODE,
    scripts: [
      {
        name: 'guest',
        steps: [
          { do: 'cursorGlyph', image: 1 },
          { do: 'cursorMove', x: 1, y: 1 },
          { do: 'cursorShow', show: false },
          { do: 'cursorGlyph', image: 2 },
          { do: 'cursorMove', x: 2, y: 2 },
          { do: 'cursorShow', show: true },
        ],
      },
    ],
  },
  {
    name: 'interrupts',
    summary: 'interrupts inside and outside an access',
    vcpus: [['write', 'write']],
    scripts: [
      {
        name: 'inside',
        steps: [
          { do: 'raiseInterrupt', vector: 0 },
          { do: 'raiseInterrupt', vector: 1 },
        ],
        inside: { vcpu: 0, index: 0 },
      },
      { name: 'outside', steps: [{ do: 'raiseInterrupt', vector: 2 }] },
    ],
  },
  {
    name: 'iosurfaces',
    summary: 'IOSurface mappings of memory that a task maps too, and an unmap of what is not mapped',
    scripts: [
      {
        name: 'surfaces',
        steps: [
          { do: 'iosfcMap', surface: 1, gpa: REMOVABLE_GPA, length: 0x4000 },
          { do: 'iosfcUnmap', surface: 1 },
          { do: 'iosfcUnmapAddress', address: 2 * 2 ** 32 },
        ],
      },
      {
        name: 'task',
        steps: [
          { do: 'createTask', task: 0, pages: 2 },
          { do: 'map', task: 0, page: 0, gpa: REMOVABLE_GPA },
          { do: 'map', task: 0, page: 1, gpa: REMOVABLE_GPA },
          { do: 'use', task: 0, page: 0 },
          { do: 'destroyTask', task: 0 },
        ],
      },
    ],
    removesRam: true,
  },
  {
    name: 'reservations',
    summary: 'two threads of PVG make tasks and map memory at once, and a third an IOSurface; for any two of these there may be none',
    scripts: [
      { name: 'task0', steps: [...maps(0), { do: 'destroyTask', task: 0 }], inside: { vcpu: 0, index: 0 } },
      { name: 'task1', steps: maps(1) },
      {
        name: 'surface',
        steps: [
          { do: 'iosfcMap', surface: 1, gpa: RAM_GPA, length: 0x4000 },
          { do: 'iosfcUse', surface: 1 },
          { do: 'iosfcUnmap', surface: 1 },
        ],
      },
    ],
    vcpus: [['write']],
    workers: 1,
    freedom: { shortages: 2 },
    reset: true,
  },
  {
    name: 'nested',
    summary: 'PVG reads a register as memory inside a write, while it holds its lock',
    vcpus: [['write'], ['write']],
    scripts: [
      { name: 'reader', steps: [{ do: 'readMemory', gpa: WINDOW_GPA + 0x1000, length: 4 }], inside: { vcpu: 0, index: 0 } },
      { name: 'locker', steps: [{ do: 'lock' }, { do: 'createTask', task: 0, pages: 1 }, { do: 'unlock' }] },
    ],
    freedom: { locks: true },
    workers: 3,
  },
  {
    name: 'locks',
    summary: 'a mode change while a processor writes, and PVG takes its lock wherever it may',
    vcpus: [['write'], ['write']],
    mode: MODE,
    scripts: [{ name: 'guest', steps: [{ do: 'modeChange', ...OTHER }, { do: 'newFrame' }, { do: 'cursorGlyph', image: 1 }] }],
    freedom: { locks: true },
  },
  {
    name: 'failures',
    summary: 'two frames that PVG may tell of as one, of which the GPU may fail one, and the console asks for updates',
    mode: MODE,
    scripts: [{ name: 'guest', steps: [{ do: 'newFrame' }, { do: 'newFrame' }] }],
    freedom: { failures: 1, coalesces: true },
    updates: [false, true],
  },
  {
    name: 'reset',
    summary: 'a reset while a processor writes, a task is mapped and a frame is in flight',
    vcpus: [['write']],
    mode: MODE,
    scripts: [
      { name: 'task', steps: maps(0), inside: { vcpu: 0, index: 0 } },
      { name: 'guest', steps: [{ do: 'newFrame' }, { do: 'newFrame' }] },
    ],
    reset: true,
    updates: [false],
  },
  {
    name: 'everything',
    summary: 'two processors with two accesses each, upcalls of two threads at once, two frames, a mode change and a reset',
    vcpus: [
      ['write', 'read'],
      ['write', 'read'],
    ],
    mode: MODE,
    scripts: [
      { name: 'task0', steps: [{ do: 'createTask', task: 0, pages: 1 }], inside: { vcpu: 0, index: 0 } },
      { name: 'task1', steps: [{ do: 'createTask', task: 1, pages: 1 }], inside: { vcpu: 0, index: 0 } },
      { name: 'guest', steps: [{ do: 'newFrame' }, { do: 'modeChange', ...OTHER }, { do: 'newFrame' }] },
    ],
    reset: true,
    // There is one access in PVG at a time here, so a second worker would do what the first does.
    workers: 1,
  },
];
