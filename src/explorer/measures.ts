/**
 * Figures that are measured on the way: of states, and of what goes on for a while.
 *
 * A step belongs to the span that is open behind it: it begins the span, or lengthens it. So a span's length is the sum over the
 * states of it, and steps that end one span and begin another count once. Invariant: what a step is to each span follows from the state before it
 * and the choice alone, so a search of states may note it at the step and look for the longest later (states/longest-spans.ts).
 */
import type { Execution } from './execution.js';
import { WorldError } from './failure.js';

/** Something to measure, where it is measured. */
export interface Figure {
  readonly name: string;
  readonly measure: () => number;
}

/** Something that goes on for a while. */
export interface Span {
  readonly name: string;
  /** What goes on now; false, 0, null or undefined: nothing. */
  readonly what: () => unknown;
  /** What a step weighs is how much this grows in it; null: each step weighs 1. */
  readonly count: (() => number) | null;
}

/** Keeps the largest of what a name was measured as. */
export function raise(costs: Map<string, number>, name: string, value: number): void {
  const most = costs.get(name);
  if (most === undefined || value > most) costs.set(name, value);
}

/** Keeps the largest of each figure as it is now. */
export function measureFigures(figures: readonly Figure[], costs: Map<string, number>): void {
  for (let index = 0; index < figures.length; index++) {
    const { name, measure } = figures[index] as Figure;
    raise(costs, name, measure());
  }
}

/** What the last step was to each span of a world. */
export class SpanSteps {
  /** By span: what the step weighs; -1: the span is not open behind it. */
  readonly weights: number[] = [];
  /** Whether the span was open before the step too. */
  readonly goesOn: boolean[] = [];
  private readonly before: unknown[] = [];
  private readonly counts: number[] = [];

  /** `spans`: looked at anew in each execution, since a world makes them anew. */
  constructor(readonly spans: readonly Span[]) {}

  /** A step comes next. Not needed if the one before was noted too. */
  look(): void {
    for (let index = 0; index < this.spans.length; index++) {
      const { what, count } = this.spans[index] as Span;
      this.before[index] = what();
      this.counts[index] = count === null ? 0 : count();
    }
  }

  /** Notes the step that was made. */
  note(): void {
    for (let index = 0; index < this.spans.length; index++) {
      const { name, what, count } = this.spans[index] as Span;
      const now = what();
      let weight = 1;
      if (count !== null) {
        const total = count();
        weight = total - (this.counts[index] ?? 0);
        if (!(weight >= 0)) throw new WorldError(`what "${name}" counts has fallen by ${-weight}, and may only grow`);
        this.counts[index] = total;
      }
      this.weights[index] = now ? weight : -1;
      this.goesOn[index] = now === this.before[index];
      this.before[index] = now;
    }
  }
}

/** Measures one execution after the other, step by step. */
export class ExecutionMeter {
  private readonly steps: SpanSteps;
  /** By span: its length so far, and the largest of this execution. */
  private readonly lengths: number[] = [];
  private readonly longest: number[] = [];
  /** By peak: the largest of this execution. */
  private readonly highest: number[] = [];

  constructor(private readonly execution: Execution) {
    this.steps = new SpanSteps(execution.builder.spans);
  }

  /** Whether there is anything to measure on the way. */
  get isWanted(): boolean {
    const { spans, peaks } = this.execution.builder;
    return spans.length > 0 || peaks.length > 0;
  }

  /** The execution stands at its beginning. */
  begin(): void {
    const { spans, peaks } = this.execution.builder;
    this.steps.look();
    for (let index = 0; index < spans.length; index++) {
      this.lengths[index] = 0;
      this.longest[index] = 0;
    }
    for (let index = 0; index < peaks.length; index++) this.highest[index] = (peaks[index] as Figure).measure();
  }

  /** The execution has made a step. */
  note(): void {
    const { steps, lengths, longest, highest, execution } = this;
    const { spans, peaks } = execution.builder;
    steps.note();
    for (let index = 0; index < spans.length; index++) {
      const weight = steps.weights[index] as number;
      if (weight < 0) continue;
      const length = steps.goesOn[index] ? (lengths[index] as number) + weight : weight;
      lengths[index] = length;
      if (length > (longest[index] as number)) longest[index] = length;
    }
    for (let index = 0; index < peaks.length; index++) {
      const value = (peaks[index] as Figure).measure();
      if (value > (highest[index] as number)) highest[index] = value;
    }
  }

  /** Adds what the execution came to. */
  end(costs: Map<string, number>): void {
    const { spans, peaks } = this.execution.builder;
    for (let index = 0; index < spans.length; index++) raise(costs, (spans[index] as Span).name, this.longest[index] as number);
    for (let index = 0; index < peaks.length; index++) raise(costs, (peaks[index] as Figure).name, this.highest[index] as number);
  }
}
