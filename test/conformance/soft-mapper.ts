/**
 * The software PVG's IOSurface mapper as a rig uses it: one entry at a time, and the result that the device leaves in it.
 *
 * Ring and table are mapped by the device itself when the first entry comes, so references on RAM change then.
 */
import type { Device } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import type { RawGuest } from '../device/raw-guest.js';
import type { RigStep } from './rig.js';

const CAPACITY = 64;
const TABLE = 0x1_0000;
/** An entry that no device knows: it fails, and is consumed. */
const UNKNOWN = 99;

export class SoftMapper {
  private produced = 0;
  private readonly mapped = new Set<number>();

  /** Ring and table lie in RAM from `place` on. */
  constructor(
    private readonly device: Device,
    private readonly guest: RawGuest,
    private readonly place: number,
  ) {}

  async carryOut(step: Extract<RigStep, { do: 'iosfcMap' | 'iosfcUnmap' | 'iosfcInterrupt' }>): Promise<boolean> {
    switch (step.do) {
      case 'iosfcMap':
        this.mapped.add(step.surface);
        return this.put([L.IOSFC_OP_MAP, step.surface], step.gpa, step.length, step.readOnly ? L.IOSFC_READ_ONLY : 0);
      case 'iosfcUnmap':
        this.mapped.delete(step.surface);
        return this.put([L.IOSFC_OP_UNMAP, step.surface], 0, 0, 0);
      case 'iosfcInterrupt':
        // The device interrupts when the status goes from 0 to 1.
        await this.device.iosfcWrite(L.IOSFC_STATUS, BigInt(L.IOSFC_STATUS_DONE));
        await this.put([UNKNOWN, 0], 0, 0, 0);
        return true;
    }
  }

  /** Undoes what is left, since a reset does not reach the mapper. */
  async unmapAll(): Promise<void> {
    for (const surface of [...this.mapped]) await this.carryOut({ do: 'iosfcUnmap', surface });
  }

  /** The first word of a surface as the device saw it when it mapped it. */
  look(surface: number): number {
    return this.word(TABLE + L.IOSFC_TABLE_ENTRY_SIZE * surface + 8);
  }

  private async put([opcode, surface]: readonly [number, number], gpa: number, length: number, flags: number): Promise<boolean> {
    const { device, guest, place } = this;
    if (this.produced === 0) {
      await device.iosfcWrite(L.IOSFC_RING_CAPACITY, BigInt(CAPACITY));
      await device.iosfcWrite(L.IOSFC_TABLE, BigInt(guest.gpa(place + TABLE)));
      await device.iosfcWrite(L.IOSFC_RING_BASE, BigInt(guest.gpa(place)));
    }
    const entry = L.IOSFC_ENTRY_SIZE * (this.produced % CAPACITY);
    const halves = (value: number): number[] => [value % 2 ** 32, Math.floor(value / 2 ** 32)];
    guest.poke(place + entry, opcode, surface, ...halves(gpa), ...halves(length), flags, 0);
    await device.iosfcWrite(L.IOSFC_PRODUCER, BigInt(++this.produced));
    return this.word(entry + 28) === L.IOSFC_OK;
  }

  private word(offset: number): number {
    const bytes = this.device.ram(this.place + offset, 4);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  }
}
