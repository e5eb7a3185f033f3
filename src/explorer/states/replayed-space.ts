/**
 * The states of any world, as executions come to them: it goes back by executing the choices anew from the beginning.
 *
 * Going back costs nothing until the next step: a search that goes on from where it is executes each step once. Invariant: `path` is the choices
 * that lead to where it stands; the execution stands there too, unless it is `behind`. What is not here: what a state is (fingerprint.ts).
 */
import type { Property } from '../builder.js';
import { Execution } from '../execution.js';
import type { Failure } from '../failure.js';
import type { World } from '../world.js';
import { ExecutedSpace } from './executed-space.js';
import { Fingerprint } from './fingerprint.js';
import { Integers } from './integers.js';
import type { StateSpace } from './state-space.js';

export class ReplayedSpace extends ExecutedSpace implements StateSpace {
  low = 0;
  high = 0;
  properties: readonly Property[] = [];
  failures: readonly Failure[] = [];
  readonly arrangements = null;
  readonly order = 0;
  readonly execution: Execution;
  private readonly path = new Integers();
  private behind = false;
  private readonly fingerprint: Fingerprint;

  constructor(
    world: World,
    symmetric: boolean,
    protected readonly costs: Map<string, number>,
  ) {
    super();
    this.execution = new Execution(world);
    this.execution.begin();
    this.fingerprint = new Fingerprint(this.execution, symmetric);
  }

  get isInexact(): boolean {
    return this.fingerprint.closed;
  }

  get depth(): number {
    return this.path.length;
  }

  begin(): void {
    this.path.length = 0;
    this.replay();
    this.properties = this.execution.builder.properties;
    this.failures = this.execution.failures.slice();
    this.identify();
  }

  step(choice: number): void {
    const { execution, path } = this;
    if (this.behind) this.replay();
    path.push(choice);
    const { length } = execution.failures;
    this.move(choice);
    this.failures = execution.failures.length > length ? execution.failures.slice(length) : NONE;
    this.identify();
  }

  back(): void {
    this.path.pop();
    this.behind = true;
  }

  keep(): void {
    // The search's tree has the way to every state.
  }

  goTo(schedule: () => readonly number[]): void {
    this.path.length = 0;
    for (const choice of schedule()) this.path.push(choice);
    this.replay();
  }

  private replay(): void {
    const { execution, path, fingerprint } = this;
    execution.begin();
    fingerprint.restart();
    this.behind = false;
    for (let index = 0; index < path.length; index++) this.move(path.at(index));
  }

  private move(choice: number): void {
    const { execution, fingerprint } = this;
    fingerprint.before(choice);
    execution.step(choice);
    fingerprint.after(choice);
  }

  private identify(): void {
    this.fingerprint.take();
    this.low = this.fingerprint.low;
    this.high = this.fingerprint.high;
  }
}

const NONE: readonly Failure[] = [];
