/**
 * A DevicePort that records what it is asked, for tests of behaviours without threads.
 *
 * What it answers can be set; it decides nothing. Trace lines are written by the product's own tracer, so that tests see them as people do.
 */
import type { Blocking } from '../../actors/bql/continuations.js';
import type { AccessJob, DevicePort, Effect, FrameBlock, FrameResult, SurfaceInfo } from '../../src/device/effects.js';
import type { Frames } from '../../src/device/frames.js';
import type { JobResult } from '../../src/device/mmio.js';
import { TRACE_NAMES, type TraceArgs, type TraceName } from '../../src/trace/events.js';
import { Tracer } from '../../src/trace/tracer.js';
import { messageName } from '../../actors/messages.js';

/** Address of the first task's range; each has a 256 MiB of its own. */
export const FIRST_RANGE_ADDRESS = 0x7000_0000;

export class FakePort implements DevicePort {
  readonly effects: Effect[] = [];
  /** Names of trace events, and whole lines. */
  readonly lines: TraceName[] = [];
  readonly trail: string[] = [];
  readonly mapped: { range: number; offset: number; ramOffset: number; length: number; readOnly: boolean }[] = [];
  readonly unmapped: { range: number; offset: number; length: number }[] = [];
  pieces: (readonly [number, number])[] = [];
  readonly supplied: { offset: number; bytes: readonly number[] }[] = [];
  readonly suppliedFromRam: { offset: number; ram: number; ramOffset: number; length: number }[] = [];
  /** What a call that enters PVG gives, and one that encodes and waits; what the other answers are. */
  entered: JobResult = { ok: true, value: 0, high: 0 };
  encoded: FrameResult | null = { ok: true, present: 1 };
  mapStatus = 0;
  unmapStatus = 0;
  hasRanges = true;
  hasSurfaces = true;
  suppliesRam = true;
  readonly entries: AccessJob[] = [];
  readonly encodes: FrameBlock[] = [];
  viewed = true;
  readonly copies: { display: number; texture: number; present: number }[] = [];
  private nextRange = 1;
  private readonly tracer = new Tracer(['*'], (line) => this.trail.push(line), { kindName: messageName });
  readonly tracing = true;
  readonly tracesMachines = false;

  newInstance(): number {
    return 0;
  }

  perform(effect: Effect): void {
    this.effects.push(effect);
  }

  /** The effects of one kind so far. */
  of<K extends Effect['do']>(kind: K): Extract<Effect, { do: K }>[] {
    return this.effects.filter((effect): effect is Extract<Effect, { do: K }> => effect.do === kind);
  }

  /** How often something was counted. */
  counted(what: Extract<Effect, { do: 'count' }>['what']): number {
    return this.of('count').filter((effect) => effect.what === what).length;
  }

  trace<N extends TraceName>(name: N, args: TraceArgs<N>): void {
    this.lines.push(name);
    this.tracer.emit(name, args);
  }

  note(event: number, first?: number, second?: number, third?: number, fourth?: number): void {
    this.lines.push(TRACE_NAMES[event] as TraceName);
    this.tracer.note(event, first, second, third, fourth);
  }

  /** What the lock's holder blocks on, as ThreadPort has it. */
  block(call: Blocking): Blocking | null {
    if (call.do === 'enterPvg') {
      this.entries.push(call.access);
      return call.returned(this.entered);
    }
    this.encodes.push(call.frame);
    return call.returned(this.encoded);
  }

  /** Asks a display for an update, and renders what it has to render inside that. */
  update(frames: Frames): void {
    frames.updateRequested();
    for (let block = frames.renderedInside; block !== null; block = frames.renderedInside) {
      this.encodes.push(block);
      if (this.encoded === null) frames.refused(block.frame);
      else frames.completed(block.frame, this.encoded.ok, this.encoded.present);
    }
  }

  createRange(): { range: number; address: number } | null {
    if (!this.hasRanges) return null;
    const range = this.nextRange++;
    return { range, address: FIRST_RANGE_ADDRESS + 0x1000_0000 * (range - 1) };
  }

  mapRange(range: number, offset: number, _ram: number, ramOffset: number, length: number, readOnly: boolean): number {
    if (this.mapStatus === 0) this.mapped.push({ range, offset, ramOffset, length, readOnly });
    return this.mapStatus;
  }

  ramAddress(): number {
    return 0x6000_0000;
  }

  unmapRange(range: number, offset: number, length: number): number {
    this.unmapped.push({ range, offset, length });
    return this.unmapStatus;
  }

  mapPieces(): readonly number[] {
    return this.pieces.flat();
  }

  supplyFromRam(_id: number, offset: number, ram: number, ramOffset: number, length: number): boolean {
    if (this.suppliesRam) this.suppliedFromRam.push({ offset, ram, ramOffset, length });
    return this.suppliesRam;
  }

  supply(_id: number, offset: number, bytes: Uint8Array): boolean {
    this.supplied.push({ offset, bytes: [...bytes] });
    return true;
  }

  glyphPayload(_id: number, length: number): Uint8Array {
    return new Uint8Array(length).fill(0x7f);
  }

  /** A texture's number is the mode's width. */
  createSurface(_display: number, width: number, height: number): SurfaceInfo | null {
    return this.hasSurfaces ? { width, height, texture: width, managed: false } : null;
  }

  copyToSurface(display: number, texture: number, present: number): boolean {
    this.copies.push({ display, texture, present });
    return true;
  }

  isViewed(): boolean {
    return this.viewed;
  }
}
