/**
 * Tasks and their mappings, as the events of a log tell of them: what a device that worked as the machines say could not have traced.
 *
 * A task is known by the address that a line calls it by. In our own logs that is where its range begins; in QEMU's it is another number, and
 * which range it has shows at its first mapping, since a mapping's target is the range's begin and the offset.
 *
 * Invariant: each complaint is made once, and what is wrong once is taken as it is from then on. A mapping's pieces follow its line on the same
 * thread; where a log has no threads, they are found by their numbers.
 */
import type { CheckedRun, Complain } from './check-parts.js';

interface Range {
  readonly base: number;
  /** Null until a line has named the task. */
  task: number | null;
}

interface Task {
  /** Null until it shows. */
  range: Range | null;
  /** It was complained about already. */
  readonly isStray: boolean;
  /** Pieces that were mapped. */
  remaps: number;
}

interface Mapping {
  readonly task: number;
  readonly count: number;
  readonly offset: number;
  readonly run: CheckedRun;
  /** Pieces that came so far. */
  pieces: number;
  /** Bytes of the pieces before the last one. */
  before: number;
  /** Bytes of the last piece, if it may still be remapped. */
  open: number | null;
}

type Values = Readonly<Record<string, number>>;
const hex = (value = 0): string => `0x${value.toString(16)}`;
const CREATED = ['apple_gfx_create_task'] as const;
const MAPPED = ['apple_gfx_map_memory'] as const;

export class LogTasks {
  private readonly ranges = new Set<Range>();
  private readonly tasks = new Map<number, Task>();
  private readonly mappings = new Map<number, Mapping[]>();
  /** Whether tasks are called by where their ranges begin; null until one was named. */
  private calledByBase: boolean | null = null;

  /** `begin`: a run of the machine of mapping jobs. */
  constructor(
    private readonly complain: Complain,
    private readonly begin: () => CheckedRun,
  ) {}

  create({ base = 0 }: Values): void {
    this.ranges.add({ base, task: null });
  }

  destroy({ task = 0, regions = 0 }: Values): void {
    const known = this.find(task, 'destroys');
    if (!known.isStray && regions > known.remaps)
      this.complain(`task ${hex(task)} ends with ${regions} regions, and ${known.remaps} pieces were mapped for it`, CREATED);
    this.tasks.delete(task);
    const range = known.range ?? (known.isStray ? null : this.unnamed());
    if (range !== null) this.ranges.delete(range);
  }

  map(thread: number, values: Values): void {
    const { task = 0, count = 0, offset = 0 } = values;
    if (task === 0) return this.complain('maps memory for no task', []);
    this.find(task, 'maps memory for');
    for (const mapping of [...this.of(thread)]) if (mapping.pieces === mapping.count) this.end(thread, mapping);
    const run = this.begin();
    run.send('bh.ran', this.complain);
    const mapping = { task, count, offset, run, pieces: 0, before: 0, open: null };
    this.of(thread).push(mapping);
    if (count === 0) this.end(thread, mapping);
  }

  piece(thread: number, { index = 0, length = 0 }: Values): void {
    const list = this.of(thread);
    const mapping = list.find((each) => each.pieces === index) ?? list[0];
    if (mapping === undefined) return this.complain(`piece [${index}] belongs to no mapping, or to one that has all its pieces`, MAPPED);
    this.settle(mapping);
    if (mapping.pieces !== index) this.complain(`piece [${index}] follows where [${mapping.pieces}] is the next`, []);
    mapping.pieces++;
    mapping.open = length;
  }

  remap(thread: number, { status = 0, target = 0 }: Values): void {
    const list = this.of(thread);
    const mapping = list.find((each) => each.open !== null);
    if (mapping === undefined) return this.complain('a remap follows no piece of a mapping', ['apple_gfx_map_memory_range']);
    this.place(mapping, target);
    const task = this.tasks.get(mapping.task);
    if (status === 0 && task !== undefined) task.remaps++;
    mapping.before += mapping.open ?? 0;
    mapping.open = null;
    mapping.run.send(status === 0 ? 'range.mapped' : 'range.failed', this.complain);
    if (mapping.pieces === mapping.count) this.end(thread, mapping);
  }

  unmap({ task = 0 }: Values): void {
    if (task === 0) return this.complain('unmaps memory of no task', []);
    this.find(task, 'unmaps memory of');
    const run = this.begin();
    for (const event of ['bh.ran', 'range.mapped', 'ranges.ended']) run.send(event, this.complain);
  }

  /** Something else happens on a thread: what it mapped is over. */
  other(thread: number): void {
    for (const mapping of [...(this.mappings.get(thread) ?? [])]) {
      if (mapping.pieces < mapping.count)
        this.complain(`the mapping before has ${mapping.pieces} pieces, and said ${mapping.count}`, ['apple_gfx_map_memory_range']);
      this.end(thread, mapping);
    }
  }

  private of(thread: number): Mapping[] {
    const known = this.mappings.get(thread);
    if (known !== undefined) return known;
    const list: Mapping[] = [];
    this.mappings.set(thread, list);
    return list;
  }

  /** A piece that no remap followed was not found in memory. */
  private settle(mapping: Mapping): void {
    if (mapping.open === null) return;
    mapping.before += mapping.open;
    mapping.open = null;
    mapping.run.send('range.failed', this.complain);
  }

  private end(thread: number, mapping: Mapping): void {
    this.settle(mapping);
    mapping.run.send('ranges.ended', this.complain);
    const list = this.of(thread);
    list.splice(list.indexOf(mapping), 1);
  }

  private find(task: number, does: string): Task {
    const known = this.tasks.get(task);
    if (known !== undefined) return known;
    const range = this.rangeAt(task);
    this.calledByBase ??= range !== null;
    const mayBe = range !== null || (!this.calledByBase && this.hasUnnamed());
    if (!mayBe) this.complain(`${does} task ${hex(task)}, which was not created or is no longer there`, CREATED);
    if (range !== null) range.task = task;
    const found = { range, isStray: !mayBe, remaps: 0 };
    this.tasks.set(task, found);
    return found;
  }

  /** A mapping's target says where its task's range begins. */
  private place({ task, offset, before }: Mapping, target: number): void {
    const known = this.tasks.get(task);
    const base = target - offset - before;
    if (known === undefined || known.isStray) return;
    if (known.range === null) {
      known.range = this.rangeAt(base);
      if (known.range !== null) known.range.task = task;
    }
    if (known.range?.base !== base) this.complain(`maps to ${hex(target)}, which is not where task ${hex(task)} has that offset`, CREATED);
  }

  /** The range that begins there and has no task yet. */
  private rangeAt(base: number): Range | null {
    for (const range of this.ranges) if (range.base === base && range.task === null) return range;
    return null;
  }

  private unnamed(): Range | null {
    for (const range of this.ranges) if (range.task === null) return range;
    return null;
  }

  /** Whether there are more ranges without a task than tasks without a range. */
  private hasUnnamed(): boolean {
    let count = 0;
    for (const range of this.ranges) if (range.task === null) count++;
    for (const task of this.tasks.values()) if (task.range === null) count--;
    return count > 0;
  }
}
