/**
 * What the Explore view is at: what is chosen, how far the search is, which execution is shown, and at which step.
 *
 * Invariant: world, revision, schedule, property and step are in the address, and an address alone is enough to show the same. An answer that comes
 * when something else has been asked for since is not shown. What is not here: how anything looks.
 */
import { type ReadonlySignal, batch, computed, effect, signal } from '@preact/signals';
import { moved } from '../../../model/explore-order.js';
import type {
  Beyond,
  CaseView,
  MoveView,
  RunView,
  SearchRequest,
  SearchStatus,
  StepView,
  Worlds,
} from '../../../model/explore-protocol.js';
import type { App } from '../../app.js';

/** What came of a move. */
export type Outcome = Pick<MoveView, 'outcome' | 'said'> & { readonly beyond: Beyond | null };

const FIRST_SECONDS = 30;

export class Session {
  readonly worlds = signal<Worlds | null>(null);
  readonly form = signal<SearchRequest>({
    ...{ world: '', revision: '', strategy: '', seed: 1, executions: 1, seconds: FIRST_SECONDS, keepGoing: false },
  });
  readonly status = signal<SearchStatus | null>(null);
  readonly shown = signal<CaseView | null>(null);
  /** The row that is looked at: 0 is the beginning, then steps, then what is about to happen. */
  readonly at = signal(0);
  /** How many places that step is to go later, or earlier; null: nothing is being moved. */
  readonly by = signal<number | null>(null);
  readonly outcome = signal<Outcome | null>(null);
  readonly problem = signal('');
  readonly isBusy = signal(false);
  /** The search that this page began: what it finds is shown. */
  private own = 0;
  private asked = 0;
  private readonly ends: (() => void)[] = [];

  constructor(private readonly app: App) {
    void this.begin();
  }

  readonly steps: ReadonlySignal<readonly StepView[]> = computed(() => {
    const run = this.shown.value?.run;
    return run === undefined ? [] : [...run.steps, ...run.pending];
  });

  /** Numbers of the steps in the order that is shown: while one is moved, the one that would come of it. */
  readonly order: ReadonlySignal<readonly number[]> = computed(() => moved(this.steps.value, this.at.value - 1, this.by.value ?? 0));

  get isSearching(): boolean {
    return this.status.value?.phase === 'searching';
  }

  close(): void {
    for (const end of this.ends) end();
  }

  choose(change: Partial<SearchRequest>): void {
    this.form.value = { ...this.form.value, ...change };
    const { world, revision } = this.form.value;
    this.app.setParams({ world, revision });
  }

  start(): void {
    this.ask(async () => {
      const status = (await this.app.request('explore.start', this.form.value)) as SearchStatus;
      return () => {
        this.own = status.run;
        this.clear();
        this.take(status);
      };
    });
  }

  stop(): void {
    this.ask(async () => {
      const status = (await this.app.request('explore.stop', {})) as SearchStatus;
      return () => this.take(status);
    });
  }

  /** Shows a fault that the search has found. */
  open(fault: number): void {
    const request = this.status.value?.request;
    this.ask(async () => {
      const found = (await this.app.request('explore.result', { fault })) as CaseView;
      return () => {
        if (request) this.form.value = { ...request };
        this.show(found, null);
      };
    });
  }

  select(row: number): void {
    const last = this.steps.value.length;
    batch(() => {
      this.by.value = null;
      this.at.value = Math.max(0, Math.min(last, row));
      this.app.setParams({ step: String(this.at.value) });
    });
  }

  /** Begins to move the step that is looked at, or moves it on. */
  shift(places: number): void {
    if (this.at.value === 0) return;
    const by = (this.by.value ?? 0) + places;
    // As far as it goes, and no further.
    const before = moved(this.steps.value, this.at.value - 1, this.by.value ?? 0).join();
    if (places === 0 || moved(this.steps.value, this.at.value - 1, by).join() !== before) this.by.value = by;
  }

  /** Runs what comes of the move, or of nothing but going on from here. */
  run(): void {
    const shown = this.shown.value;
    if (shown === null || this.at.value === 0) return;
    const params = { ...this.again(shown), step: this.at.value - 1, by: this.by.value ?? 0 };
    this.ask(async () => {
      const came = (await this.app.request('explore.move', params)) as MoveView;
      return () => this.show(came, came, came.step === null ? came.run.steps.length : came.step + 1);
    });
  }

  private again({ run, failure }: CaseView): object {
    const { world, revision } = this.form.value;
    return { world, revision, schedule: run.schedule, property: failure?.property ?? this.app.route.value.params.property ?? null };
  }

