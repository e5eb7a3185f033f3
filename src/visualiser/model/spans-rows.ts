/**
 * Rows of a lane: spans of one depth, one after the other, with what is needed to draw any stretch of them at any scale.
 *
 * Invariant: spans of a row don't overlap, so both their beginnings and their ends are in order. Over the spans lies a pyramid: four neighbours are
 * one block, four blocks one of the next level; a block knows for how long it is busy and its longest span. So what is drawn costs by
 * the pixels it takes, not by the spans there are. At most one span of a row is open, the last.
 */
import { firstPlace } from './spans-columns.js';
import type { SpanModel } from './spans.js';
import { SpanFlag, type SpanFacts } from './spans-table.js';

/** Told of a span (`count` 1), or of a run of spans that is shorter than the resolution, by its longest one. */
export type SpanVisitor = (span: number, begin: number, end: number, count: number, busy: number) => void;

/** Binary logarithm of how many make one of the next level: four. */
const FAN_BITS = 2;
const FAN = 1 << FAN_BITS;
/** Blocks are no larger than 2^30 spans. */
const MAX_LEVEL = 15;

/** A level of the pyramid. */
interface Level {
  readonly busy: number[];
  /** Numbers of spans. */
  readonly longest: number[];
}

export class Row {
  private current: SpanFacts | null = null;
  /** Numbers of those that have. */
  private spans: number[] = [];
  /** The pyramid from blocks of FAN spans on; the first place is of no use. */
  private levels: (Level | undefined)[] = [undefined];
  /** Nothing begins before this. */
  private lastEnd = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly model: SpanModel,
    readonly lane: number,
    readonly depth: number,
  ) {}

  /** How many of its spans have ended and are kept. */
  get length(): number {
    return this.spans.length;
  }

  /** What has not ended; valid until it does. */
  get open(): Readonly<SpanFacts> | null {
    return this.current;
  }

  /** Number of the span at a place, 0 being the oldest that is kept; -1 of a place where there is none. */
  at(place: number): number {
    return this.spans[place] ?? -1;
  }

  /** Begins a span, which then is open and the row's own. What was open, whose end was lost, is cut. */
  begin(facts: SpanFacts): void {
    this.end(facts.begin, SpanFlag.cut);
    facts.begin = Math.max(facts.begin, this.lastEnd);
    this.current = facts;
  }

  /** Ends what is open, if anything is. */
  end(nanoseconds: number, flags = 0): void {
    if (this.current === null) return;
    const { begin, id, kind, name, flags: known, job, log, entry } = this.current;
    const { spans } = this.model;
    this.current = null;
    this.lastEnd = Math.max(nanoseconds, begin);
    this.model.makeRoom();
    spans.push(begin, this.lastEnd, id, kind, name, known | flags, job, this.lane, this.depth, log, entry);
    this.add(spans.end - 1);
  }

  /** What is open is called otherwise from now on. */
  rename(name: number): void {
    if (this.current !== null) this.current.name = name;
  }

  /** Something that lasts no time; it isn't noted if something is open. */
  mark(facts: SpanFacts): void {
    if (this.current !== null) return;
    this.begin(facts);
    this.end(facts.begin);
  }

  /** The first place whose span ends after that time, or has that very end and no length; `length` if there is none. */
  placeAt(nanoseconds: number): number {
    return firstPlace(this.length, (place) => this.model.spans.endOf(this.at(place)) < nanoseconds);
  }

  /** The span around that time, -1 if there is none that has ended; one that begins then before one that ends then. */
  spanAt(nanoseconds: number): number {
    let found = -1;
    for (let place = this.placeAt(nanoseconds); this.model.spans.beginOf(this.at(place)) <= nanoseconds; place++) found = this.at(place);
    return found;
  }

  /** Tells of the spans that touch a stretch of time, in order; neighbours that all lie within `resolution` nanoseconds are told of as one. */
  visit(from: number, to: number, resolution: number, visitor: SpanVisitor): void {
    const { spans } = this.model;
    let level = 0;
    for (let place = this.placeAt(from); place < this.length; place += 1 << (FAN_BITS * level)) {
      const span = this.at(place);
      const begin = spans.beginOf(span);
      if (begin > to) return;
      // The largest block that begins here and is over by then; it's mostly of the size of the one before.
      const until = begin + resolution;
      while (level > 0 && !this.fits(place, level, until)) level--;
      while (this.fits(place, level + 1, until)) level++;
      const end = spans.endOf(this.at(place + (1 << (FAN_BITS * level)) - 1));
      const block = this.levels[level];
      const at = place >>> (FAN_BITS * level);
      if (block === undefined) visitor(span, begin, end, 1, end - begin);
      else visitor(block.longest[at] as number, begin, end, 1 << (FAN_BITS * level), block.busy[at] as number);
    }
  }

  /** Spans that were let go of the table are no longer here. */
  forget(): void {
    const { first } = this.model.spans;
    const kept = this.spans.slice(firstPlace(this.length, (place) => this.at(place) < first));
    this.spans = [];
    this.levels = [undefined];
    for (const span of kept) this.add(span);
  }

  private fits(place: number, level: number, until: number): boolean {
    const size = 1 << (FAN_BITS * level);
    if ((place & (size - 1)) !== 0 || place + size > this.length || level > MAX_LEVEL) return false;
    return this.model.spans.endOf(this.at(place + size - 1)) <= until;
  }

  private add(span: number): void {
    let count = this.spans.push(span);
    for (let level = 1; count % FAN === 0; level++, count /= FAN) this.addBlock(level, count - FAN);
  }

  /** Makes the block above four neighbours of a level, which begin at `from`. */
  private addBlock(level: number, from: number): void {
    const { spans } = this.model;
    const below = this.levels[level - 1];
    const numbers = below === undefined ? this.spans : below.longest;
    let busy = 0;
    let longest = 0;
    let length = -1;
    for (let at = from; at < from + FAN; at++) {
      const span = numbers[at] as number;
      const duration = spans.endOf(span) - spans.beginOf(span);
      busy += below === undefined ? duration : (below.busy[at] as number);
      if (duration <= length) continue;
      length = duration;
      longest = span;
    }
    this.levels[level] ??= { busy: [], longest: [] };
    this.levels[level]?.busy.push(busy);
    this.levels[level]?.longest.push(longest);
  }
}
