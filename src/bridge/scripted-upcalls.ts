/**
 * The scripted PVG's upcalls that have an id: those that wait for their answer, and glyphs, whose id names their bitmap.
 *
 * Invariant: an id is never 0 and never used twice, so a late or repeated answer reaches nobody. Once they were released, everything is
 * refused. What the host may do with an id is pvg_bridge.h's.
 */
import type { Piece } from './scripted-steps.js';

/** What an upcall carries beside its record. */
export interface UpcallData {
  readonly pieces?: readonly Piece[];
  /** Where readMemory's bytes go. */
  readonly destination?: Uint8Array;
  readonly bitmap?: Uint8Array;
}

export interface UpcallAnswer {
  readonly ok: boolean;
  readonly value: number;
}

const REFUSED: UpcallAnswer = { ok: false, value: 0 };

export class ScriptedUpcalls {
  private readonly open = new Map<number, UpcallData>();
  private readonly answers = new Map<number, UpcallAnswer>();
  private lastId = 0;
  private released = false;

  /** A new id. */
  begin(data: UpcallData): number {
    const id = ++this.lastId;
    if (this.released) this.answers.set(id, REFUSED);
    else this.open.set(id, data);
    return id;
  }

  /** The host's answer; false if nobody waits for it. */
  answer(id: number, answer: UpcallAnswer): boolean {
    if (!this.open.delete(id)) return false;
    this.answers.set(id, answer);
    return true;
  }

  isAnswered(id: number): boolean {
    return this.answers.has(id);
  }

  /** Takes the answer, which must be there. */
  take(id: number): UpcallAnswer {
    const answer = this.answers.get(id) ?? REFUSED;
    this.answers.delete(id);
    return answer;
  }

  /** How many have not been answered. */
  get count(): number {
    return this.open.size;
  }

  /** What an upcall carries that has not been answered; null if there is none of that id. */
  dataOf(id: number): UpcallData | null {
    return this.open.get(id) ?? null;
  }

  /** Refuses everything, now and from now on. */
  releaseAll(): void {
    this.released = true;
    for (const id of this.open.keys()) this.answers.set(id, REFUSED);
    this.open.clear();
  }
}
