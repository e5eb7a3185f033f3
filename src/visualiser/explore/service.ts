/**
 * Running worlds for pages: the methods `explore.*` and the topic `explore.progress` of the page's server.
 *
 * There is one search at a time, which all pages see; it runs on a thread of its own that begins with the first thing that is run. Invariant: a page can
 * run what is in the catalogue and nothing else, within limits.ts; a thread that takes too long or too much memory is ended, which is said, and the
 * next request gets a new one. What is not here: whose page may call methods (server/).
 */
import { Worker } from 'node:worker_threads';
import { AppleGfxError, ArgumentError, DeviceClosedError, describeError } from '../../base/errors.js';
import { parseSchedule } from '../../explorer/schedule-text.js';
import { DEFAULT_STRATEGY, STRATEGIES } from '../../explorer/strategies/index.js';
import type { Named, SearchStatus, StatusView, WorldInfo, Worlds } from '../model/explore-protocol.js';
import { FIRST_SECONDS, MAX_EXECUTIONS, MAX_WAITING, REQUEST_MS, STOP_MS, THREAD_HEAP_MIB } from './limits.js';
import { clipped } from './clip.js';
import type { Again, Order, Report, Task, WorldPlace } from './messages.js';
import { Parameters, type WorldChoice } from './parameters.js';
import { NO_SEARCH } from './searcher.js';
import { statusView } from './status-view.js';

/** What a page can run. */
export interface Catalogue {
  readonly worlds: readonly WorldInfo[];
  readonly revisions: readonly Named[];
  readonly defaults: { readonly world: string; readonly revision: string };
  /** Where a world of the list is. */
  place(world: string, revision: string): WorldPlace;
}

/** What a service is made with. */
export interface ExploreOptions {
  readonly catalogue: Catalogue;
  /** explore/thread.js. */
  readonly thread: URL;
  /** Options of the thread's, for how modules are loaded. */
  readonly execArgv?: readonly string[];
  /** Why nothing can be run here; null: it can. */
  readonly refusal: string | null;
  publish(topic: string, value: unknown): void;
}

/** What a page begins with, but for the world. */
const FIRST = { strategy: DEFAULT_STRATEGY, seed: 1, executions: MAX_EXECUTIONS, seconds: FIRST_SECONDS, keepGoing: false };

/** The topic of how far the search is. */
export const PROGRESS = 'explore.progress';

/** The thread was ended, or has died, before it could answer. */
export class ExploreThreadError extends AppleGfxError {
  constructor(message: string) {
    super('ERR_EXPLORE_THREAD', message);
  }
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** Runs worlds for pages. */
export class ExploreService {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private next = 1;
  private runs = 0;
  private latest: SearchStatus = NO_SEARCH;
  private isClosed = false;

  constructor(private readonly options: ExploreOptions) {}

  /** By their names: what a page calls with parameters that may be anything. Each rejects with ArgumentError if these are wrong. */
  readonly methods: ReadonlyMap<string, (given: unknown) => Promise<unknown>> = new Map([
    ['explore.worlds', async () => this.worlds()],
    ['explore.status', async () => statusView(this.latest)],
    ['explore.start', (given: unknown) => this.start(new Parameters('explore.start', given))],
    ['explore.stop', () => this.stop()],
    ['explore.result', (given: unknown) => this.result(new Parameters('explore.result', given))],
    ['explore.replay', (given: unknown) => this.replay(new Parameters('explore.replay', given))],
    ['explore.move', (given: unknown) => this.move(new Parameters('explore.move', given))],
  ]);

