/**
 * Objects of a kept state that can be exchanged without any change to it, as far as that is easily seen.
 *
 * Two are twins if what they hold is equal, or again a pair of such objects that nobody else refers to, and nobody refers to them. Invariant: twins can be
 * exchanged; what can be exchanged need not be twins.
 */
import { mix } from '../hasher.js';
import type { Kept } from './state-keeper.js';

/** Pairs that are looked at; whoever holds more is not easily seen through. */
const MOST = 16;

const NOTHING: Kept = { objects: [], kinds: [], values: [] };

export class Twins {
  private kept = NOTHING;
  /** Roots that nobody may refer to, and what only these may. */
  private readonly roots: object[] = [];
  private readonly own: object[] = [];
  /** What is in the objects that are looked at, one after the other. */
  private readonly values: unknown[] = [];

  /** Begins with another state. */
  restart(kept: Kept): void {
    this.kept = kept;
    this.roots.length = 0;
    this.own.length = 0;
  }

  /** A number for what a root and the objects in its fields hold, other objects aside: different ones are no twins. */
  characterOf(root: number): number {
    const { values } = this;
    values.length = 0;
    this.save(root);
    const count = values.length;
    let character = count;
    for (let at = 0; at < count; at++) {
      const value = values[at];
      if (typeof value !== 'object' || value === null) {
        character = mix(character, hashOf(value));
        continue;
      }
      const begin = values.length;
      character = mix(character, this.save(this.kept.objects.indexOf(value)));
      for (let inner = begin; inner < values.length; inner++) character = mix(character, hashOf(values[inner]));
    }
    return character;
  }

  /** Whether two roots may be twins; areAlone() says whether they are. */
  add(one: number, other: number): boolean {
    const { objects } = this.kept;
    this.roots.push(objects[one] as object, objects[other] as object);
    return this.hold(one, other);
  }

  /** Whether nobody refers to those that were added, and nobody but they to what they alone may hold. */
  areAlone(): boolean {
    const { roots, own, kept } = this;
    let references = 0;
    for (const value of kept.values) {
      if (typeof value !== 'object' || value === null) continue;
      if (roots.includes(value)) return false;
      if (own.includes(value)) references++;
    }
    return references === new Set(own).size;
  }

  private hold(one: number, other: number): boolean {
    const { values, own, kept } = this;
    const { objects } = kept;
    const begin = values.length;
    const tag = this.save(one);
    const middle = values.length;
    if (tag !== this.save(other) || values.length - middle !== middle - begin) return false;
    if (Object.getPrototypeOf(objects[one]) !== Object.getPrototypeOf(objects[other])) return false;
    for (let at = begin; at < middle; at++) {
      const [mine, its] = [values[at], values[at + middle - begin]];
      if (Object.is(mine, its)) continue;
      if (typeof mine !== 'object' || typeof its !== 'object' || mine === null || its === null || own.length > 2 * MOST) return false;
      own.push(mine, its);
      const [index, itsIndex] = [objects.indexOf(mine), objects.indexOf(its)];
      if (index < 0 || itsIndex < 0 || !this.hold(index, itsIndex)) return false;
    }
    return true;
  }

  /** Saves an object's contents, and returns the tag of its kind. */
  private save(index: number): number {
    const kind = this.kept.kinds[index];
    const object = this.kept.objects[index];
    if (kind === undefined || object === undefined) return 0;
    kind.save(object, this.values);
    return kind.tag;
  }
}

/** Of what is no object; numbers that are no small integers are told apart in part only. */
function hashOf(value: unknown): number {
  switch (typeof value) {
    case 'number':
      return value | 0;
    case 'string':
      return value.length;
    case 'boolean':
      return value ? 1 : 2;
    default:
      return value === null ? 3 : 4;
  }
}
