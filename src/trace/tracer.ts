/**
 * What one thread does with its trace events: lines for those that are switched on, and its ring for all of them.
 *
 * Invariant: an event that nobody wants costs a look at a flag of this thread's, which tick() brings up to date. The actors' frequent events are noted as
 * numbers, and become text only if they are wanted as text. It decides nothing about what is traced where.
 */
import { RING_FIELDS, TRACE_FORMATS, TRACE_IDS, TRACE_NAMES, type TraceArgs, type TraceName } from './events.js';
import type { RingEntry, TraceRing } from './ring.js';
import { TraceSwitches } from './switches.js';

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
  /** The time now, if entries are to have it; else they have that at which the thread last came back. */
  readonly exact?: (() => number) | null;
}

export class Tracer {
  private readonly switches: TraceSwitches;
  /** By number, as of the version `seen`. */
  private readonly enabled = new Uint8Array(TRACE_NAMES.length);
  private seen = 0;
  private readonly ring: TraceRing | null;
  private readonly kindName: KindName;
  private readonly now: () => number;
  private readonly exact: (() => number) | null;
  private time = 0;
  private isActive = false;
  private actorEvents = false;
  /** Called when another choice of events was found. */
  onSwitched: (() => void) | null = null;

  /** `wanted`: globs, or switches that may be set while it is used. */
  constructor(
    wanted: readonly string[] | TraceSwitches,
    private readonly sink: (line: string) => void,
    { kindName = plainKind, ring = null, now = () => 0, exact = null }: TracerOptions = {},
  ) {
    this.switches = wanted instanceof TraceSwitches ? wanted : TraceSwitches.of(wanted);
    this.ring = ring;
    this.kindName = kindName;
    this.now = now;
    this.exact = exact;
    this.look();
  }

  /** Whether anybody wants any event. */
  get active(): boolean {
    return this.isActive;
  }

  /** Whether the device is recorded or shown, and so all is noted that can be: moves of machines, posts, batches. */
  get isDetailed(): boolean {
    return this.exact !== null;
  }

  /** Whether anybody wants the actors' own events. */
  get hasActorEvents(): boolean {
    return this.actorEvents;
  }

  emit<N extends TraceName>(name: N, args: TraceArgs<N>): void {
    if (!this.isActive) return;
    const id = TRACE_IDS[name];
    this.ring?.noteAll(this.timeNow(), id, numbersOf(name, args));
    if (this.enabled[id] === 1) this.sink(lineOf(name, args));
  }

  /** As emit(), for an event with up to four arguments that rings have whole, by its number in TRACE_IDS. */
  note(id: number, first = 0, second = 0, third = 0, fourth = 0): void {
    if (!this.isActive) return;
    if (this.ring !== null) this.ring.note(this.timeNow(), id, first, second, third, fourth);
    if (this.enabled[id] === 1)
      this.sink(lineOf(TRACE_NAMES[id] as TraceName, argumentsOf(id, [first, second, third, fourth], this.kindName)));
  }

  /** As note(), if all is noted that can be. */
  noteDetail(id: number, first = 0, second = 0, third = 0, fourth = 0): void {
    if (this.exact !== null) this.note(id, first, second, third, fourth);
  }

  /** The thread has come back from waiting: entries of its ring get the time of that from now on, and events are wanted as they are switched now. */
  tick(): void {
    if (this.switches.isPast(this.seen)) this.look();
    if (this.ring !== null) this.time = this.now();
  }

  /** Before the thread waits: readers of its ring see what it did. */
  publish(): void {
    this.ring?.publish();
  }

  private timeNow(): number {
    return this.exact === null ? this.time : this.exact();
  }

  private look(): void {
    this.seen = this.switches.version;
    for (let id = 0; id < this.enabled.length; id++) this.enabled[id] = this.switches.isOn(id) ? 1 : 0;
    this.isActive = this.ring !== null || this.enabled.includes(1);
    this.actorEvents = this.ring !== null || TRACE_NAMES.some((name, id) => name.startsWith('agfx_') && this.enabled[id] === 1);
    this.onSwitched?.();
  }
}

function numbersOf(name: TraceName, args: unknown): readonly number[] {
  const values = args as Readonly<Record<string, unknown>> | undefined;
  return RING_FIELDS[name].map((field) => Number(values?.[field] ?? 0));
}
