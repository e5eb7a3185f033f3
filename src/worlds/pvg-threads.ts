/**
 * The threads of the PVG model as processes: those that follow a script, the display queue, and the GPU.
 *
 * Invariant: a step is one thing that others can notice. An answer that came is taken together with what the thread does next, since
 * nobody but the thread sees the taking.
 */
import { unreachable } from '../base/errors.js';
import { Upcall, type UpcallClassName } from '../bridge/pvg.js';
import type { Actor, Pending } from '../explorer/actor.js';
import { Kind } from '../explorer/operation.js';
import type { SharedObject } from '../explorer/shared-object.js';
import type { PvgModel } from './pvg-model.js';
import { MAY_WAIT, PAGE, type PvgScript, type PvgStep } from './pvg-steps.js';
import { canBeShort, type Expected, expected, isOfNoTask, lengthOf, pageAt, surfaceAt } from './shortages.js';

const TWO_32 = 2 ** 32;

/** What a thread needs of the world. */
export interface ThreadWorld {
  readonly pvg: PvgModel;
  /** PVG looks at a page of a task's range; and at a host address. */
  use(range: number, page: number): void;
  useAddress(address: number): void;
  /** Whether memory may be gone when it is mapped. */
  readonly mapsFail: boolean;
  /** Whether a thread has come to the end of its script. */
  isDone(thread: string): boolean;
  fail(property: string, text: string): void;
}

/** Steps that fail if memory is gone. */
const MAPS: ReadonlySet<string> = new Set(['map', 'iosfcMap', 'iosfcUnmap']);

type Asked = 'no' | 'asked' | 'ended';

/** A thread that follows a script. */
export class ScriptThread implements Actor {
  /** Of an access that starts it, whether it has entered. */
  begun: boolean;
  at = 0;
  private asked: Asked = 'no';
  /** What the answer is to be, if it has asked. */
  private expected: Expected = 'success';
  private readonly say = (outcome: number): string => `${this.nextStep()}${outcome === 1 ? this.besides() : ''}`;

  constructor(
    readonly script: PvgScript,
    private readonly thread: number,
    private readonly world: ThreadWorld,
  ) {
    this.begun = script.inside === undefined;
  }

  get isDone(): boolean {
    return this.at === this.script.steps.length;
  }

  /** It has begun and not ended. */
  get isActive(): boolean {
    return this.begun && !this.isDone;
  }

  watches(): readonly SharedObject[] {
    const { upcalls, display, registers, lock } = this.world.pvg.parts;
    const events = this.world.pvg.coalesces ? [display] : [];
    return [upcalls, lock, ...events, ...(this.script.inside === undefined ? [] : [registers])];
  }

  look(next: Pending): void {
    const { pvg } = this.world;
    const step = this.script.steps[this.at];
    next.describe = this.say;
    if (!this.begun || step === undefined) return next.idle();
    if (this.asked === 'asked') {
      if (pvg.cell(this.thread).answered) return next.ready(Kind.awaitReply, pvg.parts.upcalls);
      return next.blocked(Kind.awaitReply, pvg.parts.upcalls);
    }
    this.lookAt(step, next);
  }

  run(outcome: number): void {
    const { pvg } = this.world;
    // It waits for the access that begins it, and an access that it is inside of waits for its end.
    if (this.script.inside !== undefined) pvg.touch(Kind.update, pvg.parts.registers);
    if (this.asked === 'asked') {
      this.takeAnswer();
      const step = this.script.steps[this.at];
      // What may have to wait, or has outcomes, is a step of its own.
      if (step === undefined || MAY_WAIT.has(step.do) || (step.do === 'newFrame' && pvg.coalesces) || canBeShort(step, pvg)) return;
      this.carryOut(step, 0);
      return;
    }
    const step = this.script.steps[this.at];
    if (step !== undefined) this.carryOut(step, outcome);
    // A reset waits for the end of every script.
    if (this.isDone) pvg.touch(Kind.update, pvg.parts.upcalls);
  }

  waitsFor(): readonly string[] {
    return this.asked === 'asked' ? ['bql'] : [this.world.pvg.owner];
  }

  describe(): string {
    const step = this.script.steps[this.at];
    if (!this.begun) return 'not begun';
    return step === undefined ? 'done' : this.asked === 'asked' ? `waits for the answer to ${step.do}` : `is about to ${step.do}`;
  }

  private nextStep(): string {
    const { steps } = this.script;
    const now = steps[this.at]?.do ?? '';
    if (this.asked !== 'asked') return now;
    const next = steps[this.at + 1]?.do;
    return next === undefined ? `see ${now} answered` : `see ${now} answered, ${next}`;
  }

  private besides(): string {
    return this.script.steps[this.at]?.do === 'newFrame' ? ' told with the one before' : ', for which there is no memory';
  }

