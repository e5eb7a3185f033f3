/**
 * SET_IRQS: which event descriptors the client wants interrupts on.
 *
 * The device has MSI only; errors and requests to give the device back are taken, and never signalled. MSI is on for the guest as long as one of
 * its vectors has a descriptor. Invariant: a request is checked as a whole before any of it is carried out.
 */
import { Errno, IrqIndex, IrqInfoFlag, IrqSetFlag, RequestError } from './protocol.js';

/** Where interrupts go. */
export interface IrqTarget {
  /** Signals a vector on a descriptor, which stays the caller's, from now on, or on none. Throws RequestError if it is no event descriptor. */
  setVector(vector: number, descriptor: number | null): void;
  /** MSI is on for vectors 0 to `vectors` − 1, or off. */
  enableMsi(vectors: number): void;
  /** Signals a vector as the device would. */
  trigger(vector: number): void;
  /** Whether a descriptor is an event descriptor. */
  isEvent(descriptor: number): boolean;
}

const SET_BYTES = 20;

function invalid(what: string): RequestError {
  return new RequestError(Errno.EINVAL, `SET_IRQS: ${what}`);
}

interface Request {
  readonly index: number;
  readonly data: number;
  readonly action: number;
  readonly start: number;
  readonly count: number;
}

export class Irqs {
  /** Vectors that have a descriptor. */
  private readonly enabled = new Set<number>();

  constructor(
    private readonly vectors: number,
    private readonly target: IrqTarget,
  ) {}

  /** Interrupts of an index, and flags of IrqInfoFlag. Throws RequestError for an index that no PCI device has. */
  describe(index: number): { readonly count: number; readonly flags: number } {
    if (index >= IrqIndex.count) throw new RequestError(Errno.EINVAL, `GET_IRQ_INFO of index ${index}, expected 0..${IrqIndex.count - 1}`);
    const count = this.countOf(index);
    if (count === 0) return { count, flags: 0 };
    return { count, flags: IrqInfoFlag.eventfd | (index === IrqIndex.msi ? IrqInfoFlag.noResize : 0) };
  }

  /** Carries out a request with the descriptors that came with it. Throws RequestError, and then nothing has changed, but for ENOMEM. */
  set(payload: DataView, descriptors: readonly number[]): void {
    const request = this.parse(payload, descriptors);
    const { index, data, action, start, count } = request;
    if (action !== IrqSetFlag.trigger) throw invalid('none of these interrupts can be masked');
    if (data === IrqSetFlag.none && count === 0) return index === IrqIndex.msi ? this.clear() : undefined;
    // Errors, and requests to give the device back, this device doesn't have.
    if (index !== IrqIndex.msi) return;
    if (data === IrqSetFlag.eventfd) return this.assign(start, count, descriptors);
    for (let each = 0; each < count; each++) {
      if (data === IrqSetFlag.none || payload.getUint8(SET_BYTES + each) !== 0) this.target.trigger(start + each);
    }
  }

  /** Takes every descriptor away. */
  clear(): void {
    for (const vector of this.enabled) this.target.setVector(vector, null);
    this.enabled.clear();
    this.target.enableMsi(0);
  }

  private countOf(index: number): number {
    if (index === IrqIndex.msi) return this.vectors;
    return index === IrqIndex.error || index === IrqIndex.request ? 1 : 0;
  }

  private parse(payload: DataView, descriptors: readonly number[]): Request {
    if (payload.byteLength < SET_BYTES) throw invalid(`it has ${payload.byteLength} bytes, expected ${SET_BYTES} and data`);
    const [flags, index, start, count] = [4, 8, 12, 16].map((at) => payload.getUint32(at, true)) as [number, number, number, number];
    const data = flags & IrqSetFlag.dataMask;
    const action = flags & IrqSetFlag.actionMask;
    if ((flags & ~(IrqSetFlag.dataMask | IrqSetFlag.actionMask)) !== 0) throw invalid(`flags are 0x${flags.toString(16)}`);
    if (data !== IrqSetFlag.none && data !== IrqSetFlag.bool && data !== IrqSetFlag.eventfd) throw invalid('expected one kind of data');
    if (action !== IrqSetFlag.mask && action !== IrqSetFlag.unmask && action !== IrqSetFlag.trigger) throw invalid('expected one action');
    if (index >= IrqIndex.count) throw invalid(`index ${index}, expected 0..${IrqIndex.count - 1}`);
    const there = this.countOf(index);
    if (start > there || count > there - start) throw invalid(`interrupts ${start} and ${count} on of index ${index}, which has ${there}`);
    if (count === 0 && (data !== IrqSetFlag.none || action !== IrqSetFlag.trigger || start !== 0))
      throw invalid('it is about no interrupt');
    if (data === IrqSetFlag.bool && payload.byteLength < SET_BYTES + count)
      throw invalid(`${payload.byteLength} bytes for ${count} interrupts`);
    if (data !== IrqSetFlag.eventfd && descriptors.length > 0) throw invalid('descriptors came that it has no use for');
    if (data === IrqSetFlag.eventfd) this.checkDescriptors(descriptors, count, action);
    return { index, data, action, start, count };
  }

  private checkDescriptors(descriptors: readonly number[], count: number, action: number): void {
    if (action !== IrqSetFlag.trigger) throw invalid('event descriptors are for interrupts only');
    if (descriptors.length !== 0 && descriptors.length !== count)
      throw invalid(`${descriptors.length} descriptors for ${count} interrupts`);
    if (!descriptors.every((descriptor) => this.target.isEvent(descriptor))) throw invalid('a descriptor is no event descriptor');
  }

  /** Without descriptors the vectors' own are taken away; so they are too if the system has no room for all of the new ones. */
  private assign(start: number, count: number, descriptors: readonly number[]): void {
    try {
      for (let each = 0; each < count; each++) this.assignOne(start + each, descriptors[each] ?? null);
    } catch (error) {
      for (let each = 0; each < count; each++) this.assignOne(start + each, null);
      this.enable();
      throw error;
    }
    this.enable();
  }

  private assignOne(vector: number, descriptor: number | null): void {
    this.target.setVector(vector, descriptor);
    if (descriptor === null) this.enabled.delete(vector);
    else this.enabled.add(vector);
  }

  private enable(): void {
    this.target.enableMsi(this.enabled.size === 0 ? 0 : Math.max(...this.enabled) + 1);
  }
}
