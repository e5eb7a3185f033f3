/**
 * Makes a failing schedule small: fewest preemptions, then fewest switches, then fewest steps, with the same property failing.
 *
 * Four means, from the cheapest on: other orders of the same steps (reorder.ts), which are worked out on paper and replayed once; steps that are
 * not needed left out; blocks moved, so that a preempted process goes on; and every schedule with fewer preemptions at places
 * that race, as far as the replays last. Invariant: what it gives fails the property, and is never worse than what it got. Whether it is the
 * least there is, certificate.ts shows.
 */
import { PreemptionSearch } from './preemption-search.js';
import { Causality } from './causality.js';
import type { Execution } from './execution.js';
import { KIND_BITS } from './operation.js';
import { canChoose, type Chooser, choiceOf, exactly, GIVE_UP, type Recorder, type Recording, withoutPreemption } from './recording.js';
import { reorder } from './reorder.js';
import { blocks } from './schedule-text.js';

export interface Shrunk {
  readonly recording: Recording;
  /** Executions that it took. */
  readonly replays: number;
}

/** Executions that shrinking may take. */
export const SHRINK_REPLAYS = 150;
/** Those of them that are kept for what can be left out at the end. */
const RESERVE = 20;
/** Longer ones are left as they are: to look for orders on paper would take minutes. */
const MAX_STEPS = 2000;

/** A process that runs until it has made so many steps, or can't go on. */
interface Block {
  readonly process: number;
  readonly until: number;
}

/** The schedule must fail the property on the recorder's world. */
export function shrink(recorder: Recorder, schedule: readonly number[], property: string, most = SHRINK_REPLAYS): Shrunk {
  const before = recorder.replays;
  const first = recorder.record(exactly(schedule), property);
  if (first.failure === null || first.steps.length > MAX_STEPS) return { recording: first, replays: recorder.replays - before };
  const search = new Shrinker(recorder, first, property, before + most);
  search.reorderAndTrim();
  while (search.moveBlocks()) search.reorderAndTrim();
  while (search.searchRaces()) {
    search.reorderAndTrim();
    while (search.moveBlocks()) search.reorderAndTrim();
  }
  search.reserve = 0;
  search.reorderAndTrim();
  return { recording: search.best, replays: recorder.replays - before };
}

class Shrinker {
  reserve = RESERVE;
  private readonly tried = new Set<string>();

  constructor(
    private readonly recorder: Recorder,
    public best: Recording,
    private readonly property: string,
    private readonly lastReplay: number,
  ) {}

  private get isOver(): boolean {
    return this.recorder.replays + this.reserve >= this.lastReplay;
  }

  /** The best order of the steps, and which of them can be left out. */
  reorderAndTrim(): void {
    while (this.reorderOnce() || this.trimOnce());
  }

  private reorderOnce(): boolean {
    const causality = new Causality(this.best);
    return this.attemptOrder(
      causality,
      causality.byProcess.map(({ length }) => length),
    );
  }

  /** Leaves out what the last step doesn't need; else, of one process after the other, what the others don't need. */
  private trimOnce(): boolean {
    const causality = new Causality(this.best);
    const { byProcess } = causality;
    const last = this.best.steps.length - 1;
    if (last < 0) return false;
    const everybody = byProcess.map((_, process) => process);
    if (this.attemptOrder(causality, pastOf(causality, [last]))) return true;
    return everybody.some((left) => {
      const ends = everybody.filter((process) => process !== left).flatMap((process) => byProcess[process]?.at(-1) ?? []);
      return byProcess[left]?.length !== 0 && this.attemptOrder(causality, pastOf(causality, ends));
    });
  }

