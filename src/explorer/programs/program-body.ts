/**
 * A program as a body, so that every strategy runs it as it runs any other process.
 *
 * Invariant: it goes through the same entries as in a packed state, and stands at the entry of its pending operation.
 */
import { assertion, WorldError } from '../failure.js';
import { type Body, Kind, type Operation } from '../operation.js';
import type { SharedObject } from '../shared-object.js';
import { Field, Op, type Program, WIDTH } from './instruction.js';
import { interpret } from './interpret.js';

/** All there is to know of a program's run. */
export interface ProgramRun {
  readonly program: Program;
  /** Where it stands. */
  place: number;
  readonly registers: Int32Array;
}

/** A run that has not begun. */
export function newRun(program: Program): ProgramRun {
  return { program, place: -1, registers: program.registers.slice() };
}

/** Puts a run back to its beginning. */
export function restartRun(run: ProgramRun): void {
  run.place = -1;
  run.registers.set(run.program.registers);
}

/** The body of a run. */
export function* bodyOf(run: ProgramRun, objects: readonly SharedObject[]): Body {
  const { program, registers } = run;
  const { code, lists } = program;
  let place = goOn(run, 0);
  while (place >= 0) {
    const at = interpret(code, place + WIDTH, registers, lists);
    const kind = (code[at] ?? 0) as Kind;
    // The second half of a wait is no operation of its own for a body.
    let next = at + WIDTH;
    if (kind !== Kind.reacquire) {
      const address = code[at + Field.target] ?? 0;
      const target = objects[code[at + Field.indirect] === 1 ? (registers[address] ?? 0) : address];
      if (target === undefined) throw new WorldError('a program asks for an object that there is not');
      const result = yield operationOf(run, at, target);
      if (kind === Kind.update) next = code[at + Field.after] ?? 0;
      if (RESULTS.has(kind)) registers[code[at + Field.first] ?? 0] = result;
    }
    place = goOn(run, next);
  }
}

/** Kinds whose result goes into the first register. */
const RESULTS: ReadonlySet<Kind> = new Set([Kind.read, Kind.update, Kind.receive, Kind.awaitReply, Kind.choose]);

/** To the next entry; -1: it has ended. */
function goOn(run: ProgramRun, from: number): number {
  const { code, lists, texts } = run.program;
  const place = interpret(code, from, run.registers, lists);
  run.place = place < 0 || code[place] === Op.end ? -1 : place;
  if (place < 0) {
    assertion.text = texts[code[~place + Field.second] ?? 0] ?? '';
    throw assertion;
  }
  return run.place;
}

function operationOf({ program: { code, lists }, registers }: ProgramRun, at: number, target: SharedObject): Operation {
  const first = code[at + Field.first] ?? 0;
  const value = registers[first] ?? 0;
  switch (code[at]) {
    case Kind.read:
      return target.read();
    case Kind.write:
      return target.write(value);
    case Kind.update:
      return target.update((old) => {
        registers[first] = old;
        interpret(code, at + WIDTH, registers, lists);
        return registers[code[at + Field.second] ?? 0] ?? 0;
      });
    case Kind.lock:
      return target.lock();
    case Kind.unlock:
      return target.unlock();
    case Kind.wait:
      return target.wait();
    case Kind.signal:
      return target.signal();
    case Kind.broadcast:
      return target.broadcast();
    case Kind.spawn:
      return target.spawn();
    case Kind.join:
      return target.join();
    case Kind.send:
      return target.send(value);
    case Kind.receive:
      return target.receive();
    case Kind.reply:
      return target.reply(value);
    case Kind.awaitReply:
      return target.awaitReply();
    default:
      return target.choose(code[at + Field.second] ?? 0);
  }
}
