/**
 * What the device's memory side does, without a thread, a mailbox or a byte of native memory: a reference to compare the real one with.
 *
 * It knows the guest's memory map, tasks, the IOSurface mapper's surfaces and who holds how many references on what. Everything is
 * looked for, page by page, in plain lists: nothing here resembles the code it is compared with. What it leaves out: the device's own
 * registers, which nothing may be mapped from and which are never read here; and packets that PVG refuses for their form.
 */
import * as L from '../../src/guest/layout.js';
import type { Revision } from '../../src/revisions/revision.js';

/** What a guest maps at a time, and memory's granule. */
export const PAGE = 0x4000;
/** What a host maps at least; a task's contents are looked at in steps of it. */
export const STEP = 0x1000;
/** Length of a task. Its first page is the stage, where commands to draw are put. */
export const TASK_LENGTH = 4 * PAGE;
export const RAM = { gpa: 0x4000_0000, bytes: 0x100_0000 };
export const STAGE = { gpa: 0x2_0000_0000, bytes: 5 * PAGE };
/** Where sequences play: the last six pages of RAM, and six behind it that only pieces of memory fill. */
export const ARENA = { gpa: RAM.gpa + RAM.bytes - 6 * PAGE, bytes: 12 * PAGE };
/** A task that nobody creates. */
export const STRANGER = 9;
/** Of a read, what may be registers: each word of them is an access. */
const MAX_REGISTER_BYTES = 64;

/** `deviceRam` is another device's memory, which may be read but not mapped; `device` is another device's registers. */
export type MemoryKind = 'ram' | 'rom' | 'deviceRam' | 'device';
export interface Piece {
  readonly gpa: number;
  readonly length: number;
}
export type SurfaceRequest =
  | { readonly map: number; readonly gpa: number; readonly length: number; readonly readOnly: boolean }
  | { readonly unmap: number };
export type Command =
  | { readonly do: 'create' | 'destroy'; readonly task: number }
  | { readonly do: 'map'; readonly task: number; readonly at: number; readonly readOnly: boolean; readonly pieces: readonly Piece[] }
  | { readonly do: 'unmap'; readonly task: number; readonly at: number; readonly length: number }
  /** readMemory by way of a cursor: `height` rows of `width` words, `stride` bytes apart. */
  | { readonly do: 'read'; readonly gpa: number; readonly width: number; readonly height: number; readonly stride: number }
  | { readonly do: 'surfaces'; readonly requests: readonly SurfaceRequest[] }
  /** The mapper is told anew where its ring or its table is, and lets go of the old one. */
  | { readonly do: 'moveRing' | 'moveTable' | 'reset' | 'look' }
  | { readonly do: 'plug'; readonly kind: MemoryKind; readonly gpa: number; readonly bytes: number; readonly priority: number }
  /** `bank` counts back from the piece that was plugged last, which is 1. */
  | { readonly do: 'unplug'; readonly bank: number }
  /** The first word of a step becomes another, of bank 0 in the arena's part of RAM. */
  | { readonly do: 'poke'; readonly bank: number; readonly step: number; readonly value: number };

/** A surface's line in the mapper's table; `times` counts from the start of the sequence. */
export interface TableLine {
  readonly length: number;
  readonly word: number;
  readonly times: number;
}
/** What can be seen of a command: a fault, bytes read, results and table lines of surfaces, each task's first word of every step. */
export interface Outcome {
  readonly fault?: number;
  readonly words?: readonly number[];
  readonly surfaces?: readonly { readonly ok: boolean; readonly line: TableLine }[];
  readonly tasks?: readonly (readonly number[])[];
}

/** The word at a multiple of 4 in a bank that nobody has poked: none is like its neighbours, nor like those of other banks. */
export function pattern(bank: number, offset: number): number {
  return (Math.imul(bank + 1, 0x0100_0193) ^ Math.imul(offset + 4, 0x9e37_79b1)) >>> 0;
}

/** A piece of memory, or another device's registers, on the map or taken off. */
class Bank {
  readonly poked = new Map<number, number>();
  onMap = true;

  constructor(
    readonly number: number,
    readonly kind: MemoryKind,
    readonly gpa: number,
    readonly bytes: number,
    readonly priority: number,
  ) {}

  byte(offset: number): number {
    const word = offset - (offset % 4);
    return ((this.poked.get(word) ?? pattern(this.number, word)) >>> (8 * (offset % 4))) & 0xff;
  }

  word(offset: number, bytes = 4): number {
    let word = 0;
    for (let at = 0; at < bytes; at++) word += this.byte(offset + at) * 2 ** (8 * at);
    return word;
  }
}

interface Place {
  readonly bank: Bank;
  readonly offset: number;
}
interface Task {
  /** What each step shows; null: a page of zeros. */
  readonly steps: (Place | null)[];
  readonly banks: Set<Bank>;
}

