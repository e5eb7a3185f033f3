/**
 * Where everything of a world of programs lies in its packed state, and the programs' code with the places put in.
 *
 * A state is a row of integers: shared objects in the order of their numbers, then for each process its place in the code, whether it was
 * woken, and its locals. Behind the state lie scratch registers and constants, which are no part of it. Invariant: each object is at the same
 * place in all states, and a queue's first element is always at its first place, so that equal states are equal rows.
 */
import type { Builder } from '../builder.js';
import { WorldError } from '../failure.js';
import { Kind } from '../operation.js';
import { Field, Op, type Program, WIDTH } from '../programs/instruction.js';
import type { SharedObject } from '../shared-object.js';

/** What an unbounded mailbox holds at most in a packed state. */
export const MAX_MESSAGES = 32;

/** Where a process stands that has no entry. */
export const Place = { notBegun: -1, ended: -2 } as const;

/** A process in the row. Its place in the code is at `at`, whether it was woken at `at + 1`, and then its locals. */
export interface PackedProcess {
  readonly at: number;
  readonly locals: number;
  /** Where its code begins. */
  readonly code: number;
  readonly program: Program;
  readonly spawned: boolean;
  readonly name: string;
}

export class PackedLayout {
  /** Place of the bits that say which properties have held. */
  readonly monitor = 0;
  /** Integers of a state. */
  size = 1;
  /** And of all registers. */
  total = 0;
  readonly processes: PackedProcess[] = [];
  readonly code: Int32Array;
  readonly lists: Int32Array[] = [];
  readonly objects: readonly SharedObject[];
  /** By number of object: its place. */
  readonly places: Int32Array;
  /** By place of a mailbox: how many messages it holds; of a condition: place of its lock; of a process: its number. */
  readonly facts: Int32Array;
  /** By place: the object; for errors. */
  readonly names = new Map<number, string>();
  private readonly unbounded = new Set<number>();

  constructor(builder: Builder) {
    this.objects = builder.objects.slice(0, builder.objectCount);
    this.places = new Int32Array(builder.objectCount);
    const plans = builder.processes;
    for (const object of this.objects) if (object.type !== 'process') this.put(object, widthOf(object, plans.length));
    let codeLength = 0;
    for (const { handle, run, spawned } of plans) {
      if (run === null) throw new WorldError(`${handle.name} is no program: its world's states can't be packed`);
      const { program } = run;
      this.processes.push({ at: this.size, locals: program.locals, code: codeLength, program, spawned, name: handle.name });
      this.put(handle, 2 + program.locals);
      codeLength += program.code.length;
    }
    this.total = this.size;
    this.code = new Int32Array(codeLength);
    for (const process of this.processes) this.place(process);
    this.facts = new Int32Array(this.size);
    for (const object of this.objects) if (object.type === 'mailbox' && object.bound === 0) this.unbounded.add(this.placeOf(object));
    for (const object of this.objects) this.facts[this.placeOf(object)] = this.factOf(object);
  }

  placeOf(object: SharedObject): number {
    return this.places[object.id] ?? 0;
  }

  /** All registers as they are at the beginning, before any process has run. */
  initial(): Int32Array<ArrayBuffer> {
    const row = new Int32Array(this.total);
    for (const object of this.objects) if (object.type === 'variable') row[this.placeOf(object)] = object.value;
    let rest = this.size;
    for (const { at, locals, program } of this.processes) {
      row[at] = Place.notBegun;
      row.set(program.registers.subarray(0, locals), at + 2);
      row.set(program.registers.subarray(locals), rest);
      rest += program.registers.length - locals;
    }
    return row;
  }

  /** Whether the mailbox at a place has no bound of its own. */
  isUnbounded(place: number): boolean {
    return this.unbounded.has(place);
  }

  private put(object: SharedObject, width: number): void {
    this.places[object.id] = this.size;
    this.names.set(this.size, object.name);
    this.size += width;
  }

  private factOf(object: SharedObject): number {
    if (object.type === 'mailbox') return object.bound === 0 ? MAX_MESSAGES : object.bound;
    if (object.type === 'process') return object.owner;
    return object.companion === null ? 0 : this.placeOf(object.companion);
  }

  /** Copies a process's code, with places of registers, objects and instructions put in. */
  private place({ at, locals, code: base, program }: PackedProcess): void {
    const { code } = this;
    code.set(program.code, base);
    const rest = this.total;
    const register = (number: number): number => (number < locals ? at + 2 + number : rest + number - locals);
    const list = this.lists.length;
    for (const each of program.lists) this.lists.push(each.map((object) => this.places[object] ?? 0));
    this.total += program.registers.length - locals;
    for (let place = base; place < base + program.code.length; place += WIDTH) {
      const op = code[place] ?? 0;
      const put = (field: number, change: (value: number) => number): void => {
        code[place + field] = change(code[place + field] ?? 0);
      };
      if (op < Op.entry) {
        const indirect = code[place + Field.indirect] === 1;
        put(Field.target, (target) => (indirect ? register(target) : (this.places[target] ?? 0)));
        put(Field.first, register);
        if (op === Kind.update) put(Field.second, register);
        put(Field.after, (after) => after + base);
      } else if (op === Op.entry || op === Op.jump || op === Op.jumpUnless) {
        put(Field.target, (target) => target + base);
        if (op === Op.jumpUnless) put(Field.first, register);
      } else if (op === Op.assert) {
        put(Field.first, register);
      } else if (op >= Op.move) {
        put(Field.target, register);
        put(Field.first, op === Op.select ? (number) => number + list : register);
        put(Field.second, register);
      }
    }
  }
}

/** How many integers an object's state is. */
function widthOf({ type, bound }: SharedObject, processes: number): number {
  switch (type) {
    case 'variable':
    case 'lock':
      return 1;
    case 'reply':
      return 2;
    case 'mailbox':
      return 1 + (bound === 0 ? MAX_MESSAGES : bound);
    case 'condition':
      return 1 + processes;
    default:
      return 1;
  }
}
