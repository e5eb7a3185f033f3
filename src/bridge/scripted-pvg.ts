/**
 * A model of PVG for one thread: cooperative threads that follow a script, behind the same downcalls and upcalls as pvg_bridge.h.
 *
 * An access starts the script that was loaded for its register, and completes when the parts of it that are awaited have ended; what a
 * thread of PVG does next is described before it runs, so that whoever schedules the threads can choose (src/runtime/process.ts).
 *
 * Invariant: no clock, no promise, no randomness: the same scripts and choices give the same run. A downcall that may wait is a body, which
 * is carried out as part of its caller's thread. What is not here: guest memory, which the host maps and PVG's steps only name, and
 * the contents of registers beyond what was written to them last.
 */
import { assert } from '../base/errors.js';
import type { Body, Process } from '../runtime/process.js';
import { BodyProcess } from '../runtime/process.js';
import { Upcall, type UpcallClassName } from './pvg.js';
import type { PvgRecord } from './records.js';
import { DISPLAY_THREADS, type DisplayEvent, type EncodeRequest, MAX_ENCODES, ScriptedDisplays } from './scripted-display.js';
import { type RegisterAccess, type Script, ScriptRun, type ThreadScript } from './scripted-steps.js';
import { ScriptedThread, type ThreadHost } from './scripted-thread.js';
import { ScriptedUpcalls, type UpcallAnswer, type UpcallData } from './scripted-upcalls.js';

export interface ScriptedPvgOptions {
  /** Puts a record into the mailbox of its class. */
  readonly post: (name: UpcallClassName, record: PvgRecord) => void;
  /** The display queue waits for the answer to a mode change. */
  readonly modeChangeWaits: boolean;
  /** Displays, default 1. */
  readonly ports?: number;
  /** Every n-th encode is refused; 0, the default: none. */
  readonly refuseEvery?: number;
  readonly managedTextures?: boolean;
  /** Locks of PVG's that downcalls take, by the names that steps know them by. Default: an encode takes `display`. */
  readonly entryLocks?: { readonly access?: string; readonly encode?: string };
}

/** A call into PVG that has returned. `ok` is false if the device was stopped. */
export interface AccessResult {
  readonly ok: boolean;
  readonly value: number;
  readonly high: number;
}

/** A task as PVG knows it. */
export interface ScriptedTask {
  readonly range: number;
  readonly length: number;
}

/** Numbers of the threads, for records: the order in which they were first named. */
type ThreadNumbers = Map<string, number>;

export class ScriptedPvg {
  readonly upcalls = new ScriptedUpcalls();
  readonly displays: ScriptedDisplays;
  /** By the guest's number. */
  readonly tasks = new Map<number, ScriptedTask>();
  /** Host addresses of the IOSurface mapper's mappings, by surface. */
  readonly surfaces = new Map<number, number>();
  private readonly locks = new Map<string, string>();
  private readonly signals = new Set<string>();
  private readonly registers = new Map<string, { readonly value: number; readonly high: number }>();
  private readonly loaded = new Map<string, ScriptRun[]>();
  private readonly threads = new Map<string, BodyProcess>();
  private readonly numbers: ThreadNumbers = new Map();
  private readonly host: ThreadHost;
  /** Accesses that have begun and not returned. */
  private accesses = 0;
  private stopped = false;

  constructor(private readonly options: ScriptedPvgOptions) {
    const { modeChangeWaits, refuseEvery = 0, managedTextures = false } = options;
    this.host = {
      pvg: this,
      post: (thread, name, record) => this.post(thread, name, record),
      ask: (thread, name, record, data) => this.ask(thread, name, record, data),
      lock: (thread, lock) => this.lock(thread, lock),
      unlock: (thread, lock) => this.unlock(thread, lock),
      signals: this.signals,
    };
    this.displays = new ScriptedDisplays(
      {
        ...{ modeChangeWaits, refuseEvery, managedTextures },
        post: (name, record) => this.post(name === 'completion' ? DISPLAY_THREADS.gpu : DISPLAY_THREADS.display, name, record),
        openGlyph: (bitmap) => this.upcalls.begin({ bitmap }),
        askLocked: (event) => this.changeMode(event),
      },
      options.ports ?? 1,
    );
    this.thread(DISPLAY_THREADS.gpu).start(this.displays.gpu());
    this.thread(DISPLAY_THREADS.display).start(this.displays.tell());
  }

