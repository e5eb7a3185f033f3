/**
 * Which earlier steps of other processes each step of a recording can't be without: what made it possible, and not what merely came first.
 *
 * A message that is received has been sent, a wake-up signalled, an answer given, a process spawned, and one that is joined has ended. Two that race for a lock
 * or a variable don't need each other: to exchange them is what a move is for. Invariant: needs come before.
 */
import { Kind, KIND_BITS, KIND_MASK } from '../../explorer/operation.js';
import type { Recording } from '../../explorer/recording.js';

/** What gives, by what takes it, one for one in the order in which they were made. */
const GIVEN: ReadonlyMap<number, readonly number[]> = new Map<number, readonly number[]>([
  [Kind.receive, [Kind.send]],
  [Kind.awaitReply, [Kind.reply]],
]);

/** Of each step, numbers of the steps it needs. */
export function needsOf({ steps }: Pick<Recording, 'steps'>): number[][] {
  const needs: number[][] = steps.map(() => []);
  const given = new Map<number, number[]>();
  const signals = new Map<number, number>();
  const firstOf = (process: number): number => steps.findIndex((step) => step.process === process);
  steps.forEach(({ kind, target, process, footprint }, index) => {
    const mine = needs[index] ?? [];
    if (kind === Kind.join && target !== null) mine.push(steps.findLastIndex((step, at) => at < index && step.process === target.owner));
    if (kind === Kind.spawn && target !== null) needs[firstOf(target.owner)]?.push(index);
    // Whoever drains a mailbox takes what there is, and needs none of it.
    const drained = new Set(footprint.filter((entry) => (entry & KIND_MASK) === Kind.drain).map((entry) => entry >> KIND_BITS));
    for (const entry of footprint) {
      const [object, what] = [entry >> KIND_BITS, entry & KIND_MASK];
      if (drained.has(object)) given.delete((object << KIND_BITS) | Kind.send);
      else if (what === Kind.send || what === Kind.reply) queue(given, entry).push(index);
      else if (what === Kind.signal || what === Kind.broadcast) signals.set(object, index);
      else if (what === Kind.wake) mine.push(signals.get(object) ?? -1);
      else for (const giving of GIVEN.get(what) ?? []) mine.push(given.get((object << KIND_BITS) | giving)?.shift() ?? -1);
    }
    needs[index] = [...new Set(mine)].filter((need) => need >= 0 && steps[need]?.process !== process);
  });
  // A spawned process's first step may stand before the steps that were looked at last.
  return needs.map((mine, index) => mine.filter((need) => need < index));
}

function queue(given: Map<number, number[]>, key: number): number[] {
  const known = given.get(key) ?? [];
  given.set(key, known);
  return known;
}
