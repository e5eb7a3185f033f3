/**
 * Terms of programs: integers of 32 bits worked out from locals and constants. 0 is false, what is true is 1.
 */
import type { BinaryOp } from './instruction.js';

/** What can stand where a program wants a number. */
export type Operand = number | Term;

/** A number that a program works out when it gets there: integers of 32 bits, 1 for true and 0 for false. */
export abstract class Term {
  /** The sum. */
  plus(other: Operand): Term {
    return new Combination('plus', this, other);
  }
  /** The difference. */
  minus(other: Operand): Term {
    return new Combination('minus', this, other);
  }
  /** The product. */
  times(other: Operand): Term {
    return new Combination('times', this, other);
  }
  /** Rounded towards 0; by 0: 0. */
  over(other: Operand): Term {
    return new Combination('over', this, other);
  }
  /** The rest of over(). */
  modulo(other: Operand): Term {
    return new Combination('modulo', this, other);
  }
  /** Whether it is less than the other. */
  below(other: Operand): Term {
    return new Combination('below', this, other);
  }
  /** Whether it is not more than the other. */
  atMost(other: Operand): Term {
    return new Combination('atMost', this, other);
  }
  /** Whether both are equal. */
  is(other: Operand): Term {
    return new Combination('is', this, other);
  }
  /** Whether they differ. */
  isNot(other: Operand): Term {
    return new Combination('isNot', this, other);
  }
  /** Whether neither is 0. */
  and(other: Operand): Term {
    return new Combination('and', this, other);
  }
  /** Whether one of them is not 0. */
  or(other: Operand): Term {
    return new Combination('or', this, other);
  }
  /** Whether it is 0. */
  not(): Term {
    return new Combination('is', this, 0);
  }
}

export class Combination extends Term {
  constructor(
    readonly op: BinaryOp,
    readonly left: Operand,
    readonly right: Operand,
  ) {
    super();
  }
}

/** A register by its number. */
export class Register extends Term {
  constructor(readonly number: number) {
    super();
  }
}

/** A register that keeps its value: part of the process's state. */
export class Local extends Register {
  /** So that no other register is taken for one. */
  readonly isLocal = true;
}
