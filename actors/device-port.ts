/**
 * The device's effects on real threads: mailboxes, the bridge, shared memory, reports to the supervisor.
 *
 * Invariant: no decision is taken here. One for each actor that runs a part of the device, owned by its thread.
 */
import { ArgumentError, DeviceClosedError, unreachable } from '../src/base/errors.js';
import { encodeMap } from '../src/bridge/map-snapshot.js';
import { checked, type PvgBridge } from '../src/bridge/native.js';
import { PvgCause, PvgStatus } from '../src/bridge/pvg.js';
import { emptyRecord, WordBuffer } from '../src/bridge/records.js';
import type { AccessJob, DevicePort, Effect, FrameBlock, FrameResult, SurfaceInfo } from '../src/device/effects.js';
import { deliveryOf } from '../src/device/interrupt.js';
import type { JobResult } from '../src/device/mmio.js';
import type { Revision } from '../src/revisions/revision.js';
import { REVISIONS } from '../src/revisions/revisions.js';
import { Board } from '../src/runtime/board.js';
import type { Mailboxes } from '../src/runtime/mailbox.js';
import { carryIntoPvg } from '../src/runtime/pvg-access.js';
import { Counters, CursorState, InterruptLines, ShownFrames, Viewers } from '../src/runtime/shared.js';
import { Surface } from '../src/runtime/surface.js';
import { TRACE_IDS, type TraceArgs, type TraceName } from '../src/trace/events.js';
import type { Tracer } from '../src/trace/tracer.js';
import type { Blocking } from './bql/continuations.js';
import { Message } from './messages.js';
import { noteJobBegan, noteJobEnded } from './thread-tracer.js';
import { emptyPosting, type PostedEffect, postingOf } from './postings.js';
import type { Report, Wiring } from './wiring.js';

/** What a port is made of. */
export interface PortParts {
  readonly bridge: PvgBridge;
  readonly mailboxes: Mailboxes;
  readonly wiring: Wiring;
  readonly tracer: Tracer;
  readonly report: (report: Report) => void;
}

export class ThreadPort implements DevicePort {
  readonly counters: Counters;
  private readonly bridge: PvgBridge;
  private readonly mailboxes: Mailboxes;
  private readonly wiring: Wiring;
  private readonly tracer: Tracer;
  private readonly report: (report: Report) => void;
  private readonly revision: Revision;
  private readonly interrupts: InterruptLines;
  private readonly board: Board;
  private readonly cursors: readonly CursorState[];
  private readonly shown: readonly ShownFrames[];
  private readonly viewers: readonly Viewers[];
  private readonly surfaces: (Surface | null)[];
  private readonly position = new Uint32Array(2);
  /** What is posted is written into these, since it leaves them at once. */
  private readonly posting = emptyPosting();
  private readonly answer = emptyRecord();
  /** Of the longest list of pieces so far, and the pieces of the last. */
  private pieceWords = new WordBuffer(0);
  private readonly pieces: number[] = [];
  /** Of machines' runs. */
  private instances = 0;

  constructor(parts: PortParts) {
    const { wiring } = parts;
    this.bridge = parts.bridge;
    this.mailboxes = parts.mailboxes;
    this.wiring = wiring;
    this.tracer = parts.tracer;
    this.report = parts.report;
    this.revision = REVISIONS[wiring.revision];
    this.counters = new Counters(wiring.counters);
    this.interrupts = new InterruptLines(wiring.interrupts);
    this.board = new Board(wiring.board);
    this.cursors = wiring.displays.map(({ cursor }) => new CursorState(cursor));
    this.shown = wiring.displays.map(({ shown }) => new ShownFrames(shown));
    this.viewers = wiring.displays.map(({ viewers }) => new Viewers(viewers));
    this.surfaces = wiring.displays.map(() => null);
  }

  trace<N extends TraceName>(name: N, args: TraceArgs<N>): void {
    this.tracer.emit(name, args);
  }

  note(event: number, first?: number, second?: number, third?: number, fourth?: number): void {
    this.tracer.note(event, first, second, third, fourth);
  }

  get tracing(): boolean {
    return this.tracer.active;
  }

  get tracesMachines(): boolean {
    return this.tracer.isDetailed;
  }

  newInstance(): number {
    return this.tracer.isDetailed ? ++this.instances : 0;
  }

