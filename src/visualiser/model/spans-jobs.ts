/**
 * What became of each job: when it was submitted, begun, ended and completed, and where.
 *
 * Invariant: times that the recording doesn't have are NaN. Jobs are in the order in which they were heard of; the older half goes when there are more than
 * KEPT_JOBS.
 */
import { KEPT_JOBS } from '../../base/limits.js';
import { keep } from './spans-columns.js';

/** The moments of a job, in their order. */
export const JOB_MOMENTS = ['submitted', 'began', 'ended', 'completed'] as const;

/** A job as it is told of. */
export interface JobFacts {
  readonly job: number;
  /** The job inside which it was submitted, 0 if inside none. */
  cause: number;
  /** By JOB_MOMENTS; NaN for what is not known. */
  readonly times: number[];
  /** Lanes of what submitted it and of what carried it, -1 if not known. */
  submitter: number;
  carrier: number;
  failed: boolean;
  /** What submitted it: a number of SpanModel.names, and the id of that message; 0 if not known. */
  handler: number;
  handlerId: number;
}

const MAX_SUBMITTED = 4;

export class JobTable {
  private readonly facts = new Map<number, JobFacts>();

  constructor(private readonly limit = KEPT_JOBS) {}

  /** All that are kept, in the order in which they were heard of. */
  get list(): readonly Readonly<JobFacts>[] {
    return [...this.facts.values()];
  }

  /** A job by its number; null if nothing is known of it. */
  of(job: number): Readonly<JobFacts> | null {
    return this.facts.get(job) ?? null;
  }

  /** The first few jobs that a message's handler submitted. */
  submittedBy(name: number, id: number): readonly number[] {
    return this.list
      .filter(({ handler, handlerId }) => handler === name && handlerId === id)
      .slice(0, MAX_SUBMITTED)
      .map(({ job }) => job);
  }

  /** A job reached one of JOB_MOMENTS; gives what is known of it, for more to be noted. */
  reached(job: number, moment: number, time: number): JobFacts {
    const facts =
      this.facts.get(job) ??
      keep(
        this.facts,
        job,
        { job, cause: 0, times: JOB_MOMENTS.map(() => Number.NaN), submitter: -1, carrier: -1, failed: false, handler: 0, handlerId: 0 },
        this.limit,
      );
    facts.times[moment] = time;
    return facts;
  }
}
