/**
 * readMemory: PVG reads guest-physical memory, also where a device's registers are (device.md 4.2).
 *
 * Invariant: the upcall is answered once, when every byte is there or one can't be had. What is RAM is supplied at once; a register
 * is read by an access of its own, for which the read waits, and so is a piece of another device that serves such. Nothing here decides whether accesses may nest: it asks.
 */
import { DMA_MAX_PIECE_BYTES, DMA_MAX_REGISTER_BYTES } from '../base/limits.js';
import type { PvgRecord } from '../bridge/records.js';
import type { AddressSpace } from '../memory/address-space.js';
import type { Translation } from '../memory/flat-view.js';
import { isBacked } from '../memory/region.js';
import type { DevicePort } from './effects.js';
import { MappingJob, type PieceOutcome } from './mapping-job.js';
import type { AccessReceiver, Continuation, JobResult } from './mmio.js';

/** A read of 4 bytes of registers, at an offset that is a multiple of 4 in their region. */
export interface RegisterRead {
  readonly found: Translation;
  readonly offset: number;
  /** Told the value, before the last resume() returns. */
  readonly receiver: AccessReceiver;
  /** The job inside which it is read, 0 if none, and how many waits are open. */
  readonly cause: number;
  readonly depth: number;
}

/** A read of a piece of another device that serves such. */
export interface PieceRead extends Pick<RegisterRead, 'found' | 'cause' | 'depth'> {
  readonly length: number;
  /** The upcall that wants it, and at which of its bytes. */
  readonly upcall: number;
  readonly at: number;
}

export interface RegisterReader {
  /** As readRegister(), of a piece. */
  readPiece(read: PieceRead): { readonly job: number; readonly continuation: Continuation } | null;
  /** Begins a read of registers: the job to wait for and what goes on then; null if it is refused. */
  readRegister(read: RegisterRead): { readonly job: number; readonly continuation: Continuation } | null;
}

export interface DmaReadOptions {
  /** Null where registers can't be read. */
  readonly reader: RegisterReader | null;
  readonly tellsFailure: boolean;
  /** As in RegisterRead. */
  readonly cause?: number;
  readonly depth?: number;
}

export class DmaRead implements Continuation, AccessReceiver {
  private readonly job: MappingJob;
  private readonly gpa: number;
  private readonly length: number;
  private done = 0;
  private registerBytes = 0;
  /** The register access that the read waits for, and which of the register's bytes go where. */
  private access: Continuation | null = null;
  private at = 0;
  private first = 0;
  private size = 0;

  constructor(
    private readonly upcall: PvgRecord,
    private readonly space: AddressSpace,
    private readonly port: DevicePort,
    private readonly options: DmaReadOptions,
  ) {
    const [gpa = 0, length = 0] = upcall.words;
    this.gpa = gpa;
    this.length = length;
    this.job = new MappingJob(port, upcall.id, options.tellsFailure);
  }

  /** The read's turn has come; returns the job to wait for, or null when it is answered. */
  begin(): number | null {
    this.job.begin();
    return this.go();
  }

  resume(result: JobResult): number | null {
    const waits = this.access?.resume(result) ?? null;
    if (waits !== null) return waits;
    this.access = null;
    return this.report(result.ok ? 'mapped' : 'failed') ? this.go() : null;
  }

  received(value: number): void {
    const bytes = Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24).subarray(this.first, this.first + this.size);
    this.port.supply(this.upcall.id, this.at, bytes);
  }

  /** Carries pieces out until one has to be waited for, or none is left. */
  private go(): number | null {
    for (;;) {
      const outcome = this.next();
      if (typeof outcome === 'number') return outcome;
      if (!this.report(outcome)) return null;
    }
  }

  /** What became of a piece; true if there is more to do. */
  private report(outcome: PieceOutcome): boolean {
    // What comes after a byte that can't be had is of no use to PVG.
    if (outcome === 'failed') this.done = this.length;
    return this.job.report(outcome);
  }

  /** One piece: what became of it, or the job to wait for. */
  private next(): PieceOutcome | number {
    if (this.done >= this.length) return 'ended';
    const found = this.space.translate(this.gpa + this.done);
    if (!found) return 'failed';
    if (isBacked(found.region)) {
      const { ram, ramOffset } = found.region;
      const size = Math.min(this.length - this.done, found.contiguous);
      const at = this.done;
      this.done += size;
      return this.port.supplyFromRam(this.upcall.id, at, ram, ramOffset + found.offset, size) ? 'mapped' : 'failed';
    }
    if (found.region.kind === 'device' && found.region.wholePieces) return this.readPiece(found);
    return this.readRegister(found);
  }

  private readPiece(found: Translation): PieceOutcome | number {
    const length = Math.min(this.length - this.done, found.contiguous, DMA_MAX_PIECE_BYTES);
    const { reader, cause = 0, depth = 0 } = this.options;
    const read = reader?.readPiece({ found, length, upcall: this.upcall.id, at: this.done, cause, depth }) ?? null;
    this.done += length;
    if (read === null) return 'failed';
    this.access = read.continuation;
    return read.job;
  }

  private readRegister(found: Translation): PieceOutcome | number {
    const first = found.offset % 4;
    const size = Math.min(4 - first, this.length - this.done, found.contiguous);
    this.registerBytes += size;
    const { reader, cause = 0, depth = 0 } = this.options;
    if (reader === null || this.registerBytes > DMA_MAX_REGISTER_BYTES) return 'failed';
    this.at = this.done;
    this.first = first;
    this.size = size;
    this.done += size;
    const access = reader.readRegister({ found, offset: found.offset - first, receiver: this, cause, depth });
    if (access === null) return 'failed';
    this.access = access.continuation;
    return access.job;
  }
}
