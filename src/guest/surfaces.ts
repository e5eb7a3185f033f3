/**
 * The guest's side of the IOSurface mapper: a ring of requests, a table of surfaces, and the guest's bitmaps as surfaces.
 *
 * Invariant: what is mapped stands in the table, which the device writes; the driver remembers only how many entries it has put
 * in. A request is over when the write of the producer has returned, so nothing here waits. Whatever the device answers is
 * checked, and a wrong answer ends the guest. What it doesn't do: draw from surfaces; drawing goes through the task.
 */
import { GuestDriverError } from './errors.js';
import * as L from './layout.js';
import type { GuestMachine } from './machine.js';
import { type GuestMemory, pair } from './memory.js';
import { GLYPH_BYTES, SPRITE_BYTES } from './placement.js';
import type { DriverState } from './state.js';

/** Small, so that it wraps around soon. */
const CAPACITY = 8;
/** Every so many frames one surface is unmapped and mapped again. */
export const FRAMES_PER_TURN = 16;

interface Surface {
  readonly number: number;
  /** Offset into RAM, and bytes. */
  readonly at: number;
  readonly length: number;
  readonly flags: number;
}

interface Request {
  readonly opcode: number;
  readonly surface: Surface;
}

const describe = ({ opcode, surface }: Request): string =>
  `${opcode === L.IOSFC_OP_MAP ? 'mapping' : 'unmapping'} surface ${surface.number}`;

export class GuestSurfaces {
  private readonly surfaces: readonly Surface[];

  constructor(
    private readonly machine: GuestMachine,
    private readonly memory: GuestMemory,
    private readonly state: DriverState,
  ) {
    const { sprites, glyph } = state.placement;
    this.surfaces = [
      { number: 0, at: sprites, length: SPRITE_BYTES, flags: 0 },
      { number: 1, at: sprites + SPRITE_BYTES, length: SPRITE_BYTES, flags: L.IOSFC_READ_ONLY },
      { number: 2, at: glyph, length: GLYPH_BYTES, flags: L.IOSFC_READ_ONLY },
    ];
  }

  /** Gives the mapper its ring and table and maps every surface. The state block must be new: the mapper counts from 0 as well. */
  start(): void {
    const { machine, memory, state } = this;
    machine.writeIosfc(L.IOSFC_STATUS, L.IOSFC_STATUS_DONE | L.IOSFC_STATUS_FAULT);
    machine.writeIosfc(L.IOSFC_RING_BASE, memory.gpa(state.placement.iosfcRing));
    machine.writeIosfc(L.IOSFC_RING_CAPACITY, CAPACITY);
    machine.writeIosfc(L.IOSFC_TABLE, memory.gpa(state.placement.iosfcTable));
    for (const surface of this.surfaces) {
      // A reset leaves the mapper as it is: what fails may be mapped still by whoever ran here before.
      if (this.map(surface)) continue;
      this.request([{ opcode: L.IOSFC_OP_UNMAP, surface }]);
      if (!this.map(surface)) throw new GuestDriverError(`mapping surface ${surface.number} failed`);
    }
  }

  /** Called once a frame: now and then unmaps one surface and maps it again. */
  turn(frame: number): void {
    if (frame % FRAMES_PER_TURN !== 0) return;
    const surface = this.surfaces[(frame / FRAMES_PER_TURN) % this.surfaces.length];
    if (!surface) return;
    const before = this.timesMapped(surface);
    const requests = [
      { opcode: L.IOSFC_OP_UNMAP, surface },
      { opcode: L.IOSFC_OP_MAP, surface },
    ];
    this.request(requests).forEach((result, index) => {
      const request = requests[index];
      if (result !== L.IOSFC_OK && request) throw new GuestDriverError(`${describe(request)} failed`);
    });
    this.checkMapped(surface, before);
  }

  private map(surface: Surface): boolean {
    const before = this.timesMapped(surface);
    const [result] = this.request([{ opcode: L.IOSFC_OP_MAP, surface }]);
    if (result !== L.IOSFC_OK) return false;
    this.checkMapped(surface, before);
    return true;
  }

  /** Puts requests into the ring, waits until they are done and returns their results, IOSFC_OK or IOSFC_FAILED each. */
  private request(requests: readonly Request[]): number[] {
    const { machine, state } = this;
    const first = state.words.get('iosfcProduced');
    for (const [index, request] of requests.entries()) this.put(this.entry(first + index), request);
    const produced = (first + requests.length) % 2 ** 32;
    state.words.set('iosfcProduced', produced);
    machine.writeIosfc(L.IOSFC_PRODUCER, produced);
    const status = machine.readIosfc(L.IOSFC_STATUS);
    if ((status & L.IOSFC_STATUS_FAULT) !== 0)
      throw new GuestDriverError(`the IOSurface mapper finds fault with entry ${first} of its ring`);
    machine.writeIosfc(L.IOSFC_STATUS, L.IOSFC_STATUS_DONE);
    return requests.map((request, index) => {
      const result = this.memory.load(this.entry(first + index) + 28);
      if (result !== L.IOSFC_OK && result !== L.IOSFC_FAILED) throw new GuestDriverError(`${describe(request)} had result ${result}`);
      return result;
    });
  }

  private entry(count: number): number {
    return this.state.placement.iosfcRing + (count % CAPACITY) * L.IOSFC_ENTRY_SIZE;
  }

  private put(at: number, { opcode, surface }: Request): void {
    const { number, length, flags } = surface;
    const words = [opcode, number, ...pair(this.memory.gpa(surface.at)), ...pair(length), flags, 0];
    words.forEach((word, index) => {
      this.memory.write32(at + 4 * index, word);
    });
  }

  private tableEntry(surface: Surface): number {
    return this.state.placement.iosfcTable + surface.number * L.IOSFC_TABLE_ENTRY_SIZE;
  }

  private timesMapped(surface: Surface): number {
    return this.memory.load(this.tableEntry(surface) + 12);
  }

  /** Compares the table with the surface as the guest sees it. */
  private checkMapped(surface: Surface, timesBefore: number): void {
    const { memory } = this;
    const at = this.tableEntry(surface);
    const table = `the table of the IOSurface mapper shows surface ${surface.number}`;
    const length = memory.load(at) + memory.load(at + 4) * 2 ** 32;
    if (length !== surface.length) throw new GuestDriverError(`${table} with ${length} bytes, not ${surface.length}`);
    const [seen, expected] = [memory.load(at + 8), memory.read32(surface.at)];
    if (seen !== expected) throw new GuestDriverError(`${table} with first word 0x${seen.toString(16)}, not 0x${expected.toString(16)}`);
    if (this.timesMapped(surface) === timesBefore) throw new GuestDriverError(`${table} mapped no more often than before`);
  }
}
