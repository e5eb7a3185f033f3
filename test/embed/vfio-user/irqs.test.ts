/**
 * SET_IRQS: every combination of data, action, index, range and descriptors, against what the protocol says of each; and what it does to the device.
 */
import { describe, expect, it } from 'vitest';
import { type IrqTarget, Irqs } from '../../../src/embed/vfio-user/irqs.js';
import { IrqIndex, IrqSetFlag, RequestError } from '../../../src/embed/vfio-user/protocol.js';
import { words } from './client.js';

const VECTORS = 4;
/** Of the test's descriptors these are events. */
const isEvent = (descriptor: number): boolean => descriptor >= 100;
const { none, bool, eventfd, mask, unmask, trigger } = IrqSetFlag;

class Target implements IrqTarget {
  readonly vectors = new Map<number, number>();
  readonly triggered: number[] = [];
  enabled = 0;
  isEvent = isEvent;

  setVector(vector: number, descriptor: number | null): void {
    if (descriptor === null) this.vectors.delete(vector);
    else this.vectors.set(vector, descriptor);
  }

  enableMsi(vectors: number): void {
    this.enabled = vectors;
  }

  trigger(vector: number): void {
    this.triggered.push(vector);
  }
}

interface Request {
  readonly flags: number;
  readonly index: number;
  readonly start: number;
  readonly count: number;
  readonly data: readonly number[];
  readonly descriptors: readonly number[];
}

function send(irqs: Irqs, { flags, index, start, count, data, descriptors }: Request): void {
  const bytes = Uint8Array.from([...words(20 + data.length, flags, index, start, count), ...data]);
  irqs.set(new DataView(bytes.buffer), descriptors);
}

const counts: Readonly<Record<number, number>> = { [IrqIndex.msi]: VECTORS, [IrqIndex.error]: 1, [IrqIndex.request]: 1 };

/** Whether the protocol has such a request, written down without a look at the code. */
function isRight({ flags, index, start, count, data, descriptors }: Request): boolean {
  const kind = flags & 7;
  const action = flags & 0x38;
  const oneKind = [none, bool, eventfd].includes(kind as 1);
  const there = counts[index] ?? 0;
  if (flags > 63 || !oneKind || action !== trigger || index > 4) return false;
  if (count === 0) return kind === none && start === 0 && descriptors.length === 0;
  if (start + count > there) return false;
  if (kind === bool && data.length < count) return false;
  if (kind !== eventfd) return descriptors.length === 0;
  return descriptors.length === 0 || (descriptors.length === count && descriptors.every(isEvent));
}

describe('SET_IRQS', () => {
  it('is carried out exactly where the protocol has it, and otherwise changes nothing', () => {
    const tried = { right: 0, wrong: 0 };
    const kinds = [0, none, bool, eventfd, none | bool, bool | eventfd, 7];
    const actions = [0, mask, unmask, trigger, mask | trigger, 0x38, trigger | 64];
    for (const kind of kinds)
      for (const action of actions)
        for (const index of [0, 1, 2, 3, 4, 5, 0xffff_ffff])
          for (const start of [0, 1, 3, VECTORS, 0xffff_ffff])
            for (const count of [0, 1, 2, VECTORS, VECTORS + 1, 0xffff_ffff])
              for (const descriptors of [[], [100], [100, 101], [100, 3], [3], [100, 101, 102, 103]])
                for (const data of [[], [1, 0, 1, 1]]) {
                  const target = new Target();
                  const irqs = new Irqs(VECTORS, target);
                  const request = { flags: kind | action, index, start, count, data, descriptors };
                  let refused = false;
                  try {
                    send(irqs, request);
                  } catch (error) {
                    refused = true;
                    const isClean = target.vectors.size === 0 && target.enabled === 0 && target.triggered.length === 0;
                    if (!(error instanceof RequestError) || !isClean) throw error;
                  }
                  if (refused === isRight(request)) expect(request).toBe(`expected ${refused ? 'to be carried out' : 'to be refused'}`);
                  tried[refused ? 'wrong' : 'right']++;
                }
    expect(tried.right).toBeGreaterThan(50);
    expect(tried.wrong).toBeGreaterThan(1000);
  });

  it('gives vectors descriptors and takes them away, and MSI is on up to the last that has one', () => {
    const target = new Target();
    const irqs = new Irqs(VECTORS, target);
    const set = (start: number, count: number, descriptors: readonly number[]): void =>
      send(irqs, { flags: eventfd | trigger, index: IrqIndex.msi, start, count, data: [], descriptors });
    set(1, 2, [100, 101]);
    expect([[...target.vectors], target.enabled]).toEqual([
      [
        [1, 100],
        [2, 101],
      ],
      3,
    ]);
    set(2, 1, []);
    expect([[...target.vectors], target.enabled]).toEqual([[[1, 100]], 2]);
    set(3, 1, [102]);
    expect(target.enabled).toBe(4);
    // Errors, and requests to give the device back, have nothing to do with it.
    send(irqs, { flags: eventfd | trigger, index: IrqIndex.error, start: 0, count: 1, data: [], descriptors: [103] });
    send(irqs, { flags: none | trigger, index: IrqIndex.error, start: 0, count: 0, data: [], descriptors: [] });
    expect(target.vectors.size).toBe(2);
    send(irqs, { flags: none | trigger, index: IrqIndex.msi, start: 0, count: 0, data: [], descriptors: [] });
    expect([target.vectors.size, target.enabled]).toEqual([0, 0]);
  });

  it('triggers the vectors that it names, or those that its data name', () => {
    const target = new Target();
    const irqs = new Irqs(VECTORS, target);
    send(irqs, { flags: none | trigger, index: IrqIndex.msi, start: 1, count: 2, data: [], descriptors: [] });
    send(irqs, { flags: bool | trigger, index: IrqIndex.msi, start: 0, count: 4, data: [1, 0, 0, 2], descriptors: [] });
    expect(target.triggered).toEqual([1, 2, 0, 3]);
  });
});