  /** PVG's own threads. */
  get processes(): readonly Process[] {
    return [...this.threads.values()];
  }

  /** Has the next access of that kind to that register start a script; loaded ones are used up in order. */
  load(register: Pick<RegisterAccess, 'write' | 'window' | 'offset'>, script: Script): ScriptRun {
    const run = new ScriptRun(script);
    const key = keyOf(register);
    this.loaded.set(key, [...(this.loaded.get(key) ?? []), run]);
    return run;
  }

  /** Starts a script that no access has to do with. */
  start(script: Script): ScriptRun {
    const run = new ScriptRun(script);
    this.begin(run);
    return run;
  }

  /** What a read of a register gives until somebody writes it. */
  setRegister(register: Pick<RegisterAccess, 'window' | 'offset'>, value: number, high = 0): void {
    this.registers.set(keyOf({ ...register, write: false }), { value, high });
  }

  /** pvg_mmio_read and pvg_mmio_write. */
  *access(access: RegisterAccess): Body<AccessResult> {
    const caller = keyOf(access);
    const lock = this.options.entryLocks?.access;
    if (lock !== undefined) yield this.lock(caller, lock);
    yield {
      mode: 'update',
      object: `register ${keyOf({ ...access, write: false }).slice(5)}`,
      text: `enter PVG: ${caller}`,
      run: () => this.accesses++,
    };
    const run = this.loaded.get(keyOf(access))?.shift() ?? null;
    const register = keyOf({ ...access, write: false });
    if (access.write) this.registers.set(register, { value: access.value, high: access.high });
    if (run && !this.stopped) {
      this.begin(run);
      const when = (): boolean => run.isAnswered || this.stopped;
      if (!when()) yield { mode: 'awaitReply', object: caller, text: `return from PVG: ${caller}`, when, run: () => undefined };
    }
    this.accesses--;
    if (lock !== undefined) this.release(caller, lock);
    const { value, high } = access.write ? { value: 0, high: 0 } : (this.registers.get(register) ?? { value: 0, high: 0 });
    return { ok: !this.stopped, value, high };
  }

  /** Whether an encode would not have to wait. */
  get canEncode(): boolean {
    return !this.locks.has(this.encodeLock) && this.displays.inFlight < MAX_ENCODES;
  }

  /** pvg_display_encode, by a caller that has made sure that it need not wait. */
  encodeNow(request: EncodeRequest): boolean {
    assert(this.canEncode, 'an encode has to wait');
    return !this.stopped && this.displays.encode(request);
  }

  /** pvg_display_encode: true if PVG took the frame. */
  *encode(request: EncodeRequest): Body<boolean> {
    let taken = false;
    yield {
      mode: 'lock',
      object: `lock ${this.encodeLock}`,
      text: `encode frame ${request.frame}`,
      when: () => this.canEncode,
      run: () => {
        taken = this.encodeNow(request);
      },
    };
    return taken;
  }

  /** pvg_device_reset: accesses are completed, tasks destroyed by upcalls, frames forgotten. */
  *reset(): Body {
    const threads = [...this.threads].filter(([name]) => name !== DISPLAY_THREADS.gpu && name !== DISPLAY_THREADS.display);
    this.displays.refusing = true;
    const quiet = (): boolean => (this.accesses === 0 && threads.every(([, thread]) => thread.isDone)) || this.stopped;
    if (!quiet()) yield { mode: 'awaitReply', object: 'accesses', text: 'see accesses complete', when: quiet, run: () => undefined };
    this.displays.queue.length = 0;
    const steps = [...this.tasks.keys()].map((task) => ({ do: 'destroyTask', task }) as const);
    const run = this.start([{ thread: 'control', steps }]);
    const done = (): boolean => (run.isDone && this.displays.inFlight === 0) || this.stopped;
    if (!done()) yield { mode: 'awaitReply', object: 'reset', text: 'see tasks and encodes gone', when: done, run: () => undefined };
    this.displays.reset();
    this.displays.refusing = false;
  }

