/**
 * What iterative bounding has in common: all schedules that cost nothing, then those that cost 1, 2 and so on, depth first in each round.
 *
 * What a choice costs is the subclass's. Invariant: when a round ends without a fault, there is none that costs as much or less. A round meets those
 * of the rounds before again, for it can't know that nothing dearer comes of them; they are said to be repeats and count for nothing. It keeps
 * a few numbers for each step, and nothing of the rounds before. A part of a round is proved if it was met whole and nothing of it was too dear,
 * bounded if something was, and sampled if it was not met whole.
 */
import { grouped } from '../confidence.js';
import type { Execution } from '../execution.js';
import type { Coverage, Strategy } from '../strategy.js';
import type { ScheduleTree } from './split-tree.js';

export interface BoundedOptions {
  /** The first round. Default 0. */
  readonly first?: number;
  /** The last round. Default: as many as there are. */
  readonly most?: number;
  /** Places of the first choices of a round, of which it then meets all schedules. */
  readonly prefix?: readonly number[];
}

export abstract class BoundedSearch implements Strategy, ScheduleTree {
  abstract readonly name: string;
  /** What costs 1, in the plural. */
  protected abstract readonly unit: string;
  /** Choices of the moment, the cheapest first, and what each costs; the first costs nothing. Filled by order(). */
  protected candidates = new Int32Array(64);
  protected costs = new Int32Array(64);
  /** What schedules may cost in this round. */
  bound: number;
  /** Schedules of each round that are none of the rounds before. */
  readonly schedules: number[] = [];

  private readonly first: number;
  private readonly most: number;
  private readonly prefix: readonly number[];
  /** Of each step of the path: the choice, its place among the candidates, how many of those are affordable, and what the path costs. */
  private readonly choices: number[] = [];
  private readonly places: number[] = [];
  private readonly widths: number[] = [];
  private readonly spent: number[] = [];
  /** What the choices before this one are is known of the execution before. */
  private known = 0;
  /** Cost of the choices that were taken to go down the tree. */
  private paid = 0;
  private started = false;
  /** Whether something of this round was too dear. */
  private isCut = false;
  private roundEnded = false;
  private finished = false;

  constructor({ first = 0, most = Number.POSITIVE_INFINITY, prefix = [] }: BoundedOptions = {}) {
    this.first = first;
    this.bound = first;
    this.most = most;
    this.prefix = prefix;
    this.places.push(...prefix);
    // There is no other place as far as this search goes.
    this.widths.push(...prefix.map(() => 1));
    while (this.schedules.length <= first) this.schedules.push(0);
  }

  /** Fills `candidates` and `costs`; returns how many there are. */
  protected abstract order(execution: Execution): number;

  begin(): boolean {
    if (!this.started) this.started = true;
    else if (!this.advance()) return this.nextRound();
    return true;
  }

  choose(execution: Execution): number {
    const at = execution.steps;
    if (at < this.known) return this.choices[at] ?? 0;
    const { length } = this.places;
    const before = at > 0 ? (this.spent[at - 1] ?? 0) : 0;
    const count = this.order(execution);
    if (at === length || at < this.prefix.length) {
      const width = this.affordable(count, before);
      if (width < count) this.isCut = true;
      if (at === length) {
        this.places.push(0);
        this.widths.push(width);
      }
    }
    const place = this.places[at] ?? 0;
    const choice = this.candidates[place] ?? 0;
    this.choices[at] = choice;
    this.spent[at] = before + (this.costs[place] ?? 0);
    return choice;
  }

  restart(): void {
    this.paid = 0;
  }

  width(execution: Execution): number {
    return this.affordable(this.order(execution), this.paid);
  }

  take(execution: Execution, place: number): number {
    this.order(execution);
    this.paid += this.costs[place] ?? 0;
    return this.candidates[place] ?? 0;
  }

  end(): void {
    if (!this.isRepeat()) this.schedules[this.bound] = (this.schedules[this.bound] ?? 0) + 1;
  }

  /** Whether the execution that has just ended was one of an earlier round. */
  isRepeat(): boolean {
    const { length } = this.places;
    return (length > 0 ? (this.spent[length - 1] ?? 0) : 0) < this.bound;
  }

  /** The last round that was met whole; -1: none. */
  get whole(): number {
    return this.roundEnded ? this.bound : this.bound - 1;
  }

  coverage(): Coverage {
    if (this.finished) return { kind: 'proved', by: 'schedules' };
    return this.whole < this.first ? withoutAny(this.unit, this.schedules[this.first] ?? 0) : upTo(this.whole, this.unit, this.schedules);
  }

  /** Of this round, every subtree of a node counted alike; nobody knows how many rounds there are. */
  progress(): number {
    let done = 0;
    let weight = 1;
    for (let index = 0; index < this.places.length; index++) {
      weight /= this.widths[index] ?? 1;
      done += weight * (this.places[index] ?? 0);
    }
    return this.roundEnded ? 1 : done;
  }

  /** How many of so many candidates come to no more than the bound. */
  private affordable(count: number, before: number): number {
    let width = 1;
    while (width < count && before + (this.costs[width] ?? 0) <= this.bound) width++;
    return width;
  }

  /** Goes on to the next path of this round; false if there is none. */
  private advance(): boolean {
    const { places, widths } = this;
    for (let at = places.length - 1; at >= 0; at--) {
      const place = (places[at] ?? 0) + 1;
      if (place < (widths[at] ?? 0)) {
        places[at] = place;
        this.known = at;
        return true;
      }
      places.pop();
      widths.pop();
    }
    return false;
  }

  private nextRound(): boolean {
    this.roundEnded = true;
    this.finished = !this.isCut;
    if (this.finished || this.bound >= this.most) return false;
    this.bound++;
    this.known = 0;
    this.schedules.push(0);
    this.roundEnded = false;
    this.isCut = false;
    return true;
  }
}

/** What is shown by so many schedules of round 0 that are not all. */
export function withoutAny(unit: string, count: number): Coverage {
  return { kind: 'sampled', confidence: `the first ${grouped(count)} schedules without ${unit}` };
}

/** What is shown by all rounds up to that one; `schedules` are those of each round. */
export function upTo(round: number, unit: string, schedules: readonly number[]): Coverage {
  const count = schedules.slice(0, round + 1).reduce((sum, each) => sum + each, 0);
  return { kind: 'bounded', bound: `≤ ${round} ${unit} (all ${grouped(count)} schedules)` };
}
