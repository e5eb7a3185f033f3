/**
 * Conformance: finds the execution of a world in which every process took its messages as a log of a real run says.
 *
 * A log has, for each queue, what was taken from it, batch by batch. What a real run does between two deliveries nobody wrote down, so it is
 * searched for: depth first, going back where the log is left, and to no state twice. Invariants: in the execution that is returned the
 * messages of each queue came in the logged order, whoever takes from it took the logged batches, and nothing was left over; if there is
 * none, the error says how far the log could be followed, and what each process would have done there. What is not here: how real
 * messages and those of a world are called the same (whoever has both says so), and several takers of one queue.
 */
import { AppleGfxError } from '../base/errors.js';
import { Execution, type Moment, PROCESS_BITS, PROCESS_MASK } from './execution.js';
import type { Failure } from './failure.js';
import { kindName } from './operation.js';
import type { NamedSchedule, NamedStep } from './schedule-text.js';
import type { World } from './world.js';

/** A queue of a world, and what its log says of it. */
export interface LoggedQueue {
  /** As it is called in messages. */
  readonly name: string;
  /** The process that takes from it, and does not put anything into it. */
  readonly taker: string;
  /** What was taken at once, in the order in which it was, each message as a text. */
  readonly batches: readonly (readonly string[])[];
  /** What is in it now, the next message first, called as in the log. */
  contents(): readonly string[];
}

/** How long follow() searches. */
export interface FollowOptions {
  /** How many states are looked at before the log is given up. Default 20 000. */
  readonly maxStates?: number;
}

/** An execution that does what a log says. */
export interface Followed {
  /** At its end. */
  readonly execution: Execution;
  /** Its steps by their names, to be replayed. */
  readonly schedule: NamedSchedule;
  /** Properties that it broke. */
  readonly failures: readonly Failure[];
  /** States that were looked at: one more than it has steps if there never was a doubt. */
  readonly states: number;
}

/** No execution of the world does what a log says. */
export class LogMismatchError extends AppleGfxError {
  constructor(message: string) {
    super('ERR_LOG_MISMATCH', message);
  }
}

/** Messages and batches that were taken from each queue. */
interface Position {
  readonly taken: number[];
  readonly batch: number[];
}

/** A state on the way, and what was tried in it. */
interface Place {
  /** Null: the world does not say where its state is, and is executed anew. */
  readonly moment: Moment | null;
  readonly taken: readonly number[];
  readonly batch: readonly number[];
  readonly lengths: readonly number[];
  /** Choices that were not tried. */
  readonly choices: number[];
  /** Those that the log allows and that were not made, by what they move: a queue's number, or none. */
  readonly later: number[][];
  /** The step that led here. */
  readonly step: NamedStep | null;
}

const MAX_STATES = 20_000;
/** What came of a step, if not the number of a queue. */
const MADE = -1;
const WRONG = -2;
/** Processes that an error tells of. */
const MAX_TOLD = 8;

/**
 * Follows a log. `queuesOf` is called once the world has been made, and anew whenever it is made anew. Of several steps that the log allows the first
 * that is tried is one that moves the first queue, so the order of the queues is that in which they are filled as early as can be; and what
 * moves none is done when nothing else can be. Throws LogMismatchError if no execution does what the log says.
 */
export function follow(world: World, queuesOf: () => readonly LoggedQueue[], options: FollowOptions = {}): Followed {
  return new Follower(world, queuesOf, options.maxStates ?? MAX_STATES).run();
}

class Follower {
  private readonly execution: Execution;
  private queues: readonly LoggedQueue[];
  /** Each queue's messages without their batches. */
  private readonly messages: readonly (readonly string[])[];
  private readonly path: Place[] = [];
  private readonly seen = new Set<string>();
  private states = 0;
  /** Of the dead ends, the one with most messages taken. */
  private furthest = { taken: -1, text: '' };

