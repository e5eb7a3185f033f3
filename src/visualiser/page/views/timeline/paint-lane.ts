/**
 * Draws the rows of a lane: spans with their names where they fitSelected, runs of short ones as what their longest is.
 *
 * Invariant: what it costs goes by the pixels. Neighbours of one colour are one rectangle.
 */
import { labelOf } from '../../../model/spans-pick.js';
import type { Row } from '../../../model/spans-rows.js';
import type { SpanMatcher } from '../../../model/spans-search.js';
import { type SpanFacts, SpanKind } from '../../../model/spans-table.js';
import type { Strip } from './lane-layout.js';
import { type Scene, xOf } from './scene.js';

/** Narrower spans have no text. */
const TEXT_WIDTH = 26;
const PADDING = 3;
/** About as wide as a letter is, by the size of the page's text. */
const LETTER = 0.42;

export function paintLane(scene: Scene, { index }: Strip, y: number): void {
  const { model, layout } = scene.state;
  for (const row of model.lanes[index]?.rows ?? []) paintRow(scene, row, y + row.depth * layout.value.rowHeight);
}

function paintRow(scene: Scene, row: Row, y: number): void {
  const { context, state, palette, colours, window, width } = scene;
  const { spans, end } = state.model;
  const height = state.layout.value.rowHeight;
  const matches = state.matcher.value;
  const pixel = (window.to - window.from) / width;
  const texts: (() => void)[] = [];
  // What is drawn next, once it is known how far it goes; and what the span is. Objects that are changed, so that nothing is made for a span.
  const facts: Drawn = { kind: 0, name: 0, id: 0, job: 0, flags: 0 };
  const next = { colour: '', alpha: 1, left: 0, right: -1 };
  const flush = (): void => {
    if (next.right <= next.left) return;
    context.globalAlpha = next.alpha;
    context.fillStyle = next.colour;
    context.fillRect(next.left, y + 1, next.right - next.left, height - 2);
  };
  const add = (span: Drawn, begin: number, until: number, share: number): void => {
    const from = Math.max(-1, xOf(scene, begin));
    const to = Math.min(width + 1, xOf(scene, until));
    const isNarrow = to - from < 1.5;
    const x = isNarrow ? Math.floor(from) : from;
    // A hair between neighbours, so that they can be told apart.
    const edge = isNarrow ? Math.max(x + 1, Math.ceil(to)) : to - 0.5;
    const colour = colours.of(span.kind, span.name, span.flags);
    const alpha = strengthOf(matches, span, share);
    if (colour === next.colour && alpha === next.alpha && x <= next.right + 0.5) next.right = Math.max(next.right, edge);
    else {
      flush();
      next.colour = colour;
      next.alpha = alpha;
      next.left = x;
      next.right = edge;
    }
    if (to - from > TEXT_WIDTH) {
      const isPale = alpha < 0.6 || colour === palette.line;
      const text = labelOf(state.model, span);
      texts.push(() => paintText(scene, text, isPale, { x: Math.max(0, from), to, y: y + height / 2 }));
    }
  };
  row.visit(window.from, window.to, pixel, (span, begin, until, count, busy) => {
    facts.kind = spans.kindOf(span);
    facts.name = spans.nameOf(span);
    facts.flags = spans.flagsOf(span);
    // Each look into a long column takes its time, so these two are read only where they are used.
    if (matches !== null || until - begin > pixel) {
      facts.id = spans.idOf(span);
      facts.job = spans.jobOf(span);
    }
    add(facts, begin, until, count === 1 ? 1 : busy / (until - begin));
  });
  if (row.open !== null && row.open.begin <= window.to) add(row.open, row.open.begin, Math.max(row.open.begin, end), 1);
  flush();
  context.globalAlpha = 1;
  for (const paint of texts) paint();
}

/** What is to be known of a span to draw it. */
type Drawn = Pick<SpanFacts, 'kind' | 'name' | 'id' | 'job' | 'flags'>;

/**
 * How opaque it is. Waits and batches stay behind what is done in them; a run that is mostly gaps is paler than one that is full, and what is not
 * looked for than what is. `share`: how much of it is busy.
 */
function strengthOf(matches: SpanMatcher | null, { kind, name, id, job }: Drawn, share: number): number {
  if (matches?.(name, id, job)) return 1;
  const strength = (kind === SpanKind.wait || kind === SpanKind.batch ? 0.45 : 1) * (share < 0.5 ? 0.5 : 1);
  return matches === null ? strength : strength / 4;
}

function paintText(
  { context, palette }: Scene,
  text: string,
  isPale: boolean,
  at: { readonly x: number; readonly to: number; readonly y: number },
): void {
  const room = at.to - at.x - 2 * PADDING;
  const letters = Math.floor(room / (LETTER * palette.size));
  context.fillStyle = isPale ? palette.text : palette.panel;
  context.fillText(text.length > letters ? `${text.slice(0, letters - 1)}…` : text, at.x + PADDING, at.y, room);
}
