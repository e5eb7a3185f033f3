/**
 * Runs the local part of programs: everything between two visible operations.
 */
import { WorldError } from '../failure.js';
import { Field, Op, WIDTH } from './instruction.js';

/** Jumps in one step after which a program is taken to go round for ever. */
const MAX_JUMPS = 100_000;

/**
 * Goes on from a place to the next instruction that is not local: an entry, an operation, the end, the end of an update's term; returns
 * its place. An assertion that fails: `~place`.
 */
export function interpret(code: Int32Array, from: number, registers: Int32Array, lists: readonly Int32Array[]): number {
  let jumps = 0;
  for (let place = from; ; place += WIDTH) {
    const op = code[place] ?? Op.end;
    if (op <= Op.store) return place;
    const target = code[place + Field.target] ?? 0;
    const first = code[place + Field.first] ?? 0;
    const second = code[place + Field.second] ?? 0;
    if (op >= Op.plus) {
      registers[target] = compute(op, registers[first] ?? 0, registers[second] ?? 0);
    } else if (op === Op.move) {
      registers[target] = registers[first] ?? 0;
    } else if (op === Op.select) {
      const address = lists[first]?.[registers[second] ?? 0];
      if (address === undefined) throw new WorldError(`a program asks for object ${registers[second]} of ${lists[first]?.length}`);
      registers[target] = address;
    } else if (op === Op.assert) {
      if (registers[first] === 0) return ~place;
    } else if (op === Op.jump || registers[first] === 0) {
      if (++jumps > MAX_JUMPS) throw new WorldError('a program goes round for ever without a visible operation');
      place = target - WIDTH;
    }
  }
}

function compute(op: number, first: number, second: number): number {
  switch (op) {
    case Op.plus:
      return (first + second) | 0;
    case Op.minus:
      return (first - second) | 0;
    case Op.times:
      return Math.imul(first, second);
    case Op.over:
      return second === 0 ? 0 : (first / second) | 0;
    case Op.modulo:
      return second === 0 ? 0 : (first % second) | 0;
    case Op.below:
      return first < second ? 1 : 0;
    case Op.atMost:
      return first <= second ? 1 : 0;
    case Op.is:
      return first === second ? 1 : 0;
    case Op.isNot:
      return first !== second ? 1 : 0;
    case Op.and:
      return first !== 0 && second !== 0 ? 1 : 0;
    default:
      return first !== 0 || second !== 0 ? 1 : 0;
  }
}
