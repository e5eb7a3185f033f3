/**
 * The memory map as bytes: struct pvg_map_range[] and struct pvg_map_region[] (pvg_host.h).
 *
 * Invariant: every region that has memory is among the regions, seen or not, since what was mapped of it is found by its host address.
 */
import type { MapSnapshot } from '../memory/address-space.js';
import { type BackedRegion, isBacked } from '../memory/region.js';
import { MAP_REGISTERS, RegionFlag } from './pvg.js';

const FLAGS = { ram: RegionFlag.mappable | RegionFlag.writable, rom: RegionFlag.mappable, deviceRam: 0 } as const;

/** Writes words one after the other; the map is published often, and a BigInt for each would take most of the time. */
class Words {
  readonly words: BigUint64Array;
  private readonly halves: Uint32Array;
  private at = 0;

  constructor(count: number) {
    this.words = new BigUint64Array(count);
    this.halves = new Uint32Array(this.words.buffer);
  }

  /** A number, which is exact. */
  put(value: number): void {
    this.pair(value % 2 ** 32, Math.floor(value / 2 ** 32));
  }

  /** Two u32 fields as one word. */
  pair(low: number, high: number): void {
    this.halves[this.at++] = low;
    this.halves[this.at++] = high;
  }
}

const RANGE_WORDS = 4;
const REGION_WORDS = 4;

function putRegion(words: Words, { ramOffset, length, ram, slot, id }: BackedRegion, flags: number): void {
  words.put(ramOffset);
  words.put(length);
  words.pair(ram, slot);
  words.pair(id, flags);
}

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
  const rangeWords = new Words(RANGE_WORDS * ranges.length);
  for (const { gpa, end, region, offset } of ranges) {
    rangeWords.put(gpa);
    rangeWords.put(end - gpa);
    rangeWords.put(offset);
    rangeWords.pair(places.get(region.id) ?? MAP_REGISTERS, 0);
  }
  const regionCount = backed.length + removed.length;
  const regionWords = new Words(REGION_WORDS * regionCount);
  for (const region of backed) putRegion(regionWords, region, FLAGS[region.kind]);
  for (const region of removed) putRegion(regionWords, region, RegionFlag.removed);
  return { ranges: rangeWords.words, rangeCount: ranges.length, regions: regionWords.words, regionCount };
}
