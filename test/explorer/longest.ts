/**
 * The longest of spans by brute force: every schedule, and what goes on in each of its states. And by value iteration, where they never end.
 *
 * This is the other opinion on measures.ts and states/longest-spans.ts, and shares nothing with them but how a world declares its spans.
 */
import type { Execution } from '../../src/explorer/execution.js';
import { explore } from '../../src/explorer/explore.js';
import { DepthFirst } from '../../src/explorer/strategies/depth-first.js';
import type { World } from '../../src/explorer/world.js';
import { naiveStates } from './naive-states.js';

/** What is so in each state of an execution, span by span and peak by peak. */
interface Looks {
  readonly what: unknown[][];
  readonly totals: number[][];
  readonly peaks: number[][];
}

/** The length of the longest stretch of states in which the same goes on. */
function longest(what: readonly unknown[], totals: readonly number[]): number {
  let most = 0;
  for (let from = 0; from < what.length; from++) {
    for (let to = from; to < what.length && what[from] && what[to] === what[from]; to++) {
      // The step that leads to the first state belongs to it.
      most = Math.max(most, (totals[to] ?? 0) - (totals[from === 0 ? 0 : from - 1] ?? 0));
    }
  }
  return most;
}

/** Steps of an execution that is taken to have no end. */
const MOST_STEPS = 60;

/** The largest of every span and peak over all schedules; null if there are more than so many, or one that does not end. */
export function bruteCosts(given: World, mostSchedules: number): ReadonlyMap<string, number> | null {
  const world = { ...given, maxSteps: MOST_STEPS };
  const costs = new Map<string, number>();
  const inner = new DepthFirst();
  let looks: Looks = { what: [], totals: [], peaks: [] };
  const raise = (name: string, value: number): void => void costs.set(name, Math.max(costs.get(name) ?? value, value));
  const look = ({ builder, steps }: Execution): void => {
    looks.what.push(builder.spans.map(({ what }) => what()));
    looks.totals.push(builder.spans.map(({ count }) => count?.() ?? steps));
    looks.peaks.push(builder.peaks.map(({ measure }) => measure()));
  };
  const { schedules, faults } = explore(
    world,
    {
      name: 'looking',
      begin: () => {
        looks = { what: [], totals: [], peaks: [] };
        return inner.begin();
      },
      choose: (execution) => {
        look(execution);
        return inner.choose(execution);
      },
      end: (execution) => {
        look(execution);
        inner.end();
        const { spans, peaks } = execution.builder;
        for (const [index, { name }] of spans.entries()) {
          const column = <T>(rows: readonly T[][]): T[] => rows.map((row) => row[index] as T);
          raise(name, longest(column(looks.what), column(looks.totals)));
        }
        for (const [index, { name }] of peaks.entries()) raise(name, Math.max(...looks.peaks.map((row) => row[index] ?? 0)));
      },
      coverage: () => inner.coverage(),
      progress: () => null,
    },
    { keepGoing: true, schedules: mostSchedules + 1, stop: (found) => found.faults.some(({ property }) => property === 'steps') },
  );
  return schedules > mostSchedules || faults.some(({ property }) => property === 'steps') ? null : costs;
}

/** The longest time in steps that a property of a state stays fulfilled, from a plain search's graph; null if it has too many states. */
export function longestFulfilled(world: World, property: number, mostStates: number): number | null {
  const plain = naiveStates(world, mostStates);
  if (plain === null) return null;
  const { graph } = plain;
  const inside = graph.map(({ fulfilled }) => fulfilled[property] === true);
  const lengths = graph.map(() => 0);
  for (let round = 0; round <= graph.length + 1; round++) {
    let changed = false;
    for (const [from, { edges }] of graph.entries()) {
      for (const { to } of edges) {
        const length = 1 + (inside[from] ? (lengths[from] ?? 0) : 0);
        if (!inside[to] || length <= (lengths[to] ?? 0)) continue;
        lengths[to] = length;
        changed = true;
      }
    }
    if (!changed) return Math.max(...lengths);
  }
  // What is still growing after a round for each state goes round.
  return Number.POSITIVE_INFINITY;
}
