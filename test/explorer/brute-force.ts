/**
 * Traces by brute force: every schedule, and what tells those apart that are not the same but for the order of independent steps.
 *
 * This is the other opinion against which partial-order reduction is tested, so it knows nothing of vector clocks, DEPENDS or races: it says
 * for each type of object in what order things were done to it, as far as that matters.
 */
import { type Execution, PROCESS_BITS, PROCESS_MASK } from '../../src/explorer/execution.js';
import { explore } from '../../src/explorer/explore.js';
import { Kind, KIND_BITS, KIND_MASK } from '../../src/explorer/operation.js';
import { DepthFirst } from '../../src/explorer/strategies/depth-first.js';
import type { Coverage, Strategy } from '../../src/explorer/strategy.js';
import type { World } from '../../src/explorer/world.js';

/** A strategy that makes another one's choices, and notes of each execution what tells its trace apart. */
export class Recorder implements Strategy {
  readonly name = 'recorder';
  /** Traces of whole executions, each with how many executions it had. */
  readonly traces = new Map<string, number>();
  private readonly choices: number[] = [];
  private readonly footprints: number[][] = [];

  constructor(private readonly inner: Strategy) {}

  begin(execution: Execution): boolean {
    this.choices.length = 0;
    this.footprints.length = 0;
    return this.inner.begin(execution);
  }

  choose(execution: Execution): number {
    this.note(execution);
    return this.inner.choose(execution);
  }

  end(execution: Execution, abandoned: boolean): void {
    this.note(execution);
    if (!abandoned) {
      const trace = nameOfTrace(execution, this.choices, this.footprints);
      this.traces.set(trace, (this.traces.get(trace) ?? 0) + 1);
    }
    this.inner.end(execution, abandoned);
  }

  coverage(): Coverage {
    return this.inner.coverage();
  }

  progress(): number | null {
    return this.inner.progress();
  }

  private note(execution: Execution): void {
    if (this.choices.length === execution.steps) return;
    this.choices.push(execution.schedule[execution.steps - 1] ?? 0);
    this.footprints.push(Array.from(execution.footprint.subarray(0, execution.footprintLength)));
  }
}

export interface BruteForce {
  readonly traces: ReadonlySet<string>;
  readonly schedules: number;
  /** Properties that some schedule breaks. */
  readonly failures: readonly string[];
}

/** All traces of a world; null if it has more schedules than that. */
export function bruteForce(world: World, most: number): BruteForce | null {
  const recorder = new Recorder(new DepthFirst());
  const found = explore(world, recorder, { keepGoing: true, schedules: most + 1 });
  if (found.schedules > most) return null;
  return {
    traces: new Set(recorder.traces.keys()),
    schedules: found.schedules,
    failures: found.faults.map(({ property }) => property).sort(),
  };
}

/** Two executions of a world have the same name if and only if they differ in the order of independent steps alone. */
function nameOfTrace(execution: Execution, choices: readonly number[], footprints: readonly (readonly number[])[]): string {
  const counts = new Array<number>(execution.count).fill(0);
  const outcomes: string[] = new Array<string>(execution.count).fill('');
  const objects = new Map<number, ObjectOrder>();
  let timeouts = '';
  for (const [index, choice] of choices.entries()) {
    const process = choice & PROCESS_MASK;
    const label = `${process}.${counts[process] ?? 0}`;
    outcomes[process] += `${choice >> PROCESS_BITS},`;
    for (const entry of footprints[index] ?? []) {
      const object = entry >> KIND_BITS;
      const kind = (entry & KIND_MASK) as Kind;
      if (kind === Kind.timeout) timeouts += `${label}@${counts.join()};`;
      let order = objects.get(object);
      if (order === undefined) {
        order = new ObjectOrder();
        objects.set(object, order);
      }
      order.add(kind, label);
    }
    counts[process] = (counts[process] ?? 0) + 1;
  }
  const orders = [...objects].sort(([one], [other]) => one - other).map(([object, order]) => `${object}:${order.name()}`);
  return `${outcomes.join('/')}|${timeouts}|${orders.join('|')}`;
}

/** What was done to one object, in the order that matters. */
class ObjectOrder {
  /** In order: changes of variables; takings of locks; what happens to conditions and answers. */
  private changes = '';
  /** Reads since the last change; among themselves in no order. */
  private reads: string[] = [];
  private sends = '';
  private sent = 0;
  private takings = '';

  add(kind: Kind, label: string): void {
    switch (kind) {
      case Kind.read:
        this.reads.push(label);
        break;
      case Kind.send:
        this.sends += `${label},`;
        this.sent++;
        break;
      case Kind.receive:
        this.takings += `${label},`;
        break;
      case Kind.drain:
        this.takings += `${label}<${this.sent},`;
        break;
      case Kind.unlock:
      case Kind.wake:
      case Kind.spawn:
      case Kind.join:
      case Kind.choose:
      case Kind.timeout:
        break;
      default:
        this.changes += `${this.reads.sort().join()};${label},`;
        this.reads = [];
    }
  }

  name(): string {
    return `${this.changes}${this.reads.sort().join()}/${this.sends}/${this.takings}`;
  }
}