  constructor(
    private readonly world: World,
    private readonly queuesOf: () => readonly LoggedQueue[],
    private readonly maxStates: number,
  ) {
    this.execution = new Execution(world);
    this.execution.begin();
    this.queues = queuesOf();
    this.messages = this.queues.map(({ batches }) => batches.flat());
  }

  run(): Followed {
    const { execution, path } = this;
    const none = this.queues.map(() => 0);
    this.arrive({ taken: none, batch: none, step: null });
    for (;;) {
      const place = path.at(-1);
      if (place === undefined) throw this.mismatch('no execution does what the log says');
      if (this.isEnd(place)) break;
      if (this.states > this.maxStates) throw this.mismatch(`given up after ${this.maxStates} states`);
      if (this.advance(place)) continue;
      this.noteDeadEnd(place);
      path.pop();
      const before = path.at(-1);
      if (before !== undefined) this.goBack(before);
    }
    const steps = path.flatMap(({ step }) => (step === null ? [] : [step]));
    return { execution, schedule: { world: this.world.name, steps }, failures: [...execution.failures], states: this.states };
  }

  /** Everything was taken, and nobody has anything to do. */
  private isEnd(place: Place): boolean {
    return this.execution.enabledCount === 0 && this.messages.every(({ length }, index) => place.taken[index] === length);
  }

  /** Makes a step that the log allows; false if there is none that was not tried. */
  private advance(place: Place): boolean {
    for (let choice = place.choices.shift(); choice !== undefined; choice = place.choices.shift()) {
      const moved = this.attempt(place, choice, 0);
      if (moved === MADE) return true;
      if (moved !== WRONG) place.later[moved]?.push(choice);
      this.goBack(place);
    }
    for (const choices of place.later) {
      for (let choice = choices.shift(); choice !== undefined; choice = choices.shift()) {
        if (this.attempt(place, choice, this.queues.length) === MADE) return true;
        this.goBack(place);
      }
    }
    return false;
  }

  /** Makes a step, to stay if it moves a queue of a number up to `last`; else the first one that it moves, or how many there are if it moves none. */
  private attempt(place: Place, choice: number, last: number): number {
    const { execution } = this;
    const process = choice & PROCESS_MASK;
    const kind = kindName(execution.kindOf(process));
    const object = execution.targetOf(process)?.name ?? '';
    const step = { process: execution.nameOf(process), kind, object, outcome: choice >> PROCESS_BITS };
    execution.step(choice);
    const at = { taken: [...place.taken], batch: [...place.batch] };
    let moved = this.queues.length;
    for (let index = 0; index < this.queues.length; index++) {
      const change = this.change(index, place, at, step.process);
      if (typeof change === 'string') return WRONG;
      if (change && index < moved) moved = index;
    }
    if (moved > last) return moved;
    return this.arrive({ ...at, step }) ? MADE : WRONG;
  }

  /** What a step has done to a queue: whether anything, or what is wrong with it. */
  private change(index: number, { lengths }: Place, at: Position, process: string): boolean | string {
    const queue = this.queues[index] as LoggedQueue;
    const contents = queue.contents();
    const before = lengths[index] ?? 0;
    const gone = process === queue.taker ? Math.max(0, before - contents.length) : 0;
    const wrong = (gone > 0 ? this.take(index, gone, at) : null) ?? this.compare(index, contents, at.taken[index] ?? 0);
    return wrong ?? (gone > 0 || contents.length !== before);
  }

  /** Notes that a batch was taken; what is wrong with it, null if nothing is. */
  private take(index: number, gone: number, at: Position): string | null {
    const { taker, batches } = this.queues[index] as LoggedQueue;
    const number = at.batch[index] ?? 0;
    const logged = batches[number];
    if (logged === undefined) return `${taker} takes something, and the log has no more`;
    if (gone !== logged.length) return `${taker} takes ${gone} at once, and the log has ${logged.length} in batch ${number + 1}`;
    at.taken[index] = (at.taken[index] ?? 0) + gone;
    at.batch[index] = number + 1;
    return null;
  }

