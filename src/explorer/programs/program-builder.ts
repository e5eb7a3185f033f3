/**
 * Assembles programs: statements in the order in which they are asked for, blocks as functions.
 *
 * Invariant: locals are asked for before anything else, so that they are the registers from 0 on.
 */
import { WorldError } from '../failure.js';
import { Kind } from '../operation.js';
import type { Condition, Lock, Mailbox, ProcessHandle, Reply, SharedObject, Variable } from '../shared-object.js';
import { Field, Op, type Program, WIDTH } from './instruction.js';
import { Combination, Local, type Operand, Register, type Term } from './term.js';

/** One of several objects, by a number that the program works out. */
export interface Choice<T> {
  /** The objects. */
  readonly of: readonly T[];
  /** Which one, from 0 on. */
  readonly number: Term;
}
/** What a statement is about: an object, or one of several. */
export type Target<T> = T | Choice<T>;

/** What a program is made with: each call adds a statement, and each that another process could notice is a step. */
export class ProgramBuilder {
  private readonly code: number[] = [];
  private readonly initial: number[] = [];
  private readonly constants = new Map<number, Register>();
  private readonly lists: Int32Array[] = [];
  private readonly texts: string[] = [];
  private localCount = 0;
  /** Scratch registers in use since the last statement, and all there are. */
  private scratchUsed = 0;
  private readonly scratch: Register[] = [];

  /** A number that the process keeps. */
  local(value = 0): Local {
    if (this.code.length > 0 || this.initial.length > this.localCount) throw new WorldError('a program asks for its locals first');
    this.initial.push(value | 0);
    return new Local(this.localCount++);
  }

  /** One of some objects of the same type. */
  at<T>(objects: readonly T[], number: Term): Choice<T> {
    return { of: objects, number };
  }

  /** Gives a local a value, which nobody else can notice. */
  set(local: Local, value: Operand): void {
    this.begin();
    this.into(local, value);
  }

  /** Reads a variable. */
  read(variable: Target<Variable>, into: Local): void {
    this.operate(Kind.read, variable, [], into.number);
  }

  /** Writes a variable. */
  write(variable: Target<Variable>, value: Operand): void {
    this.operate(Kind.write, variable, [value]);
  }

  /** Changes a variable in one step; `old` is what it is before, and goes into a local if there is one given. */
  update(variable: Target<Variable>, change: (old: Term) => Operand, into: Local | null = null): void {
    const entry = this.enter();
    const target = this.targetOf(variable);
    const old = this.take();
    const place = this.operation(entry, Kind.update, target, old.number);
    const result = this.registerOf(change(old));
    this.code[place + Field.second] = result.number;
    this.emit(Op.store);
    this.code[place + Field.after] = this.code.length;
    if (into !== null) this.emit(Op.move, into.number, old.number);
  }

  /** Takes a lock, and waits until it is free. */
  lock(lock: Target<Lock>): void {
    this.operate(Kind.lock, lock);
  }

  /** Gives a lock back that this process has. */
  unlock(lock: Target<Lock>): void {
    this.operate(Kind.unlock, lock);
  }

  /** Two operations, as everywhere: it lets go and queues, and then it takes the lock again. */
  wait(condition: Condition): void {
    this.operate(Kind.wait, condition);
    this.operate(Kind.reacquire, condition);
  }

  /** Wakes who has waited longest for a condition; nobody if nobody waits. */
  signal(condition: Condition): void {
    this.operate(Kind.signal, condition);
  }

  /** Wakes everybody who waits for a condition. */
  broadcast(condition: Condition): void {
    this.operate(Kind.broadcast, condition);
  }

  /** Begins a process that was made with `spawned: true`. */
  spawn(process: ProcessHandle): void {
    this.operate(Kind.spawn, process);
  }

  /** Waits until a process has ended. */
  join(process: ProcessHandle): void {
    this.operate(Kind.join, process);
  }

  /** Puts a number into a mailbox; waits while it is full. */
  send(mailbox: Target<Mailbox>, value: Operand): void {
    this.operate(Kind.send, mailbox, [value]);
  }

  /** Takes a number out of a mailbox; waits while it is empty. */
  receive(mailbox: Target<Mailbox>, into: Local): void {
    this.operate(Kind.receive, mailbox, [], into.number);
  }

  /** Gives an answer; a failure if the last one was not taken. */
  reply(reply: Target<Reply>, value: Operand): void {
    this.operate(Kind.reply, reply, [value]);
  }

