/**
 * What one thread does with its trace events: lines for those that are switched on, and its ring for all of them.
 *
 * Invariant: an event that nobody wants costs a look at a flag. The actors' frequent events are noted as numbers, and become text only if
 * they are wanted as text. It decides nothing about what is traced where.
 */
import { RING_FIELDS, TRACE_FORMATS, TRACE_IDS, TRACE_NAMES, type TraceArgs, type TraceName, tracePattern } from './events.js';
import type { RingEntry, TraceRing } from './ring.js';

/** Names the kinds of messages. */
export type KindName = (kind: number) => string;

const plainKind: KindName = (kind) => `0x${kind.toString(16)}`;

/** An event's arguments from the numbers that a ring has of it. */
function argumentsOf(event: number, numbers: readonly number[], kindName: KindName): Record<string, number | string> {
  const fields = RING_FIELDS[TRACE_NAMES[event] as TraceName];
  return Object.fromEntries(
    fields.map((field, index) => [field, field === 'kind' ? kindName(numbers[index] ?? 0) : (numbers[index] ?? 0)]),
  );
}

function lineOf(name: TraceName, args: unknown): string {
  const text = (TRACE_FORMATS[name] as (args: unknown) => string)(args);
  return text === '' ? name : `${name} ${text}`;
}

/** An entry of a ring as people read it: its name and what the ring has of its arguments. */
export interface TraceEvent {
  /** Number of the thread that noted it, as the system has it. */
  readonly thread: number;
  /** CLOCK_MONOTONIC when the thread last woke. */
  readonly nanoseconds: number;
  /** As `--trace` has it. */
  readonly name: TraceName;
  /** Its arguments by their names. */
  readonly args: Readonly<Record<string, number | string>>;
}

export function traceEvent({ thread, nanoseconds, event, args }: RingEntry, kindName: KindName): TraceEvent {
  return { thread, nanoseconds, name: TRACE_NAMES[event] ?? 'agfx_bql_released', args: argumentsOf(event, args, kindName) };
}

export interface TracerOptions {
  /** Default: as a hexadecimal number. */
  readonly kindName?: KindName;
  readonly ring?: TraceRing | null;
  /** When the thread last came back from waiting, in nanoseconds. */
  readonly now?: () => number;
}

export class Tracer {
  /** By number. */
  private readonly enabled: Uint8Array;
  private readonly ring: TraceRing | null;
  private readonly kindName: KindName;
  private readonly now: () => number;
  private time = 0;
  /** Whether anybody wants any event. */
  readonly active: boolean;
  /** Whether anybody wants the actors' own events. */
  readonly hasActorEvents: boolean;

  constructor(
    globs: readonly string[],
    private readonly sink: (line: string) => void,
    { kindName = plainKind, ring = null, now = () => 0 }: TracerOptions = {},
  ) {
    const matches = tracePattern(globs);
    this.enabled = Uint8Array.from(TRACE_NAMES, (name) => (matches(name) ? 1 : 0));
    this.ring = ring;
    this.kindName = kindName;
    this.now = now;
    this.active = ring !== null || this.enabled.includes(1);
    this.hasActorEvents = ring !== null || TRACE_NAMES.some((name, id) => name.startsWith('agfx_') && this.enabled[id] === 1);
  }

  emit<N extends TraceName>(name: N, args: TraceArgs<N>): void {
    if (!this.active) return;
    const id = TRACE_IDS[name];
    this.ring?.noteAll(this.time, id, numbersOf(name, args));
    if (this.enabled[id] === 1) this.sink(lineOf(name, args));
  }

  /** As emit(), for an event with up to four arguments that rings have whole, by its number in TRACE_IDS. */
  note(id: number, first = 0, second = 0, third = 0, fourth = 0): void {
    if (!this.active) return;
    if (this.ring !== null) this.ring.note(this.time, id, first, second, third, fourth);
    if (this.enabled[id] === 1)
      this.sink(lineOf(TRACE_NAMES[id] as TraceName, argumentsOf(id, [first, second, third, fourth], this.kindName)));
  }

  /** The thread has come back from waiting: entries of its ring get the time of that from now on. */
  tick(): void {
    if (this.ring !== null) this.time = this.now();
  }

  /** Before the thread waits: readers of its ring see what it did. */
  publish(): void {
    this.ring?.publish();
  }
}

function numbersOf(name: TraceName, args: unknown): readonly number[] {
  const values = args as Readonly<Record<string, unknown>> | undefined;
  return RING_FIELDS[name].map((field) => Number(values?.[field] ?? 0));
}