  /** Ends the thread; who waits for it is told. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.endThread(new DeviceClosedError('the explorer is closed'));
  }

  private worlds(): Worlds {
    const { catalogue, refusal } = this.options;
    const { worlds, revisions, defaults } = catalogue;
    return {
      ...{ worlds, revisions, refusal },
      strategies: STRATEGIES.map(({ name, summary }) => ({ name, summary })),
      defaults: { ...FIRST, ...defaults },
      status: statusView(this.latest),
    };
  }

  private async start(parameters: Parameters): Promise<StatusView> {
    this.checkAllowed();
    const request = parameters.search(this.options.catalogue);
    if (this.latest.phase === 'searching')
      throw new ArgumentError(`explore.start: ${this.latest.world} is being searched: stop that first`);
    const run = ++this.runs;
    const before = this.latest;
    // Nobody else begins while it is loaded.
    this.latest = { ...NO_SEARCH, run, request, world: request.world, phase: 'searching' };
    try {
      await this.order({ do: 'search', place: this.placeOf(request), request, run });
    } catch (error) {
      if (this.latest.run === run && this.latest.phase === 'searching') this.latest = before;
      throw error;
    }
    return statusView(this.latest);
  }

  private async stop(): Promise<StatusView> {
    this.checkAllowed();
    if (this.latest.phase !== 'searching') return statusView(this.latest);
    const { run } = this.latest;
    const last = (await this.order({ do: 'stop' }, STOP_MS).catch(() => null)) as SearchStatus | null;
    if (this.latest.run === run && this.latest.phase === 'searching') this.tell(last ?? { ...this.latest, phase: 'stopped' });
    return statusView(this.latest);
  }

  private async result(parameters: Parameters): Promise<unknown> {
    this.checkAllowed();
    return this.order({ do: 'open', fault: parameters.fault() });
  }

  private async replay(parameters: Parameters): Promise<unknown> {
    this.checkAllowed();
    return this.order({ do: 'replay', ...this.again('explore.replay', parameters), cycleFrom: parameters.cycleFrom() });
  }

  private async move(parameters: Parameters): Promise<unknown> {
    this.checkAllowed();
    return this.order({ do: 'move', ...this.again('explore.move', parameters), ...parameters.move() });
  }

  private placeOf({ world, revision }: WorldChoice): WorldPlace {
    return this.options.catalogue.place(world, revision);
  }

  /** A schedule of the world, in whatever revision. Throws ArgumentError and ScheduleTextError. */
  private again(method: string, parameters: Parameters): Again {
    const choice = parameters.worldChoice(this.options.catalogue);
    const schedule = parameters.schedule();
    const [name = ''] = parseSchedule(schedule).world.split('@');
    if (name !== choice.world)
      throw new ArgumentError(`${method}: schedule: expected one of ${choice.world}, found one of ${clipped(name, 40)}`);
    return { place: this.placeOf(choice), schedule, property: parameters.property() };
  }

  private checkAllowed(): void {
    const { refusal } = this.options;
    if (refusal !== null) throw new ArgumentError(`explore: ${refusal}`);
    if (this.isClosed) throw new DeviceClosedError('the explorer is closed');
  }

  /** Has the thread do something. */
  private order(task: Task, most = REQUEST_MS): Promise<unknown> {
    if (this.waiting.size >= MAX_WAITING) return Promise.reject(new ArgumentError('explore: too many requests wait for the explorer'));
    const worker = this.thread();
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        void this.endThread(new ExploreThreadError(`the explorer took longer than ${most / 1000} s, and was ended`));
      }, most);
      this.waiting.set(id, { resolve, reject, timer });
      worker.postMessage({ id, task } satisfies Order);
    });
  }

  private thread(): Worker {
    if (this.worker !== null) return this.worker;
    const { thread, execArgv = [] } = this.options;
    const worker = new Worker(thread, { execArgv: [...execArgv], resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MIB } });
    this.worker = worker;
    worker.on('message', (report: Report) => this.worker === worker && this.take(report));
    worker.on('error', (error) => {
      const isMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const reason = isMemory
        ? `the explorer needed more than ${THREAD_HEAP_MIB} MiB, and was ended`
        : `the explorer died: ${describeError(error)}`;
      if (this.worker === worker) void this.endThread(new ExploreThreadError(reason));
    });
    // One that dies of an error has said so before.
    worker.on('exit', () => {
      if (this.worker === worker) void this.endThread(new ExploreThreadError('the explorer has ended by itself'));
    });
    worker.unref();
    return worker;
  }

  private take(report: Report): void {
    if ('status' in report) {
      // What a search says that another has followed is of no interest.
      if (report.status.run === this.latest.run) this.tell(report.status);
      return;
    }
    const waiting = this.waiting.get(report.id);
    if (waiting === undefined) return;
    this.waiting.delete(report.id);
    clearTimeout(waiting.timer);
    if ('value' in report) waiting.resolve(report.value);
    else waiting.reject(report.isWrong ? new ArgumentError(report.problem) : new ExploreThreadError(report.problem));
  }

  private tell(status: SearchStatus): void {
    this.latest = status;
    this.options.publish(PROGRESS, statusView(status));
  }

  private async endThread(reason: Error): Promise<void> {
    const { worker } = this;
    this.worker = null;
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    this.waiting.clear();
    if (this.latest.phase === 'searching') this.tell({ ...this.latest, phase: 'failed', problem: reason.message });
    await worker?.terminate();
  }
}
