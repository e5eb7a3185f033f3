/**
 * A part of optimal DPOR: all traces that begin with given choices, but for those that begin with what sleeps behind them.
 *
 * A race whose earlier step is one of the given ones asks for something that is not this part's to explore: it is written down, with all
 * that must be known to decide about it elsewhere (trace-tree.ts). A part that takes long can be left, and what is left of it is parts again. Invariant:
 * the traces that a part meets, and those of the parts that are left of it, are what sequential search meets below the given choices. Only for worlds
 * of generators none of whose operations has several outcomes: of others a race asks for more than one sequence says.
 */
import { type Execution, PROCESS_MASK } from '../execution.js';
import { OptimalDpor } from './optimal-dpor.js';

/** A choice that need not be made, or has still to be, with what its step touches, as in Footprints. */
export interface KnownChoice {
  readonly choice: number;
  readonly footprint: readonly number[];
}

/** Choices to be made one after the other, with those that come after each; a leaf leaves it open what comes. */
export interface Wanted extends KnownChoice {
  readonly below: Wanted[];
}

/** A choice all behind which is explored. */
export interface Explored extends KnownChoice {
  /** Where it was asked for what comes behind: all that was explored there. Null: it was left open, so whatever may come there was. */
  readonly below: readonly Explored[] | null;
}

/** Where a part begins. */
export interface PartBegin {
  /** The given choices. */
  readonly path: readonly number[];
  readonly asleep: readonly KnownChoice[];
  /** The choice that it makes after them; null: whichever can be made. */
  readonly wanted: Wanted | null;
  /** At each of the given depths and the one behind them: what need not be asked for, since it is explored before. */
  readonly above: readonly (readonly KnownChoice[])[];
}

/** What a race asks for at a depth that is not the part's. */
export interface Asked {
  readonly depth: number;
  /** The sequence that turns it round. */
  readonly steps: readonly KnownChoice[];
  /** By its places: those before it whose steps must come first. */
  readonly before: readonly (readonly number[])[];
}

/** What is left to be explored at a depth: behind the path up to there. */
export interface LeftOver {
  readonly depth: number;
  /** What was explored there, in order, if it was asked for what is explored there; otherwise that is asleep. */
  readonly explored: readonly Explored[] | null;
  readonly asleep: readonly KnownChoice[];
  /** The choice on the path, behind which there is more; null: there is none, it is the deepest depth. */
  readonly current: KnownChoice | null;
  readonly wanted: readonly Wanted[];
}

interface Sleeper {
  readonly choice: number;
  /** As Footprints numbers it. */
  readonly footprint: number;
}

/** What a part came to. */
export interface PartEnd {
  readonly asked: readonly Asked[];
  readonly left: readonly LeftOver[];
  /** What was explored behind the choice that it was to make, if it was asked for what is. */
  readonly explored: readonly Explored[] | null;
}

export class TracePart extends OptimalDpor {
  readonly asked: Asked[] = [];
  private readonly told = new Set<string>();
  private above: readonly (readonly Sleeper[])[] = [];
  private hasBegun = false;
  private isLookedAt = false;
  private hasArrived = false;
  /** By depth: what was explored there, if it was asked for what is. */
  private readonly explorations: (Explored[] | null)[] = [];

  constructor(private readonly from: PartBegin) {
    super();
    this.given = from.path.length;
    this.own = from.wanted === null ? 0 : this.given + 1;
    this.known = this.given;
    while (this.path.length <= this.given) this.grow();
    this.path.set(from.path);
  }

  /** The world is none whose traces are divided. */
  get isUnsuited(): boolean {
    return this.isLookedAt || this.hasOutcomes;
  }

  override begin(execution: Execution): boolean {
    const goesOn = super.begin(execution);
    if (!this.hasBegun) {
      this.hasBegun = true;
      const { properties, costs, peaks, spans, processes } = execution.builder;
      // What is looked at on the way, and not at the end, may be otherwise in another execution of the same trace.
      this.isLookedAt =
        costs.length + peaks.length + spans.length > 0 ||
        processes.some(({ actor }) => actor !== null) ||
        properties.some(({ kind }) => kind !== 'alwaysEventually');
      this.above = this.from.above.map((known) => known.map((each) => this.sleeperOf(each)));
    }
    return goesOn && !this.isUnsuited;
  }

