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

/** A span in an execution, and what the last step was to it. */
class SpanRun {
  /** What the step weighs; -1: the span is not open behind it. */
  weight = -1;
  /** Whether the same was open before the step. */
  goesOn = false;
  /** Its length so far, and the largest of this execution. */
  length = 0;
  longest = 0;
  /** What goes on, and what has been counted, before the next step. */
  before: unknown = null;
  total = 0;

  constructor(public span: Span) {}

  /** `now`: what goes on behind the step. */
  note(now: unknown): void {
    const { span } = this;
    let weight = 1;
    if (span.count !== null) {
      const total = span.count();
      weight = total - this.total;
      if (!(weight >= 0)) throw new WorldError(`what "${span.name}" counts has fallen by ${-weight}, and may only grow`);
      this.total = total;
    }
    this.weight = now ? weight : -1;
    this.goesOn = now === this.before;
    this.before = now;
  }

  lengthen(): void {
    if (this.weight < 0) return;
    this.length = this.goesOn ? this.length + this.weight : this.weight;
    if (this.length > this.longest) this.longest = this.length;
  }
}

/** What steps are to the spans of a world. */
export class SpanSteps {
  readonly runs: SpanRun[] = [];

  /** `spans`: looked at anew in each execution, since a world makes them anew. */
  constructor(private readonly spans: readonly Span[]) {}

  /** A step comes next. Not needed if the one before was noted too. */
  look(): void {
    const { spans, runs } = this;
    for (let index = 0; index < spans.length; index++) {
      const span = spans[index] as Span;
      if (index === runs.length) runs.push(new SpanRun(span));
      const run = runs[index] as SpanRun;
      run.span = span;
      run.before = span.what();
      if (span.count !== null) run.total = span.count();
    }
  }

  /** Notes the step that was made. */
  note(): void {
    const { runs } = this;
    let asked: Span['what'] | null = null;
    let now: unknown = null;
    for (let index = 0; index < runs.length; index++) {
      const run = runs[index] as SpanRun;
      const { what } = run.span;
      // Spans that differ in what they count go on at the same time.
      if (what !== asked) {
        asked = what;
        now = what();
      }
      run.note(now);
    }
  }
}

/** Measures one execution after the other, step by step. */
export class ExecutionMeter {
  private readonly steps: SpanSteps;
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
    const { peaks } = this.execution.builder;
    this.steps.look();
    for (const run of this.steps.runs) {
      run.length = 0;
      run.longest = 0;
    }
    for (let index = 0; index < peaks.length; index++) this.highest[index] = (peaks[index] as Figure).measure();
  }

  /** The execution has made a step. */
  note(): void {
    const { steps, highest, execution } = this;
    const { runs } = steps;
    const { peaks } = execution.builder;
    steps.note();
    for (let index = 0; index < runs.length; index++) (runs[index] as SpanRun).lengthen();
    for (let index = 0; index < peaks.length; index++) {
      const value = (peaks[index] as Figure).measure();
      if (value > (highest[index] as number)) highest[index] = value;
    }
  }

  /** Adds what the execution came to. */
  end(costs: Map<string, number>): void {
    const { peaks } = this.execution.builder;
    for (const { span, longest } of this.steps.runs) raise(costs, span.name, longest);
    for (let index = 0; index < peaks.length; index++) raise(costs, (peaks[index] as Figure).name, this.highest[index] as number);
  }
}
