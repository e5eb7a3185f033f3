/**
 * What the Sequence view shows: which story, of which actors, where; how it is drawn is elsewhere.
 *
 * Invariant: the story is made anew only when something else is asked for, or the model has grown and the moment is the end; so nothing moves by itself
 * while one reads.
 */
import { batch, computed, signal } from '@preact/signals';
import { LANE_KINDS } from '../../../model/spans-lanes.js';
import { type Story, storyOfJob, storyOfWindow } from '../../../model/spans-story.js';
import type { SpanModel } from '../../../model/spans.js';
import type { App } from '../../app.js';
import { spansOf } from '../timeline/span-model.js';
import { rowsOf } from './rows.js';

/** Nanoseconds of a window, as they can be chosen. */
export const SPANS = [1e5, 1e6, 1e7, 1e8, 1e9];
export const NO_STORY: Story = { spans: [], arrows: [], from: 0, to: 0, isCut: false };
/** Milliseconds between two looks at a run that goes on. */
const LIVE_PAUSE = 500;
/** Lanes that are actors. */
const ACTORS = new Set(['thread', 'vcpu', 'pvg']);

export class SequenceState {
  readonly model: SpanModel;
  /** Lanes of actors, in their order, all of them. */
  readonly order = signal<readonly number[]>([]);
  readonly hidden = signal<ReadonlySet<number>>(new Set());
  readonly story = signal<Story>(NO_STORY);
  /** Row that is chosen, -1 if none is. */
  readonly chosen = signal(-1);
  /** Lanes that have columns, in their order. */
  readonly columns = computed(() => {
    const { spans, arrows } = this.story.value;
    const used = new Set([...spans.map(({ lane }) => lane), ...arrows.flatMap(({ fromLane, toLane }) => [fromLane, toLane])]);
    return this.order.value.filter((lane) => !this.hidden.value.has(lane) && (this.job === null || used.has(lane)));
  });
  readonly rows = computed(() => {
    const columns = this.columns.value;
    return rowsOf(this.model, this.story.value, (lane) => columns.indexOf(this.isOwned(lane) ? this.bqlOwner : lane));
  });
  private lastMade = 0;

  constructor(readonly app: App) {
    this.model = spansOf(app.store);
    this.update();
  }

  /** The job whose story it is; null: a window's. */
  get job(): number | null {
    const { job } = this.app.route.value.params;
    return job === undefined ? null : Number(job);
  }

  /** Nanoseconds of the window. */
  get span(): number {
    const span = Number(this.app.route.value.params.span ?? 1e7);
    return span > 0 && span <= 1e10 ? span : 1e7;
  }

  get isToScale(): boolean {
    return this.app.route.value.params.scale === '1';
  }

  /** Who has the BQL, and what is shown, are told on the line of the thread that does it. */
  private isOwned(lane: number): boolean {
    const kind = this.model.lanes[lane]?.kind;
    return kind === 'bql' || kind === 'frames';
  }

  private get bqlOwner(): number {
    return this.model.lanes.findIndex(({ log }) => this.app.store.threads[log]?.thread.actor === 'bql');
  }

  /** There may be more in the store. */
  update(): void {
    const { lanes } = spansOf(this.app.store);
    const known = this.order.peek();
    const fresh = lanes.filter(({ index, kind, rows }) => !known.includes(index) && ACTORS.has(kind) && rows.length > 0);
    const rank = ({ kind, index }: (typeof fresh)[number]): number => 2 * LANE_KINDS.indexOf(kind) + (index === this.bqlOwner ? 0 : 1);
    fresh.sort((a, b) => rank(a) - rank(b));
    if (fresh.length > 0) this.order.value = [...known, ...fresh.map(({ index }) => index)];
    const isStale = Date.now() - this.lastMade > LIVE_PAUSE && this.app.time.peek() === null && this.job === null;
    if (this.story.peek() === NO_STORY || isStale) this.make();
  }

  /** Makes the story that is asked for. */
  make(): void {
    this.lastMade = Date.now();
    const { job, model } = this;
    batch(() => {
      this.story.value = (job === null ? this.windowStory() : storyOfJob(model, job)) ?? NO_STORY;
      this.chosen.value = -1;
    });
  }

  private windowStory(): Story | null {
    const { model, span } = this;
    const time = this.app.time.peek();
    const to = time === null ? (this.nearestTo(model.end, -1) ?? model.end) : time + span / 2;
    const shown = new Set(this.columnsOfAll());
    for (const { index } of model.lanes) if (this.isOwned(index) && shown.has(this.bqlOwner)) shown.add(index);
    return Number.isNaN(to) ? null : storyOfWindow(model, shown, { from: to - span, to });
  }

  private columnsOfAll(): readonly number[] {
    return this.order.peek().filter((lane) => !this.hidden.peek().has(lane));
  }

  /** Shows or hides an actor. */
  toggle(lane: number): void {
    const hidden = new Set(this.hidden.peek());
    if (!hidden.delete(lane)) hidden.add(lane);
    this.hidden.value = hidden;
    if (this.job === null) this.make();
  }

  /** Puts an actor at another's place. */
  move(lane: number, by: number): void {
    const order = this.order.peek().filter((each) => each !== lane);
    order.splice(Math.max(0, this.order.peek().indexOf(lane) + by), 0, lane);
    this.order.value = order;
  }

  /** The job or the window before (-1) or after (1), a window by half of it, or as far as there is something. */
  step(by: -1 | 1): void {
    const { model, span, job } = this;
    if (job !== null) return this.app.setParams({ job: String(Math.max(1, job + by)) });
    const { from, to } = this.story.peek();
    const edge = by > 0 ? to : from;
    const near = this.nearestTo(edge, by) ?? edge;
    const middle = Math.abs(near - edge) > span / 2 ? near : (from + to + by * span) / 2;
    this.app.time.value = Math.min(Math.max(middle, model.start), model.end);
  }

  /** Another window: nearer (-1) or further away (1). */
  zoom(by: number): void {
    const at = SPANS.findIndex((span) => span >= this.span);
    this.app.setParams({ job: null, span: String(SPANS[Math.max(0, at + by)] ?? 1e9) });
  }

  /** The moment nearest to a time, before (-1) or after it (1), at which something is done by the actors that are shown; null if there is none. */
  private nearestTo(time: number, by: -1 | 1): number | null {
    const { spans, lanes } = this.model;
    const times = this.columnsOfAll().flatMap((lane) =>
      (lanes[lane]?.rows ?? []).map((row) => {
        const place = row.placeAt(time);
        const begin = spans.beginOf(row.at(place));
        if (by > 0) return Math.max(begin, time);
        return begin <= time ? time : spans.endOf(row.at(place - 1));
      }),
    );
    return times.filter((each) => !Number.isNaN(each)).sort((a, b) => by * (a - b))[0] ?? null;
  }
}
