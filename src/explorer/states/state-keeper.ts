/**
 * Keeps the state of a graph of objects and puts it back: how an execution goes back without being made anew.
 *
 * Invariant: after restore() every object that could be reached when its state was kept has the contents that it had then; what came since is
 * forgotten. An object keeps the fields it was made with, the
 * same as all of its class: what comes and goes belongs in a Map, a Set or an array. State that reflection
 * can't see is an error that says where it is, unless its field is exempt.
 */
import { WorldError } from '../failure.js';
import { type Hasher, mix } from '../hasher.js';
import { SharedObject } from '../shared-object.js';
import { findUnseen } from './unseen-state.js';

/** How objects of a kind are kept: `save` appends to a list, `load` puts back what begins at a place of it and returns where the next begins. */
interface Kind {
  /** Tells kinds apart in a hash. */
  readonly tag: number;
  save(object: object, into: unknown[]): void;
  load(object: object, from: readonly unknown[], at: number): number;
}

/** What is no number, in a hash; no small integers, so that numbers are not taken for them. */
const Tag = { null: 0x643c_9869, true: 0x6b8b_4567, false: 0x327b_23c6, undefined: 0x6633_4873, object: 0x2ae8_9400 } as const;

/** A state that was kept. */
export interface Kept {
  readonly objects: readonly object[];
  readonly kinds: readonly Kind[];
  readonly values: readonly unknown[];
}

type Fields = Record<string, unknown>;

/** Objects of old executions are forgotten when there are so many. */
const MAX_VISITS = 1 << 14;

/** When an object was kept last, and its number then. */
interface Visit {
  stamp: number;
  number: number;
}

/** Plain objects with the same names of fields. */
interface Shape {
  readonly names: readonly string[];
  readonly isFrozen: boolean;
  readonly kind: Kind;
}

const ARRAY: Kind = {
  tag: 1,
  save(object, into) {
    const array = object as readonly unknown[];
    into.push(array.length);
    for (let index = 0; index < array.length; index++) into.push(array[index]);
  },
  load(object, from, at) {
    const array = object as unknown[];
    const length = from[at] as number;
    if (array.length !== length) array.length = length;
    for (let index = 0; index < length; index++) if (array[index] !== from[at + 1 + index]) array[index] = from[at + 1 + index];
    return at + 1 + length;
  },
};

const MAP: Kind = {
  tag: 2,
  save(object, into) {
    const map = object as Map<unknown, unknown>;
    into.push(map.size);
    for (const [key, value] of map) into.push(key, value);
  },
  load(object, from, at) {
    const map = object as Map<unknown, unknown>;
    const size = from[at] as number;
    if (size > 0 || map.size > 0) {
      map.clear();
      for (let index = 0; index < size; index++) map.set(from[at + 1 + 2 * index], from[at + 2 + 2 * index]);
    }
    return at + 1 + 2 * size;
  },
};

const SET: Kind = {
  tag: 3,
  save(object, into) {
    const set = object as Set<unknown>;
    into.push(set.size);
    for (const element of set) into.push(element);
  },
  load(object, from, at) {
    const set = object as Set<unknown>;
    const size = from[at] as number;
    if (size > 0 || set.size > 0) {
      set.clear();
      for (let index = 0; index < size; index++) set.add(from[at + 1 + index]);
    }
    return at + 1 + size;
  },
};

const NUMBERS: Kind = {
  tag: 4,
  save(object, into) {
    into.push((object as Int32Array).slice());
  },
  load(object, from, at) {
    (object as Int32Array).set(from[at] as Int32Array);
    return at + 1;
  },
};

const NOTHING: Kind = {
  tag: 5,
  save() {
    // What can't change needs no keeping.
  },
  load(_, __, at) {
    return at;
  },
};

export class StateKeeper {
  private readonly ignore: ReadonlySet<string>;
  /** Of classes, by prototype. */
  private readonly kinds = new Map<object | null, Kind>();
  private readonly shapes: Shape[] = [];
  /** Objects of states that were kept, those of the one that is being kept by their visit: a map that is emptied would grow anew each time. */
  private readonly visits = new Map<object, Visit>();
  private stamp = 0;
  /** What hashAs() goes through: by number of an object, its number in that order, or -1; the reverse; and what is in one. */
  private arranged = new Int32Array(256);
  private order = new Int32Array(256);
  private readonly contents: unknown[] = [];

  /** `ignore`: names of fields that hold no state, wherever they are. */
  constructor(ignore: readonly string[]) {
    this.ignore = new Set(ignore);
  }

  /** Throws WorldError if there is state below the roots that can't be seen; `names` are what it calls them. */
  check(roots: readonly object[], names: readonly string[]): void {
    roots.forEach((root, index) => {
      const text = findUnseen(root, names[index] ?? 'state', { opaque: new Map(), ignore: this.ignore });
      if (text !== null) throw new WorldError(text);
    });
  }

  /**
   * Keeps all that can be reached from the roots, and tells it to the hasher: two states add the same if they differ in nothing but which
   * objects they are made of.
   */
  keep(roots: readonly object[], hasher: Hasher): Kept {
    this.stamp++;
    if (this.visits.size > MAX_VISITS) this.visits.clear();
    const objects: object[] = [];
    const kinds: Kind[] = [];
    const values: unknown[] = [];
    for (let index = 0; index < roots.length; index++) this.visit(roots[index] as object, objects);
    for (let index = 0; index < objects.length; index++) {
      const object = objects[index] as object;
      const kind = this.kindOf(object);
      kinds.push(kind);
      const from = values.length;
      kind.save(object, values);
      hasher.add(kind.tag);
      if (kind === NUMBERS) for (const number of object as Int32Array) hasher.addNumber(number);
      else for (let at = from; at < values.length; at++) this.add(values[at], this.visitOf(values[at], objects), hasher);
    }
    return { objects, kinds, values };
  }

