/**
 * What the Timeline shows and what can be done with it; how it is drawn is elsewhere.
 *
 * Invariant: until somebody moves it, the window shows all of a file, or the last LIVE_SPAN of a run; the model is the store's, brought up to date
 * with each version of it.
 */
import { batch, type Signal, signal } from '@preact/signals';
import { countSpans, findSpan, type SpanMatcher, spanMatcher } from '../../../model/spans-search.js';
import type { SpanModel } from '../../../model/spans.js';
import type { App } from '../../app.js';
import { type Layout, layOut } from './lane-layout.js';
import { arrowsAt, innermostAt, type Picked, pickAgain, pickedOf } from '../../../model/spans-pick.js';
import { spansOf } from './span-model.js';
import { around, clampWindow, moved, type Window, zoomed } from './viewport.js';

/** Nanoseconds of a run that are shown while it is followed. */
const LIVE_SPAN = 2e9;
const JUMP_ARROWS = 50;

export class TimelineState {
  readonly window = signal<Window>({ from: 0, to: 1 });
  readonly layout = signal<Layout>({ strips: [], height: 0, rowHeight: 17 });
  readonly scrollTop = signal(0);
  readonly selected = signal<Picked | null>(null);
  readonly hovered = signal<Picked | null>(null);
  readonly measured = signal<Window | null>(null);
  readonly folded = signal<ReadonlySet<string>>(new Set());
  readonly allArrows = signal(false);
  readonly search = signal('');
  /** Place and count of what was found. */
  readonly found = signal<{ readonly place: number; readonly count: number }>({ place: 0, count: 0 });
  /** Goes up when there is something else to draw. */
  readonly drawn: Signal<number> = signal(0);
  readonly model: SpanModel;
  matcher: SpanMatcher | null = null;
  /** Pixels of the page's text. */
  size = 13;
  /** Whether the window goes along with the end. */
  private follows = true;
  /** What the address asks for, since the start, until there is that much. */
  private wanted: Window | null = null;
  private written = '';
  private foundSpan = -1;
  private layoutKey = '';

  constructor(readonly app: App) {
    this.model = spansOf(app.store);
    this.obey(app.route.peek().params);
    this.update();
  }

  /** Shows the stretch that the address asks for, now or as soon as there is that much; what it wrote there itself it has already. */
  obey({ from = '', to = '' }: Readonly<Record<string, string>>): void {
    if (`${from} ${to}` === this.written || !(Number(to) > Number(from))) return;
    this.wanted = { from: Number(from), to: Number(to) };
    this.written = `${from} ${to}`;
    this.drawn.value++;
    this.obeyWanted();
  }

  /** The window as the address has it, null while it isn't for the address. */
  get address(): { readonly from: string; readonly to: string } | null {
    const { start } = this.model;
    const window = this.window.value;
    if (this.follows || this.wanted !== null || Number.isNaN(start)) return null;
    const [from, to] = [String(Math.round(window.from - start)), String(Math.round(window.to - start))];
    this.written = `${from} ${to}`;
    return { from, to };
  }

  private obeyWanted(): void {
    const { wanted, model } = this;
    if (wanted === null || Number.isNaN(model.start)) return;
    this.follows = false;
    this.window.value = { from: model.start + wanted.from, to: model.start + wanted.to };
    if (model.start + wanted.to <= model.end) this.wanted = null;
  }

  /** Whether the window goes along with the end. */
  get isFollowing(): boolean {
    return this.follows;
  }

  /** From the first to the last moment. */
  get range(): Window {
    const { start, end } = this.model;
    return Number.isNaN(start) ? { from: 0, to: 1 } : { from: start, to: Math.max(end, start + 1) };
  }

  /** The moment that all views show. */
  get cursor(): number {
    return this.app.time.peek() ?? this.range.to;
  }

  /** There may be more in the store. */
  update(): void {
    spansOf(this.app.store);
    batch(() => {
      this.updateLayout();
      this.obeyWanted();
      if (this.follows) this.window.value = this.followed();
      const { value: selected } = this.selected;
      if (selected?.end === Number.POSITIVE_INFINITY) this.selected.value = pickAgain(this.model, selected);
      this.drawn.value++;
    });
  }

  private followed(): Window {
    const { from, to } = this.range;
    if (!this.app.isLive) return { from: from - 0.01 * (to - from), to: to + 0.01 * (to - from) };
    const now = this.window.peek();
    const span = now.to - now.from > 1 && this.app.time.peek() === null ? now.to - now.from : LIVE_SPAN;
    return { from: to - 0.97 * span, to: to + 0.03 * span };
  }

