/**
 * What a worker of a parallel search does: loads the world, and runs the jobs that it is given. piscina owns the thread.
 *
 * Invariant: it decides nothing; a job's result depends on the job alone, unless it is told to stop. It lies two folders below dist/, where
 * workers.ts looks for it, and is no bundle: worlds import the engine, and must find the one that runs them.
 */
import { Control } from './control.js';
import { type Exploration, explore } from './explore.js';
import { WorldError } from './failure.js';
import type { Job, JobResult, WorldSource } from './jobs.js';
import { Execution } from './execution.js';
import { makeSampler, makeStrategy, splitStrategy } from './strategies/named.js';
import type { StateShare, StateTask } from './parallel-states.js';
import type { TraceShare, TraceShareEnd } from './parallel-traces.js';
import type { Explored } from './search.js';
import { type StateExploration, searchStates } from './states/search-states.js';
import { lookTogether, type SharedFindings } from './states/shared-graph.js';
import { SharedSearch, type StatePart } from './states/shared-search.js';
import { WorkExchange } from './states/work-exchange.js';
import type { Coverage } from './strategy.js';
import { TracePart } from './strategies/trace-part.js';
import type { World } from './world.js';

/** What every task comes with. */
export interface Setting {
  readonly source: WorldSource;
  readonly control: SharedArrayBuffer;
  readonly keepGoing: boolean;
}

/** A task's result, or why the world can't be explored: an error's class does not survive the way to another thread. */
export type Answer<T> = { readonly value: T } | { readonly worldError: string; readonly fault: WorldError['fault'] };

interface Divided {
  readonly setting: Setting;
  readonly strategy: string;
  readonly bound: number;
  readonly parts: number;
}

interface Judged {
  readonly setting: Setting;
  readonly sampler: string;
  readonly seed: number;
  readonly schedules: number;
}

/** Piscina task: runs a job. */
export function run({ setting, job }: { setting: Setting; job: Job }): Promise<Answer<JobResult>> {
  const control = new Control(setting.control);
  return answered(async () => {
    try {
      const result = runJob(await load(setting.source), job, setting.keepGoing, control);
      if (result.found.faults.length > 0 && !setting.keepGoing) control.limit(job.number);
      return result;
    } catch (error) {
      control.limit(job.number);
      throw error;
    }
  });
}

function runJob(world: World, job: Job, keepGoing: boolean, control: Control): JobResult {
  let told = 0;
  const tell = ({ schedules }: Exploration): void => {
    control.add(schedules - told);
    told = schedules;
  };
  const stop = (found: Exploration): boolean => {
    tell(found);
    return control.shouldStop(job.number);
  };
  const found = explore(world, makeStrategy(job.strategy, job), { schedules: job.schedules, keepGoing, stop });
  tell(found);
  return { found };
}

/** Piscina task: divides a strategy's tree of schedules. */
export function split({ setting, strategy, bound, parts }: Divided): Promise<Answer<readonly (readonly number[])[]>> {
  return answered(async () => splitStrategy(await load(setting.source), strategy, bound, parts));
}

/** Piscina task: what so many executions of a sampler show. */
export function judge({ setting, sampler: name, seed, schedules }: Judged): Promise<Answer<Coverage>> {
  return answered(async () => {
    const execution = new Execution(await load(setting.source));
    execution.begin();
    const sampler = makeSampler(name, { seed });
    sampler.begin(execution);
    return sampler.coverageOf(schedules);
  });
}

/** Piscina task: this thread's share of a search of states that all threads make together. */
export function shareStates({ setting, share }: { setting: Setting; share: StateShare }): Promise<Answer<StatePart>> {
  const all = new Control(setting.control);
  const own = new Control(share.control);
  return answered(async () => {
    try {
      const exchange = new WorkExchange(share.exchange, share.threads, share.own, () => all.isStopped || own.isStopped);
      const tell = (states: number): void => {
        all.add(states);
        if (all.schedules >= share.maxStates) own.stop();
      };
      const world = await load(setting.source);
      const part = new SharedSearch(world, { table: share.table, exchange, own: share.own, tell }).run();
      if (part.isSpoilt) own.stop();
      return part;
    } catch (error) {
      own.stop();
      throw error;
    }
  });
}

/** Piscina task: what shares of a search of states show together. */
export function lookAtParts({ setting, parts }: { setting: Setting; parts: readonly StatePart[] }): Promise<Answer<SharedFindings>> {
  return answered(async () => lookTogether(await load(setting.source), parts));
}

/** Piscina task: a search of states by this thread alone. */
export function searchAlone({ setting, task }: { setting: Setting; task: StateTask }): Promise<Answer<Explored>> {
  const control = new Control(setting.control);
  return answered(async () => {
    let told = 0;
    const stop = ({ states }: StateExploration): boolean => {
      control.add(states - told);
      told = states;
      return control.isStopped;
    };
    const found = searchStates(await load(setting.source), { ...task, stop });
    const { schedules, abandoned, steps, faults, reached, costs, coverage, states } = found;
    return { schedules, abandoned, steps, faults, reached, costs, coverage, states };
  });
}

/** Piscina task: a part of a search of traces. */
export function runTraces({ setting, share }: { setting: Setting; share: TraceShare }): Promise<Answer<TraceShareEnd>> {
  const control = new Control(setting.control);
  return answered(async () => {
    const part = new TracePart(share.begin);
    const found = explore(await load(setting.source), part, {
      schedules: share.executions,
      // The first part looks whether the world is the same each time.
      verify: share.begin.wanted === null,
      stop: () => control.isStopped,
    });
    control.add(found.schedules);
    const isSpoilt = part.isUnsuited || found.faults.length > 0 || found.coverage.kind === 'bounded';
    return { found, end: part.partEnd(), isSpoilt };
  });
}

async function answered<T>(task: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await task() };
  } catch (error) {
    if (error instanceof WorldError) return { worldError: error.message, fault: error.fault };
    throw error;
  }
}

/** The export of that name, or else the world of that name among all that is exported. */
async function load({ module, name, arguments: given = [] }: WorldSource): Promise<World> {
  const exports = (await import(module)) as Record<string, unknown>;
  const exported = exports[name];
  const world: unknown = typeof exported === 'function' ? exported(...given) : exported;
  if (isWorld(world)) return world;
  const named = Object.values(exports)
    .flat()
    .find((each): each is World => isWorld(each) && each.name === name);
  if (named !== undefined) return named;
  throw new WorldError(`${module} exports no world by the name ${name}`);
}

function isWorld(value: unknown): value is World {
  return typeof value === 'object' && value !== null && 'setup' in value && typeof value.setup === 'function' && 'maxSteps' in value;
}
