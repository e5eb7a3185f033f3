/**
 * A revision of the device's threading: a record of policies (threading.md 3). The device code is one; it asks the record.
 *
 * Plain data that crosses threads. It holds no code, and nothing here knows how a policy is carried out.
 */

export const REVISION_NAMES = ['sync', 'async-write', 'unlock', 'shared-cond', 'v5', 'bh', 'hardened'] as const;
/** The name of a revision. */
export type RevisionName = (typeof REVISION_NAMES)[number];

/**
 * Who enters PVG with a guest's access, and what becomes of the BQL meanwhile.
 * - `holdingBql`: the BQL actor's own thread, which is blocked until PVG returns.
 * - `droppingBql`: the caller's thread. The lock is free meanwhile, and is taken again before the access ends.
 * - `posted`: a worker of the background queue. The guest goes on at once, and nobody waits.
 * - `nestedWait`: a worker of the background queue. The BQL actor waits for it and runs bottom halves meanwhile.
 */
export type AccessEntry = 'holdingBql' | 'droppingBql' | 'posted' | 'nestedWait';

/**
 * How a callback of PVG's reaches the device.
 * - `section`: it takes the BQL.
 * - `bh`: it is a bottom half, which also runs inside nested waits.
 * - `snapshot`: it takes no BQL and reads a snapshot of the memory map, on PVG's own thread; no actor sees it.
 */
export type UpcallReach = 'section' | 'bh' | 'snapshot';

/**
 * How what happens on the display reaches the device.
 * - `unlocked`: it takes nothing, and runs whoever holds the BQL.
 * - `renderQueue`: it is a block of the render queue, which owns the frames.
 * - `backgroundSection`: it is a block of the background queue that takes the BQL.
 * - `section`: it takes the BQL.
 * - `bh`: it is a bottom half.
 */
export type DisplayReach = 'unlocked' | 'renderQueue' | 'backgroundSection' | 'section' | 'bh';

/**
 * Where a frame is encoded, and how its end comes back.
 * - `insideUpdate`: on the BQL actor, inside the console's update, which waits for the GPU.
 * - `renderQueueOwned`: on the render queue, which owns the frames; the BQL has no part in it.
 * - `renderQueueSections`: on the render queue, which takes the BQL before the encode and after the frame.
 * - `backgroundQueue`: on the background queue; completion is a bottom half, refusal takes the BQL.
 * - `renderQueue`: on the render queue; completion and refusal are bottom halves.
 */
export type FramePath = 'insideUpdate' | 'renderQueueOwned' | 'renderQueueSections' | 'backgroundQueue' | 'renderQueue';

/** A revision of the device's threading, as policies. */
export interface Revision {
  /** As createDevice() and `--revision` have it. */
  readonly name: RevisionName;
  /** One sentence for people. */
  readonly summary: string;

  /** Reads of the gfx window. */
  readonly gfxRead: AccessEntry;
  /** Writes to the gfx window. */
  readonly gfxWrite: AccessEntry;
  /** Reads of the iosfc window. */
  readonly iosfcRead: AccessEntry;
  /** Writes to the iosfc window. */
  readonly iosfcWrite: AccessEntry;
  /** Whether a callback inside an access may lead to a further access. */
  readonly reentrantAccesses: boolean;
  /** The order within a batch of bottom halves that one poll takes. */
  readonly bottomHalves: 'lastFirst' | 'firstFirst';
  /** Whom a free lock is granted to: somebody who waits, or the one who came first. On threads it is always the latter, which is one of the former. */
  readonly lockGrants: 'anyone' | 'firstCome';

  /** Callbacks that make and destroy tasks, and map and unmap their memory. */
  readonly tasks: UpcallReach;
  /** Callbacks that read the guest's memory. */
  readonly readMemory: UpcallReach;
  /** Callbacks that map and unmap IOSurfaces. */
  readonly iosfc: UpcallReach;
  /** Callbacks that raise interrupts. */
  readonly interrupts: 'section' | 'bh';
  /** Whom the answer to a callback wakes: the one who waits for it, whoever waits in a callback of its kind, everybody who waits. */
  readonly wakes: 'job' | 'kind' | 'all';

  /** Whether a task holds references on the regions it maps. */
  readonly taskReferences: boolean;
  /**
   * What keeps the region of an IOSurface mapping. `none`: nothing, and unmap does nothing. `perRegion`: one reference, as long as a count
   * of mappings is above 0. `perMapping`: one each, given back for any address in it. `checked`: one each, given back for a mapping that was made.
   */
  readonly iosfcReferences: 'none' | 'perRegion' | 'perMapping' | 'checked';
  /** Whether readMemory's answer tells of failure. */
  readonly readMemoryFails: boolean;
  /** Whether mapMemory of no ranges is a job, with a trace line. */
  readonly emptyMapsAreJobs: boolean;

  /** New frames and cursors. */
  readonly displayEvents: Exclude<DisplayReach, 'section'>;
  /** Modes that the guest sets. */
  readonly modeChanges: Exclude<DisplayReach, 'backgroundSection'>;
  /** Who asks PVG for a display's cursor position and texture usage: the BQL actor, or PVG's side, which sends the position with its event. */
  readonly displayQueries: 'onBql' | 'withEvent';
  /** Where frames are encoded. */
  readonly frames: FramePath;
  /** After a refused encode. `forgotten`: the frame stays counted. `counted`: it is taken off. `restarts`: and a pending one is started. */
  readonly refusedEncode: 'forgotten' | 'counted' | 'restarts';
  /** Whether an update that waits for a frame is answered when that frame will not be shown and none is left. */
  readonly answersEveryUpdate: boolean;

  /** Whether a frame whose work failed on the GPU is logged and not shown. */
  readonly checksGpuWork: boolean;

  /** The mode before the guest sets one. */
  readonly firstMode: 'fixed' | 'none' | 'preferred';
  /** How many display modes there are if the embedder gives none. */
  readonly defaultModes: 'two' | 'three';
  /** Display serials: one constant for all, or a number of their own. */
  readonly serials: 'constant' | 'counted';
  /** Whether an interrupt vector that the guest has not enabled is dropped and logged. */
  readonly checksVectors: boolean;
}

/** Whether the revision needs the render-queue actor. */
export function usesRenderQueue(revision: Revision): boolean {
  return revision.frames.startsWith('renderQueue');
}
