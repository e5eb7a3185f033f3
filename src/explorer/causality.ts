/**
 * Which steps of a recording must come before which: the partial order that all its reorderings share.
 *
 * Two steps are ordered if one process made both, if they depend on each other (operation.ts), or if the first made the second possible. Invariant:
 * an order is never left out; where it isn't known whether two steps can be exchanged (mailboxes that are drained, timers), they can't.
 */
import { DEPENDS, Kind, KIND_BITS, KIND_COUNT, KIND_MASK } from './operation.js';
import type { Recording, Step } from './recording.js';

const pairs = (...kinds: (readonly [number, number])[]): ReadonlySet<number> =>
  new Set(kinds.map(([first, second]) => KIND_COUNT * first + second));

/** Pairs of kinds of which the first, on the same object, makes the second possible: a lock by the unlock, which it doesn't race with. */
const UNLOCKS = pairs([Kind.unlock, Kind.lock], [Kind.unlock, Kind.reacquire]);
const ENABLES = pairs(
  [Kind.signal, Kind.wake],
  [Kind.broadcast, Kind.wake],
  [Kind.reply, Kind.awaitReply],
  [Kind.awaitReply, Kind.reply],
  [Kind.drain, Kind.send],
  [Kind.send, Kind.drain],
);

const MAILBOX = [Kind.send, Kind.receive, Kind.drain];

/** What a step did to one object. */
interface Access {
  readonly step: number;
  readonly kind: number;
}

export class Causality {
  /** Numbers of each process's steps. */
  readonly byProcess: readonly (readonly number[])[];
  /** Of each step, how many steps its process had made before it. */
  readonly places: readonly number[];
  /** Of each step, how many steps of each process are before it, or are it. */
  private readonly clocks: readonly Uint32Array[];
  /** The same without what locks owe to unlocks. */
  private readonly raceClocks: readonly Uint32Array[];

  constructor(readonly recording: Recording) {
    const { steps, standings } = recording;
    const byProcess: number[][] = standings.map(() => []);
    this.places = steps.map(({ process }, index) => (byProcess[process] ?? []).push(index) - 1);
    this.byProcess = byProcess;
    this.clocks = this.makeClocks(directPredecessors(recording, byProcess, new Set([...ENABLES, ...UNLOCKS])));
    this.raceClocks = this.makeClocks(directPredecessors(recording, byProcess, ENABLES));
  }

  /** How many steps of a process must come before a step; its own ones, itself included. */
  before(step: number, process: number): number {
    return this.clocks[step]?.[process] ?? 0;
  }

  /** Whether a step, or the one it is, must come before another. */
  isBefore(step: number, later: number): boolean {
    const { process } = this.recording.steps[step] as Step;
    return this.before(later, process) > (this.places[step] ?? 0);
  }

  /** Pairs of steps of different processes that depend on each other, with nothing in between that orders them, the last first. */
  races(): (readonly [number, number])[] {
    const { steps } = this.recording;
    const races: (readonly [number, number])[] = [];
    for (let later = steps.length - 1; later > 0; later--) {
      for (let earlier = later - 1; earlier >= 0; earlier--) {
        const [a, b] = [steps[earlier] as Step, steps[later] as Step];
        if (a.process !== b.process && depend(a.footprint, b.footprint) && this.isDirect(earlier, later)) races.push([earlier, later]);
      }
    }
    return races;
  }

  private isDirect(earlier: number, later: number): boolean {
    const isBefore = (one: number, other: number): boolean =>
      (this.raceClocks[other]?.[this.recording.steps[one]?.process ?? 0] ?? 0) > (this.places[one] ?? 0);
    for (let between = earlier + 1; between < later; between++) {
      if (isBefore(earlier, between) && isBefore(between, later)) return false;
    }
    return true;
  }

