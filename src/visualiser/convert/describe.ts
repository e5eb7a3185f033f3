/**
 * What slices and moments are called in other tools, and what they say of themselves there.
 *
 * Invariant: both formats say the same.
 */
import type { TraceStore } from '../../trace/recording/trace-store.js';
import type { Lane } from '../model/spans-lanes.js';
import type { SpanModel } from '../model/spans.js';
import { SPAN_KIND_NAMES, SpanFlag } from '../model/spans-table.js';
import type { Moment, Slice } from './lane-marks.js';

export type Facts = Readonly<Record<string, number | string>>;

/** A recording and its spans. */
export interface TraceSource {
  readonly store: TraceStore;
  readonly model: SpanModel;
}

/** What a slice is: the category in other tools. */
export const sliceCategory = ({ kind }: Slice): string => SPAN_KIND_NAMES[kind] ?? 'span';

export const sliceName = ({ model }: TraceSource, { name }: Slice): string => model.names.text(name) || 'span';

export function sliceFacts({ id, job, flags }: Slice): Facts {
  return {
    id,
    ...(job > 0 ? { job } : {}),
    ...((flags & SpanFlag.failed) !== 0 ? { outcome: 'failed' } : {}),
    ...((flags & SpanFlag.cut) !== 0 ? { end: 'not recorded' } : {}),
  };
}

/** `event` for what the device traces as QEMU's does, `message` for an end of an arrow, `actor` for what actors note besides. */
export function momentCategory({ store }: TraceSource, lane: Lane, { index, arrows }: Moment): string {
  if (arrows.length > 0) return 'message';
  const log = store.threads[lane.log];
  return log !== undefined && store.eventName(log.event(index)).startsWith('apple_gfx_') ? 'event' : 'actor';
}

export function momentName({ store, model }: TraceSource, lane: Lane, { index, arrows }: Moment): string {
  const [arrow] = arrows;
  if (arrow !== undefined) return `${model.names.text(arrow.name)} ${arrow.isFrom ? 'posted' : 'taken'}`;
  const log = store.threads[lane.log];
  return log === undefined ? 'event' : store.eventName(log.event(index));
}

export function momentFacts({ store }: TraceSource, lane: Lane, { index, arrows }: Moment): Facts {
  const log = store.threads[lane.log];
  if (index >= 0 && log !== undefined) return store.argumentsOf(log, index);
  return { id: arrows[0]?.id ?? 0 };
}

/** A lane, or a further track of it. */
export const trackName = ({ name }: Lane, track: number): string => (track === 0 ? name : `${name} (${track + 1})`);
