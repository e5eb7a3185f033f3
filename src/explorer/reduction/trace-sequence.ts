/**
 * A sequence of steps that a race asks for, some of which are taken out since they are asked for already.
 *
 * Invariant: what is left is in order; a step is only taken out when nothing that is left must come before it.
 */
import { PROCESS_MASK } from '../execution.js';
import type { Asked, KnownChoice, Wanted } from '../strategies/trace-part.js';
import type { Footprints } from './footprints.js';

const NONE = -1;

export class TraceSequence {
  private readonly isTaken: boolean[];
  private readonly numbers: readonly number[];

  constructor(
    private readonly asked: Asked,
    private readonly footprints: Footprints,
  ) {
    this.isTaken = asked.steps.map(() => false);
    this.numbers = asked.steps.map((step) => this.numberOf(step));
  }

  get isEmpty(): boolean {
    return this.isTaken.every((taken) => taken);
  }

  /** Whether a choice may begin an execution that the sequence begins: it is a step that may come first, or none of its business. */
  mayBeginWith(known: KnownChoice): boolean {
    const place = this.placeOf(known);
    if (place !== NONE) {
      const isFirst = (this.asked.before[place] ?? []).every((other) => this.isTaken[other]);
      return isFirst && this.asked.steps[place]?.choice === known.choice;
    }
    const number = this.numberOf(known);
    return this.numbers.every((each, at) => this.isTaken[at] === true || !this.footprints.dependent(each, number));
  }

  /** Takes out the step that a choice makes, if it is one of it. */
  take(known: KnownChoice): void {
    const place = this.placeOf(known);
    if (place !== NONE) this.isTaken[place] = true;
  }

  /** What is left, one behind the other. */
  chain(): Wanted[] {
    const left = this.asked.steps.filter((_, at) => this.isTaken[at] === false);
    return left.reduceRight<Wanted[]>((below, { choice, footprint }) => [{ choice, footprint, below }], []);
  }

  private placeOf({ choice }: KnownChoice): number {
    const { steps } = this.asked;
    return steps.findIndex((step, at) => this.isTaken[at] === false && ((step.choice ^ choice) & PROCESS_MASK) === 0);
  }

  private numberOf({ footprint }: KnownChoice): number {
    return this.footprints.of(Int32Array.from(footprint), footprint.length);
  }
}
