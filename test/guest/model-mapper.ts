/**
 * A model of the IOSurface mapper, from layout.h's words: it carries requests out at once and remembers what is mapped.
 *
 * It can be told to answer wrongly. It raises no interrupts.
 */
import * as L from '../../src/guest/layout.js';

/** What the mapper does wrong. */
export type Misdeed = 'none' | 'refuse' | 'no result' | 'wrong length' | 'wrong word' | 'not counted' | 'fault';

export class ModelMapper {
  /** Requests that were carried out: 'map 0 ok', 'unmap 2 failed'. */
  readonly requests: string[] = [];
  readonly mapped = new Map<number, { gpa: number; length: number; flags: number }>();
  misdeed: Misdeed = 'none';
  private ring = 0;
  private capacity = 0;
  private table = 0;
  private consumed = 0;
  private status = 0;

  constructor(
    private readonly memory: DataView,
    private readonly ramBase: number,
  ) {}

  /** A mapper in the same state on other RAM. */
  successor(memory: DataView): ModelMapper {
    const next = new ModelMapper(memory, this.ramBase);
    [next.ring, next.capacity, next.table, next.consumed, next.status] = [this.ring, this.capacity, this.table, this.consumed, this.status];
    for (const [number, surface] of this.mapped) next.mapped.set(number, surface);
    return next;
  }

  read(offset: number): number {
    return offset === L.IOSFC_STATUS ? this.status : offset === L.IOSFC_CONSUMER ? this.consumed : 0;
  }

  write(offset: number, value: number): void {
    if (offset === L.IOSFC_RING_BASE) [this.ring, this.consumed] = [value, 0];
    else if (offset === L.IOSFC_RING_CAPACITY) this.capacity = value;
    else if (offset === L.IOSFC_TABLE) this.table = value;
    else if (offset === L.IOSFC_STATUS) this.status &= ~value;
    else if (offset === L.IOSFC_PRODUCER) this.consume(value);
  }

  private consume(produced: number): void {
    const sane = this.ring % 16 === 0 && this.table % 16 === 0 && Number.isInteger(Math.log2(this.capacity));
    if (!sane || (produced - this.consumed) >>> 0 > this.capacity || this.misdeed === 'fault') this.status |= L.IOSFC_STATUS_FAULT;
    if ((this.status & L.IOSFC_STATUS_FAULT) !== 0) return;
    for (; this.consumed !== produced; this.consumed = (this.consumed + 1) % 2 ** 32) this.carryOut(this.consumed % this.capacity);
    this.status |= L.IOSFC_STATUS_DONE;
  }

  private carryOut(index: number): void {
    const at = this.ring - this.ramBase + index * L.IOSFC_ENTRY_SIZE;
    const word = (place: number): number => this.memory.getUint32(at + place, true);
    const [opcode, surface] = [word(0), word(4)];
    const request = { gpa: word(8) + word(12) * 2 ** 32, length: word(16) + word(20) * 2 ** 32, flags: word(24) };
    const ok = opcode === L.IOSFC_OP_MAP ? this.map(surface, request) : this.unmap(surface);
    this.requests.push(`${opcode === L.IOSFC_OP_MAP ? 'map' : 'unmap'} ${surface} ${ok ? 'ok' : 'failed'}`);
    if (this.misdeed !== 'no result') this.memory.setUint32(at + 28, ok ? L.IOSFC_OK : L.IOSFC_FAILED, true);
  }

  private map(surface: number, request: { gpa: number; length: number; flags: number }): boolean {
    if (this.mapped.has(surface) || this.misdeed === 'refuse') return false;
    this.mapped.set(surface, request);
    const at = this.table - this.ramBase + surface * L.IOSFC_TABLE_ENTRY_SIZE;
    const first = this.memory.getUint32(request.gpa - this.ramBase, true);
    this.memory.setUint32(at, request.length + (this.misdeed === 'wrong length' ? 1 : 0), true);
    this.memory.setUint32(at + 4, 0, true);
    this.memory.setUint32(at + 8, this.misdeed === 'wrong word' ? first ^ 1 : first, true);
    const times = this.memory.getUint32(at + 12, true);
    this.memory.setUint32(at + 12, this.misdeed === 'not counted' ? times : times + 1, true);
    return true;
  }

  private unmap(surface: number): boolean {
    this.memory.setUint32(this.table - this.ramBase + surface * L.IOSFC_TABLE_ENTRY_SIZE, 0, true);
    return this.mapped.delete(surface);
  }
}
