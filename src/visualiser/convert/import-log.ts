/**
 * QEMU's log as a recording: lines with trace events of this device become the events of their threads, all other lines are passed over and counted.
 *
 * The log may come in any pieces, of text that is or isn't UTF-8. Times are those of the lines; where lines have none, a microsecond goes by from
 * one event to the next. What doesn't fit (log-checks.ts), and lines of events that can't be read, are complaints, which also become notes of the recording.
 * Machines that the checks drive note their moves in a thread of their own, which is left out if the log has such moves itself.
 *
 * Invariant: as many events as there are lines of events that could be read. Nothing is thrown for what a log says; memory is what the recording
 * takes, about a tenth of the log.
 */
import { MACHINE_NAMES, type MachineName, RING_FIELDS, TRACE_IDS, TRACE_NAMES, type TraceName } from '../../trace/events.js';
import { encodeEnd, encodeHeader, encodeNote } from '../../trace/recording/encoder.js';
import { MAGIC, type RecordingHeader } from '../../trace/recording/format.js';
import type { CheckedMachine, CheckedRun, Complain } from './check-parts.js';
import { type ImportedEvent, type LinePrefix, numbersOf, readLine } from './import-line.js';
import { LogChecks } from './log-checks.js';
import { LineSplitter } from './line-splitter.js';
import { LogThreads } from './log-threads.js';
import { MachineChecks, stateOf } from './machine-checks.js';

/** Something that doesn't fit, and the line in which it shows. */
export interface Complaint {
  readonly line: number;
  readonly text: string;
}

/** What was found in a log. */
export interface ImportSummary {
  readonly lines: number;
  readonly events: number;
  /** Lines that are no events. */
  readonly passedOver: number;
  /** Lines of events that could not be read; they are among the complaints. */
  readonly unreadable: number;
  readonly hasTimes: boolean;
  /** The first MAX_COMPLAINTS. */
  readonly complaints: readonly Complaint[];
  /** Complaints in all. */
  readonly complaintCount: number;
}

/** Complaints that are kept; further ones are counted. */
export const MAX_COMPLAINTS = 1000;
/** The latest time of an event, in nanoseconds from the first: 52 days, to keep them exact. */
const LATEST = 2 ** 52;
const MACHINES_KEY = 'machines';

interface Held extends Complaint {
  readonly needs: readonly TraceName[];
  readonly nanoseconds: number;
}

export interface ImportOptions {
  /** Of the device, in any order; those that are missing are not driven. */
  readonly machines: readonly CheckedMachine[];
  /** What made the recording: program and version. */
  readonly producer: string;
}

export class LogImport {
  private readonly lines = new LineSplitter((line) => this.line(line));
  private readonly threads = new LogThreads();
  private readonly checks: LogChecks;
  private readonly moves: MachineChecks;
  private readonly kinds = new Map<string, number>();
  private readonly seen = new Set<TraceName>();
  private readonly instances = new Map<MachineName, number>();
  private readonly held: Held[] = [];
  private heldBeyond = 0;
  private events = 0;
  private unreadable = 0;
  private variant = 'unknown';
  /** Microseconds since the epoch of the first line that has a time. */
  private start: number | null = null;
  private now = 0;

  constructor(private readonly options: ImportOptions) {
    this.checks = new LogChecks(this.complain, (machine) => this.begin(machine));
    this.moves = new MachineChecks(this.complain);
  }

  push(bytes: Uint8Array): void {
    this.lines.push(bytes);
  }

  /** The recording, its first bytes included, and what was found. */
  finish(): { readonly chunks: readonly Uint8Array[]; readonly summary: ImportSummary } {
    this.lines.end();
    const complaints = this.held.filter(({ needs }) => needs.every((name) => this.seen.has(name)));
    const ownMoves = this.seen.has('agfx_machine_moved') || this.seen.has('agfx_machine_started');
    const threads = this.threads.finish(ownMoves ? MACHINES_KEY : null);
    const summary: ImportSummary = {
      lines: this.lines.count,
      events: this.events,
      passedOver: this.lines.count - this.events - this.unreadable,
      unreadable: this.unreadable,
      hasTimes: this.start !== null,
      complaints: complaints.map(({ line, text }) => ({ line, text })),
      complaintCount: complaints.length + this.heldBeyond,
    };
    const notes = [
      this.passage(summary),
      ...complaints.map((each) => this.note('warning', `line ${each.line}: ${each.text}`, each.nanoseconds)),
    ];
    const end = encodeEnd({ nanoseconds: this.now, reason: 'the log ends', statistics: {} });
    return { chunks: [MAGIC, encodeHeader(this.header()), ...threads, ...notes, end], summary };
  }

