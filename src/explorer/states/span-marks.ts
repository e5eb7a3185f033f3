/**
 * What steps are to the spans of a world, as small numbers that edges of the graph of states are marked with.
 *
 * There are few of them, since a step weighs little and most spans are not open: so an edge costs one integer however many spans there are. Invariant:
 * equal marks mean the same to each span; 0 is the step behind which none is open.
 */
import { type Span, SpanSteps } from '../measures.js';

/** What marks mean: plain data, which can cross threads. */
export interface MarkTable {
  /** Of the spans. */
  readonly names: readonly string[];
  /** By mark, for each span: what such a step weighs; -1 if the span is not open behind it. */
  readonly weights: (readonly number[])[];
  /** By mark, for each span: whether it was open before such a step too. */
  readonly goings: (readonly boolean[])[];
}

/** A mark that is looked for, span by span. */
interface Place {
  readonly next: Map<number, Place>;
  mark: number;
}

const place = (): Place => ({ next: new Map(), mark: -1 });

export class SpanMarks {
  /** Of the last step. */
  mark = 0;
  /** Grows as there are more marks. */
  readonly table: MarkTable;
  private readonly steps: SpanSteps;
  private readonly root = place();

  constructor(spans: readonly Span[]) {
    this.table = { names: spans.map(({ name }) => name), weights: [], goings: [] };
    this.steps = new SpanSteps(spans);
    this.steps.look();
    // Of no step yet: no span is open.
    this.mark = this.markOf();
  }

  /** A step comes next. */
  before(): void {
    this.steps.look();
  }

  /** It was made. */
  after(): void {
    this.steps.note();
    this.mark = this.markOf();
  }

  private markOf(): number {
    const { runs } = this.steps;
    let at = this.root;
    for (const { weight, goesOn } of runs) {
      const code = weight < 0 ? -1 : 2 * weight + (goesOn ? 1 : 0);
      let next = at.next.get(code);
      if (next === undefined) {
        next = place();
        at.next.set(code, next);
      }
      at = next;
    }
    if (at.mark < 0) {
      const { weights, goings } = this.table;
      at.mark = weights.length;
      weights.push(runs.map(({ weight }) => weight));
      goings.push(runs.map(({ weight, goesOn }) => weight >= 0 && goesOn));
    }
    return at.mark;
  }
}
