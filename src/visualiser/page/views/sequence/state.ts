/**
 * What the Sequence view shows: which story, of which actors, where; how it is drawn is elsewhere.
 *
 * Invariant: the story is made anew only when something else is asked for, or the model has grown and the moment is the end; so nothing moves by itself
 * while one reads.
 */
import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import { LANE_KINDS } from '../../../model/spans-lanes.js';
import { type Story, storyOfFrame, storyOfJob, storyOfWindow } from '../../../model/spans-story.js';
import type { SpanModel } from '../../../model/spans.js';
import type { App } from '../../app.js';
import { spansOf } from '../timeline/span-model.js';
import { rowsOf, type SequenceRows } from './rows.js';

/** Nanoseconds of a window, as they can be chosen. */
export const SPANS = [
  [1e5, '100 µs'],
  [1e6, '1 ms'],
  [1e7, '10 ms'],
  [1e8, '100 ms'],
  [1e9, '1 s'],
] as const;
const NO_STORY: Story = { spans: [], arrows: [], from: 0, to: 0, isCut: false };
/** Milliseconds between two looks at a run that goes on. */
const LIVE_PAUSE = 500;

export interface Actor {
  readonly lane: number;
  readonly name: string;
  readonly shown: boolean;
}

export class SequenceState {
  readonly model: SpanModel;
  /** Lanes of actors, in their order, all of them. */
  readonly order = signal<readonly number[]>([]);
  readonly hidden = signal<ReadonlySet<number>>(new Set());
  readonly story = signal<Story>(NO_STORY);
  /** Row that is chosen, -1 if none is. */
  readonly chosen = signal(-1);
  readonly actors: ReadonlySignal<readonly Actor[]>;
  /** Lanes that have columns, in their order. */
  readonly columns: ReadonlySignal<readonly number[]>;
  readonly rows: ReadonlySignal<SequenceRows>;
  private lastMade = 0;
  /** The lane of the BQL, and of the thread that runs under it. */
  private bqlLane = -1;

  constructor(readonly app: App) {
    this.model = spansOf(app.store);
    this.actors = computed(() =>
      this.order.value.map((lane) => ({ lane, name: this.model.lanes[lane]?.name ?? '', shown: !this.hidden.value.has(lane) })),
    );
    this.columns = computed(() => {
      const { spans, arrows } = this.story.value;
      const isJob = this.isStory;
      const used = new Set([...spans.map(({ lane }) => lane), ...arrows.flatMap(({ fromLane, toLane }) => [fromLane, toLane])]);
      return this.actors.value.filter(({ lane, shown }) => shown && (!isJob || used.has(lane))).map(({ lane }) => lane);
    });
    this.rows = computed(() => {
      const columns = new Map(this.columns.value.map((lane, column) => [lane, column]));
      const owner = columns.get(this.bqlOwner) ?? -1;
      // Who has the BQL, and what is shown, are told on the line of the thread that does it.
      const isOwners = (lane: number): boolean => lane === this.bqlLane || this.model.lanes[lane]?.kind === 'frames';
      return rowsOf(this.model, this.story.value, (lane) => (isOwners(lane) ? owner : (columns.get(lane) ?? -1)));
    });
    this.update();
  }

  /** The job or the frame whose story it is; both -1: a window's. */
  get subject(): { readonly job: number; readonly frame: number } {
    const { job, frame } = this.app.route.value.params;
    return { job: job === undefined ? -1 : Number(job), frame: frame === undefined ? -1 : Number(frame) };
  }

  get isStory(): boolean {
    const { job, frame } = this.subject;
    return job >= 0 || frame >= 0;
  }

  /** Nanoseconds of the window. */
  get span(): number {
    const span = Number(this.app.route.value.params.span ?? 1e7);
    return span > 0 && span <= 1e10 ? span : 1e7;
  }

  get isToScale(): boolean {
    return this.app.route.value.params.scale === '1';
  }

  private get bqlOwner(): number {
    const { threads } = this.app.store;
    return this.model.lanes.find(({ log }) => log >= 0 && threads[log]?.thread.actor === 'bql')?.index ?? -1;
  }

  /** There may be more in the store. */
  update(): void {
    spansOf(this.app.store);
    this.bqlLane = this.model.lanes.findIndex(({ kind }) => kind === 'bql');
    const known = new Set(this.order.peek());
    const { threads } = this.app.store;
    const rank = (lane: number): number => {
      const { kind, log } = this.model.lanes[lane] ?? { kind: 'thread', log: -1 };
      return 10 * LANE_KINDS.indexOf(kind) + (threads[log]?.thread.actor === 'bql' ? 0 : 1);
    };
    const fresh = this.model.lanes
      .filter(({ index, kind, rows }) => !known.has(index) && (kind === 'thread' || kind === 'vcpu' || kind === 'pvg') && rows.length > 0)
      .map(({ index }) => index);
    if (fresh.length > 0) this.order.value = [...this.order.peek(), ...fresh].sort((a, b) => (known.size === 0 ? rank(a) - rank(b) : 0));
    const isStale = Date.now() - this.lastMade > LIVE_PAUSE;
    if (this.story.peek() === NO_STORY || (isStale && this.app.time.peek() === null && !this.isStory)) this.make();
  }

