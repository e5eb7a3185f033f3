/**
 * The states of an open world, which are kept and put back: going back executes nothing anew.
 *
 * Invariant: `trail` has the moments of the way to where it stands, that of the last state included; the execution stands there, unless it is
 * `behind`.
 */
import type { Property } from '../builder.js';
import { Execution, type Moment } from '../execution.js';
import { type Failure, WorldError } from '../failure.js';
import { mix } from '../hasher.js';
import type { World } from '../world.js';
import type { Arrangements } from './arrangements.js';
import { ExecutedSpace } from './executed-space.js';
import { KeptSymmetry } from './kept-symmetry.js';
import type { StateSpace } from './state-space.js';

export class KeptSpace extends ExecutedSpace implements StateSpace {
  low = 0;
  high = 0;
  properties: readonly Property[] = [];
  failures: readonly Failure[] = [];
  readonly isInexact = false;
  readonly execution: Execution;
  private readonly trail: Moment[] = [];
  /** Moments that were kept, those before `gone` left out. */
  private kept: Moment[] = [];
  private gone = 0;
  private behind = false;
  private symmetry: KeptSymmetry | null = null;

  /** `arrangements`: of interchangeable processes, to be taken as such; null: none are. */
  constructor(
    world: World,
    protected readonly costs: Map<string, number>,
    readonly arrangements: Arrangements | null,
  ) {
    super();
    this.execution = new Execution(world);
  }

  get order(): number {
    return this.symmetry?.order ?? 0;
  }

  get depth(): number {
    return this.execution.steps;
  }

  begin(): void {
    const { execution } = this;
    execution.begin();
    this.properties = execution.builder.properties;
    this.failures = execution.failures.slice();
    const { arrangements } = this;
    if (arrangements !== null && execution.keeper !== null)
      this.symmetry ??= new KeptSymmetry({ arrangements, keeper: execution.keeper, ignore: execution.world.open ?? [] }, execution.builder);
    this.trail.length = 0;
    this.identify();
  }

  step(choice: number): void {
    const { execution } = this;
    const before = this.trail.at(-1);
    if (this.behind && before !== undefined) execution.goBack(before);
    this.behind = false;
    const { length } = execution.failures;
    execution.step(choice);
    this.failures = execution.failures.length > length ? execution.failures.slice(length) : NONE;
    this.identify();
  }

  back(): void {
    this.trail.pop();
    this.behind = true;
  }

  keep(): void {
    const moment = this.trail.at(-1);
    if (moment !== undefined) this.kept.push(moment);
  }

  goTo(): void {
    const moment = this.kept[this.gone];
    if (moment === undefined) return;
    this.gone++;
    if (this.gone > FORGOTTEN && 2 * this.gone > this.kept.length) {
      this.kept = this.kept.slice(this.gone);
      this.gone = 0;
    }
    this.execution.goBack(moment);
    this.behind = false;
    this.trail.length = 0;
    this.trail.push(moment);
  }

  /** Keeps the state where it stands, whose hash is the fingerprint but for what is no object's. */
  private identify(): void {
    const { execution } = this;
    const moment = execution.keep();
    if (moment === null) throw new WorldError(`${execution.world.name} is not open: its states can't be kept`);
    this.trail.push(moment);
    let held = moment.earlyTimeout ? 1 : 0;
    for (const [index, { kind }] of this.properties.entries()) if (kind === 'eventually') held = mix(held, moment.held[index] ? 1 : 2);
    this.symmetry?.identify(moment);
    const { low, high } = this.symmetry ?? moment;
    this.low = low ^ held;
    this.high = high;
  }
}

/** Moments that were gone to are let go when there are so many. */
const FORGOTTEN = 1024;
const NONE: readonly Failure[] = [];
