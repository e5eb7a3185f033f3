/**
 * What the threads of the scripted PVG can be told to do: a closed union of plain data.
 *
 * Tasks and surfaces go by the guest's numbers. What waits for the host's answer, and what is only told, stands in pvg_bridge.h.
 */
import type { WindowId } from './pvg.js';

/** A piece of guest-physical memory. */
export interface Piece {
  readonly gpa: number;
  readonly length: number;
}

export type ScriptStep =
  | { readonly do: 'createTask'; readonly task: number; readonly length: number }
  | { readonly do: 'destroyTask'; readonly task: number }
  | { readonly do: 'map'; readonly task: number; readonly offset: number; readonly readOnly?: boolean; readonly pieces: readonly Piece[] }
  | { readonly do: 'unmap'; readonly task: number; readonly offset: number; readonly length: number }
  | { readonly do: 'readMemory'; readonly gpa: number; readonly length: number }
  | { readonly do: 'iosfcMap'; readonly surface: number; readonly gpa: number; readonly length: number; readonly readOnly?: boolean }
  | { readonly do: 'iosfcUnmap'; readonly surface: number }
  /** Undoes a mapping that there need not be. */
  | { readonly do: 'iosfcUnmapAddress'; readonly address: number }
  | { readonly do: 'raiseInterrupt'; readonly vector: number }
  | { readonly do: 'iosfcInterrupt'; readonly vector: number }
  | { readonly do: 'modeChange'; readonly port: number; readonly width: number; readonly height: number }
  /** A frame of one colour is the current one of the display. */
  | { readonly do: 'newFrame'; readonly port: number; readonly colour: number }
  | ({ readonly do: 'cursorGlyph'; readonly port: number } & Glyph)
  | { readonly do: 'cursorShow'; readonly port: number; readonly show: boolean }
  | { readonly do: 'cursorMove'; readonly port: number; readonly x: number; readonly y: number }
  /** Takes one of PVG's own locks and keeps it until it is told to let go. */
  | { readonly do: 'lock' | 'unlock'; readonly lock: string }
  /** Lets those pass who await the signal, now and later; waits until it was given. */
  | { readonly do: 'signal' | 'await'; readonly signal: string };

export interface Glyph {
  readonly width: number;
  readonly height: number;
  readonly hotX: number;
  readonly hotY: number;
  readonly bytesPerRow: number;
  readonly bitsPerPixel: number;
  readonly bytes: Uint8Array;
}

/** What one thread does, in order. */
export interface ThreadScript {
  /** A thread of PVG's by name; what it was told before is done first. */
  readonly thread: string;
  readonly steps: readonly ScriptStep[];
  /** False: an access that starts the script does not wait for this part of it. */
  readonly awaited?: boolean;
}

/** What several threads do at once. */
export type Script = readonly ThreadScript[];

/** How a step ended; `bytes` is what readMemory read. */
export interface StepOutcome {
  readonly thread: string;
  readonly step: ScriptStep;
  readonly ok: boolean;
  readonly bytes?: Uint8Array;
}

/** A script that was loaded or started. */
export class ScriptRun {
  /** In the order in which the steps ended. */
  readonly outcomes: StepOutcome[] = [];
  /** Parts that have not ended, of those that are awaited and of all; null before it began. */
  private left: { awaited: number; all: number } | null = null;

  constructor(readonly script: Script) {}

  begin(): void {
    this.left = { awaited: this.script.filter(({ awaited }) => awaited !== false).length, all: this.script.length };
  }

  /** A part has ended. */
  ended({ awaited }: ThreadScript): void {
    if (!this.left) return;
    this.left.all--;
    if (awaited !== false) this.left.awaited--;
  }

  /** Whether an access that started it may complete. */
  get isAnswered(): boolean {
    return this.left?.awaited === 0;
  }

  get isDone(): boolean {
    return this.left?.all === 0;
  }

  /** Whether every step so far did what it was told. */
  get isOk(): boolean {
    return this.outcomes.every(({ ok }) => ok);
  }
}

/** A register access that PVG is entered with. */
export interface RegisterAccess {
  readonly write: boolean;
  readonly window: WindowId;
  readonly offset: number;
  readonly value: number;
  readonly high: number;
}
