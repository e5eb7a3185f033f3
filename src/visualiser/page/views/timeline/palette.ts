/**
 * The theme's colours as a canvas takes them, and which colour a span has.
 *
 * Invariant: what is called the same has the same colour, on every lane and in every view.
 */
import { SpanFlag, SpanKind } from '../../../model/spans-table.js';

const NAMES = ['bg', 'panel', 'raised', 'line', 'text', 'muted', 'accent', 'warn', 'bad'] as const;
const SERIES = 8;

export type Palette = Readonly<Record<(typeof NAMES)[number], string>> & {
  readonly series: readonly string[];
  /** Pixels of the page's text. */
  readonly size: number;
};

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const of = (name: string): string => style.getPropertyValue(`--${name}`);
  const named = Object.fromEntries(NAMES.map((name) => [name, of(name)])) as Record<(typeof NAMES)[number], string>;
  return { ...named, series: Array.from({ length: SERIES }, (_, index) => of(`c${index}`)), size: Number.parseFloat(style.fontSize) };
}

/** States in which little happens are as pale as a thread that waits. */
const QUIET = /^free$|^closed$|idle/;

/** Kinds that have one colour, whatever their name: a named one, or one of the series. */
const FIXED: Readonly<Record<number, (typeof NAMES)[number] | number>> = {
  [SpanKind.batch]: 'muted',
  [SpanKind.wait]: 'warn',
  [SpanKind.job]: 1,
  [SpanKind.encode]: 3,
  [SpanKind.shown]: 5,
  [SpanKind.instance]: 6,
  [SpanKind.entry]: 1,
};

function hash(text: string): number {
  let value = 7;
  for (let index = 0; index < text.length; index++) value = (value * 31 + text.charCodeAt(index)) >>> 0;
  return value;
}

/** The colour of what is of a kind and called so. */
function colourOf(palette: Palette, kind: number, name: string): string {
  if (kind === SpanKind.state && QUIET.test(name)) return palette.line;
  const fixed = FIXED[kind] ?? hash(name) % SERIES;
  return typeof fixed === 'number' ? (palette.series[fixed] as string) : palette[fixed];
}

/** Colours by kind, name and whether it failed, made once for each. */
export class Colours {
  private readonly known = new Map<number, string>();

  constructor(
    readonly palette: Palette,
    private readonly text: (name: number) => string,
  ) {}

  of(kind: number, name: number, flags: number): string {
    if (flags & SpanFlag.failed) return this.palette.bad;
    const key = name * 16 + kind;
    let colour = this.known.get(key);
    if (colour === undefined) {
      colour = colourOf(this.palette, kind, this.text(name));
      this.known.set(key, colour);
    }
    return colour;
  }
}