  /** Waits for an answer and takes it. */
  awaitReply(reply: Target<Reply>, into: Local): void {
    this.operate(Kind.awaitReply, reply, [], into.number);
  }

  /** One of `outcomes` numbers, which nobody determines. */
  choose(choice: object, outcomes: number, into: Local): void {
    const place = this.operate(Kind.choose, choice, [], into.number);
    this.code[place + Field.second] = outcomes;
  }

  /** Fails the execution, and ends the process, if it is not so. */
  assert(condition: Operand, text: string): void {
    this.begin();
    this.emit(Op.assert, 0, this.registerOf(condition).number, this.texts.length);
    this.texts.push(text);
  }

  /** Makes the statements that `then` adds if the condition is not 0, else those of `otherwise`. */
  if(condition: Operand, then: () => void, otherwise: (() => void) | null = null): void {
    const skip = this.unless(condition);
    then();
    if (otherwise === null) return this.landHere(skip);
    const leave = this.emit(Op.jump);
    this.landHere(skip);
    otherwise();
    this.landHere(leave);
  }

  /** Makes the statements that `body` adds for as long as the condition is not 0. */
  while(condition: Operand, body: () => void): void {
    const again = this.code.length;
    const leave = this.unless(condition);
    body();
    this.emit(Op.jump, again);
    this.landHere(leave);
  }

  /** Goes round for ever. */
  loop(body: () => void): void {
    const again = this.code.length;
    body();
    this.emit(Op.jump, again);
  }

  /** Ends the process. */
  end(): void {
    this.emit(Op.end);
  }

  /** What was asked for so far. @internal */
  assemble(): Program {
    this.end();
    return {
      code: Int32Array.from(this.code),
      locals: this.localCount,
      registers: Int32Array.from(this.initial),
      lists: this.lists,
      texts: this.texts,
    };
  }

  private unless(condition: Operand): number {
    this.begin();
    return this.emit(Op.jumpUnless, 0, this.registerOf(condition).number);
  }

  private landHere(jump: number): void {
    this.code[jump + Field.target] = this.code.length;
  }

  /** A visible operation with at most one operand, or a register for its result. */
  private operate(kind: Kind, target: Target<object>, operands: readonly Operand[] = [], result = 0): number {
    const entry = this.enter();
    const where = this.targetOf(target);
    const [operand] = operands;
    return this.operation(entry, kind, where, operand === undefined ? result : this.registerOf(operand).number);
  }

  private enter(): number {
    this.begin();
    return this.emit(Op.entry);
  }

  private operation(entry: number, kind: Kind, target: { readonly number: number; readonly indirect: boolean }, first: number): number {
    const place = this.emit(kind, target.number, first);
    this.code[place + Field.indirect] = target.indirect ? 1 : 0;
    this.code[entry + Field.target] = place;
    this.code[entry + Field.first] = place === entry + WIDTH ? 0 : 1;
    return place;
  }

  private targetOf(target: Target<object>): { readonly number: number; readonly indirect: boolean } {
    if (!('of' in target)) return { number: (target as SharedObject).id, indirect: false };
    const index = this.registerOf(target.number);
    const address = this.take();
    this.emit(Op.select, address.number, this.lists.length, index.number);
    this.lists.push(Int32Array.from((target.of as readonly SharedObject[]).map(({ id }) => id)));
    return { number: address.number, indirect: true };
  }

  private begin(): void {
    this.scratchUsed = 0;
  }

  private emit(op: number, target = 0, first = 0, second = 0): number {
    return this.code.push(op, target, first, second, 0, 0) - WIDTH;
  }

  private into(register: Register, value: Operand): void {
    if (!(value instanceof Combination)) {
      this.emit(Op.move, register.number, this.registerOf(value).number);
      return;
    }
    const left = this.registerOf(value.left);
    const right = this.registerOf(value.right);
    this.emit(Op[value.op], register.number, left.number, right.number);
  }

  private registerOf(value: Operand): Register {
    if (typeof value === 'number') return this.constant(value | 0);
    if (value instanceof Register) return value;
    const register = this.take();
    this.into(register, value);
    return register;
  }

  private constant(value: number): Register {
    let register = this.constants.get(value);
    if (register === undefined) {
      register = new Register(this.initial.push(value) - 1);
      this.constants.set(value, register);
    }
    return register;
  }

  private take(): Register {
    let register = this.scratch[this.scratchUsed];
    if (register === undefined) {
      register = new Register(this.initial.push(0) - 1);
      this.scratch.push(register);
    }
    this.scratchUsed++;
    return register;
  }
}