  private updateLayout(): void {
    const displays = [...new Set(this.app.store.frames.map(({ display }) => display))].sort((a, b) => a - b);
    const layout = layOut({ model: this.model, displays, folded: this.folded.peek(), size: this.size });
    const key = `${layout.height} ${layout.strips.map(({ name, top }) => `${name} ${top}`).join()}`;
    if (key === this.layoutKey) return;
    this.layoutKey = key;
    this.layout.value = layout;
  }

  /** Shows a stretch from now on. */
  show(window: Window): void {
    this.follows = false;
    this.wanted = null;
    this.window.value = clampWindow(window, this.range);
  }

  zoom(factor: number, at: number): void {
    const { from, to } = this.window.peek();
    if (this.follows && this.app.isLive) {
      // Nearer to, or further from, the end that is followed.
      const span = Math.max(1e4, (to - from) * factor);
      this.window.value = { from: to - span, to };
      return;
    }
    this.show(zoomed({ from, to }, factor, Math.min(Math.max(at, from), to)));
  }

  pan(share: number): void {
    this.show(moved(this.window.peek(), share));
  }

  showAll(): void {
    const { from, to } = this.range;
    this.show({ from: from - 0.01 * (to - from), to: to + 0.01 * (to - from) });
  }

  /** Goes along with the end again. */
  follow(): void {
    this.follows = true;
    this.app.time.value = null;
    this.window.value = this.followed();
  }

  select(picked: Picked | null): void {
    this.selected.value = picked;
    if (picked !== null) this.app.time.value = picked.begin;
  }

  /** Selects a span, and shows it if it isn't in the window. */
  goTo(picked: Picked): void {
    this.select(picked);
    const { from, to } = this.window.peek();
    const end = Math.min(picked.end, this.range.to);
    if (picked.begin >= from && end <= to && end - picked.begin > (to - from) / 2000) return;
    const span = Math.min(to - from, Math.max(20 * (end - picked.begin), 1000));
    const middle = (picked.begin + end) / 2;
    this.show(end - picked.begin > to - from ? around(picked.begin, end) : { from: middle - span / 2, to: middle + span / 2 });
  }

  fit(): void {
    const picked = this.selected.peek();
    if (picked === null) return this.showAll();
    this.show(around(picked.begin, Math.min(picked.end, this.range.to)));
  }

  /** Measures what is selected, or nothing any more. */
  measure(): void {
    const picked = this.selected.peek();
    const isSame = this.measured.peek()?.from === picked?.begin;
    this.measured.value = picked === null || isSame ? null : { from: picked.begin, to: Math.min(picked.end, this.range.to) };
  }

  /** Has all messages drawn, or those of what is selected, and all where they are few. */
  toggleArrows(): void {
    this.allArrows.value = !this.allArrows.peek();
  }

  fold(key: string): void {
    const folded = new Set(this.folded.peek());
    if (!folded.delete(key)) folded.add(key);
    this.folded.value = folded;
    this.update();
  }

  setSearch(text: string): void {
    this.search.value = text;
    this.matcher = spanMatcher(this.model, text);
    this.foundSpan = -1;
    this.found.value = { place: 0, count: this.matcher === null ? 0 : countSpans(this.model, this.matcher) };
    this.drawn.value++;
  }

  /** Selects the next span that is looked for, or the one before. */
  findNext(isBack: boolean): void {
    if (this.matcher === null) return;
    const time = this.selected.peek()?.begin ?? this.window.peek().from;
    const found = findSpan(this.model, this.matcher, { time, span: this.foundSpan }, isBack);
    this.foundSpan = found.span;
    this.found.value = found;
    if (found.span >= 0) this.goTo(pickedOf(this.model, found.span));
  }

  /** Selects the neighbour in the same row. */
  step(by: 1 | -1): void {
    const picked = this.selected.peek();
    const row = picked === null ? undefined : this.model.lanes[picked.lane]?.rows[picked.depth];
    if (picked === null || row === undefined) return;
    let place = row.placeAt(picked.begin);
    while (place < row.length && this.model.spans.beginOf(row.at(place)) < picked.begin) place++;
    if (place + by >= 0 && place + by < row.length) this.goTo(pickedOf(this.model, row.at(place + by)));
  }

  /** Selects what an arrow that leaves the selected span leads to, or what one that comes to it comes from. */
  jump(isOut: boolean): void {
    const picked = this.selected.peek();
    if (picked === null) return;
    const touching = arrowsAt(this.model, picked, JUMP_ARROWS).find((each) => each.isOut === isOut);
    if (touching !== undefined) this.jumpAlong(touching.arrow, isOut);
  }

  jumpAlong(arrow: number, isOut: boolean): void {
    const at = this.model.arrows.at(arrow);
    if (at === null) return;
    const [lane, time] = isOut ? [at.toLane, at.to] : [at.fromLane, at.from];
    const there = innermostAt(this.model, lane, time);
    if (there !== null) this.goTo(there);
  }
}
