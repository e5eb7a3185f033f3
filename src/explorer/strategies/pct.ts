/**
 * Probabilistic concurrency testing: processes have random priorities and the highest runs; at d-1 random points the one that would run falls below all.
 *
 * A fault of depth d is one that shows whenever d operations come in a certain order. Invariant: an execution finds each that shows within
 * the first k points, at which more than one of n processes can run, with probability 1/(n·k^(d-1)) or more. After k points it goes on as a random walk,
 * which is fair, so that nobody waits for ever for one that has fallen.
 * Source: Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with probabilistic guarantees of finding bugs" (ASPLOS 2010).
 */
import { atLeast, grouped } from '../confidence.js';
import { type Execution, PROCESS_MASK } from '../execution.js';
import { hasRivals } from './pilot.js';
import { Sampler, type SamplerOptions } from './sampler.js';

export class PriorityChanges extends Sampler {
  readonly name: string;
  protected readonly title: string;
  /** Highest first, of each process: those that have fallen are below `depth - 1`, the others above. */
  private priorities = new Int32Array(0);
  /** At which point each fall is. Not in order: which of them falls deepest is as random as when. */
  private readonly falls: Int32Array;
  /** Points so far. */
  private point = 0;
  /** k and n of the sentence above; 0 before the first execution. */
  points = 0;
  processes = 0;

  constructor(
    private readonly depth: number,
    options: SamplerOptions = {},
  ) {
    super(options);
    this.name = `pct${depth}`;
    this.title = `PCT with depth ${depth}`;
    this.falls = new Int32Array(depth - 1);
  }

  protected prepare(execution: Execution): void {
    this.points = this.pilot.of(execution).points;
    this.processes = execution.count;
    this.point = 0;
    if (this.priorities.length < execution.count) this.priorities = new Int32Array(execution.count);
    this.shuffle(execution.count);
    for (let fall = 0; fall < this.falls.length; fall++) this.falls[fall] = this.prng.below(this.points);
  }

  choose(execution: Execution): number {
    if (!hasRivals(execution)) return this.anyOutcome(execution, 0);
    const point = this.point++;
    if (point >= this.points) return this.anyChoice(execution);
    for (let fall = 0; fall < this.falls.length; fall++) {
      if (this.falls[fall] !== point) continue;
      this.priorities[(execution.enabled[this.highest(execution, this.priorities)] ?? 0) & PROCESS_MASK] = fall;
    }
    return this.anyOutcome(execution, this.highest(execution, this.priorities));
  }

  override confidence(executions: number): string {
    const head = super.confidence(executions);
    if (this.points === 0) return head;
    const { depth, points, processes } = this;
    const rarest = processes * points ** (depth - 1);
    const fault = `a fault of depth ${depth} that shows within the first ${points} choices among ${processes} processes`;
    return `${head}; ${fault} with probability ≥ 1/${grouped(rarest)} by each, ≥ ${atLeast(1 / rarest, executions)} by one of them`;
  }

  /** Priorities above all falls, every order as likely as the other. */
  private shuffle(count: number): void {
    const { prng, priorities, depth } = this;
    for (let process = 0; process < count; process++) {
      const place = prng.below(process + 1);
      priorities[process] = priorities[place] ?? 0;
      priorities[place] = depth + process;
    }
  }
}
