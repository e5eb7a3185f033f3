/**
 * A DevicePort that records what it is asked, for tests of behaviours without threads.
 */
import type { AccessJob, DevicePort, Effect, FrameResult, SurfaceInfo } from '../../src/device/effects.js';
import type { JobResult } from '../../src/device/mmio.js';

export class FakePort implements DevicePort {
  readonly effects: Effect[] = [];
  readonly lines: string[] = [];
  readonly mapped: { range: number; offset: number; ramOffset: number; length: number; readOnly: boolean }[] = [];
  pieces: (readonly [number, number])[] = [];
  readonly supplied: { offset: number; bytes: readonly number[] }[] = [];
  /** What entering PVG gives; what encodeAndWait() gives. */
  entered: JobResult = { ok: true, value: 0, high: 0 };
  encoded: FrameResult | null = { ok: true, present: 1 };
  readonly entries: AccessJob[] = [];
  mapStatus = 0;
  private nextRange = 1;

  perform(effect: Effect): void {
    this.effects.push(effect);
  }

  /** The effects of one kind so far. */
  of<K extends Effect['do']>(kind: K): Extract<Effect, { do: K }>[] {
    return this.effects.filter((effect): effect is Extract<Effect, { do: K }> => effect.do === kind);
  }

  trace(name: string): void {
    this.lines.push(name);
  }

  enterPvg(access: AccessJob): JobResult {
    this.entries.push(access);
    return this.entered;
  }

  encodeAndWait(): FrameResult | null {
    return this.encoded;
  }

  createRange(): { range: number; address: number } {
    return { range: this.nextRange++, address: 0x7000_0000 };
  }

  mapRange(range: number, offset: number, _ram: number, ramOffset: number, length: number, readOnly: boolean): number {
    if (this.mapStatus === 0) this.mapped.push({ range, offset, ramOffset, length, readOnly });
    return this.mapStatus;
  }

  ramAddress(): number {
    return 0x6000_0000;
  }

  unmapRange(): number {
    return 0;
  }

  mapPieces(): readonly (readonly [number, number])[] {
    return this.pieces;
  }

  supplyFromRam(): boolean {
    return true;
  }

  supply(_id: number, offset: number, bytes: Uint8Array): boolean {
    this.supplied.push({ offset, bytes: [...bytes] });
    return true;
  }

  glyphPayload(_id: number, length: number): Uint8Array {
    return new Uint8Array(length).fill(0x7f);
  }

  createSurface(_display: number, width: number, height: number): SurfaceInfo {
    return { width, height, texture: width, managed: false };
  }

  copyToSurface(): boolean {
    return true;
  }
}