  perform(effect: Effect): void {
    const { bridge, mailboxes, wiring } = this;
    // The frequent ones first.
    switch (effect.do) {
      case 'answerUpcall':
        // A stale id is an upcall that stop has released already.
        bridge.pvg_upcall_answer(wiring.device, effect.id, effect.ok ? 1 : 0, effect.value);
        return;
      case 'count':
        return this.counters.add(effect.what);
      case 'submitJob':
      case 'queueRender':
      case 'tellSurface':
      case 'endSection':
      case 'lendBql':
        return this.post(effect);
      case 'readDevice':
        return this.report({ report: 'readDevice', job: effect.job, region: effect.region, offset: effect.offset });
      case 'readDevicePiece': {
        const { do: report, ...piece } = effect;
        return this.report({ report, ...piece });
      }
      case 'replyToGuest': {
        const { token, mailbox, value, high } = effect;
        // An access that PVG let go because it was stopped has no answer; who waits for it is told of the end. The cause is there before the stop.
        if (!effect.ok && bridge.pvg_group_cause(wiring.group) !== PvgCause.none) return;
        if (mailbox === 0) return this.report({ report: 'reply', token, value, high });
        const { answer } = this;
        answer.kind = Message.reply;
        answer.id = token;
        answer.words[0] = value;
        answer.words[1] = high;
        return mailboxes.postLater(mailbox, answer);
      }
      case 'raiseInterrupt':
        return this.raise(effect.line, effect.vector);
      case 'releaseTexture':
        bridge.pvg_texture_release(effect.texture);
        return;
      case 'releaseRange':
        bridge.pvg_range_destroy(effect.range);
        return;
      case 'releaseRam':
        bridge.pvg_ram_destroy(effect.ram);
        return;
      case 'publishMap': {
        const { ranges, rangeCount, regions, regionCount } = encodeMap(effect.map);
        checked(bridge, 'publish the memory map', bridge.pvg_map_publish(wiring.map, ranges, rangeCount, regions, regionCount));
        return;
      }
      case 'pushUpdate':
        this.counters.add('updates');
        return this.report({ report: 'update', display: effect.display });
      case 'signalUpdateDone':
        return this.report({ report: 'updateDone', display: effect.display });
      case 'passFrame':
        this.counters.add('framesUnseen');
        this.viewers[effect.display]?.setBehind(true);
        return this.shown[effect.display]?.note(effect.present);
      case 'moveCursor':
        return this.moveCursor(effect.display, effect.to);
      case 'showCursor':
        return this.cursors[effect.display]?.setShown(effect.show);
      case 'setCursor':
        if (effect.cursor) this.report({ report: 'cursor', display: effect.display, ...effect.cursor });
        return;
      case 'logGuestError':
        this.counters.add('guestErrors');
        return this.report({ report: 'guestError', text: effect.text });
      default:
        return unreachable(effect);
    }
  }

  /** Makes a call into PVG and blocks until it returns; the next call, null if there is none. */
  block(call: Blocking): Blocking | null {
    return call.do === 'enterPvg' ? call.returned(this.enterPvg(call.access)) : call.returned(this.encodeAndWait(call.frame));
  }

  private enterPvg(access: AccessJob): JobResult {
    this.mailboxes.flush();
    noteJobBegan(this.tracer, access.job);
    const result = carryIntoPvg(this.bridge, this.wiring.device, access);
    noteJobEnded(this.tracer, access.job, result.ok);
    return result;
  }

  /** Enters PVG to encode a frame: a pvg_status. */
  encode({ display, frame, texture, managed }: FrameBlock): number {
    const { bridge, wiring, tracer } = this;
    tracer.noteDetail(TRACE_IDS.agfx_encode_began, frame, display);
    const status = bridge.pvg_display_encode(wiring.device, display, texture, managed ? 1 : 0, frame);
    tracer.noteDetail(TRACE_IDS.agfx_encode_ended, frame, display, status === PvgStatus.ok ? 1 : 0);
    return status;
  }

  private encodeAndWait(frame: FrameBlock): FrameResult | null {
    const { wiring } = this;
    this.mailboxes.flush();
    const status = this.encode(frame);
    if (status !== PvgStatus.ok) return null;
    for (;;) {
      const records = this.mailboxes.take(wiring.mailboxes.update, -1, 1);
      if (records === null) throw new DeviceClosedError();
      const done = records[0];
      if (done && done.words[1] === frame.frame && done.words[0] === frame.display)
        return { ok: done.words[2] === 0, present: done.words[3] ?? 0 };
    }
  }

  private post(effect: PostedEffect): void {
    const { to, mailbox, record } = postingOf(effect, this.revision, this.posting);
    // An access inside another needs a worker that the outer ones don't hold.
    if (effect.do === 'submitJob' && effect.nested && to === 'background') {
      this.report({ report: 'workersNeeded', count: this.board.workers.filter(({ activity }) => activity !== 0).length + 1 });
    }
    this.mailboxes.postLater(to === 'vcpu' ? mailbox : this.wiring.mailboxes[to], record);
  }

  private moveCursor(display: number, to: { readonly x: number; readonly y: number } | null): void {
    if (to === null) {
      this.bridge.pvg_display_cursor_position(this.wiring.device, display, this.position);
      this.cursors[display]?.moveTo(this.position[0] ?? 0xffff, this.position[1] ?? 0xffff);
    } else {
      this.cursors[display]?.moveTo(to.x, to.y);
    }
  }