  private lookAt(step: PvgStep, next: Pending): void {
    const { pvg } = this.world;
    if (step.do === 'lock') {
      if (pvg.isFree) next.ready(Kind.lock, pvg.parts.lock);
      else next.blocked(Kind.lock, pvg.parts.lock);
    } else if (step.do === 'awaitTask' || step.do === 'awaitThread') {
      const can = step.do === 'awaitTask' ? pvg.tasks.has(step.task) : this.world.isDone(step.thread);
      if (can) next.ready(Kind.update, pvg.parts.upcalls);
      else next.blocked(Kind.awaitReply, pvg.parts.upcalls);
    } else if (step.do === 'newFrame') {
      const merges = pvg.coalesces && pvg.announcesCurrentMode;
      next.ready(Kind.update, pvg.parts.display, merges ? 2 : 1);
    } else {
      next.ready(Kind.update, pvg.parts.upcalls, canBeShort(step, pvg) ? 2 : 1);
    }
  }

  private takeAnswer(): void {
    const { pvg } = this.world;
    const cell = pvg.cell(this.thread);
    const step = this.script.steps[this.at];
    pvg.touch(Kind.update, pvg.parts.upcalls);
    this.asked = 'no';
    this.at++;
    cell.id = 0;
    if (step === undefined) return;
    const unexpected = cell.ok ? 'failure' : 'success';
    if (this.expected === unexpected) this.world.fail('P4', `${step.do} is answered with a ${cell.ok ? 'success' : 'failure'}`);
    this.expected = 'success';
    if (!cell.ok) return;
    if (step.do === 'createTask') pvg.tasks.set(step.task, cell.value);
    if (step.do === 'iosfcMap') pvg.surfaces.set(step.surface, cell.value);
  }

  private carryOut(step: PvgStep, outcome: number): void {
    const { pvg } = this.world;
    const isShort = outcome === 1 && canBeShort(step, pvg);
    if (isShort) pvg.shortages--;
    this.expected = this.world.mapsFail && MAPS.has(step.do) ? 'either' : expected(step, pvg, isShort);
    switch (step.do) {
      case 'createTask':
        return this.ask('task', Upcall.createTask, [lengthOf(step.pages, isShort)]);
      case 'destroyTask': {
        const range = pvg.tasks.get(step.task) ?? 0;
        pvg.tasks.delete(step.task);
        return this.ask('task', Upcall.destroyTask, [range]);
      }
      case 'map':
        return this.ask('task', Upcall.mapMemory, [pvg.tasks.get(step.task) ?? 0, step.page * PAGE, 0, 1, pageAt(step.gpa, isShort), PAGE]);
      case 'unmap':
        return this.ask('task', Upcall.unmapMemory, [pvg.tasks.get(step.task) ?? 0, step.page * PAGE, PAGE]);
      case 'use':
        if (!isOfNoTask(step, pvg)) this.world.use(pvg.tasks.get(step.task) ?? 0, step.page);
        break;
      case 'readMemory':
        return this.ask('read', Upcall.readMemory, [step.gpa, step.length, 0]);
      case 'iosfcMap':
        return this.ask('iosfc', Upcall.iosfcMap, [surfaceAt(step.gpa, isShort), step.length, 0, step.surface, 0]);
      case 'iosfcUse':
        this.world.useAddress(pvg.surfaces.get(step.surface) ?? 0);
        break;
      case 'iosfcUnmap': {
        const address = pvg.surfaces.get(step.surface) ?? 0;
        pvg.surfaces.delete(step.surface);
        return this.ask('iosfc', Upcall.iosfcUnmap, [address, step.surface]);
      }
      case 'iosfcUnmapAddress':
        return this.ask('iosfc', Upcall.iosfcUnmap, [step.address, 0]);
      case 'awaitTask':
      case 'awaitThread':
        break;
      case 'raiseInterrupt':
        pvg.raised.push(step.vector);
        pvg.post('interrupt', this.thread, { kind: Upcall[step.line ?? 'raiseInterrupt'], words: [step.vector] });
        break;
      case 'lock':
        pvg.take(this.script.name);
        break;
      case 'unlock':
        pvg.release();
        break;
      default:
        this.show(step, outcome);
    }
    this.at++;
  }

