/**
 * A recording as Chrome's trace-event JSON, which chrome://tracing, Perfetto, speedscope and DevTools read.
 *
 * Threads, processors and PVG's threads are threads of one process, with spans as complete events (`X`), events of the device's and the actors' as instants
 * (`i`), both ends of an arrow as slices of no length that a flow joins (`s`, `f`). A machine's states and its instances are nestable async events
 * (`b`, `e`) inside of one that has the machine's name; counters are `C`, frames `Screenshot` snapshots of a few hundred pixels, notes instants of the process.
 * Times are microseconds of CLOCK_MONOTONIC with three digits behind the point.
 *
 * Invariant: valid JSON however far it is read into `traceEvents`' end; memory as of perfetto.ts.
 */
import type { Lane } from '../model/spans-lanes.js';
import { ArrowEnds } from './arrow-ends.js';
import { momentCategory, momentFacts, momentName, sliceCategory, sliceFacts, sliceName, type TraceSource, trackName } from './describe.js';
import { encodeJpeg } from './jpeg.js';
import { LaneMarks, type LaneSink, type Moment } from './lane-marks.js';
import { TextChunks } from './text-chunks.js';
import type { Thumbnails } from './thumbnails.js';

const PID = 1;
const MESSAGE = 'message';
const SCREENSHOT = { name: 'Screenshot', cat: 'disabled-by-default-devtools.screenshot' };
/** Kinds of lanes that are shown as threads; the others are async. */
const THREADS: readonly Lane['kind'][] = ['bql', 'vcpu', 'thread', 'pvg', 'frames'];

type ChromeEvent = Readonly<Record<string, unknown>>;

const micros = (nanoseconds: number): number => Math.round(nanoseconds) / 1000;

/** Of its 8-bit groups, for `btoa` takes no bytes. */
function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

export class ChromeWriter {
  private readonly chunks = new TextChunks();
  private readonly tids = new Map<string, number>();
  private isFirst = true;

  constructor(
    private readonly source: TraceSource,
    private readonly thumbnails: Thumbnails,
  ) {}

  *write(): Generator<Uint8Array> {
    const { store, model } = this.source;
    const { header } = store;
    // No displayTimeUnit: some readers take it for the unit of all times.
    this.chunks.add('{"traceEvents":[\n');
    this.meta('process_name', 0, { name: header === null ? 'apple-gfx' : `${header.producer} ${header.revision} ${header.variant}` });
    for (const { nanoseconds, kind, text } of store.notes)
      this.add({ ph: 'i', s: 'p', cat: 'note', name: kind, pid: PID, tid: 0, ts: micros(nanoseconds), args: { text } });
    const ends = new ArrowEnds(model);
    for (const lane of model.lanes) {
      const around: (() => void)[] = [];
      const sink = THREADS.includes(lane.kind) ? this.threadSink(lane) : this.asyncSink(lane, around);
      for (const _ of new LaneMarks({ ...this.source, ends }, lane, sink).run()) yield this.chunks.take();
      for (const end of around) end();
      yield this.chunks.take();
    }
    yield* this.counters();
    yield* this.frames();
    const other = { revision: header?.revision, variant: header?.variant, seed: header?.seed, schedule: header?.schedule };
    this.chunks.add(`\n],"otherData":${JSON.stringify({ ...other, epochNanoseconds: header?.epochNanoseconds })}}\n`);
    yield this.chunks.take();
  }

  private threadSink(lane: Lane): LaneSink {
    return {
      open: (track, slice) => {
        const [cat, name, args] = [sliceCategory(slice), sliceName(this.source, slice), sliceFacts(slice)];
        const dur = Math.round(slice.end) - Math.round(slice.begin);
        this.add({ ph: 'X', cat, name, pid: PID, tid: this.tid(lane, track), ts: micros(slice.begin), dur: micros(dur), args });
      },
      close: () => {},
      moment: (moment) => this.moment(lane, moment),
    };
  }

