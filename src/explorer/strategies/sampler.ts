/**
 * What samplers have in common: their executions are numbered, and each depends on the seed and its number alone.
 *
 * Invariant: an execution draws its random numbers from a generator that was restarted for it, so that it is the same whoever runs it and
 * whatever was run before. That is what lets several workers share the numbers (parallel.ts).
 */
import { Prng } from '../../base/prng.js';
import { sampledConfidence } from '../confidence.js';
import { type Execution, PROCESS_MASK } from '../execution.js';
import type { Coverage, Strategy } from '../strategy.js';
import { Pilot } from './pilot.js';

export interface SamplerOptions {
  readonly seed?: number;
  /** Number of the first execution. Default 0. */
  readonly first?: number;
  /** From one execution's number to the next one's. Default 1. */
  readonly stride?: number;
  /** What is known of the world, for samplers that share it. */
  readonly pilot?: Pilot;
}

export abstract class Sampler implements Strategy {
  abstract readonly name: string;
  /** What it is called in a sentence. */
  protected abstract readonly title: string;
  protected readonly prng = new Prng(0);
  protected readonly pilot: Pilot;
  protected executions = 0;
  private readonly seed: number;
  private readonly first: number;
  private readonly stride: number;

  constructor({ seed = 0, first = 0, stride = 1, pilot }: SamplerOptions = {}) {
    this.seed = seed;
    this.first = first;
    this.stride = stride;
    this.pilot = pilot ?? new Pilot(seed);
  }

  begin(execution: Execution): boolean {
    this.beginNumber(execution, this.first + this.stride * this.executions);
    return true;
  }

  /** Begins the execution of that number. */
  beginNumber(execution: Execution, number: number): void {
    this.executions++;
    this.prng.restart(this.seed + Math.imul(number, 0x9e37_79b1));
    this.prepare(execution);
  }

  /** Draws what is drawn before the first step. */
  protected abstract prepare(execution: Execution): void;

  abstract choose(execution: Execution): number;

  end(): void {
    // Executions have nothing to do with each other.
  }

  coverage(): Coverage {
    return this.coverageOf(this.executions);
  }

  /** What so many of its executions show. */
  coverageOf(executions: number): Coverage {
    return { kind: 'sampled', confidence: this.confidence(executions) };
  }

  progress(): null {
    return null;
  }

  /** A sentence that says what so many executions without a fault are worth. */
  confidence(executions: number): string {
    return sampledConfidence(executions, this.title);
  }

  /** One of the enabled choices, each as likely as the other. */
  protected anyChoice(execution: Execution): number {
    const { enabledCount } = execution;
    return execution.enabled[enabledCount === 1 ? 0 : this.prng.below(enabledCount)] ?? 0;
  }

  /** One of a process's choices, which begin at that place, each as likely as the other. */
  protected anyOutcome(execution: Execution, place: number): number {
    const choice = execution.enabled[place] ?? 0;
    const process = choice & PROCESS_MASK;
    let outcomes = 1;
    while (place + outcomes < execution.enabledCount && ((execution.enabled[place + outcomes] ?? 0) & PROCESS_MASK) === process) outcomes++;
    return outcomes === 1 ? choice : (execution.enabled[place + this.prng.below(outcomes)] ?? 0);
  }

  /** The place of the first choice of the enabled process with the highest priority. */
  protected highest(execution: Execution, priorities: Int32Array): number {
    const { enabled, enabledCount } = execution;
    let place = 0;
    let best = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < enabledCount; index++) {
      const priority = priorities[(enabled[index] ?? 0) & PROCESS_MASK] ?? 0;
      if (priority <= best) continue;
      best = priority;
      place = index;
    }
    return place;
  }
}
