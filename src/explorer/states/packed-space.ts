/**
 * The states of a world of programs, as rows of integers: a step changes a few of them, notes what they were, and keeps the fingerprint up
 * to date, so that nothing is executed twice and nothing is allocated.
 *
 * Invariant: `low` and `high` are the sums of a hash of each integer of the row with its place; programs run here as their bodies
 * do in an execution (programs/program-body.ts, execution.ts).
 */
import type { Builder, Property } from '../builder.js';
import { type Failure, WorldError } from '../failure.js';
import { mix } from '../hasher.js';
import { Kind } from '../operation.js';
import { Field, Op, WIDTH } from '../programs/instruction.js';
import { interpret } from '../programs/interpret.js';
import { Integers } from './integers.js';
import { type PackedLayout, type PackedProcess, Place } from './packed-layout.js';
import { PackedChecks } from './packed-checks.js';
import { PackedSymmetry } from './packed-symmetry.js';
import { PROCESS_BITS, PROCESS_MASK } from '../execution.js';
import type { StateSpace } from './state-space.js';

/** Of a step, in `marks`: what is noted before it. */
const MARK = 3;

export class PackedSpace implements StateSpace {
  low = 0;
  high = 0;
  depth = 0;
  readonly isInexact = false;
  readonly failures: Failure[] = [];
  readonly arrangements = null;
  readonly order = 0;
  readonly properties: readonly Property[];
  /** The state, then scratch registers and constants. */
  private readonly row: Int32Array<ArrayBuffer>;
  private readonly initial: Int32Array<ArrayBuffer>;
  private readonly seeds: Int32Array;
  /** Sums of the row's hashes; the fingerprint itself, if no processes are interchangeable. */
  private lowSum = 0;
  private highSum = 0;
  /** Places that steps changed and what was there, and where each step's begin, with the sums before it. */
  private readonly undo = new Integers();
  private readonly marks = new Integers();
  /** Rows that were kept, with their sums: those of the level that is being left, and of the next one. */
  private leaving = new Integers();
  private entering = new Integers();
  private left = 0;
  private readonly before: Int32Array;
  private readonly checks: PackedChecks;
  private readonly symmetry: PackedSymmetry | null;
  private mover = 0;
  private readonly code: Int32Array;
  private readonly lists: readonly Int32Array[];
  private readonly facts: Int32Array;
  private readonly processes: readonly PackedProcess[];

  constructor(
    private readonly layout: PackedLayout,
    builder: Builder,
    symmetric: boolean,
  ) {
    this.properties = builder.properties.slice();
    this.code = layout.code;
    this.lists = layout.lists;
    this.facts = layout.facts;
    this.processes = layout.processes;
    this.initial = layout.initial();
    this.row = this.initial.slice();
    this.seeds = Int32Array.from({ length: layout.size }, (_, place) => mix(0x7f4a_7c15, place));
    this.before = new Int32Array(Math.max(1, ...layout.processes.map(({ locals }) => locals)));
    this.checks = new PackedChecks(this, layout, this.row, this.properties);
    this.symmetry = symmetric ? new PackedSymmetry(layout, builder.symmetric, this.row, this.seeds) : null;
  }

  begin(): void {
    this.row.set(this.initial);
    this.undo.length = 0;
    this.marks.length = 0;
    this.depth = 0;
    this.leaving.length = 0;
    this.entering.length = 0;
    this.left = 0;
    this.failures.length = 0;
    const { processes } = this;
    for (const process of processes) if (!process.spawned) this.goOn(process, process.code);
    this.checks.note();
    this.sum();
    this.undo.length = 0;
    this.identify();
  }

  private sum(): void {
    this.lowSum = 0;
    this.highSum = 0;
    for (let place = 0; place < this.layout.size; place++) {
      const hash = mix(this.seeds[place] ?? 0, this.row[place] ?? 0);
      this.lowSum += hash;
      this.highSum += spread(hash);
    }
    this.lowSum |= 0;
    this.highSum |= 0;
  }

  choices(into: Integers): number {
    const { processes } = this;
    const { length } = into;
    for (let process = 0; process < processes.length; process++) {
      const outcomes = this.outcomesOf(processes[process] as PackedProcess);
      for (let outcome = 0; outcome < outcomes; outcome++) into.push((outcome << PROCESS_BITS) | process);
    }
    return into.length - length;
  }