  /** Makes the story that is asked for. */
  make(): void {
    this.lastMade = Date.now();
    const { job, frame } = this.subject;
    const found = job >= 0 ? storyOfJob(this.model, job) : frame >= 0 ? storyOfFrame(this.model, frame) : this.windowStory();
    batch(() => {
      this.story.value = found ?? NO_STORY;
      this.chosen.value = -1;
    });
  }

  private windowStory(): Story {
    const { model, span } = this;
    if (Number.isNaN(model.start)) return NO_STORY;
    const time = this.app.time.peek();
    const lanes = this.shownLanes();
    const to = time === null ? (nearestTo(model, lanes, model.end, -1) ?? model.end) : time + span / 2;
    const owned = model.lanes.filter(({ kind }) => kind === 'bql' || kind === 'frames');
    if (lanes.has(this.bqlOwner)) for (const { index } of owned) lanes.add(index);
    return storyOfWindow(model, lanes, to - span, to);
  }

  private shownLanes(): Set<number> {
    return new Set(this.order.peek().filter((lane) => !this.hidden.peek().has(lane)));
  }

  /** Shows or hides an actor. */
  toggle(lane: number): void {
    const hidden = new Set(this.hidden.peek());
    if (!hidden.delete(lane)) hidden.add(lane);
    this.hidden.value = hidden;
    if (!this.isStory) this.make();
  }

  /** Puts an actor at another's place. */
  move(lane: number, by: number): void {
    const order = [...this.order.peek()];
    const from = order.indexOf(lane);
    const to = Math.min(order.length - 1, Math.max(0, from + by));
    order.splice(from, 1);
    order.splice(to, 0, lane);
    this.order.value = order;
  }

  show(params: { readonly job?: number | null; readonly frame?: number | null; readonly span?: number; readonly scale?: boolean }): void {
    const { job, frame, span, scale } = params;
    const text = (value: number | null | undefined): string | null =>
      value === null || value === undefined || value < 0 ? null : String(value);
    this.app.setParams({
      ...(job !== undefined && { job: text(job), frame: null }),
      ...(frame !== undefined && { frame: text(frame), job: null }),
      ...(span !== undefined && { span: String(span) }),
      ...(scale !== undefined && { scale: scale ? '1' : null }),
    });
  }

  /** The window before (-1) or after (1), by half of it, or as far as there is something. */
  step(by: -1 | 1): void {
    const { model, span } = this;
    const { from, to } = this.story.peek();
    const middle = (from + to) / 2 + (by * span) / 2;
    const [edge, near] = by > 0 ? [to, nearestTo(model, this.shownLanes(), to, 1)] : [from, nearestTo(model, this.shownLanes(), from, -1)];
    const isFar = near !== null && Math.abs(near - edge) > span / 2;
    this.app.time.value = Math.min(Math.max(isFar ? near : middle, model.start), model.end);
  }

  /** Another window: nearer (-1) or further away (1). */
  zoom(by: number): void {
    const at = SPANS.findIndex(([span]) => span >= this.span);
    const [next] = SPANS[Math.min(SPANS.length - 1, Math.max(0, (at < 0 ? SPANS.length - 1 : at) + by))] ?? [];
    if (next !== undefined) this.show({ job: null, frame: null, span: next });
  }

  /** Chooses a row, and makes its moment that of all views. */
  choose(row: number): void {
    const { rows } = this.rows.peek();
    const at = Math.min(rows.length - 1, Math.max(0, row));
    this.chosen.value = rows.length === 0 ? -1 : at;
  }
}

/** The moment nearest to a time, before (-1) or after it (1), at which something began or ended on some lanes; null if there is none. */
function nearestTo(model: SpanModel, lanes: ReadonlySet<number>, time: number, by: -1 | 1): number | null {
  let nearest: number | null = null;
  for (const lane of lanes) {
    for (const row of model.lanes[lane]?.rows ?? []) {
      const place = row.placeAt(time);
      const span = by > 0 ? row.at(place) : row.at(Math.min(place, row.length - 1));
      if (by > 0 ? place >= row.length : row.length === 0) continue;
      const begin = model.spans.beginOf(span);
      const end = model.spans.endOf(span);
      const at = by > 0 ? Math.max(begin, time) : begin > time ? model.spans.endOf(row.at(place - 1)) : Math.min(end, time);
      if (!Number.isNaN(at) && (nearest === null || by * (nearest - at) > 0)) nearest = at;
    }
  }
  return nearest;
}
