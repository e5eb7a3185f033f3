/**
 * One thread of the scripted PVG: what each step of a script says and waits for.
 *
 * Invariant: a step that the guest could not have had carried out (a task that does not exist, or exists already) ends without an upcall, and
 * not ok. What PVG believes to be mapped changes only when the host has answered.
 */
import { unreachable } from '../base/errors.js';
import type { Body, Step } from '../runtime/process.js';
import { Upcall, type UpcallClassName } from './pvg.js';
import type { PvgRecord } from './records.js';
import type { ScriptedPvg } from './scripted-pvg.js';
import type { Glyph, ScriptStep } from './scripted-steps.js';
import type { UpcallAnswer, UpcallData } from './scripted-upcalls.js';

/** What a thread needs of PVG. */
export interface ThreadHost {
  readonly pvg: Pick<ScriptedPvg, 'tasks' | 'surfaces' | 'displays'>;
  /** Signals that were given. */
  readonly signals: Set<string>;
  post(thread: string, name: UpcallClassName, record: Partial<PvgRecord> & { readonly kind: number }): void;
  ask(
    thread: string,
    name: UpcallClassName,
    record: { readonly kind: number; readonly words: readonly number[] },
    data: UpcallData,
  ): Body<UpcallAnswer>;
  lock(thread: string, lock: string): Step;
  unlock(thread: string, lock: string): Step;
}

interface Ended {
  readonly ok: boolean;
  readonly bytes?: Uint8Array;
}

const TWO_32 = 2 ** 32;

export class ScriptedThread {
  constructor(
    private readonly name: string,
    private readonly host: ThreadHost,
  ) {}

  /** One step, to its end. */
  *carryOut(step: ScriptStep): Body<Ended> {
    switch (step.do) {
      case 'createTask':
      case 'destroyTask':
      case 'map':
      case 'unmap':
        return yield* this.task(step);
      case 'readMemory':
        return yield* this.read(step.gpa, step.length);
      case 'iosfcMap':
      case 'iosfcUnmap':
      case 'iosfcUnmapAddress':
        return yield* this.iosfc(step);
      case 'raiseInterrupt':
        return yield* this.tell('raise an interrupt', Upcall.raiseInterrupt, step.vector);
      case 'iosfcInterrupt':
        return yield* this.tell('raise an interrupt of the mapper', Upcall.iosfcInterrupt, step.vector);
      case 'lock':
        yield this.host.lock(this.name, step.lock);
        return { ok: true };
      case 'unlock':
        yield this.host.unlock(this.name, step.lock);
        return { ok: true };
      case 'signal':
      case 'await':
        return yield* this.signal(step);
      default:
        return yield* this.display(step);
    }
  }

  private *task(step: Extract<ScriptStep, { do: 'createTask' | 'destroyTask' | 'map' | 'unmap' }>): Body<Ended> {
    const { tasks } = this.host.pvg;
    const known = tasks.get(step.task);
    if ((step.do === 'createTask') === (known !== undefined)) return { ok: false };
    const range = known?.range ?? 0;
    switch (step.do) {
      case 'createTask': {
        const { ok, value } = yield* this.ask('task', Upcall.createTask, [step.length]);
        if (ok) tasks.set(step.task, { range: value, length: step.length });
        return { ok };
      }
      case 'destroyTask': {
        const { ok } = yield* this.ask('task', Upcall.destroyTask, [range]);
        tasks.delete(step.task);
        return { ok };
      }
      case 'map': {
        const { offset, readOnly, pieces } = step;
        const [first] = pieces;
        const words = [range, offset, readOnly ? 1 : 0, pieces.length, first?.gpa ?? 0, first?.length ?? 0];
        return { ok: (yield* this.ask('task', Upcall.mapMemory, words, { pieces })).ok };
      }
      case 'unmap':
        return { ok: (yield* this.ask('task', Upcall.unmapMemory, [range, step.offset, step.length])).ok };
      default:
        return unreachable(step);
    }
  }

