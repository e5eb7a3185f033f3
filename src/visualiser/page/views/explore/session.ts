/**
 * What the Explore view is at: what is chosen, how far the search is, which execution is shown, and at which step.
 *
 * Invariant: world, revision, schedule, property and step are in the address and nowhere else, so an address alone is enough to show the same. An answer
 * that comes when something else has been asked for since is not shown. What is not here: how anything looks.
 */
import { computed, effect, signal } from '@preact/signals';
import type { CaseView, SearchRequest, StatusView, Worlds } from '../../../model/explore-protocol.js';
import type { App } from '../../app.js';

export type Session = ReturnType<typeof openSession>;

export function openSession(app: App) {
  const worlds = signal<Worlds | null>(null);
  const form = signal<SearchRequest | null>(null);
  const status = signal<StatusView | null>(null);
  const shown = signal<CaseView | null>(null);
  const problem = signal('');
  const isBusy = signal(false);
  /** The row that is looked at: 0 is the beginning, then steps, then what is about to happen. */
  const at = computed(() => {
    const { steps, made } = shown.value?.run ?? { steps: [], made: 0 };
    return Math.max(0, Math.min(steps.length, Math.round(Number(app.route.value.params.step ?? made)) || 0));
  });
  let asked = 0;

  const ask = async <T>(method: string, params: object, take: (answer: T) => void): Promise<void> => {
    const number = ++asked;
    isBusy.value = true;
    problem.value = '';
    const then = (what: () => void): void => {
      if (number !== asked) return;
      isBusy.value = false;
      what();
    };
    try {
      const answer = (await app.request(`explore.${method}`, params)) as T;
      then(() => take(answer));
    } catch (error) {
      then(() => {
        problem.value = (error as Error).message;
      });
    }
  };

  const show = (found: CaseView, step: number | string = found.run.made, place: Readonly<Record<string, string>> = {}): void => {
    const { run, failure, cycleFrom } = found;
    // The browser's way back leads to what was shown before.
    if (shown.peek() !== null) history.pushState(null, '', location.href);
    shown.value = found;
    app.setParams({
      ...{ ...place, schedule: run.schedule, step: `${step}`, cycle: cycleFrom === null ? null : `${cycleFrom}` },
      ...(failure !== null && { property: failure.property }),
    });
  };

  /** Shows a fault that the search has found. */
  const open = (fault: number): void => {
    const { world = '', revision = '' } = status.peek()?.request ?? {};
    void ask<CaseView>('result', { fault }, (found) => show(found, found.run.made, { world, revision }));
  };

  const isSearching = (): boolean => status.value?.phase === 'searching';
  const update = (next: StatusView): void => {
    status.value = next;
    // Who looks at something, or has asked for it, goes on looking at it.
    if (next.phase !== 'searching' && next.faults.length > 0 && !app.route.peek().params.schedule && !isBusy.peek()) open(0);
  };

  /** Starts a search, or stops the one there is. */
  const search = (): void => {
    const request = form.peek();
    if (request === null) return;
    if (isSearching()) return void ask('stop', {}, update);
    const { world, revision } = request;
    app.setParams({ world, revision, schedule: null, step: null, property: null, cycle: null });
    void ask('start', request, update);
  };

  const select = (row: number): void => {
    if (shown.peek() !== null) app.setParams({ step: `${Math.max(0, row)}` });
  };

  /** Has the step that is looked at moved so many places, and runs what comes of it; one that has just been moved, so many more. */
  const move = (places: number): void => {
    const found = shown.peek();
    const row = at.peek();
    if (found === null || row === 0 || isBusy.peek()) return;
    const { run, move: last } = found;
    const { schedule, step, by } = last?.place === row ? last : { schedule: run.schedule, step: row - 1, by: 0 };
    const { world, revision, property } = app.route.peek().params;
    const params = { world, revision, property, schedule, step, by: by + places };
    void ask<CaseView>('move', params, (came) => show(came, came.move?.place || came.run.made));
  };

  const ends = [
    app.subscribe('explore.progress', (value) => update(value as StatusView)),
    effect(() => {
      const { world, revision, property, schedule = '', step, cycle } = app.route.value.params;
      if (schedule === (shown.peek()?.run.schedule ?? '')) return;
      shown.value = null;
      if (schedule === '') return;
      const params = { world, revision, property, schedule, ...(cycle && { cycleFrom: Number(cycle) }) };
      void ask<CaseView>('replay', params, (found) => show(found, step));
    }),
  ];
  const begin = async (): Promise<void> => {
    try {
      const found = (await app.request('explore.worlds')) as Worlds;
      const { world, revision } = { ...found.defaults, ...app.route.peek().params };
      form.value = { ...found.defaults, world, revision };
      worlds.value = found;
      status.value = found.status;
    } catch (error) {
      problem.value = (error as Error).message;
    }
  };
  void begin();
  const close = (): void => {
    // What is still asked for is of no interest in another view.
    asked++;
    for (const end of ends) end();
  };
  return { worlds, form, status, shown, problem, at, isSearching, open, search, select, move, close };
}
