/**
 * The threads of a parallel search; one of the two importers of piscina.
 *
 * Invariant: a task that a worker can't finish rejects, also when the worker died before it began. What tasks do is in thread.ts.
 */
import { createRequire } from 'node:module';
import type * as PiscinaModule from 'piscina';
import { WorldError } from './failure.js';
import type { Job, JobResult } from './jobs.js';
import type { StateShare, StateTask } from './parallel-states.js';
import type { TraceShare, TraceShareEnd } from './parallel-traces.js';
import type { Explored } from './search.js';
import type { SharedFindings } from './states/shared-graph.js';
import type { StatePart } from './states/shared-search.js';
import type { Coverage } from './strategy.js';
import type { Answer, Setting } from './thread.js';

/**
 * piscina would load a task's file by require(), which Node has for ES modules too, and which ends the process now and then if a module of
 * its graph is being imported meanwhile. Without, it imports the file.
 */
export const ES_MODULES_BY_IMPORT = [...loadersOf(process.execArgv), '--no-experimental-require-module'];

/** What says how modules are loaded; a thread takes no options that are of the whole process. */
function loadersOf(options: readonly string[]): string[] {
  const isLoader = (option = ''): boolean => /^(--import|--require|-r|--loader|--experimental-loader|--conditions|-C)(=|$)/.test(option);
  return options.filter((option, index) => isLoader(option) || (isLoader(options[index - 1]) && !options[index - 1]?.includes('=')));
}

export class Workers {
  private readonly pool: PiscinaModule.Piscina;

  constructor(
    private readonly setting: Setting,
    readonly count: number,
  ) {
    // Loaded here and not before, since most that load the explorer search in one thread.
    const { Piscina } = createRequire(import.meta.url)('piscina') as typeof PiscinaModule;
    this.pool = new Piscina({
      // From a bundle too: both lie two folders below dist/.
      filename: new URL('../../src/explorer/thread.js', import.meta.url).href,
      minThreads: count,
      maxThreads: count,
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
      execArgv: ES_MODULES_BY_IMPORT,
    });
    // A worker whose code can't be loaded ends without a task; tasks that wait for it would wait for ever.
    this.pool.on('error', () => void this.pool.destroy());
  }

  run(job: Job): Promise<JobResult> {
    return this.call('run', { job });
  }

  /** Prefixes that divide a strategy's tree of schedules, a bounding's in the round of that number. */
  split(strategy: string, bound: number, parts: number): Promise<readonly (readonly number[])[]> {
    return this.call('split', { strategy, bound, parts });
  }

  /** What so many executions of a sampler show. */
  judge(sampler: string, seed: number, schedules: number): Promise<Coverage> {
    return this.call('judge', { sampler, seed, schedules });
  }

  /** One thread's share of a search of states; as many as there are threads run at once. */
  shareStates(share: StateShare): Promise<StatePart> {
    return this.call('shareStates', { share });
  }

  /** What shares show together. */
  lookTogether(parts: readonly StatePart[]): Promise<SharedFindings> {
    return this.call('lookAtParts', { parts });
  }

  /** A search of states in one thread. */
  searchStates(task: StateTask): Promise<Explored> {
    return this.call('searchAlone', { task });
  }

  /** A part of a search of traces. */
  runTraces(share: TraceShare): Promise<TraceShareEnd> {
    return this.call('runTraces', { share });
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private async call<T>(name: string, task: object): Promise<T> {
    const answer = (await this.pool.run({ setting: this.setting, ...task }, { name })) as Answer<T>;
    if ('value' in answer) return answer.value;
    throw new WorldError(answer.worldError, answer.fault);
  }
}
