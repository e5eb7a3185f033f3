/**
 * The theme's colours as a canvas takes them, and which colour a span has.
 *
 * Invariant: what is called the same has the same colour, on every lane and in every view.
 */
import { SpanFlag, SpanKind } from '../../../model/spans-table.js';

export interface Palette {
  readonly bg: string;
  readonly panel: string;
  readonly raised: string;
  readonly line: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly warn: string;
  readonly bad: string;
  readonly series: readonly string[];
  /** Pixels of the page's text. */
  readonly size: number;
}

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    bg: of('bg'),
    panel: of('panel'),
    raised: of('raised'),
    line: of('line'),
    text: of('text'),
    muted: of('muted'),
    accent: of('accent'),
    warn: of('warn'),
    bad: of('bad'),
    series: Array.from({ length: 8 }, (_, index) => of(`c${index}`)),
    size: Number.parseFloat(style.fontSize) || 13,
  };
}

/** States in which little happens are as pale as a thread that waits. */
const QUIET = new Set(['free', 'idle', 'pipeline.idle freshness.stale', 'pipeline.idle freshness.ready', 'closed']);

function hash(text: string): number {
  let value = 7;
  for (let index = 0; index < text.length; index++) value = (value * 31 + text.charCodeAt(index)) >>> 0;
  return value;
}

const FIXED = new Map<number, keyof Palette | number>([
  [SpanKind.batch, 'muted'],
  [SpanKind.wait, 'warn'],
  [SpanKind.job, 1],
  [SpanKind.encode, 3],
  [SpanKind.shown, 5],
  [SpanKind.instance, 6],
  [SpanKind.entry, 1],
]);

/** The colour of what is of a kind and called so. */
export function colourOf(palette: Palette, kind: number, name: string, flags: number): string {
  if ((flags & SpanFlag.failed) !== 0) return palette.bad;
  const fixed = FIXED.get(kind);
  if (typeof fixed === 'number') return palette.series[fixed] ?? palette.accent;
  if (fixed !== undefined) return palette[fixed] as string;
  if (kind === SpanKind.state && QUIET.has(name)) return palette.line;
  return palette.series[hash(name) % palette.series.length] ?? palette.accent;
}

/** Colours by kind, name and whether it failed, made once for each. */
export class Colours {
  private readonly known = new Map<number, string>();

  constructor(
    readonly palette: Palette,
    private readonly text: (name: number) => string,
  ) {}

  of(kind: number, name: number, flags: number): string {
    const key = (name * 16 + kind) * 2 + (flags & SpanFlag.failed ? 1 : 0);
    let colour = this.known.get(key);
    if (colour === undefined) {
      colour = colourOf(this.palette, kind, this.text(name), flags);
      this.known.set(key, colour);
    }
    return colour;
  }
}
