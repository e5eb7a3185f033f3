/**
 * What the conformance tests ask of a device, whichever PVG is behind it: the scripted one in one thread, or the native one on real threads.
 *
 * A rig begins with a device that a guest has started, in mode 0 of MODES. It is told what PVG shall do, and says what came of it: what
 * the guest, PVG and the console see. Nothing here waits for time to pass; `until` waits for something to be so.
 */
import type { Glyph, ScriptStep } from '../../src/bridge/scripted-steps.js';
import type { Revision, RevisionName } from '../../src/revisions/revision.js';

/** The modes that are offered, preferred first. They have as many pixels, so that only sides tell them apart. */
export const MODES = [
  { width: 64, height: 48 },
  { width: 48, height: 64 },
] as const;

/** RAM that the tests may use, as offsets: what lies outside is the rigs'. */
export const SCRATCH = { start: 0x60_0000, end: 0x90_0000 } as const;
export const RAM_BYTES = 16 * 2 ** 20;

/** The region of the device's RAM. */
export const RAM_REGION = 1;

/**
 * Where PVG has guest memory from. `tasks`: it asks the host for tasks, pieces of memory in them, and reads. `ranges`: it was told where the RAM is when
 * the device was made, and asks nothing: it maps and reads that by itself, and knows of nothing else.
 */
export type MemoryModel = 'tasks' | 'ranges';

export interface RigOptions {
  readonly revision: RevisionName;
  readonly variant?: 'mmio' | 'pci';
  /** Frames stay on the GPU until releaseGpu(); of the native PVG for a while, so a test says what it saw. */
  readonly slowGpu?: boolean;
  /** Every n-th encode is refused. */
  readonly refuseEvery?: number;
  readonly managedTextures?: boolean;
  /** Memory, beside RAM, that is there when the device is made. */
  readonly given?: readonly MemoryOptions[];
  /** The device was not used before: of others the console may still have a surface and a cursor. */
  readonly fresh?: boolean;
}

/** What PVG can be told to do on both rigs; threads and locks are the scripted one's affair. */
export type RigStep = Extract<
  ScriptStep,
  {
    do:
      | 'createTask'
      | 'destroyTask'
      | 'map'
      | 'unmap'
      | 'readMemory'
      | 'iosfcMap'
      | 'iosfcUnmap'
      | 'raiseInterrupt'
      | 'iosfcInterrupt'
      | 'modeChange'
      | 'newFrame'
      | 'cursorShow'
      | 'cursorMove';
  }
>;

export interface StepResult {
  readonly ok: boolean;
  /** What readMemory read. */
  readonly bytes?: Uint8Array;
}

/** Memory on the guest's map. */
export interface MemoryOptions {
  readonly gpa: number;
  readonly bytes: number;
  readonly kind?: 'ram' | 'rom';
}

/** Memory that was put onto the guest's map. */
export interface RigMemory {
  /** The region's id. */
  readonly id: number;
  readonly gpa: number;
  poke(offset: number, ...words: number[]): void;
  /** A word as the embedder sees it. */
  peek(offset: number): number;
  remove(): Promise<void>;
}

export interface RigSurface {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

export interface RigCursor {
  readonly image: {
    readonly width: number;
    readonly height: number;
    readonly hotX: number;
    readonly hotY: number;
    readonly pixels: Uint32Array;
  } | null;
  readonly shown: boolean;
  readonly place: { readonly x: number; readonly y: number };
}

export interface RigStatistics {
  readonly mmioAccesses: number;
  readonly framesRendered: number;
  readonly refusedEncodes: number;
  readonly interrupts: number;
  readonly guestErrors: number;
}

export interface RigAccess {
  readonly write: boolean;
  readonly window: 0 | 1;
  readonly size: number;
  readonly offset: number;
  readonly value?: number;
  readonly high?: number;
}

/** What was asked for and may take its time. */
export interface Pending {
  readonly isDone: boolean;
}

export interface Rig {
  readonly revision: Revision;
  /** A guest page, in bytes. */
  readonly page: number;
  /** Guest-physical addresses of the register windows. */
  readonly windowBase: number;
  /** The surface's size before the guest set a mode; null if there was none. */
  readonly firstMode: { readonly width: number; readonly height: number } | null;

  /** One step, inside an access. */
  run(step: RigStep): Promise<StepResult>;
  /** Several steps inside one access, perhaps on several threads at once; whether all did what they were told. */
  runAtOnce(steps: readonly RigStep[]): Promise<boolean>;
  /** A cursor's image, whose bitmap the guest has in its memory. */
  glyph(glyph: Glyph): Promise<void>;
  /** A register access of the guest's: the halves of what was read. */
  access(access: RigAccess): Promise<{ readonly value: number; readonly high: number }>;

  /** Guest-physical address of an offset in RAM. */
  gpa(offset: number): number;
  /** Writes words of RAM. */
  poke(offset: number, ...words: number[]): void;
  /** What the rig was opened with, in that order. */
  readonly given: readonly RigMemory[];
  addMemory(options: MemoryOptions): Promise<RigMemory>;
  addDevice(options: { readonly gpa: number; readonly bytes: number; readonly read: (offset: number) => number | null }): Promise<void>;
  /** The word that PVG sees at an offset of a task. The rig may use the task's last page. */
  look(task: number, offset: number): Promise<number>;
  /** The first word that PVG sees of an IOSurface mapping. */
  lookSurface(surface: number): Promise<number>;
  /** References on a region that is on the map. */
  references(region: number): Promise<number>;
  /** The host has no more ranges for tasks, until it is called with false. */
  exhaustRanges(exhausted: boolean): void;

  /** Trace lines so far. */
  readonly lines: readonly string[];
  readonly guestErrors: readonly string[];
  readonly statistics: RigStatistics;
  interrupts(line: number): number;
  setMsiEnabled(enabled: boolean): void;

  readonly surface: RigSurface | null;
  /** Surfaces that were handed to the console so far. */
  readonly surfaces: number;
  readonly cursor: RigCursor;
  /** Cursor images that were handed to the console so far. */
  readonly images: number;
  /** Display events of PVG's that the device has not handled. */
  readonly pendingEvents: number;
  /** Has the console ask for an update. */
  update(): Pending;
  /** Updates that were pushed to the console. */
  readonly updates: number;
  /** The frame pipeline's state, as its machine names it. */
  pipeline(): Promise<{ readonly pipeline: unknown; readonly freshness: unknown }>;
  releaseGpu(): void;
  /** Whether nothing but releaseGpu() lets a slow GPU's frames go. */
  readonly holdsGpu: boolean;
  /**
   * Has a frame of that colour come while PVG is inside an access, in which it waits for a read of another device's register, or, if it asks for none, is
   * busy: how many more frames were shown before the access was over.
   */
  framesShownInsideAccess(colour: number): Promise<number>;

  /** Has PVG reset. */
  reset(): Pending;
  /** What a guest does at power on; after a reset the rig can be used again. */
  begin(): Promise<void>;
  /** Waits until it is so. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void>;
  close(): Promise<void>;
}

/** Where rigs come from. */
export interface RigSource {
  readonly memory: MemoryModel;
  /** A rig whose guest has begun. */
  open(options: RigOptions): Promise<Rig>;
  /** No more rigs are needed. */
  end(): Promise<void>;
}

/** A scope of tests: what they are run for, and how to open a rig for it. */
export interface Conformance {
  readonly revision: Revision;
  readonly memory: MemoryModel;
  /** Opens a rig that is closed after the test. */
  readonly open: (options?: Omit<RigOptions, 'revision'>) => Promise<Rig>;
}
