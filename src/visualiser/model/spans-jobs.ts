/**
 * What became of each job: when it was submitted, begun, ended and completed, and where.
 *
 * Invariant: times that the recording doesn't have are NaN. The oldest job makes place for a new one when there are KEPT_JOBS.
 */
import { KEPT_JOBS } from '../../base/limits.js';
import { grown } from './spans-columns.js';

/** The moments of a job, in their order. */
export const JOB_MOMENTS = ['submitted', 'began', 'ended', 'completed'] as const;
export type JobMoment = (typeof JOB_MOMENTS)[number];

/** A job as it is told of. */
export interface JobFacts {
  readonly job: number;
  /** The job inside which it was submitted, 0 if inside none. */
  readonly cause: number;
  /** By JOB_MOMENTS; NaN for what is not known. */
  readonly times: readonly number[];
  /** Lanes of what submitted it and of what carried it, -1 if not known. */
  readonly submitter: number;
  readonly carrier: number;
  readonly failed: boolean;
  /** What submitted it: a number of SpanModel.names, and the id of that message; 0 if not known. */
  readonly handler: number;
  readonly handlerId: number;
}

const MOMENTS = JOB_MOMENTS.length;
const FIRST_ROOM = 1024;
const MAX_SUBMITTED = 4;

export class JobTable {
  private readonly places = new Map<number, number>();
  private ids = new Float64Array(FIRST_ROOM);
  private causes = new Float64Array(FIRST_ROOM);
  private times = new Float64Array(MOMENTS * FIRST_ROOM);
  private submitters = new Int32Array(FIRST_ROOM);
  private carriers = new Int32Array(FIRST_ROOM);
  private handlers = new Uint16Array(FIRST_ROOM);
  private handlerIds = new Float64Array(FIRST_ROOM);
  private failures = new Uint8Array(FIRST_ROOM);
  private count = 0;

  constructor(private readonly limit = KEPT_JOBS) {}

  /** How many jobs there were, those that are no longer kept included. */
  get seen(): number {
    return this.count;
  }

  /** Number of the oldest that is kept, in the order in which they were heard of. */
  get first(): number {
    return Math.max(0, this.count - this.limit);
  }

  /** The n-th that was heard of; null if it is not kept. */
  nth(number: number): JobFacts | null {
    if (number < this.first || number >= this.count) return null;
    return this.read(number % this.limit);
  }

  /** A job by its number; null if nothing is known of it. */
  of(job: number): JobFacts | null {
    const place = this.places.get(job);
    return place === undefined ? null : this.read(place);
  }

  /** The first few jobs that a message's handler submitted. */
  submittedBy(name: number, id: number): readonly number[] {
    const found: number[] = [];
    for (let number = this.first; number < this.count && found.length < MAX_SUBMITTED; number++) {
      const at = number % this.limit;
      if (this.handlers[at] === name && this.handlerIds[at] === id) found.push(this.ids[at] as number);
    }
    return found;
  }

  submitted(
    job: number,
    time: number,
    about: { readonly cause: number; readonly lane: number; readonly handler: number; readonly handlerId: number },
  ): void {
    const at = this.note(job, 0, time);
    this.causes[at] = about.cause;
    this.submitters[at] = about.lane;
    this.handlers[at] = about.handler;
    this.handlerIds[at] = about.handlerId;
  }

  began(job: number, time: number, lane: number): void {
    this.carriers[this.note(job, 1, time)] = lane;
  }

  ended(job: number, time: number, ok: boolean): void {
    const at = this.note(job, 2, time);
    if (!ok) this.failures[at] = 1;
  }

  completed(job: number, time: number, ok: boolean): void {
    const at = this.note(job, 3, time);
    if (!ok) this.failures[at] = 1;
  }

  private note(job: number, moment: number, time: number): number {
    const at = this.places.get(job) ?? this.make(job);
    this.times[MOMENTS * at + moment] = time;
    return at;
  }

  private make(job: number): number {
    const at = this.count % this.limit;
    if (this.count >= this.limit) this.places.delete(this.ids[at] as number);
    else if (this.count === this.ids.length) this.grow();
    this.count++;
    this.places.set(job, at);
    this.ids[at] = job;
    this.causes[at] = 0;
    this.submitters[at] = -1;
    this.carriers[at] = -1;
    this.handlers[at] = 0;
    this.handlerIds[at] = 0;
    this.failures[at] = 0;
    this.times.fill(Number.NaN, MOMENTS * at, MOMENTS * (at + 1));
    return at;
  }

  private read(at: number): JobFacts {
    return {
      job: this.ids[at] as number,
      cause: this.causes[at] as number,
      times: Array.from(this.times.subarray(MOMENTS * at, MOMENTS * (at + 1))),
      submitter: this.submitters[at] as number,
      carrier: this.carriers[at] as number,
      failed: this.failures[at] === 1,
      handler: this.handlers[at] as number,
      handlerId: this.handlerIds[at] as number,
    };
  }

  private grow(): void {
    const room = Math.min(this.limit, 2 * this.ids.length);
    this.ids = grown(this.ids, room);
    this.causes = grown(this.causes, room);
    this.times = grown(this.times, MOMENTS * room);
    this.submitters = grown(this.submitters, room);
    this.carriers = grown(this.carriers, room);
    this.handlers = grown(this.handlers, room);
    this.handlerIds = grown(this.handlerIds, room);
    this.failures = grown(this.failures, room);
  }
}
