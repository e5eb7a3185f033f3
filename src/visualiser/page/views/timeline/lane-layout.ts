/**
 * Where each lane, counter and display lies, from top to bottom, below the axis.
 *
 * Invariant: strips are in order and leave nothing between them; heights are whole pixels. A group that is folded has its head only.
 */
import type { Lane, LaneKind } from '../../../model/spans-lanes.js';
import type { SpanModel } from '../../../model/spans.js';

/** What a strip shows: the head of a group, a lane with its rows, a counter, or pictures of a display. */
export interface Strip {
  readonly kind: 'group' | 'lane' | 'counter' | 'pictures';
  readonly name: string;
  /** Of the lane, the counter or the display. */
  readonly index: number;
  readonly top: number;
  readonly height: number;
}

export interface Layout {
  readonly strips: readonly Strip[];
  /** Height of the axis. */
  readonly axis: number;
  /** Of a row of a lane. */
  readonly rowHeight: number;
}

/** The groups in their order. */
const TITLES: Readonly<Record<LaneKind | 'counters', string>> = {
  frames: 'Frames',
  vcpu: 'Processors',
  bql: 'BQL',
  thread: 'Threads',
  pvg: 'PVG’s threads',
  state: 'Machines',
  instances: 'Jobs',
  counters: 'Counters',
};

/** The order of actors' threads; others come before them. */
const ACTORS = ['supervisor', 'vcpu', 'bql', 'render-queue', 'background-queue'];

const rankOf = ({ name }: Lane): number => ACTORS.indexOf(name.split(' ')[0] ?? '');

export interface LayoutInput {
  readonly model: SpanModel;
  /** Displays that there are pictures of. */
  readonly displays: readonly number[];
  /** Titles of groups. */
  readonly folded: ReadonlySet<string>;
  /** Pixels of the page's text. */
  readonly size: number;
}

export function layOut({ model, displays, folded, size }: LayoutInput): Layout {
  const [axis, rowHeight] = [Math.round(1.8 * size), Math.round(1.3 * size)];
  const strips: Strip[] = [];
  let top = axis;
  const lanes = model.lanes.toSorted((a, b) => rankOf(a) - rankOf(b));
  for (const [group, title] of Object.entries(TITLES)) {
    const members: Omit<Strip, 'top'>[] = [];
    const add = (kind: Strip['kind'], name: string, index: number, height: number): void =>
      void members.push({ kind, name, index, height: Math.round(height) });
    add('group', title, 0, 1.6 * size);
    if (group === 'frames') for (const display of displays) add('pictures', `display ${display}`, display, 4.2 * size);
    if (group === 'counters') for (const [index, name] of model.counters.names.entries()) add('counter', name, index, 2 * size);
    for (const { kind, name, index, rows } of lanes)
      if (kind === group && rows.length > 0)
        add('lane', kind === 'frames' ? `${name} shown` : name, index, rows.length * rowHeight + 0.35 * size);
    if (members.length === 1) continue;
    for (const member of folded.has(title) ? members.slice(0, 1) : members) {
      strips.push({ ...member, top });
      top += member.height;
    }
  }
  return { strips, axis, rowHeight };
}
