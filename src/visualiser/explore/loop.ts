/**
 * Whether an execution that is said to go on for ever does, and what never happens in it.
 *
 * Invariant: what is called a loop was run: it ends in the state that it begins in, is fair to everybody, and a property that must be fulfilled
 * is so in none of its states. What is not here: finding one (explorer/states/fair-cycles.ts).
 */
import { PROCESS_MASK } from '../../explorer/execution.js';
import type { Failure } from '../../explorer/failure.js';
import { Integers } from '../../explorer/states/integers.js';
import { openSpace } from '../../explorer/states/search-states.js';
import type { World } from '../../explorer/world.js';

/** What is said to be a loop. */
export interface Loop {
  readonly choices: readonly number[];
  /** Choices from this one on are made again and again. */
  readonly cycleFrom: number;
  /** What is said never to happen; null: whatever does not. */
  readonly property: string | null;
}

/** What an execution that goes on for ever breaks; null: it does not go on so, or breaks nothing. */
export function loopFailure(world: World, { choices, cycleFrom, property }: Loop): Failure | null {
  if (cycleFrom >= choices.length) return null;
  // Each process is itself: a loop that exchanges two of them is none of these choices.
  const { space } = openSpace(world, { symmetry: false }, new Map());
  space.begin();
  for (const choice of choices.slice(0, cycleFrom)) space.step(choice);
  const { low, high } = space;
  const unfulfilled = new Set(
    space.properties.flatMap(({ kind }, index) => (kind === 'eventually' || kind === 'alwaysEventually' ? [index] : [])),
  );
  const steppers = new Set(choices.slice(cycleFrom).map((choice) => choice & PROCESS_MASK));
  let alwaysAble: ReadonlySet<number> | null = null;
  for (const choice of choices.slice(cycleFrom)) {
    const able = new Integers();
    space.choices(able);
    const processes = new Set(Array.from({ length: able.length }, (_, index) => able.at(index) & PROCESS_MASK));
    alwaysAble = new Set([...(alwaysAble ?? processes)].filter((process) => processes.has(process)));
    for (const index of unfulfilled) if (space.isFulfilled(index)) unfulfilled.delete(index);
    space.step(choice);
  }
  const isFair = [...(alwaysAble ?? [])].every((process) => steppers.has(process));
  if (space.low !== low || space.high !== high || !isFair) return null;
  const never = [...unfulfilled].map((index) => space.properties[index]?.name ?? '');
  const name = never.find((each) => each === property) ?? never[0];
  if (name === undefined) return null;
  return { property: name, message: `${name}: it can go on for ever without, from step ${cycleFrom} on`, step: choices.length };
}
