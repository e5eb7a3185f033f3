/**
 * What must hold in packed states: properties, which look at objects and so are shown a state's values in them, and deadlocks.
 *
 * Invariant: it says of a state what an execution says that comes to it (properties.ts).
 */
import type { Builder, Property } from '../builder.js';
import { measureFigures } from '../measures.js';
import { Kind } from '../operation.js';
import type { SharedObject } from '../shared-object.js';
import type { PackedLayout, PackedProcess } from './packed-layout.js';
import { SpanMarks } from './span-marks.js';

/** What checks ask of the space. */
export interface PackedMoment {
  /** Where the largest of each figure are kept. */
  readonly costs: Map<string, number>;
  outcomesOf(process: PackedProcess): number;
  operationAt(entry: number): number;
  targetOf(operation: number): number;
  set(place: number, value: number): void;
  fail(property: string, message: string): void;
}

export class PackedChecks {
  /** Properties that must hold once; which have is part of the state. */
  private readonly once: readonly number[];
  private readonly shown: readonly SharedObject[];
  private readonly properties: readonly Property[];
  /** What the last step was to the world's spans; null if it has none. */
  readonly spans: SpanMarks | null;

  constructor(
    private readonly space: PackedMoment,
    private readonly layout: PackedLayout,
    private readonly row: Int32Array,
    private readonly builder: Builder,
  ) {
    const { properties, spans, peaks, costs } = builder;
    this.properties = properties;
    this.spans = spans.length > 0 ? new SpanMarks(spans) : null;
    this.once = [...properties.keys()].filter((property) => properties[property]?.kind === 'eventually');
    const types = new Set(['variable', 'lock', 'mailbox', 'reply']);
    const isSeen = properties.length + spans.length + peaks.length + costs.length > 0;
    this.shown = isSeen ? layout.objects.filter(({ type }) => types.has(type)) : [];
  }

  /** Before a step. */
  before(): void {
    if (this.spans === null) return;
    this.show();
    this.spans.before();
  }

  /** After it, and before the fingerprint of the state is taken. */
  after(): void {
    this.note();
    if (this.spans === null) return;
    this.show();
    this.spans.after();
  }

  /** Notes what has held now, before the fingerprint of a state is taken. */
  note(): void {
    if (this.once.length === 0) return;
    const { monitor } = this.layout;
    const held = this.row[monitor] ?? 0;
    let now = held;
    this.show();
    for (let bit = 0; bit < this.once.length; bit++) {
      if ((held & (1 << bit)) === 0 && this.properties[this.once[bit] ?? 0]?.holds() === true) now |= 1 << bit;
    }
    if (now !== held) this.space.set(monitor, now);
  }

  /** Checks a state that was not seen before, to which a process has moved. */
  arrive(canGoOn: boolean, mover: number): void {
    this.show();
    measureFigures(this.builder.peaks, this.space.costs);
    if (!canGoOn) measureFigures(this.builder.costs, this.space.costs);
    for (const { name, kind, holds } of this.properties) {
      if (kind !== 'always') continue;
      const held = holds();
      if (held !== true) this.space.fail(name, held === false ? `${name} does not hold` : held);
    }
    this.findLockCycle(mover);
    if (canGoOn) return;
    for (const [property, { name, kind, holds }] of this.properties.entries()) {
      if (kind === 'eventually' && !this.isFulfilled(property)) this.space.fail(name, `${name}: the execution ended without`);
      if (kind !== 'alwaysEventually') continue;
      const held = holds();
      if (held !== true) this.space.fail(name, held === false ? `${name} does not hold at the end` : held);
    }
    const blocked = this.blocked();
    if (blocked !== undefined) this.space.fail('deadlock', `nobody can go on, and ${blocked.name} waits`);
  }

  isDeadlocked(): boolean {
    return this.blocked() !== undefined;
  }

  /** Of a state that was arrived at. */
  isFulfilled(property: number): boolean {
    const bit = this.once.indexOf(property);
    if (bit >= 0) return ((this.row[this.layout.monitor] ?? 0) & (1 << bit)) !== 0;
    return this.properties[property]?.holds() === true;
  }

  /** Puts the state's values into the objects, as properties see them. */
  private show(): void {
    const { row, layout } = this;
    for (const object of this.shown) {
      const place = layout.placeOf(object);
      const value = row[place] ?? 0;
      if (object.type === 'variable') {
        object.value = value;
      } else if (object.type === 'lock') {
        object.owner = value - 1;
      } else if (object.type === 'mailbox') {
        object.head = 0;
        object.queue.length = value;
      } else {
        object.full = value === 1;
      }
    }
  }

  /** A process that is owed something. */
  private blocked(): PackedProcess | undefined {
    return this.layout.processes.find((process) => {
      const entry = this.row[process.at] ?? 0;
      if (entry < 0 || this.space.outcomesOf(process) > 0) return false;
      return this.layout.code[this.space.operationAt(entry)] !== Kind.receive;
    });
  }

  private findLockCycle(mover: number): void {
    const { processes, code } = this.layout;
    let at = mover;
    for (let length = 0; length < processes.length; length++) {
      const process = processes[at] as PackedProcess;
      const entry = this.row[process.at] ?? 0;
      if (entry < 0) return;
      const operation = this.space.operationAt(entry);
      const kind = code[operation];
      if (length === 0 && kind !== Kind.lock) return;
      at = this.whoHolds(process, kind ?? 0, this.space.targetOf(operation));
      if (at < 0) return;
      if (at !== mover) continue;
      const { name } = processes[mover] as PackedProcess;
      this.space.fail('deadlock', `${name} waits for what others have, and so for itself`);
      return;
    }
  }

  /** The number of the process that another waits for; -1: it waits for none. */
  private whoHolds(process: PackedProcess, kind: number, target: number): number {
    const { row } = this;
    const { facts } = this.layout;
    if (kind === Kind.lock) return (row[target] ?? 0) - 1;
    if (kind === Kind.join) return facts[target] ?? 0;
    return kind === Kind.reacquire && row[process.at + 1] === 1 ? (row[facts[target] ?? 0] ?? 0) - 1 : -1;
  }
}