  protected override arriveAtOwn(): void {
    if (this.hasArrived) return;
    this.hasArrived = true;
    const { given, from } = this;
    for (const each of from.asleep) {
      const { choice, footprint } = this.sleeperOf(each);
      this.sleeping.add(given, choice, footprint);
    }
    this.heads[given] = from.wanted === null ? 0 : this.nodeOf(from.wanted);
  }

  protected override chose(depth: number): void {
    this.explorations[depth + 1] = this.heads[depth + 1] === 0 ? null : [];
  }

  protected override hasExplored(depth: number): void {
    const there = this.explorations[depth] ?? null;
    if (there === null) return;
    const footprint = this.entriesOf(this.order.footprint[depth + 1] ?? 0);
    there.push({ choice: this.path[depth] ?? 0, footprint, below: this.explorations[depth + 1] ?? null });
  }

  /** What it came to, at the end or where it was left. */
  partEnd(): PartEnd {
    const explored = this.explorations[this.given + 1] ?? null;
    return { asked: this.asked, left: this.finished ? [] : this.leftOver(), explored };
  }

  protected override askAbove(depth: number): void {
    for (const { choice, footprint } of this.above[depth] ?? []) {
      const place = this.find(choice & PROCESS_MASK);
      if (place >= 0 ? this.beginsWith(place, choice, footprint, 1) : this.isIndependent(footprint, false)) return;
    }
    const { sequence, touched, length, path } = this;
    const choices = Array.from(sequence.subarray(0, length), (event) => path[event - 1] ?? 0);
    const key = `${depth} ${choices.join()} ${touched.subarray(0, length).join()}`;
    if (this.told.has(key)) return;
    this.told.add(key);
    this.asked.push({
      depth,
      steps: choices.map((choice, place) => ({ choice, footprint: this.entriesOf(touched[place] ?? 0) })),
      before: choices.map((_, place) => this.beforePlace(place)),
    });
  }

  private beforePlace(place: number): number[] {
    const { sequence, order, race } = this;
    const event = sequence[place] ?? 0;
    const isLater = event === order.later[race];
    const before: number[] = [];
    for (let at = 0; at < place; at++) {
      const other = sequence[at] ?? 0;
      if (isLater ? order.precedesRace(other, race) : order.precedes(other, event)) before.push(at);
    }
    return before;
  }

  /** What is left, from the first depth of its own on. */
  private leftOver(): LeftOver[] {
    const { known, sleeping, trees, order } = this;
    return Array.from({ length: known + 1 - this.own }, (_, index) => {
      const depth = this.own + index;
      const asleep: KnownChoice[] = [];
      for (let at = sleeping.starts[depth] ?? 0; at < (sleeping.ends[depth] ?? 0); at++)
        asleep.push({ choice: sleeping.choices[at] ?? 0, footprint: this.entriesOf(sleeping.footprints[at] ?? 0) });
      const explored = this.explorations[depth] ?? null;
      if (explored !== null) asleep.splice(asleep.length - explored.length);
      const head = this.heads[depth] ?? 0;
      if (depth === known) return { depth, explored, asleep, current: null, wanted: this.wantedOf(head) };
      const current = { choice: this.path[depth] ?? 0, footprint: this.entriesOf(order.footprint[depth + 1] ?? 0) };
      return { depth, explored, asleep, current, wanted: this.wantedOf(trees.next[head] ?? 0) };
    });
  }

  private wantedOf(list: number): Wanted[] {
    const { trees } = this;
    const all: Wanted[] = [];
    for (let node = list; node !== 0; node = trees.next[node] ?? 0) {
      const footprint = this.entriesOf(trees.footprint[node] ?? 0);
      all.push({ choice: trees.choice[node] ?? 0, footprint, below: this.wantedOf(trees.first[node] ?? 0) });
    }
    return all;
  }

  private nodeOf({ choice, footprint, below }: Wanted): number {
    const node = this.trees.add(choice, this.numberOf(footprint));
    for (const each of below) this.trees.appendChild(node, this.nodeOf(each));
    return node;
  }

  private sleeperOf({ choice, footprint }: KnownChoice): Sleeper {
    return { choice, footprint: this.numberOf(footprint) };
  }

  private numberOf(entries: readonly number[]): number {
    return this.order.footprints.of(Int32Array.from(entries), entries.length);
  }

  private entriesOf(footprint: number): readonly number[] {
    if (footprint >= 0) return [footprint];
    const { entries, starts } = this.order.footprints;
    return entries.slice(starts[~footprint] ?? 0, starts[~footprint + 1] ?? 0);
  }
}