  /** In how many ways a process can go on now; 0: it can't. */
  outcomesOf(process: PackedProcess): number {
    const { row } = this;
    const { code, facts } = this;
    const entry = row[process.at] ?? 0;
    if (entry < 0) return 0;
    const operation = this.operationAt(entry);
    const target = this.targetOf(operation);
    const there = row[target] ?? 0;
    switch (code[operation]) {
      case Kind.lock:
        return there === 0 ? 1 : 0;
      case Kind.reacquire:
        return row[process.at + 1] === 1 && row[facts[target] ?? 0] === 0 ? 1 : 0;
      case Kind.join:
        return there === Place.ended ? 1 : 0;
      case Kind.send:
        return there < (facts[target] ?? 0) || this.layout.isUnbounded(target) ? 1 : 0;
      case Kind.receive:
      case Kind.awaitReply:
        return there > 0 ? 1 : 0;
      case Kind.choose:
        return code[operation + Field.second] ?? 0;
      default:
        return 1;
    }
  }

  /** A process's pending operation; its operands are worked out. */
  operationAt(entry: number): number {
    const { code, lists } = this;
    if (code[entry + Field.first] === 1) return interpret(code, entry + WIDTH, this.row, lists);
    return code[entry + Field.target] ?? 0;
  }

  /** Place of what an operation is done to. */
  targetOf(operation: number): number {
    const { code } = this;
    const target = code[operation + Field.target] ?? 0;
    return code[operation + Field.indirect] === 1 ? (this.row[target] ?? 0) : target;
  }

  step(choice: number): void {
    const { marks, undo } = this;
    if (this.failures.length > 0) this.failures.length = 0;
    marks.reserve(MARK);
    marks.push(undo.length);
    marks.push(this.lowSum);
    marks.push(this.highSum);
    this.depth++;
    this.mover = choice & PROCESS_MASK;
    const process = this.processes[this.mover] as PackedProcess;
    const operation = this.operationAt(this.row[process.at] ?? 0);
    this.goOn(process, this.run(process, operation, choice >> PROCESS_BITS));
    this.checks.note();
    this.identify();
  }

  back(): void {
    const { marks, undo, row } = this;
    this.highSum = marks.pop();
    this.lowSum = marks.pop();
    const from = marks.pop();
    while (undo.length > from) {
      const value = undo.pop();
      row[undo.pop()] = value;
    }
    this.depth--;
    this.low = this.lowSum;
    this.high = this.highSum;
  }

  arrive(): boolean {
    const { processes } = this;
    let canGoOn = false;
    for (let process = 0; process < processes.length && !canGoOn; process++) {
      canGoOn = this.outcomesOf(processes[process] as PackedProcess) > 0;
    }
    this.checks.arrive(canGoOn, this.mover);
    return canGoOn;
  }

  isDeadlocked(): boolean {
    return this.checks.isDeadlocked();
  }

  isFulfilled(property: number): boolean {
    return this.checks.isFulfilled(property);
  }

  keep(): void {
    const { entering, row } = this;
    const { size } = this.layout;
    entering.reserve(size + 3);
    for (let place = 0; place < size; place++) entering.push(row[place] ?? 0);
    entering.push(this.lowSum);
    entering.push(this.highSum);
    entering.push(this.depth);
  }

  goTo(): void {
    const { row } = this;
    const { size } = this.layout;
    if (this.left === this.leaving.length) {
      const empty = this.leaving;
      this.leaving = this.entering;
      this.entering = empty;
      empty.length = 0;
      this.left = 0;
    }
    const { leaving, left } = this;
    for (let place = 0; place < size; place++) row[place] = leaving.at(left + place);
    this.lowSum = leaving.at(left + size);
    this.highSum = leaving.at(left + size + 1);
    this.depth = leaving.at(left + size + 2);
    this.left += size + 3;
    this.undo.length = 0;
    this.marks.length = 0;
  }

  fail(property: string, message: string): void {
    for (const failure of this.failures) if (failure.property === property) return;
    this.failures.push({ property, message, step: this.depth });
  }

  /** Changes an integer of the state. */
  set(place: number, value: number): void {
    const { row } = this;
    const old = row[place] ?? 0;
    if (old === value) return;
    this.undo.push(place);
    this.undo.push(old);
    row[place] = value;
    const seed = this.seeds[place] ?? 0;
    const before = mix(seed, old);
    const after = mix(seed, value);
    this.lowSum = (this.lowSum + after - before) | 0;
    this.highSum = (this.highSum + spread(after) - spread(before)) | 0;
  }

  private identify(): void {
    const { symmetry } = this;
    if (symmetry === null) {
      this.low = this.lowSum;
      this.high = this.highSum;
    } else {
      symmetry.identify();
      this.low = symmetry.low;
      this.high = symmetry.high;
    }
  }