  /**
   * Replaces what stands at a preemption: the preempted process goes on, until it would have been preempted next or as long as it can, or
   * it, or the one that preempts it, runs later. Then tries to leave blocks out.
   */
  moveBlocks(): boolean {
    const made = new Map<number, number>();
    const all: Block[] = blocks(this.best.steps).map((block) => {
      const process = block[0]?.process ?? 0;
      made.set(process, (made.get(process) ?? 0) + block.length);
      return { process, until: made.get(process) ?? 0 };
    });
    const without = (gone: number): Block[] => all.filter((_, index) => index !== gone);
    let place = 0;
    const preempted = blocks(this.best.steps).flatMap((block) => {
      place++;
      return block[0]?.preempts ? [place - 2] : [];
    });
    for (const at of preempted.reverse()) {
      const { process } = all[at] as Block;
      const next = all.findIndex(({ process: each }, index) => index > at && each === process);
      const endless = all.map((block, index) => (index === at ? { process, until: Number.POSITIVE_INFINITY } : block));
      const candidates = [endless, without(at), without(at + 1)];
      if (next >= 0) candidates.push(all.map((block, index) => (index === at ? (all[next] as Block) : block)).filter((_, i) => i !== next));
      if (candidates.some((candidate) => this.attempt(follow(candidate, this.best)))) return true;
    }
    const endless = all.map(({ process }) => ({ process, until: Number.POSITIVE_INFINITY }));
    if (this.attempt(follow(endless, this.best))) return true;
    return all.some((_, left) => this.attempt(follow(without(left), this.best)));
  }

  /** Goes through schedules with fewer preemptions, which are only made where a process is at an object that races. */
  searchRaces(): boolean {
    if (this.best.preemptions === 0) return false;
    const racing = new Set<number>();
    for (const [earlier, later] of new Causality(this.best).races()) {
      for (const step of [earlier, later]) for (const entry of this.best.steps[step]?.footprint ?? []) racing.add(entry >> KIND_BITS);
    }
    for (const { active, enabled, target } of this.best.standings) if (active && !enabled && target) racing.add(target.id);
    const races = (execution: Execution, process: number): boolean => racing.has(execution.targetOf(process)?.id ?? -1);
    const search = new PreemptionSearch(this.best.preemptions - 1, races);
    while (!this.isOver) {
      const recording = this.recorder.record(search.choose, this.property);
      if (this.accept(recording)) return true;
      if (!search.advance(recording.steps.length)) return false;
    }
    return false;
  }

  private attemptOrder(causality: Causality, wanted: readonly number[]): boolean {
    const choices = reorder(causality, wanted);
    const key = choices.join();
    if (this.tried.has(key) || key === this.best.steps.map(({ choice }) => choice).join()) return false;
    this.tried.add(key);
    return this.attempt(exactly(choices));
  }

  private attempt(choose: Chooser): boolean {
    return !this.isOver && this.accept(this.recorder.record(choose, this.property));
  }

  private accept(recording: Recording): boolean {
    if (recording.failure === null || compare(recording, this.best) >= 0) return false;
    this.best = recording;
    return true;
  }
}

/** Negative if the first is the better one. */
export function compare(one: Recording, other: Recording): number {
  return one.preemptions - other.preemptions || one.switches - other.switches || one.steps.length - other.steps.length;
}

/** How many steps of each process come before some steps, or are among them. */
function pastOf(causality: Causality, ends: readonly number[]): number[] {
  return causality.byProcess.map((_, process) => Math.max(0, ...ends.map((end) => causality.before(end, process))));
}

/** Runs blocks one after the other; a block whose process can't go on is over. Behind them, goes on without preemption. */
function follow(plan: readonly Block[], { steps }: Recording): Chooser {
  const known: number[][] = [];
  for (const { process, choice } of steps) {
    known[process] ??= [];
    known[process]?.push(choice);
  }
  let at = 0;
  let made: number[] = [];
  return (execution) => {
    if (execution.steps === 0) {
      at = 0;
      made = [];
    }
    for (; at < plan.length; at++) {
      const { process, until } = plan[at] as Block;
      const first = choiceOf(execution, process);
      const place = made[process] ?? 0;
      if (place >= until || first === GIVE_UP) continue;
      made[process] = place + 1;
      const choice = known[process]?.[place] ?? first;
      return canChoose(execution, choice) ? choice : first;
    }
    return withoutPreemption(execution);
  };
}
