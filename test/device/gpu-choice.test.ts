import { expect, it } from 'vitest';
import { chooseGpu, type Gpu } from '../../src/device/gpu-choice.js';

/** GPUs by letters: u unified memory, r removable, d the system's default. */
const gpus = (...letters: string[]): Gpu[] =>
  letters.map((each) => ({ unifiedMemory: each.includes('u'), removable: each.includes('r'), isDefault: each.includes('d') }));

it.each<[string, Gpu[], number | null]>([
  ['the first with unified memory, before any other', gpus('', 'u', 'u', 'd', ''), 1],
  ['one with unified memory even if it is removable', gpus('', 'ur', 'd'), 1],
  ['else the last that is not removable, before the default', gpus('', 'd', '', 'r'), 2],
  ["else the system's default", gpus('r', 'rd', 'r'), 1],
  ['none if all are removable and none is the default', gpus('r', 'r'), null],
  ['none if there is none', [], null],
])('chooses %s', (_, list, index) => {
  expect(chooseGpu(list)).toBe(index);
});
