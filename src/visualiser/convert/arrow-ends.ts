/**
 * Both ends of every arrow, by the lane on which they lie.
 *
 * Tools tell where an arrow begins by the times of its ends. Of one that takes no time, since only one end was noted, the other end is put a nanosecond before or
 * behind it; what a thread noted stays where it was.
 *
 * Invariant: those of a lane are in the order of their times. An arrow's number counts from 1.
 */
import type { SpanModel } from '../model/spans.js';

export interface ArrowEnd {
  /** The arrow's number. */
  readonly arrow: number;
  readonly nanoseconds: number;
  /** Where it begins. */
  readonly isFrom: boolean;
  /** A number of SpanModel.names: the message's kind. */
  readonly name: number;
  /** The message's. */
  readonly id: number;
  /** Whether the event is found that says so. */
  isTold: boolean;
}

export class ArrowEnds {
  private readonly byLane = new Map<number, ArrowEnd[]>();

  constructor({ arrows, lanes }: SpanModel) {
    const isNoted = (lane: number): boolean => (lanes[lane]?.log ?? -1) >= 0;
    for (let number = arrows.first; number < arrows.end; number++) {
      const arrow = arrows.at(number);
      if (arrow === null) continue;
      const { name, id } = arrow;
      let { from, to } = arrow;
      if (to <= from && !isNoted(arrow.fromLane)) from = to - 1;
      else if (to <= from && !isNoted(arrow.toLane)) to = from + 1;
      this.add(arrow.fromLane, { arrow: number + 1, nanoseconds: from, isFrom: true, name, id, isTold: false });
      this.add(arrow.toLane, { arrow: number + 1, nanoseconds: to, isFrom: false, name, id, isTold: false });
    }
    for (const ends of this.byLane.values()) ends.sort((a, b) => a.nanoseconds - b.nanoseconds);
  }

  of(lane: number): readonly ArrowEnd[] {
    return this.byLane.get(lane) ?? [];
  }

  private add(lane: number, end: ArrowEnd): void {
    const known = this.byLane.get(lane);
    if (known === undefined) this.byLane.set(lane, [end]);
    else known.push(end);
  }
}