  private moment(lane: Lane, moment: Moment): void {
    const { source } = this;
    const [cat, name, args] = [momentCategory(source, lane, moment), momentName(source, lane, moment), momentFacts(source, lane, moment)];
    const at = { pid: PID, tid: this.tid(lane, 0), ts: micros(moment.nanoseconds) };
    if (moment.arrows.length === 0) return this.add({ ph: 'i', s: 't', cat, name, ...at, args });
    this.add({ ph: 'X', cat, name, ...at, dur: 0, args });
    for (const { arrow, isFrom } of moment.arrows)
      this.add({ ph: isFrom ? 's' : 'f', ...(isFrom ? {} : { bp: 'e' }), cat: MESSAGE, name: MESSAGE, id: arrow, ...at });
  }

  /** Each track is an async event with the lane's name, as long as the recording, and what lies in it. `around`: what ends those. */
  private asyncSink(lane: Lane, around: (() => void)[]): LaneSink {
    const names: string[][] = [];
    const edge = (ph: string, track: number, name: string, nanoseconds: number, args: object): void =>
      this.add({ ph, cat: 'state', id: `0x${this.tid(lane, track).toString(16)}`, name, pid: PID, tid: 0, ts: micros(nanoseconds), args });
    const { start, end } = this.source.model;
    return {
      open: (track, slice) => {
        if (names[track] === undefined) {
          names[track] = [];
          edge('b', track, trackName(lane, track), start, {});
          around.push(() => edge('e', track, trackName(lane, track), end, {}));
        }
        const name = sliceName(this.source, slice);
        names[track]?.push(name);
        edge('b', track, name, slice.begin, sliceFacts(slice));
      },
      close: (track, nanoseconds) => edge('e', track, names[track]?.pop() ?? '', nanoseconds, {}),
      moment: (moment) => edge('n', 0, momentName(this.source, lane, moment), moment.nanoseconds, {}),
    };
  }

  /** A number for a lane's track, which is a thread for the tools. */
  private tid(lane: Lane, track: number): number {
    const key = `${lane.index} ${track}`;
    const known = this.tids.get(key);
    if (known !== undefined) return known;
    const tid = this.tids.size + 1;
    this.tids.set(key, tid);
    if (!THREADS.includes(lane.kind)) return tid;
    this.meta('thread_name', tid, { name: trackName(lane, track) });
    this.meta('thread_sort_index', tid, { sort_index: 1000 * THREADS.indexOf(lane.kind) + lane.index });
    return tid;
  }

  private meta(name: string, tid: number, args: object): void {
    this.add({ ph: 'M', cat: '__metadata', name, pid: PID, tid, ts: 0, args });
  }

  private *counters(): Generator<Uint8Array> {
    const { counters } = this.source.model;
    for (const [counter, name] of counters.names.entries()) {
      for (let index = 0; index < counters.length; index++) {
        const args = { value: counters.value(counter, index) };
        this.add({ ph: 'C', cat: 'counter', name, pid: PID, tid: 0, ts: micros(counters.time(index)), args });
      }
      yield this.chunks.take();
    }
  }

  private *frames(): Generator<Uint8Array> {
    for (const frame of this.source.store.frames) {
      const picture = this.thumbnails.next(frame);
      if (picture === null) continue;
      const { nanoseconds, display, present } = frame;
      const args = { snapshot: base64(encodeJpeg(picture)), present, display };
      this.add({ ph: 'O', ...SCREENSHOT, id: `0x${(display + 1).toString(16)}`, pid: PID, tid: 0, ts: micros(nanoseconds), args });
      yield this.chunks.take();
    }
  }

  private add(event: ChromeEvent): void {
    this.chunks.add(`${this.isFirst ? '' : ',\n'}${JSON.stringify(event)}`);
    this.isFirst = false;
  }
}
