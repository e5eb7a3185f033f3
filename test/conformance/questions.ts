/**
 * What PVG asks the host about guest memory, as the trace has it. A PVG that was told where the RAM is asks nothing, so what its trace doesn't have is
 * looked for when it would be there.
 */
import { expect } from 'vitest';
import type { MemoryModel, Rig } from './rig.js';

/** The events of every question, and of what comes of it, by their names. */
export const QUESTIONS = [
  'apple_gfx_create_task',
  'apple_gfx_destroy_task',
  'apple_gfx_map_memory',
  'apple_gfx_map_memory_range',
  'apple_gfx_read_memory',
  'apple_gfx_remap',
  'apple_gfx_unmap_memory',
] as const;

/** Where nothing is that could be mapped. */
const HOLE = 0x7_8000_0000;
/** Tests map surfaces of smaller numbers. */
const SURFACE = 99;

/** Holes that were asked for so far, so that each has a line of its own. */
let holes = 0;

/** The event that a line is of. */
export const eventOf = (line: string): string => line.split(' ')[0] ?? '';

/**
 * The lines of all questions so far. They are there when what comes later is traced: an interrupt by the actor that answers, and the mapping of an
 * IOSurface by PVG's own threads, in revisions in which those answer. Both are the IOSurface mapper's, since packets would have a guest start again whose
 * last one failed. It may take references on RAM meanwhile.
 */
export async function questionsOf(rig: Rig): Promise<readonly string[]> {
  const gpa = HOLE + 0x1_0000 * ++holes;
  expect(await rig.run({ do: 'iosfcMap', surface: SURFACE, gpa, length: 0x100 })).toEqual({ ok: false });
  await rig.run({ do: 'iosfcInterrupt', vector: 0 });
  const interrupts = rig.interrupts(1);
  const mapping = `apple_gfx_iosfc_map_memory phys=0x${gpa.toString(16)} `;
  await rig.until('what came later is traced', () => {
    const raised = rig.lines.filter((line) => eventOf(line) === 'apple_gfx_iosfc_raise_irq');
    return raised.length >= interrupts && rig.lines.some((line) => line.startsWith(mapping));
  });
  return rig.lines.filter((line) => (QUESTIONS as readonly string[]).includes(eventOf(line)));
}

/** What the lines of all questions have to be like: these are among them, or there is none at all. */
export const among = (memory: MemoryModel, ...lines: readonly RegExp[]): unknown =>
  memory === 'tasks' ? expect.arrayContaining(lines.map((line) => expect.stringMatching(line))) : [];
