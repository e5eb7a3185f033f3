/**
 * Memory regions as messages: what the supervisor says and the BQL actor understands.
 */
import { DefectError } from '../src/base/errors.js';
import type { PvgRecord } from '../src/bridge/records.js';
import type { BackedRegion, DeviceRegion, MemoryRegion } from '../src/memory/region.js';
import { REGION_KINDS } from './messages.js';

/** The words of a regionAdded message. */
export function wordsOf(region: BackedRegion | DeviceRegion): number[] {
  const kind = REGION_KINDS.indexOf(region.kind);
  const { gpa, length, priority } = region;
  return region.kind === 'device'
    ? [kind, gpa, length, region.wholePieces ? 1 : 0, priority, 0]
    : [kind, gpa, length, region.ram, priority, region.slot];
}

/** The region that a regionAdded message is about. */
export function regionOf(record: PvgRecord, addressOf: (ram: number) => number): MemoryRegion {
  const [code = 0, gpa = 0, length = 0, ram = 0, priority = 0, slot = 0] = record.words;
  const kind = REGION_KINDS[code];
  const id = record.reserved;
  const placed = { id, name: `${kind} ${id}`, gpa, length, priority };
  if (kind === 'device') return { ...placed, kind, wholePieces: ram === 1 };
  if (kind === undefined) throw new DefectError(`a memory region of kind ${code} was added`);
  return { ...placed, kind, ram, ramOffset: 0, hostAddress: addressOf(ram), slot };
}
