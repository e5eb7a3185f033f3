/**
 * Searches the states of a world on several threads.
 *
 * First all threads look together at every state, each depth first, over one table of what was seen (states/shared-search.ts). That says how many
 * there are and whether anything fails at all, whoever saw what. If something does, or if not every state was seen, the search is made
 * anew in one thread, so that what is found is what one thread finds: the same failures, by the same schedules. Invariant: within a number of states the
 * result does not depend on how many threads there are. What is not here: what a thread does (thread.ts).
 */
import { Control } from './control.js';
import { WorldError } from './failure.js';
import { raise } from './measures.js';
import { type Explored, nothingFound } from './search.js';
import type { StatePart } from './states/shared-search.js';
import type { StateOrder } from './states/search-states.js';
import { sharedTableMemory } from './states/shared-table.js';
import { omissionOf } from './states/state-table.js';
import { exchangeMemory } from './states/work-exchange.js';
import type { Workers } from './workers.js';

/** What is to be searched. */
export interface StateTask {
  readonly order: StateOrder;
  readonly keepGoing: boolean;
  /** States at most. */
  readonly maxStates: number;
}

/** What one thread does of it. */
export interface StateShare {
  readonly own: number;
  readonly threads: number;
  readonly table: SharedArrayBuffer;
  readonly exchange: SharedArrayBuffer;
  /** Stops this search, and not what comes after it. */
  readonly control: SharedArrayBuffer;
  readonly maxStates: number;
}

/** Searches; `control` counts states. */
export async function exploreStates(workers: Workers, control: Control, task: StateTask): Promise<Explored> {
  const together = workers.count > 1 ? await searchTogether(workers, control, task) : null;
  if (together !== null) return together;
  control.add(-control.schedules);
  return workers.searchStates(task);
}

/** What all states show; null: that is to be found out in one thread. */
async function searchTogether(workers: Workers, control: Control, { maxStates }: StateTask): Promise<Explored | null> {
  const shared = {
    threads: workers.count,
    table: sharedTableMemory(),
    exchange: exchangeMemory(workers.count),
    control: Control.make().buffer,
    maxStates,
  };
  const shares = Array.from({ length: workers.count }, (_, own) => workers.shareStates({ ...shared, own }));
  const settled = await Promise.allSettled(shares);
  const parts = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  for (const each of settled) if (each.status === 'rejected' && !(each.reason instanceof WorldError)) throw each.reason;
  const found = sum(parts);
  if (control.isStopped) return { ...found, coverage: { kind: 'bounded', bound: `the first ${found.states} states, depth first` } };
  if (parts.length < workers.count || parts.some((part) => part.isSpoilt || part.isInexact)) return null;
  if (found.states >= maxStates) return null;
  const { hasFairCycle, costs } = await workers.lookTogether(parts);
  for (const [name, value] of costs) raise(found.costs, name, value);
  return hasFairCycle ? null : found;
}

function sum(parts: readonly StatePart[]): Explored & { readonly states: number } {
  const total = { ...nothingFound(), states: 0 };
  for (const { states, transitions, ends, reached, costs } of parts) {
    total.states += states;
    total.steps += transitions;
    total.schedules += ends;
    for (const name of reached) total.reached.add(name);
    for (const [name, cost] of costs) total.costs.set(name, Math.max(total.costs.get(name) ?? cost, cost));
  }
  return { ...total, coverage: { kind: 'proved', by: 'states', omission: omissionOf(total.states) } };
}