  /**
   * Tells the hasher what keep() would, if some of the roots changed places: `places` has their numbers. For what was kept last, and is as it
   * was then; `roots`: how many there were, not counting any twice.
   */
  hashAs({ objects, kinds }: Kept, places: readonly number[], roots: number, hasher: Hasher): void {
    const { length } = objects;
    if (this.arranged.length < length) {
      this.arranged = new Int32Array(2 * length);
      this.order = new Int32Array(2 * length);
    }
    const { arranged, order, contents } = this;
    arranged.fill(-1, 0, length);
    for (let root = 0; root < roots; root++) {
      const object = places[root] ?? root;
      arranged[object] = root;
      order[root] = object;
    }
    let count = roots;
    for (let next = 0; next < count; next++) {
      const object = objects[order[next] ?? 0] as object;
      const kind = kinds[order[next] ?? 0] as Kind;
      contents.length = 0;
      kind.save(object, contents);
      hasher.add(kind.tag);
      if (kind === NUMBERS) {
        for (const number of object as Int32Array) hasher.addNumber(number);
        continue;
      }
      for (let at = 0; at < contents.length; at++) {
        const value = contents[at];
        if (typeof value !== 'object' || value === null) {
          this.add(value, 0, hasher);
          continue;
        }
        const number = this.visits.get(value)?.number ?? 0;
        if ((arranged[number] ?? 0) < 0) {
          arranged[number] = count;
          order[count++] = number;
        }
        this.add(value, arranged[number] ?? 0, hasher);
      }
    }
  }

  restore({ objects, kinds, values }: Kept): void {
    let at = 0;
    for (let index = 0; index < objects.length; index++) at = (kinds[index] as Kind).load(objects[index] as object, values, at);
  }

  /** Number of an object; 0 for what is none. */
  private visitOf(value: unknown, objects: object[]): number {
    return typeof value === 'object' && value !== null ? this.visit(value, objects) : 0;
  }

  /** `number`: an object's. */
  private add(value: unknown, number: number, hasher: Hasher): void {
    switch (typeof value) {
      case 'number':
        return hasher.addNumber(value);
      case 'string':
        return hasher.addText(value);
      case 'object':
        return hasher.add(value === null ? Tag.null : number + Tag.object);
      case 'boolean':
        return hasher.add(value ? Tag.true : Tag.false);
      case 'undefined':
        return hasher.add(Tag.undefined);
      default:
        throw new WorldError(`a ${typeof value} is part of a state`);
    }
  }

  /** Number of an object in the graph that is kept. */
  private visit(object: object, objects: object[]): number {
    const { stamp } = this;
    const known = this.visits.get(object);
    if (known !== undefined && known.stamp === stamp) return known.number;
    const number = objects.length;
    objects.push(object);
    if (known === undefined) this.visits.set(object, { stamp, number });
    else {
      known.stamp = stamp;
      known.number = number;
    }
    return number;
  }

  private kindOf(object: object): Kind {
    const prototype: object | null = Object.getPrototypeOf(object);
    // What is of one class has the same fields, so only those of plain objects are looked at again.
    const known = this.kinds.get(prototype);
    if (known !== undefined) return known;
    if (prototype === null || prototype === Object.prototype) return this.plain(object);
    const kind = this.classKind(object);
    this.kinds.set(prototype, kind);
    return kind;
  }

  private classKind(object: object): Kind {
    if (object instanceof SharedObject) return NOTHING;
    if (Array.isArray(object)) return ARRAY;
    if (object instanceof Map) return MAP;
    if (object instanceof Set) return SET;
    if (object instanceof ArrayBuffer || object instanceof SharedArrayBuffer) return NOTHING;
    if (ArrayBuffer.isView(object)) return NUMBERS;
    // What is of another class does other things, if it holds the same.
    return fieldsKind(this.stateOf(object), Object.isFrozen(object), object.constructor.name);
  }

  private plain(object: object): Kind {
    const frozen = Object.isFrozen(object);
    for (const shape of this.shapes) if (shape.isFrozen === frozen && hasNames(object, shape.names)) return shape.kind;
    const kind = fieldsKind(this.stateOf(object), frozen, '');
    this.shapes.push({ names: Object.keys(object), isFrozen: frozen, kind });
    return kind;
  }

  private stateOf(object: object): readonly string[] {
    return Object.keys(object).filter((name) => !this.ignore.has(name) && typeof (object as Fields)[name] !== 'function');
  }
}

function hasNames(object: object, names: readonly string[]): boolean {
  let count = 0;
  for (const name in object) if (names[count++] !== name) return false;
  return count === names.length;
}

/** The same in every process, which the order in which shapes are met is not. */
function tagOf(names: readonly string[]): number {
  let tag = names.length;
  for (const name of names) for (let index = 0; index < name.length; index++) tag = mix(tag, name.charCodeAt(index));
  return tag;
}

/** Code for the fields of one kind of object: as fast as an assignment each, where going by name costs ten times that. */
function fieldsKind(names: readonly string[], frozen: boolean, className: string): Kind {
  const quoted = names.map((name) => JSON.stringify(name));
  const gets = quoted.map((name) => `object[${name}]`).join(', ');
  const save = new Function('object', 'into', `into.push(${gets});`) as Kind['save'];
  const puts = frozen ? '' : quoted.map((name, index) => `object[${name}] = values[at + ${index}];`).join(' ');
  const load = new Function('object', 'values', 'at', `${puts} return at + ${names.length};`) as Kind['load'];
  return { tag: tagOf([className, ...names]), save, load };
}
