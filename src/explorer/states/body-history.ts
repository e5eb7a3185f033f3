/**
 * What each body has seen, in 64 bits: with its code, that is all it knows.
 *
 * A body that polls sees the same again and again, and would never come round to a state that was there before. So one that has asked the same
 * `patience` times in a row, be it one question or a round of a few, and always got the same answers, is taken to learn nothing from
 * asking once more: its history is the one that it had a round before. That is right for loops that only wait, and wrong for one that
 * counts further than that; `closed` says that it was done. Invariant: equal histories have seen the same, but for that and for chance.
 */
import { type Execution, PROCESS_BITS } from '../execution.js';
import { mix } from '../hasher.js';
import { Kind } from '../operation.js';

/** Questions of a round at most. */
const LONGEST_ROUND = 4;

/** Same answers after which a body is taken to poll. */
export const PATIENCE = 3;

/** Steps that are remembered: enough for the rounds that are compared, and one more of the longest. */
const REMEMBERED = 16;

/** Of one body. */
class BodyHistory {
  low = 0;
  high = 0;
  /** Questions in a row, without anything else between them. */
  questions = 0;
  private steps = 0;
  /** By step modulo REMEMBERED: what was asked and answered, and the history after it. */
  private readonly said = new Int32Array(REMEMBERED);
  private readonly lows = new Int32Array(REMEMBERED);
  private readonly highs = new Int32Array(REMEMBERED);

  restart(history: number): void {
    this.low = history;
    this.high = history;
    this.questions = 0;
    this.steps = 0;
  }

  /** One step more; whether it closed a round. */
  add(said: number, isQuestion: boolean): boolean {
    const at = this.steps++ % REMEMBERED;
    this.said[at] = said;
    this.questions = isQuestion ? this.questions + 1 : 0;
    const round = this.round();
    if (round > 0) {
      const before = (at - round + REMEMBERED) % REMEMBERED;
      this.low = this.lows[before] ?? 0;
      this.high = this.highs[before] ?? 0;
    } else {
      this.low = mix(this.low, said);
      this.high = mix(this.high + 1, said ^ this.low);
    }
    this.lows[at] = this.low;
    this.highs[at] = this.high;
    return round > 0;
  }

  /** Length of the round that was gone through often enough and now once more; 0: there is none. */
  private round(): number {
    for (let length = 1; length <= LONGEST_ROUND && (PATIENCE + 1) * length <= this.questions; length++) {
      let equal = 0;
      const last = this.steps - 1;
      while (equal < PATIENCE * length && this.saidAt(last - equal) === this.saidAt(last - equal - length)) equal++;
      if (equal === PATIENCE * length) return length;
    }
    return 0;
  }

  private saidAt(step: number): number {
    return this.said[step % REMEMBERED] ?? 0;
  }
}

export class BodyHistories {
  /** Whether a body was taken to poll. */
  closed = false;
  private readonly histories: readonly BodyHistory[];
  private hasForgotten = false;
  private kind: number = Kind.read;
  private target = 0;
  private answer = 0;

  constructor(private readonly execution: Execution) {
    const { builder, count } = execution;
    this.histories = Array.from({ length: count }, () => new BodyHistory());
    const { onForget } = builder;
    builder.onForget = (known) => {
      onForget(known);
      this.hasForgotten = true;
    };
  }

  /** The execution has begun. */
  restart(): void {
    for (const [process, history] of this.histories.entries()) history.restart(this.execution.historyOf(process));
    this.hasForgotten = false;
  }

  /** A body is about to make a choice. */
  before(process: number, choice: number): void {
    const { execution } = this;
    const target = execution.targetOf(process);
    this.kind = execution.kindOf(process);
    this.target = target === null ? -1 : target.id;
    this.answer = 0;
    if (target === null) return;
    if (this.kind === Kind.read || this.kind === Kind.update || this.kind === Kind.awaitReply) this.answer = target.value;
    else if (this.kind === Kind.receive) this.answer = target.queue[target.head] ?? 0;
    else if (this.kind === Kind.choose) this.answer = choice >> PROCESS_BITS;
  }

  after(process: number): void {
    const { execution, kind, target, answer } = this;
    const history = this.histories[process];
    if (history === undefined) return;
    // An update that changes nothing asks too, as one does that tries to take something.
    const isQuestion = kind === Kind.read || (kind === Kind.update && execution.builder.objects[target]?.value === answer);
    if (this.hasForgotten) history.restart(execution.historyOf(process));
    else if (history.add(mix(mix(kind, target), hashOf(answer)), isQuestion)) this.closed = true;
    this.hasForgotten = false;
  }

  lowOf(process: number): number {
    return this.histories[process]?.low ?? 0;
  }

  highOf(process: number): number {
    return this.histories[process]?.high ?? 0;
  }
}

const scratch = new Float64Array(1);
const halves = new Int32Array(scratch.buffer);

function hashOf(value: number): number {
  if ((value | 0) === value) return value;
  scratch[0] = value;
  return mix(halves[0] ?? 0, halves[1] ?? 0);
}