  /** Runs a visible operation; where the process goes on. */
  private run(process: PackedProcess, operation: number, outcome: number): number {
    const { row } = this;
    const { code, facts } = this;
    const target = this.targetOf(operation);
    const first = code[operation + Field.first] ?? 0;
    const there = row[target] ?? 0;
    switch (code[operation]) {
      case Kind.read:
        this.set(first, there);
        break;
      case Kind.write:
        this.set(target, row[first] ?? 0);
        break;
      case Kind.update:
        row[first] = there;
        interpret(code, operation + WIDTH, row, this.lists);
        this.set(target, row[code[operation + Field.second] ?? 0] ?? 0);
        return code[operation + Field.after] ?? 0;
      case Kind.lock:
        this.set(target, 1 + this.mover);
        break;
      case Kind.unlock:
        this.release(process, target);
        break;
      case Kind.wait:
        this.release(process, facts[target] ?? 0);
        this.push(target, this.mover);
        break;
      case Kind.reacquire:
        this.set(facts[target] ?? 0, 1 + this.mover);
        this.set(process.at + 1, 0);
        break;
      case Kind.signal:
        if (there > 0) this.wake(target);
        break;
      case Kind.broadcast:
        while ((row[target] ?? 0) > 0) this.wake(target);
        break;
      case Kind.spawn:
        this.spawn(target);
        break;
      case Kind.join:
        break;
      case Kind.send:
        if (there === facts[target])
          throw new WorldError(`${this.layout.names.get(target)} holds more than ${there} messages: give it a bound`);
        this.push(target, row[first] ?? 0);
        break;
      case Kind.receive:
        this.set(first, this.shift(target));
        break;
      case Kind.reply:
        if (there === 1) this.fail('answered once', `${this.layout.names.get(target)} is answered again before its answer was taken`);
        this.set(target, 1);
        this.set(target + 1, row[first] ?? 0);
        break;
      case Kind.awaitReply:
        this.set(first, row[target + 1] ?? 0);
        this.set(target, 0);
        this.set(target + 1, 0);
        break;
      default:
        this.set(first, outcome);
    }
    return operation + WIDTH;
  }

  /** Runs a process's local code up to its next entry. */
  private goOn(process: PackedProcess, from: number): void {
    const { row, before } = this;
    const { code, lists } = this;
    const { at, locals } = process;
    if (code[from] === Op.entry) return this.set(at, from);
    for (let local = 0; local < locals; local++) before[local] = row[at + 2 + local] ?? 0;
    const place = interpret(code, from, row, lists);
    for (let local = 0; local < locals; local++) {
      const now = row[at + 2 + local] ?? 0;
      const then = before[local] ?? 0;
      if (now === then) continue;
      row[at + 2 + local] = then;
      this.set(at + 2 + local, now);
    }
    this.set(at, place < 0 || code[place] === Op.end ? Place.ended : place);
    if (place >= 0) return;
    const text = process.program.texts[code[~place + Field.second] ?? 0] ?? '';
    this.fail(text, `${process.name}: ${text}`);
  }

  private release(process: PackedProcess, lock: number): void {
    if (this.row[lock] !== 1 + this.mover)
      throw new WorldError(`${process.name} unlocks ${this.layout.names.get(lock)}, which it has not locked`);
    this.set(lock, 0);
  }

  private wake(condition: number): void {
    const woken = this.processes[this.shift(condition)];
    if (woken !== undefined) this.set(woken.at + 1, 1);
  }

  private spawn(place: number): void {
    const process = this.processes[this.facts[place] ?? 0];
    if (process === undefined) return;
    if (this.row[place] !== Place.notBegun) throw new WorldError(`${process.name} is spawned a second time`);
    this.goOn(process, process.code);
  }

  private push(queue: number, value: number): void {
    const length = this.row[queue] ?? 0;
    this.set(queue + 1 + length, value);
    this.set(queue, length + 1);
  }

  /** Takes the first of a queue, whose others move up. */
  private shift(queue: number): number {
    const { row } = this;
    const length = row[queue] ?? 0;
    const first = row[queue + 1] ?? 0;
    for (let place = queue + 1; place < queue + length; place++) this.set(place, row[place + 1] ?? 0);
    this.set(queue + length, 0);
    this.set(queue, length - 1);
    return first;
  }
}

/** The high half of a hash whose low half is given. */
function spread(low: number): number {
  const mixed = Math.imul(low ^ (low >>> 16), 0x045d_9f3b);
  return mixed ^ (mixed >>> 15);
}
