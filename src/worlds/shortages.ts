/**
 * Memory that PVG's threads ask for and can't have: ranges that can't be reserved, pages that can't be mapped, IOSurfaces of what is not there.
 *
 * Whether a step meets one is an outcome of the step in which the thread asks, and goes with what it asks for: so it is of this upcall,
 * whoever serves it, whenever, and in whatever batch. The device can't tell that from a shortage that comes while it serves. Invariant: a
 * thread goes on whatever it was answered, as its client's commands name a task that there is none of.
 */
import { PAGE, type PvgStep } from './pvg-steps.js';

/** More than there are addresses to reserve. */
export const TOO_LONG = 2 ** 47;
/** Added to an address it makes one that no page can be mapped from. */
const UNALIGNED = 8;
/** Guest-physical memory begins above. */
const NOWHERE_GPA = 0x1000_0000;

/** What tells whether a step can meet a shortage. */
interface Needs {
  readonly shortages: number;
  /** Those that there are, by the guest's numbers. */
  readonly tasks: ReadonlyMap<number, number>;
  readonly surfaces: ReadonlyMap<number, number>;
}

/** Whether a step may find that there is no memory for it. A map of no task fails in any case. */
export function canBeShort(step: PvgStep, { shortages, tasks }: Needs): boolean {
  if (shortages === 0) return false;
  return step.do === 'createTask' || step.do === 'iosfcMap' || (step.do === 'map' && tasks.has(step.task));
}

/** Whether a step is about a task that there is none of, since its range could not be reserved. */
export function isOfNoTask(step: PvgStep, { tasks }: Needs): boolean {
  return 'task' in step && step.do !== 'createTask' && !tasks.has(step.task);
}

/** What an upcall's answer has to be. */
export type Expected = 'success' | 'failure' | 'either';

/** Of the upcall that a step is about to ask. To undo a mapping that there is none of is an error in some revisions, and nothing in others. */
export function expected(step: PvgStep, needs: Needs, isShort: boolean): Expected {
  if (isShort || isOfNoTask(step, needs)) return 'failure';
  if (step.do === 'iosfcUnmapAddress') return 'either';
  return step.do === 'iosfcUnmap' && !needs.surfaces.has(step.surface) ? 'either' : 'success';
}

/** Bytes of a task's range. */
export function lengthOf(pages: number, isShort: boolean): number {
  return isShort ? TOO_LONG : pages * PAGE;
}

/** Where a page is that is mapped; and an IOSurface. */
export function pageAt(gpa: number, isShort: boolean): number {
  return isShort ? gpa + UNALIGNED : gpa;
}

export function surfaceAt(gpa: number, isShort: boolean): number {
  return isShort ? NOWHERE_GPA : gpa;
}
