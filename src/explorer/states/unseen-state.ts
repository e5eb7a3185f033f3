/**
 * Where in a graph of objects there is state that reflection can't see, and what kinds of objects it can look into.
 */
import { Inbox } from '../inbox.js';
import { SharedObject } from '../shared-object.js';
import type { Content } from './field-shape.js';

/** What is no part of the state, as the walker was told. */
interface Exempt {
  readonly opaque: ReadonlyMap<object, number>;
  readonly ignore: ReadonlySet<string>;
}

type Fields = Record<string, unknown>;

/** Built-in objects whose state is nobody's to see. */
const UNSEEN = new Set([
  'Promise',
  'WeakMap',
  'WeakSet',
  'WeakRef',
  'Generator',
  'AsyncGenerator',
  'Map Iterator',
  'Set Iterator',
  'Array Iterator',
]);
const PRIVATE = /\bthis\.#[\w$]/;

function hasPrivateFields(object: object): boolean {
  for (let prototype: object | null = Object.getPrototypeOf(object); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    if (prototype === Object.prototype) return false;
    if (typeof prototype.constructor === 'function' && PRIVATE.test(String(prototype.constructor))) return true;
  }
  return false;
}

/** How an object is looked into. */
export function contentOf(object: object): Content {
  if (object instanceof SharedObject || object instanceof Inbox) return 'named';
  if (Array.isArray(object)) return 'array';
  if (object instanceof Map) return 'map';
  if (object instanceof Set) return 'set';
  if (object instanceof Date) return 'date';
  if (object instanceof DataView || object instanceof ArrayBuffer || object instanceof SharedArrayBuffer) return 'bytes';
  if (object instanceof BigInt64Array || object instanceof BigUint64Array) return 'numbers';
  if (object instanceof Float32Array || object instanceof Float64Array) return 'numbers';
  if (ArrayBuffer.isView(object)) return 'integers';
  const tag: unknown = (object as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  return UNSEEN.has(String(tag)) || hasPrivateFields(object) ? 'unseen' : 'fields';
}

/** A sentence that says where the first state is that can't be seen, by the shortest path to it; null if there is none. */
export function findUnseen(value: unknown, name: string, exempt: Exempt): string | null {
  const visited = new Set<object>();
  const queue: { readonly value: unknown; readonly path: string }[] = [{ value, path: name }];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { value: found, path } = next;
    if ((typeof found !== 'object' && typeof found !== 'function') || found === null) continue;
    if (exempt.opaque.has(found) || visited.has(found)) continue;
    visited.add(found);
    if (typeof found === 'function') return `state hidden in a closure: ${path}`;
    if (contentOf(found) === 'unseen') return `state that can not be seen: ${path}, a ${describe(found)}`;
    for (const [step, inner] of partsOf(found)) if (!exempt.ignore.has(step.slice(1))) queue.push({ value: inner, path: `${path}${step}` });
  }
  return null;
}

function describe(object: object): string {
  const name = object.constructor?.name ?? 'object';
  return hasPrivateFields(object) ? `${name} with #private fields` : name;
}

function* partsOf(object: object): Generator<readonly [string, unknown]> {
  if (contentOf(object) === 'named') return;
  if (object instanceof Map) {
    let index = 0;
    for (const [key, value] of object) {
      yield [`.keys[${index}]`, key];
      yield [typeof key === 'object' ? `.values[${index}]` : `.get(${String(key)})`, value];
      index++;
    }
  } else if (object instanceof Set) {
    let index = 0;
    for (const element of object) yield [`.elements[${index++}]`, element];
  } else if (!ArrayBuffer.isView(object)) {
    for (const name in object) yield [Array.isArray(object) ? `[${name}]` : `.${name}`, (object as Fields)[name]];
  }
}
