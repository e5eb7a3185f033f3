/**
 * Where each lane and counter lies, from top to bottom.
 *
 * Invariant: strips are in order and don't overlap; heights are whole pixels. A group that is folded has its head only.
 */
import { LANE_KINDS, type LaneKind } from '../../../model/spans-lanes.js';
import type { SpanModel } from '../../../model/spans.js';

/** What a strip shows: the head of a group, a lane with its rows, a counter, or pictures of a display. */
export type Strip = { readonly top: number; readonly height: number } & (
  | { readonly kind: 'group'; readonly name: string; readonly key: string; readonly folded: boolean }
  | { readonly kind: 'lane'; readonly name: string; readonly lane: number; readonly rows: number }
  | { readonly kind: 'counter'; readonly name: string; readonly counter: number }
  | { readonly kind: 'pictures'; readonly name: string; readonly display: number }
);

export interface Layout {
  readonly strips: readonly Strip[];
  readonly height: number;
  /** Of a row of a lane. */
  readonly rowHeight: number;
}

const TITLES: Readonly<Record<LaneKind, string>> = {
  frames: 'Frames',
  vcpu: 'Processors',
  bql: 'BQL',
  thread: 'Threads',
  pvg: 'PVG’s threads',
  state: 'Machines',
  instances: 'Jobs',
};
const ORDER: readonly LaneKind[] = ['frames', ...LANE_KINDS.filter((kind) => kind !== 'frames')];

export interface LayoutInput {
  readonly model: SpanModel;
  /** Displays that there are pictures of. */
  readonly displays: readonly number[];
  readonly folded: ReadonlySet<string>;
  /** Pixels of the page's text. */
  readonly size: number;
}

/** Whose threads come first; others behind them, in the order in which they were heard of. */
const ACTORS = ['supervisor', 'vcpu', 'bql', 'render-queue', 'background-queue'];

const rankOf = ({ kind, name }: { readonly kind: LaneKind; readonly name: string }): number => {
  const rank = kind === 'thread' ? ACTORS.findIndex((actor) => name.startsWith(actor)) : 0;
  return rank < 0 ? ACTORS.length : rank;
};

/** A strip before it has a place. */
type Placed<T> = T extends Strip ? Omit<T, 'top'> : never;

export function layOut({ model, displays, folded, size }: LayoutInput): Layout {
  const rowHeight = Math.round(1.3 * size);
  const strips: Strip[] = [];
  let top = 0;
  const add = (strip: Placed<Strip>): void => {
    strips.push({ ...strip, top } as Strip);
    top += strip.height;
  };
  const group = (key: string, name: string, members: readonly Placed<Strip>[]): void => {
    if (members.length === 0) return;
    const isFolded = folded.has(key);
    add({ kind: 'group', name, key, folded: isFolded, height: Math.round(1.6 * size) });
    if (!isFolded) members.forEach(add);
  };
  for (const kind of ORDER) {
    const lanes = model.lanes.filter((lane) => lane.kind === kind && lane.rows.length > 0).sort((a, b) => rankOf(a) - rankOf(b));
    const pictures = kind === 'frames' ? displays : [];
    group(kind, TITLES[kind], [
      ...pictures.map((display) => ({ kind: 'pictures', name: `display ${display}`, display, height: Math.round(4.2 * size) }) as const),
      ...lanes.map(({ index, name, rows }) => {
        const height = rows.length * rowHeight + Math.round(0.35 * size);
        return { kind: 'lane', name: kind === 'frames' ? `${name} shown` : name, lane: index, rows: rows.length, height } as const;
      }),
    ]);
  }
  const counters = model.counters.names.map((name, counter) => ({ kind: 'counter', name, counter, height: Math.round(2 * size) }) as const);
  group('counters', 'Counters', counters);
  return { strips, height: top, rowHeight };
}

/** The strip at a height, null if there is none. */
export const stripAt = ({ strips }: Layout, y: number): Strip | null =>
  strips.find(({ top, height }) => y >= top && y < top + height) ?? null;
