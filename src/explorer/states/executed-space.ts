/**
 * What spaces of states have in common that stand where an execution stands.
 *
 * Invariant: what is asked is asked of the execution as it is, so it is to be where the space says that it stands. What is not here: how a space goes back.
 */
import type { Execution } from '../execution.js';
import type { Integers } from './integers.js';
import { measureFigures } from '../measures.js';
import { SpanMarks } from './span-marks.js';

export abstract class ExecutedSpace {
  abstract readonly execution: Execution;
  protected abstract readonly costs: Map<string, number>;
  private marks: SpanMarks | null = null;

  /** Once it has begun. */
  get spans(): SpanMarks | null {
    const { spans } = this.execution.builder;
    if (spans.length === 0) return null;
    this.marks ??= new SpanMarks(spans);
    return this.marks;
  }

  choices(into: Integers): number {
    const { enabled, enabledCount } = this.execution;
    for (let index = 0; index < enabledCount; index++) into.push(enabled[index] ?? 0);
    return enabledCount;
  }

  arrive(): boolean {
    const { execution } = this;
    measureFigures(execution.builder.peaks, this.costs);
    if (execution.enabledCount > 0) return true;
    measureFigures(execution.builder.costs, this.costs);
    return false;
  }

  isDeadlocked(): boolean {
    for (let process = 0; process < this.execution.count; process++) if (this.execution.isBlocked(process)) return true;
    return false;
  }

  isFulfilled(property: number): boolean {
    const there = this.execution.builder.properties[property];
    return there?.kind === 'alwaysEventually' ? there.holds() === true : this.execution.held[property] === true;
  }
}
