/**
 * Rows of a lane: spans of one depth, one after the other, with what is needed to draw any stretch of them at any scale.
 *
 * Invariant: spans of a row don't overlap, so both their beginnings and their ends are in order. Over the spans lies a pyramid: four neighbours are
 * one block, four blocks one of the next level; a block knows for how long it is busy and its longest span. So what is drawn costs by
 * the pixels it takes, not by the spans there are. At most one span of a row is open, the last.
 */
import { grown } from './spans-columns.js';
import type { SpanFacts, SpanTable } from './spans-table.js';

/** Told of a span (`count` 1), or of a run of spans that is shorter than the resolution, by its longest one. */
export type SpanVisitor = (span: number, begin: number, end: number, count: number, busy: number) => void;

/** Binary logarithm of how many make one of the next level: four. */
const FAN_BITS = 2;
const FAN = 1 << FAN_BITS;
/** Blocks are no larger than 2^30 spans. */
const MAX_LEVEL = 15;
const FIRST_ROOM = 64;

/** A level of the pyramid. */
class Level {
  used = 0;
  busy = new Float32Array(FIRST_ROOM);
  longest = new Uint32Array(FIRST_ROOM);

  push(busy: number, longest: number): void {
    if (this.used === this.busy.length) {
      this.busy = grown(this.busy, 2 * this.used);
      this.longest = grown(this.longest, 2 * this.used);
    }
    this.busy[this.used] = busy;
    this.longest[this.used++] = longest;
  }
}

/** A span that has not ended. */
export interface OpenSpan extends SpanFacts {
  begin: number;
}

export class Row {
  /** Numbers of its spans, less `offset`. */
  private spans = new Uint32Array(FIRST_ROOM);
  private offset = 0;
  private used = 0;
  private levels: Level[] = [];
  /** One object for whatever is open here. */
  private readonly slot: OpenSpan = { begin: 0, kind: 0, name: 0, id: 0, job: 0, log: 0, entry: 0, flags: 0 };
  private isOpen = false;
  /** Nothing begins before this. */
  private lastEnd = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly table: SpanTable,
    readonly lane: number,
    readonly depth: number,
  ) {}

  /** How many of its spans have ended and are kept. */
  get length(): number {
    return this.used;
  }

  /** What has not ended; valid until it does. */
  get open(): Readonly<OpenSpan> | null {
    return this.isOpen ? this.slot : null;
  }

  /** Number of the span at a place, 0 being the oldest that is kept; -1 of a place where there is none. */
  at(place: number): number {
    return place >= 0 && place < this.used ? this.offset + (this.spans[place] as number) : -1;
  }

  /** Begins a span, which then is open. What was open must have been ended. */
  begin(nanoseconds: number, facts: SpanFacts): void {
    Object.assign(this.slot, facts);
    this.slot.begin = Math.max(nanoseconds, this.lastEnd);
    this.isOpen = true;
  }

  /** Ends what is open, if anything is. */
  end(nanoseconds: number, flags = 0): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.slot.flags |= flags;
    this.lastEnd = Math.max(nanoseconds, this.slot.begin);
    this.push(this.table.push(this, this.slot.begin, this.lastEnd, this.slot));
  }

  /** What is open is called otherwise from now on. */
  rename(name: number): void {
    this.slot.name = name;
  }

  /** Something that lasts no time. Nothing may be open. */
  mark(nanoseconds: number, facts: SpanFacts): void {
    this.begin(nanoseconds, facts);
    this.end(nanoseconds);
  }

  /** The first place whose span ends after that time, or has that very end and no length; `length` if there is none. */
  placeAt(nanoseconds: number): number {
    let low = 0;
    let high = this.used;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.table.endOf(this.at(middle)) < nanoseconds) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The span around that time, -1 if there is none that has ended; one that begins then before one that ends then. */
  spanAt(nanoseconds: number): number {
    let found = -1;
    for (let place = this.placeAt(nanoseconds); place < this.used; place++) {
      const span = this.at(place);
      if (this.table.beginOf(span) > nanoseconds) break;
      found = span;
    }
    return found;
  }

  /** Tells of the spans that touch a stretch of time, in order; neighbours that all lie within `resolution` nanoseconds are told of as one. */
  visit(from: number, to: number, resolution: number, visitor: SpanVisitor): void {
    const { table, used } = this;
    let place = this.placeAt(from);
    let level = 0;
    while (place < used) {
      const span = this.offset + (this.spans[place] as number);
      const begin = table.beginOf(span);
      if (begin > to) return;
      level = this.largest(place, begin + resolution, level);
      if (level === 0) {
        const end = table.endOf(span);
        visitor(span, begin, end, 1, end - begin);
        place++;
        continue;
      }
      const size = 1 << (FAN_BITS * level);
      const block = this.levels[level - 1] as Level;
      const at = place >>> (FAN_BITS * level);
      visitor(this.offset + (block.longest[at] as number), begin, table.endOf(this.at(place + size - 1)), size, block.busy[at] as number);
      place += size;
    }
  }

  /** Spans that were let go of the table are no longer here. */
  forget(): void {
    const { first } = this.table;
    let gone = 0;
    while (gone < this.used && this.at(gone) < first) gone++;
    const kept = Array.from({ length: this.used - gone }, (_, place) => this.at(gone + place));
    this.offset = first;
    this.used = 0;
    this.levels = [];
    for (const span of kept) this.push(span);
  }

  /** The level of the largest block that begins at a place and ends by a time. */
  private largest(place: number, until: number, near: number): number {
    let level = near;
    while (level > 0 && !this.fits(place, level, until)) level--;
    while (this.fits(place, level + 1, until)) level++;
    return level;
  }

  private fits(place: number, level: number, until: number): boolean {
    const size = 1 << (FAN_BITS * level);
    if ((place & (size - 1)) !== 0 || place + size > this.used || level > MAX_LEVEL) return false;
    return this.table.endOf(this.offset + (this.spans[place + size - 1] as number)) <= until;
  }

  private push(span: number): void {
    if (this.used === this.spans.length) this.spans = grown(this.spans, 2 * this.used);
    this.spans[this.used++] = span - this.offset;
    for (let level = 1, count = this.used; count % FAN === 0; level++, count /= FAN) this.pushBlock(level, count - FAN);
  }

  /** Makes the block of a level out of four of the one below, which begin at `from`. */
  private pushBlock(level: number, from: number): void {
    let busy = 0;
    let longest = 0;
    let length = -1;
    const below = this.levels[level - 2];
    for (let at = from; at < from + FAN; at++) {
      const number = below === undefined ? (this.spans[at] as number) : (below.longest[at] as number);
      const span = this.offset + number;
      const duration = this.table.endOf(span) - this.table.beginOf(span);
      busy += below === undefined ? duration : (below.busy[at] as number);
      if (duration > length) {
        length = duration;
        longest = number;
      }
    }
    let block = this.levels[level - 1];
    if (block === undefined) {
      block = new Level();
      this.levels.push(block);
    }
    block.push(busy, longest);
  }
}