  private show(
    step: Extract<PvgStep, { do: 'modeChange' | 'newFrame' | 'cursorGlyph' | 'cursorShow' | 'cursorMove' }>,
    outcome: number,
  ): void {
    const { pvg } = this.world;
    const { cursor, events } = pvg;
    pvg.touch(Kind.update, pvg.parts.display);
    switch (step.do) {
      case 'modeChange':
        return pvg.setMode(step.width, step.height);
      case 'newFrame':
        return pvg.present(outcome === 1);
      case 'cursorGlyph':
        cursor.image = step.image;
        events.push({ kind: Upcall.cursorGlyph, words: [0, TWO_32 + 1, 0, 4, 32, 4], glyph: step.image });
        return;
      case 'cursorShow':
        cursor.shown = step.show;
        events.push({ kind: Upcall.cursorShow, words: [0, step.show ? 1 : 0, cursor.x, cursor.y] });
        return;
      case 'cursorMove':
        cursor.x = step.x;
        cursor.y = step.y;
        events.push({ kind: Upcall.cursorMove, words: [0, step.x, step.y] });
        return;
      default:
        return unreachable(step);
    }
  }

  private ask(name: UpcallClassName, kind: number, words: readonly number[]): void {
    const { pvg } = this.world;
    this.asked = 'asked';
    const id = pvg.open(this.thread, kind);
    pvg.post(name, this.thread, { kind, id, words });
    // What is answered on the thread itself is answered by now.
    if (pvg.cell(this.thread).answered) this.takeAnswer();
  }
}

/** The display queue: tells what happened on the display, one event after the other. */
export class DisplayThread implements Actor {
  /** It waits for the answer to a mode change. */
  private asking = false;
  private readonly say = (): string => (this.asking ? 'see modeChange answered' : `tell ${messageOf(this.pvg.events[0]?.kind)}`);

  constructor(
    private readonly pvg: PvgModel,
    private readonly thread: number,
  ) {}

  get isAsking(): boolean {
    return this.asking;
  }

  watches(): readonly SharedObject[] {
    const { upcalls, display, lock } = this.pvg.parts;
    return [upcalls, display, lock];
  }

  look(next: Pending): void {
    const { pvg } = this;
    next.describe = this.say;
    if (this.asking) {
      if (pvg.cell(this.thread).answered) next.ready(Kind.awaitReply, pvg.parts.upcalls);
      else next.blocked(Kind.awaitReply, pvg.parts.upcalls);
      return;
    }
    const [event] = pvg.events;
    if (event === undefined) next.idle();
    else if (this.waitsWith(event.kind) && !pvg.isFree) next.blocked(Kind.lock, pvg.parts.lock);
    else next.ready(Kind.update, pvg.parts.display);
  }

  run(): void {
    const { pvg } = this;
    pvg.touch(Kind.update, pvg.parts.display);
    if (this.asking) {
      pvg.touch(Kind.update, pvg.parts.upcalls);
      this.asking = false;
      pvg.cell(this.thread).id = 0;
      if (pvg.locks) pvg.release();
      return;
    }
    const event = pvg.events.shift();
    if (event === undefined) return;
    const { kind, words } = event;
    if (this.waitsWith(kind)) {
      if (pvg.locks) pvg.take('display');
      this.asking = true;
      pvg.post('mode', this.thread, { kind, id: pvg.open(this.thread, kind), words });
      return;
    }
    let id = 0;
    if (event.glyph !== undefined) {
      id = GLYPH_BASE + event.glyph;
      pvg.glyphs.add(id);
    }
    pvg.post(kind === Upcall.modeChange ? 'mode' : 'display', this.thread, { kind, id, words });
  }

  waitsFor(): readonly string[] {
    return this.asking ? [this.pvg.modeChangeTo] : [this.pvg.owner];
  }

  describe(): string {
    return this.asking ? 'waits for the answer to modeChange' : `has ${this.pvg.events.length} events to tell`;
  }

  private waitsWith(kind: number): boolean {
    return kind === Upcall.modeChange && this.pvg.modeChangeWaits;
  }
}

function messageOf(kind: number | undefined): string {
  return Object.entries(Upcall).find(([, each]) => each === kind)?.[0] ?? 'nothing';
}

/** Ids of glyphs are above those of upcalls. */
export const GLYPH_BASE = 0x1_0000;

/** The GPU: completes encodes, in their order. */
export class GpuThread implements Actor {
  private readonly say = (outcome: number): string => `${outcome === 1 ? 'fail' : 'complete'} frame ${this.pvg.encodes[0]?.frame ?? 0}`;

  constructor(
    private readonly pvg: PvgModel,
    private readonly thread: number,
  ) {}

  watches(): readonly SharedObject[] {
    return [this.pvg.parts.display];
  }

  look(next: Pending): void {
    const { pvg } = this;
    next.describe = this.say;
    if (pvg.encodes.length === 0) next.idle();
    else next.ready(Kind.update, pvg.parts.display, pvg.failures > 0 ? 2 : 1);
  }

  run(outcome: number): void {
    this.pvg.complete(this.thread, outcome === 1);
  }

  describe(): string {
    return `${this.pvg.encodes.length} frames in flight`;
  }
}