  private makeClocks(predecessors: readonly (readonly number[])[]): Uint32Array[] {
    const { steps, standings } = this.recording;
    const clocks: Uint32Array[] = [];
    steps.forEach(({ process }, index) => {
      const clock = new Uint32Array(standings.length);
      const merge = (other: number | undefined): void => {
        const theirs = other === undefined ? undefined : clocks[other];
        if (theirs !== undefined)
          for (let each = 0; each < clock.length; each++) clock[each] = Math.max(clock[each] ?? 0, theirs[each] ?? 0);
      };
      const place = this.places[index] ?? 0;
      merge(this.byProcess[process]?.[place - 1]);
      for (const predecessor of predecessors[index] ?? []) merge(predecessor);
      clock[process] = place + 1;
      clocks.push(clock);
    });
    return clocks;
  }
}

/** Whether two footprints have dependent entries. */
export function depend(one: readonly number[], other: readonly number[]): boolean {
  return one.some((a) =>
    other.some((b) => a >> KIND_BITS === b >> KIND_BITS && DEPENDS[KIND_COUNT * (a & KIND_MASK) + (b & KIND_MASK)] === 1),
  );
}

/** Of each step, earlier ones of other processes that it needs. */
function directPredecessors({ steps }: Recording, byProcess: readonly (readonly number[])[], enables: ReadonlySet<number>): number[][] {
  const predecessors: number[][] = steps.map(() => []);
  const accesses = new Map<number, Access[]>();
  let barrier = -1;
  steps.forEach(({ kind, target, footprint }, step) => {
    const mine = predecessors[step] ?? [];
    // A timer fires when nothing else can, so what was before it stays before it, and what came after stays after.
    if (kind === Kind.timeout) for (let earlier = 0; earlier < step; earlier++) mine.push(earlier);
    else if (barrier >= 0) mine.push(barrier);
    if (kind === Kind.timeout) barrier = step;
    if (kind === Kind.spawn && target) predecessors[byProcess[target.owner]?.[0] ?? -1]?.push(step);
    if (kind === Kind.join && target) mine.push(...(byProcess[target.owner] ?? []).slice(-1));
    for (const entry of footprint) {
      const object = entry >> KIND_BITS;
      const known = accesses.get(object) ?? [];
      accesses.set(object, known);
      known.push({ step, kind: entry & KIND_MASK });
    }
  });
  const bounds = new Map(steps.map(({ target }) => [target?.id ?? -1, target?.bound ?? 0]));
  for (const [object, list] of accesses) orderAccesses(list, bounds.get(object) ?? 0, enables, predecessors);
  return predecessors;
}

function orderAccesses(list: readonly Access[], bound: number, enables: ReadonlySet<number>, predecessors: readonly number[][]): void {
  const isQueue = list.every(({ kind }) => kind === Kind.send || kind === Kind.receive);
  if (isQueue) orderQueue(list, bound, predecessors);
  list.forEach(({ step, kind }, place) => {
    for (let earlier = 0; earlier < place; earlier++) {
      const before = list[earlier] as Access;
      const pair = KIND_COUNT * before.kind + kind;
      const unsure = !isQueue && MAILBOX.some((each) => each === kind) && MAILBOX.some((each) => each === before.kind);
      if (DEPENDS[pair] === 1 || enables.has(pair) || unsure) predecessors[step]?.push(before.step);
    }
  });
}

/** The nth message is taken when it is there, and sent when there is room for it. */
function orderQueue(list: readonly Access[], bound: number, predecessors: readonly number[][]): void {
  const sends = list.filter(({ kind }) => kind === Kind.send);
  const receives = list.filter(({ kind }) => kind === Kind.receive);
  receives.forEach(({ step }, place) => {
    const send = sends[place];
    if (send !== undefined) predecessors[step]?.push(send.step);
  });
  if (bound === 0) return;
  sends.forEach(({ step }, place) => {
    const room = receives[place - bound];
    if (room !== undefined) predecessors[step]?.push(room.step);
  });
}