export class MemoryModel {
  private readonly ram = new Bank(0, 'ram', RAM.gpa, RAM.bytes, 0);
  private readonly stage = new Bank(-1, 'ram', STAGE.gpa, STAGE.bytes, 0);
  /** By number from 1 on, in the order in which they were plugged, those included that were taken off. */
  private readonly pieces: Bank[] = [];
  private readonly tasks = new Map<number, Task>();
  private readonly surfaces = new Map<number, Bank>();
  private readonly table = new Map<number, TableLine>();
  private ringMapped = false;
  private tableMapped = false;

  /** `hostPage`: what the host can map at least. */
  constructor(
    private readonly policies: Pick<Revision, 'iosfcReferences'>,
    private readonly hostPage: number,
  ) {}

  /**
   * Whether a command is worth its time now: an embedder doesn't take away what isn't there, one task that isn't there is like another,
   * and a read of many registers takes long.
   */
  allows(command: Command): boolean {
    switch (command.do) {
      case 'destroy':
      case 'map':
      case 'unmap':
        return command.task === STRANGER || this.tasks.has(command.task);
      case 'unplug':
        return this.bank(command.bank)?.onMap ?? false;
      case 'poke': {
        const bank = this.bank(command.bank);
        return bank !== undefined && bank.kind !== 'device' && this.holds(bank) && STEP * command.step < bank.bytes;
      }
      case 'read': {
        const { gpa, height, stride } = command;
        return this.reach(gpa, height * stride).registerBytes <= MAX_REGISTER_BYTES;
      }
      default:
        return true;
    }
  }

  run(command: Command): Outcome {
    switch (command.do) {
      case 'create':
        if (this.tasks.has(command.task)) return { fault: L.FAULT_TASK };
        this.tasks.set(command.task, { steps: Array(TASK_LENGTH / STEP).fill(null), banks: new Set([this.stage]) });
        return { fault: 0 };
      case 'destroy':
        return { fault: this.tasks.delete(command.task) ? 0 : L.FAULT_TASK };
      case 'map':
        return { fault: this.map(command) };
      case 'unmap':
        return { fault: this.unmap(command) };
      case 'read':
        return this.read(command);
      case 'surfaces':
        this.ringMapped ||= command.requests.length > 0;
        this.tableMapped ||= command.requests.length > 0;
        return { surfaces: this.results(command.requests) };
      case 'moveRing':
        this.ringMapped = false;
        return {};
      case 'moveTable':
        this.tableMapped = false;
        return {};
      case 'reset':
        this.tasks.clear();
        return {};
      case 'plug':
        this.pieces.push(new Bank(this.pieces.length + 1, command.kind, command.gpa, command.bytes, command.priority));
        return {};
      case 'unplug': {
        const bank = this.bank(command.bank);
        if (bank) bank.onMap = false;
        return {};
      }
      case 'poke':
        this.bank(command.bank)?.poked.set(this.pokeOffset(command), command.value);
        return {};
      case 'look':
        return { tasks: this.taskNumbers.map((task) => this.contents(task)) };
    }
  }

  get taskNumbers(): readonly number[] {
    return [...this.tasks.keys()].sort();
  }

  /** The regions on the map as the device lists them: what they are, and their references. */
  get regions(): readonly { readonly kind: string; readonly references: number }[] {
    const windows = ['gfx', 'iosfc'].map((kind) => ({ kind, references: 0 }));
    const listed = (bank: Bank): { kind: string; references: number } => ({ kind: bank.kind, references: this.references(bank) });
    return [listed(this.ram), ...windows, listed(this.stage), ...this.pieces.filter(({ onMap }) => onMap).map(listed)];
  }

  /** What the embedder sees in the first word of each piece that was ever plugged: zero once it is off the map and nothing holds it. */
  get firstWords(): readonly (number | null)[] {
    return this.pieces.map((bank) => (bank.kind === 'device' ? null : this.holds(bank) ? bank.word(0) : 0));
  }

  private bank(number: number): Bank | undefined {
    return number === 0 ? this.ram : this.pieces.at(-number);
  }

  private holds(bank: Bank): boolean {
    return bank.onMap || this.references(bank) > 0;
  }

  /** PVG's own task and the one that draws hold one each on RAM, and the mapper one for its ring and one for its table. */
  private references(bank: Bank): number {
    const tasks = [...this.tasks.values()].filter(({ banks }) => banks.has(bank)).length;
    const own = bank === this.ram;
    const mappings =
      [...this.surfaces.values()].filter((each) => each === bank).length + Number(own && this.ringMapped) + Number(own && this.tableMapped);
    return tasks + (own ? 2 : 0) + (this.policies.iosfcReferences === 'perRegion' ? Math.min(1, mappings) : mappings);
  }

  /** What is seen at an address: the highest priority, of equal ones what came last. */
  private seen(gpa: number): Place | null {
    let seen: Bank | null = null;
    for (const bank of [this.ram, this.stage, ...this.pieces]) {
      const there = bank.onMap && gpa >= bank.gpa && gpa < bank.gpa + bank.bytes;
      if (there && (seen === null || bank.priority >= seen.priority)) seen = bank;
    }
    return seen && { bank: seen, offset: gpa - seen.gpa };
  }

