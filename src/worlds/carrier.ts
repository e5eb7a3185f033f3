/**
 * An access inside PVG: what whoever carries one in (a worker, a processor, the lock's holder) does there, and waits for.
 *
 * Invariant: it begins the threads whose scripts say so when it enters, and does not leave before those that it waits for have ended.
 */
import { Kind } from '../explorer/operation.js';
import type { PvgAccess, PvgModel } from './pvg-model.js';
import type { ScriptThread } from './pvg-threads.js';

/** An access inside PVG, for whichever process carries it in. */
export class Carrier {
  private inside = false;
  private read = 0;
  private awaited: ScriptThread[] = [];

  constructor(
    private readonly pvg: PvgModel,
    private readonly scripts: readonly ScriptThread[],
  ) {}

  get isInside(): boolean {
    return this.inside;
  }

  get canEnter(): boolean {
    return this.pvg.isFree;
  }

  /** Who has to go on before it can. */
  get waitsFor(): readonly string[] {
    if (!this.inside) return [this.pvg.owner];
    return this.awaited.filter(({ isDone }) => !isDone).map(({ script }) => script.name);
  }

  /** Every thread that the access waits for has ended. */
  get canLeave(): boolean {
    for (const script of this.awaited) if (!script.isDone) return false;
    return true;
  }

  enter(access: PvgAccess, vcpu: number, index: number): void {
    if (this.pvg.locks) this.pvg.touch(Kind.lock, this.pvg.parts.lock);
    this.read = this.pvg.enter(access, vcpu, index);
    this.inside = true;
    this.awaited = [];
    for (const thread of this.scripts) {
      const { inside, awaited = true } = thread.script;
      if (inside === undefined || inside.vcpu !== vcpu || inside.index !== index) continue;
      thread.begun = true;
      if (awaited) this.awaited.push(thread);
    }
  }

  /** What the access read. */
  leave(): number {
    this.pvg.leave();
    this.inside = false;
    return this.read;
  }
}
