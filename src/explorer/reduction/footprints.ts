/**
 * Footprints as numbers: what a step touched, kept once, so that events, sleepers and wake-up trees hold a number each.
 *
 * Invariant: equal numbers are equal footprints; a footprint of one entry, which nearly all are, is that entry itself, and others are
 * negative. Footprints are never given up: a world has few that differ.
 */
import { Kind, KIND_BITS, KIND_COUNT, KIND_MASK } from '../operation.js';
import { mix } from '../hasher.js';
import type { Relation } from './relation.js';

/** A footprint that nobody knows yet; it is taken to depend on everything. */
export const UNKNOWN = -1;

export class Footprints {
  /** Entries of footprint ~number: `entries[starts[~number] .. starts[~number + 1])`. The first is UNKNOWN's, and empty. */
  readonly entries: number[] = [];
  readonly starts: number[] = [0, 0];
  private readonly byHash = new Map<number, number[]>();
  private readonly depends: Uint8Array;
  private readonly timeouts: boolean;

  constructor({ depends, edges }: Relation) {
    this.depends = depends;
    this.timeouts = edges.timeout;
  }

  /** The number of a footprint. */
  of(entries: Int32Array, length: number): number {
    if (length === 1) return entries[0] ?? 0;
    let hash = length;
    for (let index = 0; index < length; index++) hash = mix(hash, entries[index] ?? 0);
    let same = this.byHash.get(hash);
    if (same === undefined) {
      same = [];
      this.byHash.set(hash, same);
    }
    for (const number of same) if (this.equals(number, entries, length)) return number;
    const number = ~(this.starts.length - 1);
    for (let index = 0; index < length; index++) this.entries.push(entries[index] ?? 0);
    this.starts.push(this.entries.length);
    same.push(number);
    return number;
  }

  /** Whether steps with these footprints depend on each other. */
  dependent(one: number, other: number): boolean {
    if (one >= 0 && other >= 0) return this.entriesDepend(one, other);
    if (one === UNKNOWN || other === UNKNOWN) return true;
    if (one >= 0) return this.anyDepends(other, one);
    const from = this.starts[~one] ?? 0;
    const to = this.starts[~one + 1] ?? 0;
    for (let at = from; at < to; at++) {
      const entry = this.entries[at] ?? 0;
      if (other >= 0 ? this.entriesDepend(entry, other) : this.anyDepends(other, entry)) return true;
    }
    return false;
  }

  private entriesDepend(one: number, other: number): boolean {
    const a = one & KIND_MASK;
    const b = other & KIND_MASK;
    if (a === Kind.timeout || b === Kind.timeout) return this.timeouts;
    return one >> KIND_BITS === other >> KIND_BITS && this.depends[KIND_COUNT * a + b] === 1;
  }

  private anyDepends(number: number, entry: number): boolean {
    const from = this.starts[~number] ?? 0;
    const to = this.starts[~number + 1] ?? 0;
    for (let at = from; at < to; at++) if (this.entriesDepend(this.entries[at] ?? 0, entry)) return true;
    return false;
  }

  private equals(number: number, entries: Int32Array, length: number): boolean {
    const from = this.starts[~number] ?? 0;
    if ((this.starts[~number + 1] ?? 0) - from !== length) return false;
    for (let index = 0; index < length; index++) if (this.entries[from + index] !== entries[index]) return false;
    return true;
  }
}
