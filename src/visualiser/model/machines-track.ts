/**
 * One machine of a recording, as far as it was read: how often what was entered and taken, where its instances are, which were the last to end.
 *
 * Invariants: a move costs the same however many came before it; `changed` holds exactly the states and arrows whose numbers changed since somebody
 * emptied it. Instances are bounded: of those that go on the longest unmoved goes first. Moves of an instance are not kept here, but where they
 * are recorded (machines.ts).
 */
import { MACHINE_INSTANCES, MACHINE_INSTANCES_ENDED } from '../../base/limits.js';
import { readChart } from '../chart/check.js';
import type { ChartModel } from '../chart/model.js';
import type { RecordedMachine } from '../../trace/recording/format.js';
import { ChartMoves } from './machines-moves.js';

/** One run of a machine. */
export interface MachineInstance {
  readonly id: number;
  /** Index of the thread whose events tell of it. */
  readonly log: number;
  /** When it began, NaN if that was lost; and when it moved last. */
  readonly started: number;
  last: number;
  /** The table's number of its state. */
  state: number;
  moves: number;
  ended: boolean;
}

/** A move, or a start, in which `before` and `event` are -1. */
export interface Moved {
  readonly log: number;
  readonly time: number;
  readonly instance: number;
  readonly event: number;
  readonly state: number;
}

export class MachineTrack {
  readonly name: string;
  readonly events: readonly string[];
  /** Null if the recording has none. */
  readonly chart: ChartModel | null;
  /** Why there is none, or ''. */
  readonly fault: string;
  readonly moves: ChartMoves | null;
  /** By the chart's numbers: how often it was entered, and how many instances are in it. */
  readonly entered: Float64Array;
  readonly inside: Int32Array;
  /** How often, by the number of the transition. */
  readonly taken: Float64Array;
  /** The same by the layout's number of the arrow. */
  readonly arrows: Float64Array;
  readonly changed = { states: new Set<number>(), arrows: new Set<number>() };
  /** How many moves, and how many runs began. */
  total = 0;
  begun = 0;
  /** Those that go on, the longest unmoved first; and the last that ended, the latest last. */
  readonly running = new Map<number, MachineInstance>();
  ended: MachineInstance[] = [];
  private readonly arrowOf: Int32Array;
  private readonly dots: Int32Array;

  constructor(machine: RecordedMachine) {
    this.name = machine.name;
    this.events = machine.events;
    let chart: ChartModel | null = null;
    let fault = machine.definition === null ? 'The recording has no chart of it.' : '';
    try {
      if (machine.definition !== null) chart = readChart(machine.definition);
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
    }
    this.chart = chart;
    this.fault = fault;
    this.moves = chart === null ? null : new ChartMoves(chart, machine.states, machine.events);
    const { states = [], transitions = [], layout } = chart ?? {};
    this.entered = new Float64Array(states.length);
    this.inside = new Int32Array(states.length);
    this.taken = new Float64Array(transitions.length);
    this.arrows = new Float64Array(layout?.arrows.length ?? 0);
    this.arrowOf = new Int32Array(transitions.length).fill(-1);
    this.dots = new Int32Array(states.length).fill(-1);
    for (const [arrow, { transitions: shared, initialOf }] of (layout?.arrows ?? []).entries()) {
      for (const transition of shared) this.arrowOf[transition] = arrow;
      if (initialOf >= 0) this.dots[initialOf] = arrow;
    }
  }

  /** Forgets everything that was read. */
  reset(): void {
    for (const counts of [this.entered, this.inside, this.taken, this.arrows]) counts.fill(0);
    this.total = 0;
    this.begun = 0;
    this.running.clear();
    this.ended = [];
    for (const state of this.entered.keys()) this.changed.states.add(state);
    for (const arrow of this.arrows.keys()) this.changed.arrows.add(arrow);
  }

  /** An instance that is known, whether it goes on or not. */
  instance(id: number): MachineInstance | undefined {
    return this.running.get(id) ?? this.ended.find((each) => each.id === id);
  }

  /** An instance began. */
  began({ log, time, instance, state }: Moved): void {
    const before = this.running.get(instance);
    if (before !== undefined) this.leave(before);
    this.begun++;
    this.enter({ id: instance, log, started: time, last: time, state, moves: 0, ended: false }, -1, -1);
  }

  /** An instance moved; one whose start was lost begins with it. */
  moved({ log, time, instance, event, state }: Moved): void {
    this.total++;
    const known = this.running.get(instance);
    if (known === undefined)
      return this.enter({ id: instance, log, started: Number.NaN, last: time, state, moves: 1, ended: false }, -1, event);
    const before = known.state;
    this.running.delete(instance);
    known.last = time;
    known.state = state;
    known.moves++;
    this.enter(known, before, event);
  }

  private enter(instance: MachineInstance, before: number, event: number): void {
    const move = this.moves?.of(before, event, instance.state);
    if (move !== undefined) {
      for (const state of move.left) this.count(state, 0, -1);
      for (const state of move.entered) this.count(state, 1, 1);
      for (const transition of move.taken) {
        this.taken[transition] = (this.taken[transition] ?? 0) + 1;
        this.countArrow(this.arrowOf[transition] ?? -1);
      }
      if (before < 0) for (const state of move.entered) this.countArrow(this.dots[state] ?? -1);
    }
    if (this.moves?.ends[instance.state] === true) return this.end(instance);
    this.running.set(instance.id, instance);
    if (this.running.size <= MACHINE_INSTANCES) return;
    const [oldest] = this.running.values();
    if (oldest !== undefined) this.leave(oldest);
  }

  private end(instance: MachineInstance): void {
    instance.ended = true;
    this.leave(instance);
    this.ended.push(instance);
    if (this.ended.length >= 2 * MACHINE_INSTANCES_ENDED) this.ended = this.ended.slice(-MACHINE_INSTANCES_ENDED);
  }

  private leave(instance: MachineInstance): void {
    this.running.delete(instance.id);
    for (const state of this.moves?.active[instance.state] ?? []) this.count(state, 0, -1);
  }

  private count(state: number, entered: number, inside: number): void {
    this.entered[state] = (this.entered[state] ?? 0) + entered;
    this.inside[state] = (this.inside[state] ?? 0) + inside;
    this.changed.states.add(state);
  }

  private countArrow(arrow: number): void {
    if (arrow < 0) return;
    this.arrows[arrow] = (this.arrows[arrow] ?? 0) + 1;
    this.changed.arrows.add(arrow);
  }
}
