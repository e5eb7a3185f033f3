/**
 * A fingerprint of packed states that does not say which of some interchangeable processes is which.
 *
 * Where a process's number stands in the state (a lock's owner, a condition's queue) only its group is hashed, and the place where it stands is
 * hashed with the process: each process of a group becomes one number that says all there is of it, and the sum of them does not
 * depend on their order. Invariant: two states have the same fingerprint exactly, but for chance, if exchanging processes within groups makes
 * one of the other; so they do alike if the processes' programs are the same, which is checked here.
 */
import { mix } from '../hasher.js';
import { WorldError } from '../failure.js';
import { Kind } from '../operation.js';
import { Field, isSameProgram, Op, WIDTH } from '../programs/instruction.js';
import type { PackedLayout, PackedProcess } from './packed-layout.js';

const HIGH = 0x1234_567;

export class PackedSymmetry {
  low = 0;
  high = 0;
  /** By process: its group, or -1. */
  private readonly groups: Int32Array;
  /** What names each process: sums over the places where it stands. */
  private readonly lowNames: Int32Array;
  private readonly highNames: Int32Array;
  /** Places that no process's number can stand in. */
  private readonly plain: readonly number[];
  private readonly locks: readonly number[];
  private readonly conditions: readonly number[];
  private readonly members: readonly number[];

  constructor(
    private readonly layout: PackedLayout,
    symmetric: readonly (readonly number[])[],
    private readonly row: Int32Array,
    private readonly seeds: Int32Array,
  ) {
    const { processes, objects } = layout;
    this.groups = new Int32Array(processes.length).fill(-1);
    this.lowNames = new Int32Array(processes.length);
    this.highNames = new Int32Array(processes.length);
    for (const [group, members] of symmetric.entries()) {
      for (const member of members) this.groups[member] = group;
      assertSame(layout, members);
    }
    this.members = [...processes.keys()].filter((process) => (this.groups[process] ?? -1) >= 0);
    const placesOf = (type: string): number[] => objects.filter((object) => object.type === type).map((object) => layout.placeOf(object));
    this.locks = placesOf('lock');
    this.conditions = placesOf('condition');
    const special = new Set(this.locks);
    for (const place of this.conditions) for (let each = 0; each <= processes.length; each++) special.add(place + each);
    for (const member of this.members) {
      const { at, locals } = processes[member] as PackedProcess;
      for (let each = 0; each < 2 + locals; each++) special.add(at + each);
    }
    this.plain = Array.from({ length: layout.size }, (_, place) => place).filter((place) => !special.has(place));
  }

  /** Takes the fingerprint of the row. */
  identify(): void {
    const { row, conditions, lowNames, highNames } = this;
    lowNames.fill(0);
    highNames.fill(0);
    this.low = 0;
    this.high = 0;
    for (const place of this.plain) this.add(place, row[place] ?? 0);
    for (const place of this.locks) this.addName(place, (row[place] ?? 0) - 1);
    for (const place of conditions) {
      const length = row[place] ?? 0;
      this.add(place, length);
      for (let each = 1; each <= length; each++) this.addName(place + each, row[place + each] ?? 0);
    }
    for (const member of this.members) this.addMember(member);
    this.low |= 0;
    this.high |= 0;
  }

  private add(place: number, value: number): void {
    const hash = mix(this.seeds[place] ?? 0, value);
    this.low = (this.low + hash) | 0;
    this.high = (this.high + mix(hash, HIGH)) | 0;
  }

  /** A process's number at a place; below 0: nobody's. */
  private addName(place: number, process: number): void {
    const group = process < 0 ? -1 : (this.groups[process] ?? -1);
    // Groups are told from processes and from nobody by being below all of them.
    this.add(place, group < 0 ? process : -2 - group);
    if (group < 0) return;
    const name = mix(this.seeds[place] ?? 0, HIGH);
    this.lowNames[process] = (this.lowNames[process] ?? 0) + name;
    this.highNames[process] = (this.highNames[process] ?? 0) + mix(name, HIGH);
  }

  private addMember(member: number): void {
    const { row } = this;
    const { at, locals, code } = this.layout.processes[member] as PackedProcess;
    const entry = row[at] ?? 0;
    let low = mix(this.groups[member] ?? 0, entry < 0 ? entry : entry - code);
    let high = mix(low, HIGH);
    for (let place = at + 1; place < at + 2 + locals; place++) {
      const value = row[place] ?? 0;
      low = mix(low, value);
      high = mix(high + HIGH, value ^ low);
    }
    low = mix(low, this.lowNames[member] ?? 0);
    high = mix(high + HIGH, (this.highNames[member] ?? 0) ^ low);
    this.low = (this.low + low) | 0;
    this.high = (this.high + high) | 0;
  }
}

/** Throws unless the processes are interchangeable as far as their programs say. */
function assertSame({ processes, places, objects }: PackedLayout, members: readonly number[]): void {
  const [first, ...others] = members.map((member) => processes[member] as PackedProcess);
  for (const other of others) {
    if (first === undefined || (isSameProgram(first.program, other.program) && first.spawned === other.spawned)) continue;
    throw new WorldError(`${first.name} and ${other.name} are not interchangeable: their programs differ`);
  }
  const named = new Set(members.map((member) => processes[member]?.at));
  for (const { program, name } of processes) {
    for (let place = 0; place < program.code.length; place += WIDTH) {
      const kind = program.code[place] ?? Op.end;
      if (kind !== Kind.spawn && kind !== Kind.join) continue;
      const target = program.code[place + Field.target] ?? 0;
      if (named.has(places[target])) throw new WorldError(`${objects[target]?.name} is not interchangeable: ${name} spawns or joins it`);
    }
  }
}
