/**
 * Adds everything that can be reached from a value to a hash: how the state of production objects is told without their help.
 *
 * Invariant: two graphs add the same if they are equal up to the identity of objects: same values, same classes, same fields in the same order,
 * same elements in the same order, and what is shared or cyclic in one is so in the other. Deeply frozen objects are values: which of
 * two equal ones it is does not matter, and each is walked once. State that reflection can't see (a function's closure, a
 * generator, a promise, a #private field) is an error that says where it is, unless it was said to be opaque.
 */
import { WorldError } from '../failure.js';
import { Hasher } from '../hasher.js';
import { Inbox } from '../inbox.js';
import type { SharedObject } from '../shared-object.js';
import { type Content, FieldShape } from './field-shape.js';
import { contentOf, findUnseen } from './unseen-state.js';

/** What a StateWalker leaves out. */
export interface WalkerOptions {
  /** Objects and functions that have no state, or whose state is told by somebody else: only which one it is counts. */
  readonly opaque?: readonly object[];
  /** Names of fields that are no part of the state, wherever they are. */
  readonly ignore?: readonly string[];
}

/** What is not a number, in the hash; no small integers, so that numbers are not taken for them. */
const Tag = {
  true: 0x6b8b_4567,
  false: 0x327b_23c6,
  null: 0x643c_9869,
  undefined: 0x6633_4873,
  bigint: 0x74b0_dc51,
  again: 0x1949_5cff,
  opaque: 0x2ae8_944a,
  named: 0x625558ec,
} as const;

/** Objects of a graph that are looked for one by one; those of a larger one are looked up, which costs a new object its identity hash. */
const FEW = 64;
/** Hashes of values that are remembered; then all are forgotten, so that those of old executions go. */
const MAX_VALUES = 1 << 12;

type Fields = Record<string, unknown>;

/** What a value adds. */
interface Known {
  readonly low: number;
  readonly high: number;
}

/** Adds all state that can be reached from an object to a hash, for an actor's fingerprint(). */
export class StateWalker {
  /** Objects of the graph that is walked, in the order of visits: the first few, or all in `many`. */
  private readonly few: object[] = [];
  private readonly many = new Map<object, number>();
  private visits = 0;
  private readonly values = new Map<object, Known>();
  private readonly opaque = new Map<object, number>();
  private readonly ignore: ReadonlySet<string>;
  /** By prototype. */
  private readonly shapes = new Map<object, FieldShape>();
  private readonly noPrototype: FieldShape;
  private hasher = new Hasher();

  constructor({ opaque = [], ignore = [] }: WalkerOptions = {}) {
    this.ignore = new Set(ignore);
    this.noPrototype = FieldShape.root('fields', 'null', this.ignore);
    for (const object of opaque) this.opaque.set(object, this.opaque.size);
  }

  /** Adds one graph. `name` is what errors call it. Throws WorldError if there is state that can't be seen. */
  add(hasher: Hasher, value: unknown, name = 'state'): void {
    if (this.values.size > MAX_VALUES) this.values.clear();
    if (this.visits > FEW) this.many.clear();
    this.visits = 0;
    this.hasher = hasher;
    try {
      this.walk(value);
    } catch (error) {
      if (!(error instanceof Unseen)) throw error;
      throw new WorldError(findUnseen(value, name, { opaque: this.opaque, ignore: this.ignore }) ?? `state that can not be seen: ${name}`);
    }
  }

  private walk(value: unknown): void {
    const { hasher } = this;
    switch (typeof value) {
      case 'number':
        if ((value | 0) === value) hasher.add(value);
        else hasher.addNumber(value);
        return;
      case 'boolean':
        hasher.add(value ? Tag.true : Tag.false);
        return;
      case 'string':
        hasher.addText(value);
        return;
      case 'undefined':
        hasher.add(Tag.undefined);
        return;
      case 'object':
        if (value === null) hasher.add(Tag.null);
        else this.walkObject(value);
        return;
      case 'bigint':
        this.addBigint(value);
        return;
      case 'symbol':
        hasher.addText(String(value));
        return;
      case 'function':
        if (!this.addOpaque(value)) throw new Unseen();
    }
  }

  private walkObject(object: object): void {
    if (this.opaque.size > 0 && this.addOpaque(object)) return;
    if (Object.isFrozen(object) && this.addValue(object)) return;
    const visit = this.visitOf(object);
    if (visit < 0) {
      this.walkContent(object);
    } else {
      this.hasher.add(Tag.again);
      this.hasher.add(visit);
    }
  }

  /** Which visit of this graph was the object's; -1: this one is. */
  private visitOf(object: object): number {
    const { few, many, visits } = this;
    if (visits < FEW) {
      for (let visit = visits - 1; visit >= 0; visit--) if (few[visit] === object) return visit;
      few[visits] = object;
    } else {
      if (visits === FEW) for (let visit = 0; visit < FEW; visit++) many.set(few[visit] as object, visit);
      const visit = many.get(object);
      if (visit !== undefined) return visit;
      many.set(object, visits);
    }
    this.visits++;
    return -1;
  }