  private async begin(): Promise<void> {
    this.ends.push(this.app.subscribe('explore.progress', (status) => this.take(status as SearchStatus)));
    if (!this.app.can('explore.worlds')) {
      this.problem.value = 'This page was opened without the explorer: npx apple-gfx explore --dashboard';
      return;
    }
    // The address that the command printed has it.
    this.app.setParams({ token: null });
    try {
      const worlds = (await this.app.request('explore.worlds')) as Worlds;
      const status = (await this.app.request('explore.status')) as SearchStatus;
      const { params } = this.app.route.peek();
      const { defaults, limits } = worlds;
      const known = worlds.worlds.some(({ name }) => name === params.world);
      batch(() => {
        this.worlds.value = worlds;
        this.form.value = {
          ...this.form.value,
          world: known ? (params.world ?? '') : (status.request?.world ?? defaults.world),
          revision: params.revision ?? (known ? null : status.request?.revision) ?? defaults.revision,
          strategy: status.request?.strategy ?? defaults.strategy,
          executions: limits.executions,
        };
        this.status.value ??= status;
      });
      this.ends.push(effect(() => this.followAddress()));
    } catch (error) {
      this.problem.value = messageOf(error);
    }
  }

  /** Shows what the address says, unless that is shown. */
  private followAddress(): void {
    const { view, params } = this.app.route.value;
    const { schedule = '', world = '', revision = '', property = null, step = '' } = params;
    if (view !== 'explore' || schedule === this.shown.peek()?.run.schedule) return;
    if (schedule === '') return this.clear();
    const cycleFrom = params.cycle === undefined ? {} : { cycleFrom: Number(params.cycle) };
    this.ask(async () => {
      const found = (await this.app.request('explore.replay', { world, revision, schedule, property, ...cycleFrom })) as CaseView;
      return () => {
        this.form.value = { ...this.form.peek(), world, revision };
        this.show(found, null, step === '' ? undefined : Number(step));
      };
    });
  }

  private show(found: CaseView, outcome: Outcome | null, at?: number): void {
    const before = this.shown.peek();
    const { run, failure, cycleFrom } = found;
    const last = run.steps.length + run.pending.length;
    const row = Number.isInteger(at) ? Math.max(0, Math.min(last, at ?? 0)) : run.steps.length;
    batch(() => {
      this.shown.value = found;
      this.outcome.value = outcome;
      this.by.value = null;
      this.at.value = row;
    });
    const { world, revision } = this.form.peek();
    const property = failure?.property ?? this.app.route.peek().params.property;
    const params = {
      ...{ world, revision, schedule: run.schedule, step: String(row) },
      ...(property !== undefined && { property }),
      ...(cycleFrom !== null && { cycle: String(cycleFrom) }),
    };
    // The browser's way back leads to what was shown before.
    if (before !== null && before.run.schedule !== run.schedule) this.app.go('explore', params);
    else this.app.setParams({ property: null, cycle: null, ...params });
  }

  private clear(): void {
    batch(() => {
      this.shown.value = null;
      this.outcome.value = null;
      this.by.value = null;
      this.at.value = 0;
    });
    this.app.setParams({ schedule: null, step: null, property: null, cycle: null });
  }

  private take(status: SearchStatus): void {
    const before = this.status.peek();
    if (before !== null && status.run < before.run) return;
    this.status.value = status;
    const isOver = status.phase !== 'searching' && status.phase !== 'none';
    if (status.run !== this.own || !isOver) return;
    this.own = 0;
    // Who has opened one meanwhile looks at that.
    if (status.faults.length > 0 && this.shown.peek() === null) this.open(0);
  }

  /** Asks the server, and does what is to be done with the answer if nothing else was asked meanwhile. */
  private ask(request: () => Promise<() => void>): void {
    const number = ++this.asked;
    this.isBusy.value = true;
    this.problem.value = '';
    request().then(
      (then) => {
        if (number !== this.asked) return;
        this.isBusy.value = false;
        then();
      },
      (error: unknown) => {
        if (number !== this.asked) return;
        this.isBusy.value = false;
        this.problem.value = messageOf(error);
      },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Values of a run's fields after so many steps, and which of them the last of these changed. */
export function valuesAt(
  run: RunView,
  steps: number,
): { readonly values: readonly string[]; readonly before: ReadonlyMap<number, string> } {
  const values = [...run.first];
  let before = new Map<number, string>();
  run.changes.slice(0, steps).forEach((changes) => {
    before = new Map(changes.map(([field]) => [field, values[field] ?? '']));
    for (const [field, value] of changes) values[field] = value;
  });
  return { values, before: steps === 0 ? new Map() : before };
}
