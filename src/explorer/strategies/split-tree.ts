/**
 * Divides a tree of schedules into parts, each of which is all that begins with the same choices.
 *
 * Invariant: parts are told by places, not by choices, and come in the order in which a search meets them; together they are the tree. What is not
 * here: which choices a tree has; the strategy that searches it says so.
 */
import { Execution } from '../execution.js';
import type { World } from '../world.js';

/** A tree of schedules, gone down from the beginning of an execution. */
export interface ScheduleTree {
  /** The execution has begun. */
  restart(): void;
  /** How many choices there are where the execution stands. */
  width(execution: Execution): number;
  /** The choice at a place among them; it is made next. */
  take(execution: Execution, place: number): number;
}

/** All schedules, as depth first meets them. */
const EVERYTHING: ScheduleTree = {
  restart: () => undefined,
  width: ({ enabledCount }) => enabledCount,
  take: ({ enabled }, place) => enabled[place] ?? 0,
};

/** Prefixes, in order, between which a tree is divided: so many, a few more, or as many as there are schedules. */
export function splitTree(world: World, parts: number, tree: ScheduleTree = EVERYTHING): readonly (readonly number[])[] {
  const execution = new Execution(world);
  let prefixes: readonly (readonly number[])[] = [[]];
  for (;;) {
    const longer = prefixes.flatMap((prefix) => {
      execution.begin();
      tree.restart();
      for (const place of prefix) execution.step(tree.take(execution, place));
      const width = execution.enabledCount === 0 ? 0 : tree.width(execution);
      return width === 0 ? [prefix] : Array.from({ length: width }, (_, place) => [...prefix, place]);
    });
    const isWhole = longer.every((prefix, index) => prefix === prefixes[index]);
    prefixes = longer;
    if (isWhole || prefixes.length >= parts) return prefixes;
  }
}