  /** Adds an object if it and all in it can't change; what it adds is remembered. */
  private addValue(object: object): boolean {
    const outer = this.hasher;
    let known = this.values.get(object);
    if (known === undefined) {
      if (!this.isValue(object, new Set())) return false;
      const inner = new Hasher();
      inner.restart();
      this.hasher = inner;
      this.walkContent(object);
      this.hasher = outer;
      known = { low: inner.low, high: inner.high };
      this.values.set(object, known);
    }
    outer.add(known.low);
    outer.add(known.high);
    return true;
  }

  private walkContent(object: object): void {
    const shape = this.shapeOf(object);
    if (shape.content === 'fields') this.walkFields(object as Fields, shape);
    else if (shape.content === 'array') this.walkArray(object as readonly unknown[], shape);
    else this.walkOther(object, shape.content, shape.hash);
  }

  /** The fields, and then which they are: what comes last says how much there is before it. */
  private walkFields(object: Fields, root: FieldShape): void {
    let shape = root;
    for (const name in object) {
      shape = shape.with(name);
      if (shape.ignored) continue;
      const value = object[name];
      if (typeof value === 'number' && (value | 0) === value) this.hasher.add(value);
      else this.walk(value);
    }
    this.hasher.add(shape.hash);
  }

  private walkArray(array: readonly unknown[], shape: FieldShape): void {
    const { length } = array;
    for (let index = 0; index < length; index++) this.walk(array[index]);
    this.hasher.add(length);
    this.hasher.add(shape.hash);
  }

  private walkOther(object: object, content: Content, hash: number): void {
    const { hasher } = this;
    let length = 0;
    if (content === 'map') {
      for (const [key, value] of object as Map<unknown, unknown>) {
        this.walk(key);
        this.walk(value);
        length++;
      }
    } else if (content === 'set') {
      for (const element of object as Set<unknown>) {
        this.walk(element);
        length++;
      }
    } else if (content === 'integers') {
      const integers = object as Int32Array;
      for (length = 0; length < integers.length; length++) hasher.add(integers[length] ?? 0);
    } else if (content === 'numbers') {
      const numbers = object as unknown as ArrayLike<number | bigint>;
      for (length = 0; length < numbers.length; length++) this.walk(numbers[length]);
    } else if (content === 'bytes') {
      const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(object)
        ? object
        : { buffer: object as ArrayBuffer, byteOffset: 0, byteLength: (object as ArrayBuffer).byteLength };
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      for (length = 0; length < byteLength; length++) hasher.add(bytes[length] ?? 0);
    } else if (content === 'date') {
      hasher.addNumber((object as Date).getTime());
    } else if (content === 'named') {
      // Objects of the engine: it adds their contents itself, so that here only which one it is counts.
      hasher.add(Tag.named);
      hasher.add((object instanceof Inbox ? object.target : (object as SharedObject)).id);
    } else {
      throw new Unseen();
    }
    hasher.add(length);
    hasher.add(hash);
  }

  private addBigint(value: bigint): void {
    let rest = value < 0n ? -value : value;
    let length = 0;
    for (; rest > 0n; length++) {
      this.hasher.add(Number(BigInt.asIntN(32, rest)));
      rest >>= 32n;
    }
    this.hasher.add(value < 0n ? -length : length);
    this.hasher.add(Tag.bigint);
  }

  private addOpaque(object: object): boolean {
    const place = this.opaque.get(object);
    if (place === undefined) return false;
    this.hasher.add(Tag.opaque);
    this.hasher.add(place);
    return true;
  }

  /** Whether it is frozen and so is all that can be reached from it, without cycles. */
  private isValue(object: object, above: Set<object>): boolean {
    const { content } = this.shapeOf(object);
    if ((content !== 'fields' && content !== 'array') || !Object.isFrozen(object) || above.has(object)) return false;
    above.add(object);
    for (const name in object) {
      const value = (object as Fields)[name];
      if (typeof value === 'function' && !this.opaque.has(value) && !this.ignore.has(name)) return false;
      if (typeof value !== 'object' || value === null || this.opaque.has(value) || this.ignore.has(name)) continue;
      if (!this.isValue(value, above)) return false;
    }
    above.delete(object);
    return true;
  }

  private shapeOf(object: object): FieldShape {
    const prototype: object | null = Object.getPrototypeOf(object);
    if (prototype === null) return this.noPrototype;
    let shape = this.shapes.get(prototype);
    if (shape === undefined) {
      const content = contentOf(object);
      const name = object.constructor?.name ?? '';
      shape = FieldShape.root(content, `${content} ${name}`, this.ignore);
      this.shapes.set(prototype, shape);
    }
    return shape;
  }
}

/** Stops a walk; what is said of it is found by a second one, which is slow. */
class Unseen extends WorldError {
  constructor() {
    super('there is state that can not be seen');
  }
}