  private *read(gpa: number, length: number): Body<Ended> {
    const destination = new Uint8Array(length);
    const { ok } = yield* this.ask('read', Upcall.readMemory, [gpa, length], { destination });
    return ok ? { ok, bytes: destination } : { ok };
  }

  private *iosfc(step: Extract<ScriptStep, { do: 'iosfcMap' | 'iosfcUnmap' | 'iosfcUnmapAddress' }>): Body<Ended> {
    const { surfaces } = this.host.pvg;
    switch (step.do) {
      case 'iosfcMap': {
        if (surfaces.has(step.surface)) return { ok: false };
        const words = [step.gpa, step.length, step.readOnly ? 1 : 0, step.surface];
        const { ok, value } = yield* this.ask('iosfc', Upcall.iosfcMap, words);
        if (ok) surfaces.set(step.surface, value);
        return { ok };
      }
      case 'iosfcUnmap': {
        const address = surfaces.get(step.surface);
        if (address === undefined) return { ok: false };
        const { ok } = yield* this.ask('iosfc', Upcall.iosfcUnmap, [address, step.surface]);
        surfaces.delete(step.surface);
        return { ok };
      }
      case 'iosfcUnmapAddress':
        return { ok: (yield* this.ask('iosfc', Upcall.iosfcUnmap, [step.address])).ok };
      default:
        return unreachable(step);
    }
  }

  /** What the display's own thread will tell the host. */
  private *display(step: Extract<ScriptStep, { readonly port: number }>): Body<Ended> {
    let ok = false;
    yield { mode: 'send', object: 'display queue', text: `queue ${step.do}`, run: () => (ok = this.queue(step)) };
    return { ok };
  }

  private queue(step: Extract<ScriptStep, { readonly port: number }>): boolean {
    const { displays } = this.host.pvg;
    if (!displays.port(step.port)) return false;
    switch (step.do) {
      case 'modeChange':
        return displays.setMode(step.port, step.width, step.height);
      case 'newFrame':
        return displays.present(step.port, step.colour);
      case 'cursorMove':
        return displays.moveCursor(step.port, step.x, step.y);
      case 'cursorShow': {
        const { x, y } = displays.port(step.port)?.cursor ?? { x: 0xffff, y: 0xffff };
        displays.queue.push({ kind: Upcall.cursorShow, words: [step.port, step.show ? 1 : 0, x, y] });
        return true;
      }
      case 'cursorGlyph':
        displays.queue.push({ kind: Upcall.cursorGlyph, words: glyphWords(step.port, step), bitmap: step.bytes });
        return true;
      default:
        return unreachable(step);
    }
  }

  private *signal({ do: what, signal }: Extract<ScriptStep, { readonly signal: string }>): Body<Ended> {
    const { signals } = this.host;
    const object = `signal ${signal}`;
    if (what === 'signal') yield { mode: 'update', object, text: `give the ${object}`, run: () => void signals.add(signal) };
    else yield { mode: 'awaitReply', object, text: `have the ${object}`, when: () => signals.has(signal), run: () => undefined };
    return { ok: true };
  }

  private *tell(text: string, kind: number, vector: number): Body<Ended> {
    yield { mode: 'send', object: 'class interrupt', text, run: () => this.host.post(this.name, 'interrupt', { kind, words: [vector] }) };
    return { ok: true };
  }

  private ask(name: UpcallClassName, kind: number, words: readonly number[], data: UpcallData = {}): Body<UpcallAnswer> {
    return this.host.ask(this.name, name, { kind, words }, data);
  }
}

/** As pvg_bridge.h has PVG_UPCALL_CURSOR_GLYPH. */
function glyphWords(port: number, { width, height, hotX, hotY, bytesPerRow, bitsPerPixel, bytes }: Glyph): number[] {
  return [port, width * TWO_32 + height, hotX * TWO_32 + hotY, bytesPerRow, bitsPerPixel, bytes.length];
}