  createRange(length: number): { range: number; address: number } | null {
    if (!Number.isSafeInteger(length)) return null;
    const range = this.bridge.pvg_range_create(this.wiring.group, length);
    return range === 0 ? null : { range, address: Number(this.bridge.pvg_range_address(range)) };
  }

  mapRange(range: number, offset: number, ram: number, ramOffset: number, length: number, readOnly: boolean): number {
    return this.bridge.pvg_range_map(range, offset, ram, ramOffset, length, readOnly ? 1 : 0);
  }

  ramAddress(ram: number): number {
    return Number(this.bridge.pvg_ram_address(ram));
  }

  unmapRange(range: number, offset: number, length: number): number {
    return this.bridge.pvg_range_unmap(range, offset, length);
  }

  mapPieces(id: number, count: number): readonly number[] {
    if (this.pieceWords.count < 2 * count) this.pieceWords = new WordBuffer(2 * count);
    const { pieces, pieceWords } = this;
    const got = this.bridge.pvg_upcall_pieces(this.wiring.device, id, 0, pieceWords.words, count);
    pieces.length = 0;
    for (let index = 0; index < 2 * got; index++) pieces.push(pieceWords.at(index));
    return pieces;
  }

  supplyFromRam(id: number, offset: number, ram: number, ramOffset: number, length: number): boolean {
    return this.bridge.pvg_upcall_supply_ram(this.wiring.device, id, offset, ram, ramOffset, length) === PvgStatus.ok;
  }

  supply(id: number, offset: number, bytes: Uint8Array): boolean {
    return this.bridge.pvg_upcall_supply(this.wiring.device, id, offset, bytes, bytes.length) === PvgStatus.ok;
  }

  glyphPayload(id: number, length: number): Uint8Array | null {
    const bytes = new Uint8Array(length);
    return this.bridge.pvg_upcall_payload(this.wiring.device, id, bytes, length) === PvgStatus.ok ? bytes : null;
  }

  createSurface(display: number, width: number, height: number): SurfaceInfo | null {
    const { bridge, wiring } = this;
    this.mailboxes.flush();
    const texture = bridge.pvg_texture_create(wiring.device, width, height, this.textureUsage(display));
    if (texture === 0) return null;
    const surface = makeSurface(width, height);
    if (surface === null) {
      bridge.pvg_texture_release(texture);
      return null;
    }
    this.surfaces[display] = surface;
    this.viewers[display]?.setBehind(false);
    this.report({ report: 'surface', display, width, height, memory: surface.memory });
    return { width, height, texture, managed: bridge.pvg_texture_managed(texture) === 1 };
  }

  copyToSurface(display: number, texture: number, present: number): boolean {
    const surface = this.surfaces[display];
    if (!surface) return false;
    // A copy takes its time: who was answered just before it must not wait for it too.
    this.mailboxes.flush();
    const { bytes, tiles } = surface;
    const sequence = surface.beginWrite();
    const changed = this.bridge.pvg_texture_show(texture, bytes, bytes.length, tiles, tiles.length, sequence);
    surface.endWrite(present);
    this.tracer.noteDetail(TRACE_IDS.agfx_frame_shown, display, present);
    this.shown[display]?.note(present);
    if (changed < 0) return false;
    this.viewers[display]?.setBehind(false);
    return true;
  }

  isViewed(display: number): boolean {
    return (this.viewers[display]?.count ?? 0) > 0;
  }

  /** Older revisions ask PVG each time, on the actor that sets the mode; ours asked once, when the device was made. */
  private textureUsage(display: number): number {
    const { bridge, wiring, revision } = this;
    if (revision.displayQueries === 'withEvent') return wiring.displays[display]?.textureUsage ?? 0;
    return Math.max(0, bridge.pvg_display_minimum_texture_usage(wiring.device, display));
  }

  private raise(line: 'gfx' | 'iosfc', vector: number): void {
    const { msiEnabled, msiVectors } = this.interrupts;
    const { variant, vectors } = this.wiring;
    const delivery = deliveryOf({ line, vector }, { variant, vectors, msiEnabled, msiVectors }, this.revision);
    if (delivery === 'off') return;
    if (delivery === 'notEnabled') {
      return this.perform({ do: 'logGuestError', text: `interrupt vector ${vector} is not one that the guest has enabled: dropped` });
    }
    this.counters.add('interrupts');
    this.interrupts.raise(delivery.line);
    if (this.interrupts.isSignalled) this.bridge.pvg_signal_raise(this.wiring.group, delivery.line);
  }
}

/** A blank surface, or null if there is no memory for one, or can't be: the guest chose the mode, so that is no defect. */
function makeSurface(width: number, height: number): Surface | null {
  try {
    return new Surface(width, height);
  } catch (error) {
    if (error instanceof RangeError || error instanceof ArgumentError) return null;
    throw error;
  }
}
