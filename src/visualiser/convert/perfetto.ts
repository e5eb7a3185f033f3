/**
 * A recording in Perfetto's own format: a stream of packets, each a protobuf message (perfetto-schema.ts).
 *
 * One process has a track for each thread, and one for each lane of processors, of PVG's threads, machines and displays; spans are slices, a machine's states
 * slices of its track, events instants with their arguments, messages flows from the instant of their post to that at which they are taken, counters
 * counter tracks, frames screenshots of a few hundred pixels, and notes instants of the process. Times are CLOCK_MONOTONIC; a clock snapshot says when
 * that is since the epoch. Names are interned. The UI draws all tracks in the order of their ranks.
 *
 * Invariant: packets of one track come in the order of their times, those of different tracks don't; readers sort. Nothing grows with
 * the trace but what spans take (src/visualiser/model) and a few words for each arrow.
 */
import type { RecordedFrame } from '../../trace/recording/format.js';
import type { Lane } from '../model/spans-lanes.js';
import { ArrowEnds } from './arrow-ends.js';
import {
  type Facts,
  momentCategory,
  momentFacts,
  momentName,
  sliceCategory,
  sliceFacts,
  sliceName,
  type TraceSource,
  trackName,
} from './describe.js';
import { encodeJpeg } from './jpeg.js';
import { LaneMarks, type LaneSink, type Moment, type Slice } from './lane-marks.js';
import { PerfettoPackets } from './perfetto-packets.js';
import { EventType, Screenshot, TrackEvent } from './perfetto-schema.js';
import type { Thumbnails } from './thumbnails.js';

/** The category and name by which Perfetto's UI knows screenshots. */
const SCREENSHOT = { category: 'android_screenshot', name: 'Screenshot' };
const PROCESS_TRACK = 1;
/** Lanes as people look for them; each kind has this place among the tracks. */
const RANKS: readonly Lane['kind'][] = ['bql', 'vcpu', 'thread', 'pvg', 'frames', 'state', 'instances'];
const LANES_OF_A_RANK = 10_000;
const COUNTER_RANK = LANES_OF_A_RANK * RANKS.length;

export class PerfettoWriter {
  private readonly packets: PerfettoPackets;
  private readonly tracks = new Map<string, number>();
  private nextTrack = PROCESS_TRACK + 1;

  constructor(
    private readonly source: TraceSource,
    private readonly thumbnails: Thumbnails,
  ) {
    const { header } = source.store;
    this.packets = new PerfettoPackets(header?.epochNanoseconds ?? 0, Math.max(0, source.model.start || 0));
  }

  *write(): Generator<Uint8Array> {
    const { store, model } = this.source;
    const { header } = store;
    const title = header === null ? 'apple-gfx' : `${header.producer} ${header.revision} ${header.variant}`;
    this.packets.process(PROCESS_TRACK, title);
    yield* this.notes();
    const ends = new ArrowEnds(model);
    for (const lane of model.lanes) {
      this.track(lane, 0);
      for (const _ of new LaneMarks({ ...this.source, ends }, lane, this.sink(lane)).run()) yield this.packets.take();
      yield this.packets.take();
    }
    yield* this.counters();
    yield* this.frames();
  }

  private sink(lane: Lane): LaneSink {
    const { packets, source } = this;
    return {
      open: (track, slice: Slice) => {
        const uuid = this.track(lane, track);
        packets.event({ type: EventType.sliceBegin, track: uuid, nanoseconds: slice.begin });
        packets.name(sliceCategory(slice), sliceName(source, slice));
        this.facts(sliceFacts(slice));
        packets.end();
      },
      close: (track, nanoseconds) => {
        packets.event({ type: EventType.sliceEnd, track: this.track(lane, track), nanoseconds });
        packets.end();
      },
      moment: (moment) => this.moment(lane, moment),
    };
  }

  private moment(lane: Lane, moment: Moment): void {
    const { packets, source } = this;
    packets.event({ type: EventType.instant, track: this.track(lane, 0), nanoseconds: moment.nanoseconds });
    packets.name(momentCategory(source, lane, moment), momentName(source, lane, moment));
    this.facts(momentFacts(source, lane, moment));
    for (const { arrow } of moment.arrows) packets.flow(arrow);
    packets.end();
  }

  private facts(facts: Facts): void {
    for (const [name, value] of Object.entries(facts)) this.packets.annotation(name, value);
  }

  private track(lane: Lane, track: number): number {
    const key = `${lane.index} ${track}`;
    const known = this.tracks.get(key);
    if (known !== undefined) return known;
    const uuid = this.nextTrack++;
    this.tracks.set(key, uuid);
    const rank = LANES_OF_A_RANK * RANKS.indexOf(lane.kind) + lane.index;
    const thread = lane.log >= 0 && track === 0 ? (this.source.store.threads[lane.log]?.thread.number ?? 0) : null;
    this.packets.track({ uuid, parent: PROCESS_TRACK, name: trackName(lane, track), rank, thread });
    return uuid;
  }

  private *notes(): Generator<Uint8Array> {
    const { packets } = this;
    for (const { nanoseconds, kind, text } of this.source.store.notes) {
      packets.event({ type: EventType.instant, track: PROCESS_TRACK, nanoseconds });
      packets.name('note', kind);
      packets.annotation('text', text);
      packets.end();
    }
    yield packets.take();
  }

  private *counters(): Generator<Uint8Array> {
    const { packets } = this;
    const { counters } = this.source.model;
    for (const [counter, name] of counters.names.entries()) {
      const uuid = this.nextTrack++;
      packets.track({ uuid, parent: PROCESS_TRACK, name, rank: COUNTER_RANK + counter, isCounter: true });
      for (let index = 0; index < counters.length; index++) packets.counter(uuid, counters.time(index), counters.value(counter, index));
      yield packets.take();
    }
  }

  private *frames(): Generator<Uint8Array> {
    const tracks = new Map<number, number>();
    for (const frame of this.source.store.frames) {
      const picture = this.thumbnails.next(frame);
      if (picture === null) continue;
      const known = tracks.get(frame.display);
      const uuid = known ?? this.nextTrack++;
      if (known === undefined) {
        tracks.set(frame.display, uuid);
        const rank = LANES_OF_A_RANK * RANKS.indexOf('frames');
        this.packets.track({ uuid, parent: PROCESS_TRACK, name: `screenshots of display ${frame.display}`, rank });
      }
      this.screenshot(uuid, frame, encodeJpeg(picture));
      yield this.packets.take();
    }
  }

  private screenshot(track: number, { nanoseconds, present, width, height }: RecordedFrame, jpeg: Uint8Array): void {
    const { packets } = this;
    packets.event({ type: EventType.instant, track, nanoseconds });
    packets.name(SCREENSHOT.category, SCREENSHOT.name);
    this.facts({ present, width, height });
    packets.proto.begin(TrackEvent.screenshot);
    packets.proto.bytes(Screenshot.jpeg, jpeg);
    packets.proto.end();
    packets.end();
  }
}
