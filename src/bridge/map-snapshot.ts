/**
 * The memory map as bytes: struct pvg_map_range[] and struct pvg_map_region[] (pvg_host.h).
 *
 * Invariant: every region that has memory is among the regions, seen or not, since what was mapped of it is found by its host address.
 */
import type { MapSnapshot } from '../memory/address-space.js';
import { type BackedRegion, isBacked } from '../memory/region.js';
import { MAP_REGISTERS, RegionFlag } from './pvg.js';

const FLAGS = { ram: RegionFlag.mappable | RegionFlag.writable, rom: RegionFlag.mappable, deviceRam: 0 } as const;

/** Two u32 fields as one word. */
const pair = (low: number, high: number): bigint => BigInt(low) | (BigInt(high) << 32n);

const regionWords = ({ ramOffset, length, ram, slot, id }: BackedRegion, flags: number): bigint[] => [
  BigInt(ramOffset),
  BigInt(length),
  pair(ram, slot),
  pair(id, flags),
];

/** What pvg_map_publish() is told. */
export interface EncodedMap {
  readonly ranges: BigUint64Array;
  readonly rangeCount: number;
  readonly regions: BigUint64Array;
  readonly regionCount: number;
}

export function encodeMap({ ranges, regions, removed }: MapSnapshot): EncodedMap {
  const backed = regions.filter(isBacked);
  const places = new Map(backed.map((region, place) => [region.id, place]));
  const rangeWords = ranges.flatMap(({ gpa, end, region, offset }) => {
    const place = places.get(region.id) ?? MAP_REGISTERS;
    return [BigInt(gpa), BigInt(end - gpa), BigInt(offset), pair(place, 0)];
  });
  const known = backed.flatMap((region) => regionWords(region, FLAGS[region.kind]));
  const gone = removed.flatMap((region) => regionWords(region, RegionFlag.removed));
  return {
    ranges: BigUint64Array.from(rangeWords),
    rangeCount: ranges.length,
    regions: BigUint64Array.from([...known, ...gone]),
    regionCount: backed.length + removed.length,
  };
}
