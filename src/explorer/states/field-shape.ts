/**
 * The fields that objects of one prototype have, as a tree of names: which fields an object has is one number once they were walked.
 *
 * Invariant: two objects end at nodes of the same hash if and, but for chance, only if their prototypes have the same name and their fields
 * the same names in the same order; the hash is the same in every process.
 */
import { mix } from '../hasher.js';

/** How objects of a prototype are looked into. */
export type Content = 'fields' | 'array' | 'map' | 'set' | 'integers' | 'numbers' | 'bytes' | 'date' | 'named' | 'unseen';

const text = (seed: number, name: string): number => {
  let hash = seed;
  for (let index = 0; index < name.length; index++) hash = mix(hash + 1, name.charCodeAt(index));
  return hash;
};

export class FieldShape {
  /** The field that was asked for last, so that a walk of the same kind of object compares names and looks nothing up. */
  private lastName: string | null = null;
  private lastShape: FieldShape | null = null;
  private readonly others = new Map<string, FieldShape>();

  private constructor(
    readonly content: Content,
    readonly hash: number,
    /** Of the field that it was reached by: it is no part of the state. */
    readonly ignored: boolean,
    private readonly ignore: ReadonlySet<string>,
  ) {}

  static root(content: Content, name: string, ignore: ReadonlySet<string>): FieldShape {
    return new FieldShape(content, text(0x51ed_270b, name), false, ignore);
  }

  /** The shape with one field more. */
  with(name: string): FieldShape {
    if (this.lastName === name && this.lastShape !== null) return this.lastShape;
    let next = this.others.get(name);
    if (next === undefined) {
      const ignored = this.ignore.has(name);
      next = new FieldShape(this.content, ignored ? this.hash : text(this.hash, name), ignored, this.ignore);
      this.others.set(name, next);
    }
    this.lastName = name;
    this.lastShape = next;
    return next;
  }
}
