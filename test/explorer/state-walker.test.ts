/**
 * The walker tells states apart that differ in anything, and takes copies for the same.
 */
import { describe, expect, it } from 'vitest';
import { Hasher } from '../../src/explorer/hasher.js';
import { StateWalker, type WalkerOptions } from '../../src/explorer/states/state-walker.js';

const walker = new StateWalker();
const hashOf = (value: unknown, by: StateWalker = walker): string => {
  const hasher = new Hasher();
  hasher.restart();
  by.add(hasher, value);
  return `${hasher.low} ${hasher.high}`;
};
const refused = (value: unknown, options?: WalkerOptions) => () => hashOf(value, new StateWalker(options));

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}
class Spot {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}
class Secret {
  #hidden = 1;
  look(): number {
    return this.#hidden;
  }
}
class Heir extends Secret {}

const cycle = (length: number): object => {
  const first: { next?: object } = {};
  let last: object = first;
  for (let index = 1; index < length; index++) last = { next: last };
  first.next = last;
  return first;
};
/** Two equal objects, and one of them again. */
const again = (which: number): unknown[] => {
  const both = [{ a: 1 }, { a: 1 }];
  return [...both, both[which]];
};
const shared = (): unknown[] => {
  const one = { a: 1 };
  return [one, one];
};

describe('the walker of states', () => {
  it('tells all of these apart, and each from nothing but its own copies', () => {
    const makers: (() => unknown)[] = [
      () => 0,
      () => 1,
      () => 0.5,
      () => 2 ** 40,
      () => Number.NaN,
      () => '0',
      () => '',
      () => true,
      () => false,
      () => null,
      () => undefined,
      () => 0n,
      () => 1n,
      () => -1n,
      () => 1n << 70n,
      () => [],
      () => [0],
      () => [[0]],
      () => [0, 0],
      () => [[], 0],
      () => [[0], []],
      () => [undefined],
      () => ({}),
      () => ({ a: 1 }),
      () => ({ b: 1 }),
      () => ({ a: 1, b: 2 }),
      () => ({ a: { b: 1 }, c: 2 }),
      () => ({ a: { b: 1, c: 2 } }),
      () => Object.assign(Object.create(null), { a: 1 }),
      () => new Point(1, 2),
      () => new Point(2, 1),
      () => new Spot(1, 2),
      () => new Map(),
      () => new Map([[1, 2]]),
      () => new Map([[2, 1]]),
      () =>
        new Map([
          [1, 2],
          [3, 4],
        ]),
      () =>
        new Map([
          [3, 4],
          [1, 2],
        ]),
      () => new Set(),
      () => new Set([1, 2]),
      () => new Set([2, 1]),
      () => new Uint8Array([1, 2]),
      () => new Uint16Array([1, 2]),
      () => new Uint8Array([1, 2]).buffer,
      () => new BigUint64Array([1n, 2n]),
      () => new Date(5),
      () => cycle(1),
      () => cycle(2),
      () => shared(),
      () => [{ a: 1 }, { a: 1 }],
      () => again(0),
      () => again(1),
      () => Object.freeze({ f: 1 }),
      () => Object.freeze([Object.freeze([1]), Object.freeze([2])]),
      () => Object.freeze([[1], [2]]),
    ];
    const hashes = makers.map((make) => hashOf(make()));
    expect(makers.map((make) => hashOf(make(), new StateWalker()))).toEqual(hashes);
    expect(new Set(hashes).size).toBe(makers.length);
  });

  it('sees a change in an object that it has walked before, frozen around it or not', () => {
    const inner = { a: 1 };
    for (const outer of [{ inner }, Object.freeze({ inner }), Object.freeze([new Map([[1, inner]])])]) {
      inner.a = 1;
      const before = hashOf(outer);
      inner.a = 2;
      expect(hashOf(outer)).not.toBe(before);
    }
  });

  it('takes frozen values for what they say, whichever object says it', () => {
    const frozen = (): object => Object.freeze({ deep: Object.freeze([1, 'two']) });
    const one = frozen();
    expect(hashOf([one, one])).toBe(hashOf([frozen(), frozen()]));
    expect(hashOf(frozen())).not.toBe(hashOf(Object.freeze({ deep: Object.freeze([1, 'three']) })));
  });

  it('refuses state that it can not see, and says where it is', () => {
    const waits = [{ continuation: { resume: () => 0 } }];
    expect(refused({ waits })).toThrow('state hidden in a closure: state.waits[0].continuation.resume');
    expect(refused(new Map([['key', { run: () => 0 }]]))).toThrow('state hidden in a closure: state.get(key).run');
    expect(refused(new Set([() => 0]))).toThrow('state hidden in a closure: state.elements[0]');
    expect(refused(Object.freeze({ go: () => 0 }))).toThrow('state.go');
    expect(refused({ later: Promise.resolve() })).toThrow('state that can not be seen: state.later, a Promise');
    expect(refused({ body: (function* () {})() })).toThrow('state.body');
    expect(refused({ secret: new Secret() })).toThrow('state.secret, a Secret with #private fields');
    expect(refused({ secret: new Heir() })).toThrow('with #private fields');
  });

  it('leaves out what it is told to, but not which opaque object it is', () => {
    const [one, other] = [() => 1, () => 2];
    const by = new StateWalker({ opaque: [one, other], ignore: ['trace'] });
    expect(hashOf({ a: one }, by)).not.toBe(hashOf({ a: other }, by));
    expect(hashOf({ a: 1, trace: () => 1 }, by)).toBe(hashOf({ a: 1, trace: 5 }, by));
    expect(hashOf(Object.freeze({ a: 1, trace: () => 1, one }), by)).toBe(hashOf(Object.freeze({ a: 1, trace: 5, one }), by));
  });
});
