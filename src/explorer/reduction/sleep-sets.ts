/**
 * Sleep sets: of each state of the current execution, the choices that need not be made there, since all that could come after them is known.
 *
 * A choice sleeps from when everything behind it has been explored until a step that depends on it. Invariant: the sleepers of a depth lie
 * behind those of the depth before, so sleepers are added at the deepest depth only, and going back is free. A sleeper's footprint is
 * the one it had when it was run: as long as it sleeps, nothing happened that it could notice.
 */
import { PROCESS_MASK } from '../execution.js';
import type { Footprints } from './footprints.js';
import { grown } from './grown.js';

export class SleepSets {
  /** The sleepers of a depth: `choices[starts[depth] .. ends[depth])`, and their footprints. */
  choices = new Int32Array(64);
  footprints = new Int32Array(64);
  starts = new Int32Array(64);
  ends = new Int32Array(64);

  /** Nobody sleeps at the beginning. */
  restart(): void {
    this.starts[0] = 0;
    this.ends[0] = 0;
  }

  /** At a depth sleep those of the depth before that do not depend on the step between. */
  inherit(depth: number, choice: number, footprint: number, footprints: Footprints): void {
    if (depth === this.starts.length) {
      this.starts = grown(this.starts);
      this.ends = grown(this.ends);
    }
    const end = this.ends[depth - 1] ?? 0;
    let to = end;
    for (let at = this.starts[depth - 1] ?? 0; at < end; at++) {
      const sleeper = this.choices[at] ?? 0;
      if (((sleeper ^ choice) & PROCESS_MASK) === 0 || footprints.dependent(this.footprints[at] ?? 0, footprint)) continue;
      this.put(to++, sleeper, this.footprints[at] ?? 0);
    }
    this.starts[depth] = end;
    this.ends[depth] = to;
  }

  /** Puts a choice to sleep at the deepest depth. */
  add(depth: number, choice: number, footprint: number): void {
    const at = this.ends[depth] ?? 0;
    this.put(at, choice, footprint);
    this.ends[depth] = at + 1;
  }

  has(depth: number, choice: number): boolean {
    const end = this.ends[depth] ?? 0;
    for (let at = this.starts[depth] ?? 0; at < end; at++) if (this.choices[at] === choice) return true;
    return false;
  }

  private put(at: number, choice: number, footprint: number): void {
    if (at === this.choices.length) {
      this.choices = grown(this.choices);
      this.footprints = grown(this.footprints);
    }
    this.choices[at] = choice;
    this.footprints[at] = footprint;
  }
}