  private passage({ events, passedOver, hasTimes }: ImportSummary): Uint8Array {
    const times = hasTimes ? '' : '; it has no times, so events are a microsecond apart';
    return this.note('trace', `imported ${events} events of a log, passed over ${passedOver} lines${times}`, 0);
  }

  private note(kind: 'trace' | 'warning', text: string, nanoseconds: number): Uint8Array {
    return encodeNote({ nanoseconds, kind, text });
  }

  private header(): RecordingHeader {
    return {
      format: 1,
      producer: this.options.producer,
      revision: 'unknown',
      variant: this.variant,
      displays: 1,
      seed: null,
      schedule: null,
      epochNanoseconds: 1000 * (this.start ?? 0),
      events: TRACE_NAMES.map((name) => ({ name, fields: RING_FIELDS[name] })),
      kinds: Object.fromEntries([...this.kinds].map(([name, number]) => [number, name])),
      machines: MACHINE_NAMES.map((name) => this.machine(name)?.recorded ?? { name, events: [], states: [], definition: null }),
      mailboxes: {},
      counters: [],
    };
  }

  private machine(name: MachineName): CheckedMachine | undefined {
    return this.options.machines.find((each) => each.name === name);
  }

  private line(text: string): void {
    const line = readLine(text);
    if (line.is === 'other') return;
    this.time(line.prefix);
    if (line.is === 'wrong') {
      this.unreadable++;
      return this.complain(line.text, []);
    }
    const { event, prefix } = line;
    this.seen.add(event.name);
    this.events++;
    this.checks.event(event, prefix.thread);
    this.checkMove(event);
    if (event.name === 'apple_gfx_common_init') this.variant = (event.texts.name ?? '').replace(/^apple-gfx-/, '');
    this.add(event, prefix.thread);
  }

  private checkMove({ name, values, texts }: ImportedEvent): void {
    const machine = this.options.machines.find((each) => each.name === texts.machine);
    if (machine === undefined) return;
    const { instance = 0, event = 0, state = 0 } = values;
    if (name === 'agfx_machine_started') this.moves.started(machine, instance, state);
    if (name === 'agfx_machine_moved') this.moves.moved(machine, instance, event, state);
  }

  private time({ microseconds }: LinePrefix): void {
    if (microseconds === null) {
      if (this.events > 0) this.now += 1000;
      return;
    }
    this.start ??= microseconds - this.now / 1000;
    this.now = Math.min(LATEST, Math.max(0, Math.round(1000 * (microseconds - this.start))));
  }

  private add(event: ImportedEvent, thread: number | null): void {
    const { kind, machine } = event.texts;
    const named: Record<string, number> = {};
    if (kind !== undefined) named.kind = this.kindNumber(kind);
    if (machine !== undefined) named.machine = MACHINE_NAMES.indexOf(machine as MachineName);
    const number = thread ?? 0;
    const name = thread === null ? 'QEMU' : `QEMU thread ${thread}`;
    const placed = { nanoseconds: this.now, number: TRACE_IDS[event.name], args: numbersOf(event, named) };
    const back = this.threads.add(String(thread), { actor: 'qemu', name, number }, placed);
    if (back > 0) this.complain(`lies ${back / 1000} µs before the line of its thread that comes first`, []);
  }

  /** As a message's kind is named; one that is a number keeps it. */
  private kindNumber(name: string): number {
    const known = this.kinds.get(name);
    if (known !== undefined) return known;
    const number = this.kinds.size + 1;
    this.kinds.set(name, number);
    return number;
  }

  private readonly complain: Complain = (text, needs) => {
    if (this.held.length < MAX_COMPLAINTS) this.held.push({ line: this.lines.count, text, needs, nanoseconds: this.now });
    else this.heldBeyond++;
  };

  /** Starts a run of a machine, whose steps are noted. */
  private begin(name: MachineName): CheckedRun {
    const machine = this.machine(name);
    if (machine === undefined) return { send: () => {} };
    const steps = machine.start();
    const instance = (this.instances.get(name) ?? 0) + 1;
    const number = MACHINE_NAMES.indexOf(name);
    this.instances.set(name, instance);
    this.move('agfx_machine_started', [number, instance, steps.state]);
    return {
      send: (event, complain) => {
        const before = steps.state;
        if (!steps.send(event)) return complain(`${name}, ${stateOf(machine, before)}, doesn't take ${event}`, []);
        this.move('agfx_machine_moved', [number, instance, machine.recorded.events.indexOf(event), steps.state]);
      },
    };
  }

  private move(name: TraceName, args: readonly number[]): void {
    const spec = { actor: 'machines', name: 'machines, as the log drives them', number: 0 };
    this.threads.add(MACHINES_KEY, spec, { nanoseconds: this.now, number: TRACE_IDS[name], args });
  }
}