  /** pvg_upcall_answer; false if the id waits for no answer. */
  answer(id: number, answer: UpcallAnswer): boolean {
    return this.upcalls.answer(id, answer);
  }

  /** pvg_device_stop: upcalls count as refused, accesses return, no new upcall is made. */
  stop(): void {
    this.stopped = true;
    this.upcalls.releaseAll();
    this.locks.clear();
    this.displays.refusing = true;
    for (const thread of this.threads.values()) thread.abandon();
  }

  private get encodeLock(): string {
    return this.options.entryLocks?.encode ?? 'display';
  }

  private begin(run: ScriptRun): void {
    run.begin();
    for (const part of run.script) this.thread(part.thread).start(this.part(run, part));
  }

  private *part(run: ScriptRun, part: ThreadScript): Body {
    const thread = new ScriptedThread(part.thread, this.host);
    for (const step of part.steps) run.outcomes.push({ thread: part.thread, step, ...(yield* thread.carryOut(step)) });
    run.ended(part);
  }

  private thread(name: string): BodyProcess {
    const known = this.threads.get(name);
    if (known) return known;
    const thread = new BodyProcess(`pvg ${name}`);
    this.threads.set(name, thread);
    this.numbers.set(name, this.numbers.size + 1);
    return thread;
  }

  private post(thread: string, name: UpcallClassName, record: Partial<PvgRecord> & { readonly kind: number }): void {
    if (this.stopped) return;
    this.options.post(name, { id: 0, words: [], reserved: 0, ...record, thread: this.numbers.get(thread) ?? 0 });
  }

  /** An upcall that waits: posted, then answered. */
  private *ask(
    thread: string,
    name: UpcallClassName,
    record: { readonly kind: number; readonly words: readonly number[] },
    data: UpcallData,
  ): Body<UpcallAnswer> {
    let id = 0;
    const what = kindName(record.kind);
    yield {
      mode: 'send',
      object: `class ${name}`,
      text: `ask ${what}`,
      run: () => {
        id = this.upcalls.begin(data);
        this.post(thread, name, { ...record, id });
      },
    };
    yield {
      mode: 'awaitReply',
      object: `upcall ${id}`,
      text: `have ${what} answered`,
      when: () => this.upcalls.isAnswered(id),
      run: () => undefined,
    };
    return this.upcalls.take(id);
  }

  private *changeMode({ kind, words }: DisplayEvent): Body {
    const thread = DISPLAY_THREADS.display;
    yield this.lock(thread, 'display');
    yield* this.ask(thread, 'mode', { kind, words }, {});
    yield this.unlock(thread, 'display');
  }

  private lock(owner: string, lock: string) {
    return {
      mode: 'lock',
      object: `lock ${lock}`,
      text: `take PVG's lock ${lock}`,
      when: () => !this.locks.has(lock),
      run: () => void this.locks.set(lock, owner),
    } as const;
  }

  private unlock(owner: string, lock: string) {
    return { mode: 'unlock', object: `lock ${lock}`, text: `release PVG's lock ${lock}`, run: () => this.release(owner, lock) } as const;
  }

  private release(owner: string, lock: string): void {
    if (this.locks.get(lock) === owner) this.locks.delete(lock);
  }
}

function keyOf({ write, window, offset }: Pick<RegisterAccess, 'write' | 'window' | 'offset'>): string {
  return `${write ? 'write' : 'read'} ${window === 0 ? 'gfx' : 'iosfc'} 0x${offset.toString(16)}`;
}

function kindName(kind: number): string {
  return Object.entries(Upcall).find(([, each]) => each === kind)?.[0] ?? `0x${kind.toString(16)}`;
}
