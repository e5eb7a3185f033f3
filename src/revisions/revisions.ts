/**
 * The seven revisions (threading.md 3), from the first posted design to ours. Each is the one before it with what it changed.
 */
import type { Revision, RevisionName } from './revision.js';

const sync: Revision = {
  name: 'sync',
  summary: 'v1: PVG is entered on the thread that holds the BQL; frames are rendered inside the update',
  gfxRead: 'holdingBql',
  gfxWrite: 'droppingBql',
  iosfcRead: 'droppingBql',
  iosfcWrite: 'holdingBql',
  reentrantAccesses: false,
  bottomHalves: 'lastFirst',
  lockGrants: 'anyone',
  tasks: 'section',
  readMemory: 'snapshot',
  iosfc: 'section',
  interrupts: 'section',
  wakes: 'job',
  taskReferences: false,
  iosfcReferences: 'none',
  readMemoryFails: true,
  emptyMapsAreJobs: true,
  displayEvents: 'unlocked',
  modeChanges: 'unlocked',
  displayQueries: 'onBql',
  frames: 'insideUpdate',
  refusedEncode: 'counted',
  answersEveryUpdate: true,
  checksGpuWork: false,
  firstMode: 'fixed',
  defaultModes: 'two',
  serials: 'constant',
  checksVectors: false,
};

const asyncWrite: Revision = {
  ...sync,
  name: 'async-write',
  summary: 'v2: writes go to the concurrent queue and nobody waits for them; reads enter PVG at once',
  gfxWrite: 'posted',
  iosfcRead: 'holdingBql',
  iosfcWrite: 'posted',
  readMemory: 'section',
  displayEvents: 'renderQueue',
  modeChanges: 'renderQueue',
  frames: 'renderQueueOwned',
  refusedEncode: 'forgotten',
  answersEveryUpdate: false,
};

const unlock: Revision = {
  ...asyncWrite,
  name: 'unlock',
  summary: "v3: the BQL is dropped around every access, on the vCPU's own thread",
  gfxRead: 'droppingBql',
  gfxWrite: 'droppingBql',
  iosfcRead: 'droppingBql',
  iosfcWrite: 'droppingBql',
  reentrantAccesses: true,
};

const sharedCond: Revision = {
  ...unlock,
  name: 'shared-cond',
  summary: 'v4: accesses on the background queue with nested waits; callbacks are bottom halves that wait on one condition',
  gfxRead: 'nestedWait',
  gfxWrite: 'nestedWait',
  iosfcRead: 'nestedWait',
  iosfcWrite: 'nestedWait',
  reentrantAccesses: false,
  tasks: 'bh',
  readMemory: 'bh',
  iosfc: 'bh',
  interrupts: 'bh',
  wakes: 'all',
  readMemoryFails: false,
  emptyMapsAreJobs: false,
  displayEvents: 'backgroundSection',
  modeChanges: 'section',
  frames: 'renderQueueSections',
  refusedEncode: 'counted',
};

const v5: Revision = {
  ...sharedCond,
  name: 'v5',
  summary: 'the posted revision: one condition for each kind of callback, region references',
  wakes: 'kind',
  taskReferences: true,
  iosfcReferences: 'perRegion',
  readMemoryFails: true,
};

const bh: Revision = {
  ...v5,
  name: 'bh',
  summary: 'what QEMU merged: mappings without the BQL, display events as bottom halves, no render queue',
  tasks: 'snapshot',
  iosfc: 'snapshot',
  wakes: 'job',
  iosfcReferences: 'perMapping',
  emptyMapsAreJobs: true,
  displayEvents: 'bh',
  frames: 'backgroundQueue',
  refusedEncode: 'restarts',
  firstMode: 'none',
  defaultModes: 'three',
  serials: 'counted',
};

const hardened: Revision = {
  ...bh,
  name: 'hardened',
  summary: 'ours: nothing enters PVG on the BQL actor, everything is in order, every known fault is mended',
  reentrantAccesses: true,
  bottomHalves: 'firstFirst',
  lockGrants: 'firstCome',
  tasks: 'bh',
  iosfcReferences: 'checked',
  modeChanges: 'bh',
  displayQueries: 'withEvent',
  frames: 'renderQueue',
  answersEveryUpdate: true,
  checksGpuWork: true,
  firstMode: 'preferred',
  checksVectors: true,
};

/** The revisions, by their names. */
export const REVISIONS: Readonly<Record<RevisionName, Revision>> = {
  sync,
  'async-write': asyncWrite,
  unlock,
  'shared-cond': sharedCond,
  v5,
  bh,
  hardened,
};

export const DEFAULT_REVISION: RevisionName = 'hardened';
