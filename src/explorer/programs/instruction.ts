/**
 * Programs: processes given as instructions over integer registers, so that all there is to know of one is a few numbers.
 *
 * A program is flat code: each visible operation is preceded by an `entry`, the place where the process stands while the operation is
 * pending, and by what works its operands out. Invariant: registers below `locals` are the process's state; those above hold nothing across an
 * entry, or constants. What is not here: running it, in a packed state (states/packed-space.ts) or as a body (program-body.ts).
 */

/** Numbers of an instruction: what it does, and its fields. */
export const WIDTH = 6;
/** Fields. Of a visible operation: its kind, its target, two registers or numbers, where to go on after an update's term, and whether the target is a register. */
export const Field = { op: 0, target: 1, first: 2, second: 3, after: 4, indirect: 5 } as const;

/** What instructions do; below these numbers they are kinds of visible operations. */
export const Op = {
  /** Here the process stands; `target`: place of the operation; `first`: 1 if something must be worked out on the way. */
  entry: 32,
  end: 33,
  /** The end of an update's term. */
  store: 34,
  move: 35,
  jump: 36,
  /** To `target`, if register `first` is 0. */
  jumpUnless: 37,
  /** Register `first` must not be 0; `second`: which text says so. */
  assert: 38,
  /** target := address of the object that is number `second` (register) of list `first`. */
  select: 39,
  plus: 40,
  minus: 41,
  times: 42,
  over: 43,
  modulo: 44,
  below: 45,
  atMost: 46,
  is: 47,
  isNot: 48,
  and: 49,
  or: 50,
} as const;
export type BinaryOp = 'plus' | 'minus' | 'times' | 'over' | 'modulo' | 'below' | 'atMost' | 'is' | 'isNot' | 'and' | 'or';

/** A program as it was assembled: registers are numbered from 0 on, targets are numbers of objects. */
export interface Program {
  readonly code: Int32Array;
  /** How many registers are its state. */
  readonly locals: number;
  /** All registers as they are at the beginning, constants included. */
  readonly registers: Int32Array;
  /** Lists of objects' numbers, of which a register chooses. */
  readonly lists: readonly Int32Array[];
  readonly texts: readonly string[];
}

/** Whether two programs are the same, on the same objects. */
export function isSameProgram(one: Program, other: Program): boolean {
  const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
    a.length === b.length && Array.from(a).every((each, at) => each === b[at]);
  return (
    one.locals === other.locals &&
    same(one.code, other.code) &&
    same(one.registers, other.registers) &&
    one.lists.length === other.lists.length &&
    one.lists.every((list, at) => same(list, other.lists[at] ?? []))
  );
}
