/**
 * Lanes of state machines: one for each that stays, with its states one after the other; one for all of a kind that come and go by the thousand
 * (`…Job`), with each from its start to its end.
 *
 * Invariant: a machine whose start was lost begins where it first moves.
 */
import type { RecordedMachine } from '../../trace/recording/format.js';
import type { NameList } from './spans-columns.js';
import type { Lane, Lanes } from './spans-lanes.js';
import { SpanFlag, type SpanFacts, SpanKind } from './spans-table.js';

/** XState's state value in one line: names from the outside in, joined by dots, regions by spaces. */
export function stateText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '?';
  return Object.entries(value)
    .map(([name, inner]) =>
      typeof inner === 'object' && inner !== null && Object.keys(inner).length === 0 ? name : `${name}.${stateText(inner)}`,
    )
    .join(' ');
}

/** How the ends of our own machines that come and go are called. */
const FINAL = new Set(['completed', 'failed']);

/** What the machines' readers are told. */
interface Move {
  readonly machine: number;
  readonly instance: number;
  readonly state: number;
  readonly time: number;
  readonly log: number;
  readonly entry: number;
}

/** A machine as it is shown. */
interface Shown {
  readonly name: string;
  readonly comesAndGoes: boolean;
  /** By number: of SpanModel.names. */
  readonly states: readonly number[];
}

export class MachineLanes {
  private machines: readonly Shown[] = [];
  /** The row of each machine that comes and goes: by machine and instance. */
  private readonly rows = new Map<number, number>();
  private readonly facts: SpanFacts = { kind: 0, name: 0, id: 0, job: 0, log: 0, entry: 0, flags: 0 };

  constructor(
    private readonly lanes: Lanes,
    private readonly names: NameList,
  ) {}

  set recorded(machines: readonly RecordedMachine[]) {
    this.machines = machines.map(({ name, states }) => ({
      name,
      comesAndGoes: name.endsWith('Job'),
      states: states.map((state) => this.names.of(stateText(state))),
    }));
  }

  /** It began, or took an event. */
  moved(move: Move): void {
    const machine = this.machines[move.machine];
    if (machine === undefined) return;
    const name = machine.states[move.state] ?? this.names.of(`state ${move.state}`);
    Object.assign(this.facts, { name, id: move.instance, log: move.log, entry: move.entry });
    if (machine.comesAndGoes) this.movedInstance(machine, move, name);
    else this.movedState(machine, move, name);
  }

  private movedState(machine: Shown, { machine: number, instance, time }: Move, name: number): void {
    const lane = this.lanes.of(`state ${number} ${instance}`, () => {
      const text = machine.name === 'framePipeline' ? `${machine.name} ${instance}` : machine.name;
      return { kind: 'state', name: instance > 0 && text === machine.name ? `${text} ${instance}` : text, log: -1 };
    });
    if (lane.row(0).open?.name === name) return;
    lane.end(0, time);
    this.facts.kind = SpanKind.state;
    lane.begin(0, time, this.facts);
  }

  private movedInstance(machine: Shown, { machine: number, instance, time }: Move, name: number): void {
    const lane = this.lanes.of(`instances ${number}`, () => ({ kind: 'instances', name: machine.name, log: -1 }));
    const key = number * 2 ** 32 + instance;
    const depth = this.rowOf(lane, key, instance) ?? this.beginInstance(lane, key, time);
    lane.row(depth).rename(name);
    const text = this.names.text(name);
    if (!FINAL.has(text)) return;
    lane.end(depth, time, text === 'failed' ? SpanFlag.failed : 0);
    this.rows.delete(key);
  }

  private rowOf(lane: Lane, key: number, instance: number): number | null {
    const depth = this.rows.get(key);
    return depth !== undefined && lane.row(depth).open?.id === instance ? depth : null;
  }

  private beginInstance(lane: Lane, key: number, time: number): number {
    const depth = lane.freeRow();
    const before = lane.row(depth).open;
    if (before !== null) this.rows.delete(key - this.facts.id + before.id);
    this.facts.kind = SpanKind.instance;
    lane.begin(depth, time, this.facts);
    this.rows.set(key, depth);
    return depth;
  }
}