  /** What is wrong with a queue's contents, null if nothing is. */
  private compare(index: number, contents: readonly string[], taken: number): string | null {
    const { name } = this.queues[index] as LoggedQueue;
    const messages = this.messages[index] as readonly string[];
    for (let place = 0; place < contents.length; place++) {
      const logged = messages[taken + place];
      if (contents[place] === logged) continue;
      return `${name} gets ${contents[place]}, and the log has ${logged ?? 'nothing'} as its message ${taken + place + 1}`;
    }
    return null;
  }

  /** The execution has come to a state; false if it was there before. */
  private arrive({ taken, batch, step }: Pick<Place, 'taken' | 'batch' | 'step'>): boolean {
    const { execution } = this;
    const moment = execution.keep();
    if (moment !== null) {
      const key = `${moment.low} ${moment.high} ${batch.join(' ')}`;
      if (this.seen.has(key)) return false;
      this.seen.add(key);
    }
    this.states++;
    // Who takes goes before who fills, lest a batch become larger than it was.
    const all = [...execution.enabled.subarray(0, execution.enabledCount)];
    const choices = [...all.filter((choice) => this.takes(choice)), ...all.filter((choice) => !this.takes(choice))];
    const lengths = this.queues.map((queue) => queue.contents().length);
    const later = Array.from({ length: this.queues.length + 1 }, () => []);
    this.path.push({ moment, taken, batch, lengths, choices, later, step });
    return true;
  }

  /** Whether a choice is that of a process which takes from a queue. */
  private takes(choice: number): boolean {
    const name = this.execution.nameOf(choice & PROCESS_MASK);
    return this.queues.some(({ taker }) => taker === name);
  }

  private goBack(place: Place): void {
    const { execution } = this;
    if (place.moment !== null) return execution.goBack(place.moment);
    const steps = this.path.indexOf(place);
    const schedule = execution.schedule.slice(0, steps);
    execution.begin();
    this.queues = this.queuesOf();
    for (const choice of schedule) execution.step(choice);
  }

  private noteDeadEnd(place: Place): void {
    const { taken, batch, lengths } = place;
    const total = taken.reduce((sum, count) => sum + count, 0);
    if (total <= this.furthest.taken) return;
    const expected = this.queues.flatMap(({ taker, name, batches }, index) => {
      const next = batches[batch[index] ?? 0];
      if (next === undefined) return [];
      const there = (this.messages[index] ?? []).slice(taken[index], (taken[index] ?? 0) + (lengths[index] ?? 0));
      const numbers = `batch ${(batch[index] ?? 0) + 1} of ${batches.length}`;
      return [`${taker} is to take ${next.join(', ')} (${numbers}), and ${name} holds ${there.join(', ') || 'nothing'}`];
    });
    const tried = this.explain(place).slice(0, MAX_TOLD);
    const text = [`at step ${this.path.length - 1}`, ...expected, ...(tried.length > 0 ? tried : ['nobody can go on'])].join('\n  ');
    this.furthest = { taken: total, text };
  }

  /** What is wrong with each step that can be made at a place, for people. */
  private explain(place: Place): readonly string[] {
    const { execution } = this;
    this.goBack(place);
    const choices = [...execution.enabled.subarray(0, execution.enabledCount)];
    return choices.flatMap((choice) => {
      const process = choice & PROCESS_MASK;
      const name = execution.nameOf(process);
      const label = execution.labelOf(process, choice >> PROCESS_BITS) ?? kindName(execution.kindOf(process));
      execution.step(choice);
      const at = { taken: [...place.taken], batch: [...place.batch] };
      const changes = this.queues.map((_, index) => this.change(index, place, at, name));
      this.goBack(place);
      const wrong = changes.find((change) => typeof change === 'string');
      return wrong === undefined ? [] : [`${name}: ${label}: ${wrong}`];
    });
  }

  private mismatch(what: string): LogMismatchError {
    return new LogMismatchError(`${this.world.name}: ${what}; it can be followed furthest\n  ${this.furthest.text}`);
  }
}
