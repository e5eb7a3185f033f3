/**
 * One machine of a recording, as far as it was read: how often what was entered and taken, where its instances are, which were the last to end.
 *
 * Invariants: a move costs the same however many came before it. All that moves change is in `facts`, which is plain data, so that it can be copied.
 * Instances are bounded: of those that go on the longest unmoved goes first. Moves of an instance are not kept here, but where they are recorded
 * (machines.ts). A recording's charts were checked before it came here.
 */
import { MACHINE_INSTANCES, MACHINE_INSTANCES_ENDED } from '../../base/limits.js';
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

/** A move, or a start, whose `event` is -1. Numbers of the recording. */
export interface Moved {
  readonly machine: number;
  /** Index of the thread whose event says so. */
  readonly log: number;
  readonly time: number;
  readonly instance: number;
  readonly event: number;
  readonly state: number;
}

/** What is known of a machine at a moment. */
export interface MachineFacts {
  /** How often each state of the chart was entered, and each transition taken (as ChartMove.taken counts them). */
  readonly entered: Float64Array;
  readonly taken: Float64Array;
  /** How many moves, and how many runs began. */
  total: number;
  begun: number;
  /** Those that go on, the longest unmoved first; and the last that ended, the latest last. */
  readonly running: Map<number, MachineInstance>;
  readonly ended: MachineInstance[];
}

export class MachineTrack {
  readonly name: string;
  readonly events: readonly string[];
  /** One without states if the recording has none. */
  readonly chart: ChartModel;
  readonly moves: ChartMoves;
  facts: MachineFacts;

  constructor({ name, events, states, definition }: RecordedMachine) {
    this.name = name;
    this.events = events;
    this.chart = (definition as ChartModel | null) ?? { name, states: [], transitions: [] };
    this.moves = new ChartMoves(this.chart, states, events);
    const { length } = this.chart.states;
    this.facts = {
      entered: new Float64Array(length),
      taken: new Float64Array(this.chart.transitions.length + length),
      total: 0,
      begun: 0,
      running: new Map(),
      ended: [],
    };
  }

  /** An instance that is known, whether it goes on or not. */
  instance(id: number): MachineInstance | undefined {
    return this.facts.running.get(id) ?? this.facts.ended.findLast((each) => each.id === id);
  }

  /** An instance began or moved; one whose start was lost begins with its first move. */
  moved({ log, time, instance, event, state }: Moved): void {
    const { facts } = this;
    const { running, ended } = facts;
    const isStart = event < 0;
    if (isStart) facts.begun++;
    else facts.total++;
    const known = isStart ? undefined : running.get(instance);
    const { entered, taken } = this.moves.of(known?.state ?? -1, event, state);
    for (const each of entered) facts.entered[each] = (facts.entered[each] ?? 0) + 1;
    for (const each of taken) facts.taken[each] = (facts.taken[each] ?? 0) + 1;
    const now = known ?? { id: instance, log, started: isStart ? time : Number.NaN, last: time, state, moves: 0, ended: false };
    now.last = time;
    now.state = state;
    now.ended = this.moves.ends[state] ?? false;
    if (!isStart) now.moves++;
    running.delete(instance);
    if (!now.ended) running.set(instance, now);
    else if (ended.push(now) > MACHINE_INSTANCES_ENDED) ended.shift();
    if (running.size > MACHINE_INSTANCES) running.delete(running.keys().next().value ?? -1);
  }
}