  /** What lies in a range, page by page. */
  private reach(gpa: number, length: number): { readonly banks: readonly (Bank | null)[]; readonly registerBytes: number } {
    const banks: (Bank | null)[] = [];
    let registerBytes = 0;
    for (let at = gpa; at < gpa + length; at += PAGE - (at % PAGE)) {
      const bank = this.seen(at)?.bank ?? null;
      banks.push(bank);
      if (bank?.kind === 'device') registerBytes += Math.min(PAGE - (at % PAGE), gpa + length - at);
    }
    return { banks, registerBytes };
  }

  /** Memory that can be mapped: all of it in one bank, seen without a break, and writable if that is wanted. */
  private mappable(gpa: number, length: number, readOnly: boolean): Place | null {
    const found = this.seen(gpa);
    if (!found || length === 0 || !(found.bank.kind === 'ram' || (found.bank.kind === 'rom' && readOnly))) return null;
    return this.reach(gpa, length).banks.every((bank) => bank === found.bank) ? found : null;
  }

  /** What PVG checks before it asks the host. */
  private refusal(task: number, at: number, length: number): number {
    if (!this.tasks.has(task)) return L.FAULT_TASK;
    return at + length > TASK_LENGTH ? L.FAULT_MEMORY : 0;
  }

  private aligned(...numbers: number[]): boolean {
    return numbers.every((number) => number % this.hostPage === 0);
  }

  /** A piece that fails leaves its place as it was, and those after it are mapped all the same. */
  private map({ task: number, at, readOnly, pieces }: Extract<Command, { do: 'map' }>): number {
    const refusal = this.refusal(
      number,
      at,
      pieces.reduce((sum, { length }) => sum + length, 0),
    );
    const task = this.tasks.get(number);
    if (refusal !== 0 || !task) return refusal;
    let target = at;
    let fault = 0;
    for (const { gpa, length } of pieces) {
      const found = this.mappable(gpa, length, readOnly);
      if (found && this.aligned(target, length, found.offset)) {
        task.banks.add(found.bank);
        for (let done = 0; done < length; done += STEP) task.steps[(target + done) / STEP] = { ...found, offset: found.offset + done };
      } else fault = L.FAULT_MEMORY;
      target += length;
    }
    return fault;
  }

  private unmap({ task: number, at, length }: Extract<Command, { do: 'unmap' }>): number {
    const refusal = this.refusal(number, at, length);
    if (refusal !== 0) return refusal;
    if (length === 0 || !this.aligned(at, length)) return L.FAULT_MEMORY;
    this.tasks.get(number)?.steps.fill(null, at / STEP, (at + length) / STEP);
    return 0;
  }

  private read({ gpa, width, height, stride }: Extract<Command, { do: 'read' }>): Outcome {
    if (this.reach(gpa, height * stride).banks.includes(null)) return { fault: L.FAULT_MEMORY };
    const words: number[] = [];
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) words.push(this.wordAt(gpa + row * stride + 4 * column));
    }
    return { fault: 0, words };
  }

  /** A word may lie across two banks. */
  private wordAt(gpa: number): number {
    let word = 0;
    for (let at = 0; at < 4; at++) {
      const found = this.seen(gpa + at);
      if (found) word += found.bank.byte(found.offset) * 2 ** (8 * at);
    }
    return word;
  }

  private results(requests: readonly SurfaceRequest[]): NonNullable<Outcome['surfaces']> {
    const done = requests.map((request) => ({ surface: 'map' in request ? request.map : request.unmap, ok: this.carryOut(request) }));
    return done.map(({ surface, ok }) => ({ ok, line: this.line(surface) }));
  }

  private line(surface: number): TableLine {
    return this.table.get(surface) ?? { length: 0, word: 0, times: 0 };
  }

  private carryOut(request: SurfaceRequest): boolean {
    if ('unmap' in request) {
      if (!this.surfaces.delete(request.unmap)) return false;
      this.table.set(request.unmap, { ...this.line(request.unmap), length: 0, word: 0 });
      return true;
    }
    const { map: surface, gpa, length, readOnly } = request;
    const found = this.surfaces.has(surface) ? null : this.mappable(gpa, length, readOnly);
    if (!found) return false;
    this.surfaces.set(surface, found.bank);
    const word = found.bank.word(found.offset, Math.min(4, length));
    this.table.set(surface, { length, word, times: this.line(surface).times + 1 });
    return true;
  }

  private pokeOffset({ bank, step }: Extract<Command, { do: 'poke' }>): number {
    return STEP * step + (bank === 0 ? ARENA.gpa - RAM.gpa : 0);
  }

  private contents(task: number): readonly number[] {
    const steps = this.tasks.get(task)?.steps.slice(PAGE / STEP) ?? [];
    return steps.map((place) => (place ? place.bank.word(place.offset) : 0));
  }
}
