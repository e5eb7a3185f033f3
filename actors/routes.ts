/**
 * Which actor's mailbox each class of PVG's upcalls goes to, by the revision's policies (threading.md 3), and which go to none, since
 * PVG's own threads answer them.
 *
 * Invariant: every upcall has one destination, chosen when the device is made. What becomes of it there is the actor's affair; on
 * the BQL actor actors/bql/classes.ts says.
 */
import { DefectError } from '../src/base/errors.js';
import { OwnIosfc, type UpcallClassName } from '../src/bridge/pvg.js';
import type { Revision } from '../src/revisions/revision.js';
import type { MailboxHandles } from './wiring.js';

export function routesOf(revision: Revision, mailboxes: MailboxHandles): Readonly<Record<UpcallClassName, number>> {
  const { bql, render, background, update } = mailboxes;
  const display = { unlocked: bql, renderQueue: render, backgroundSection: background, bh: bql };
  const completion = {
    insideUpdate: update,
    renderQueueOwned: render,
    renderQueueSections: render,
    backgroundQueue: bql,
    renderQueue: bql,
  };
  return {
    task: bql,
    read: bql,
    interrupt: bql,
    iosfc: bql,
    display: display[revision.displayEvents],
    mode: revision.modeChanges === 'renderQueue' ? render : bql,
    completion: completion[revision.frames],
  };
}

/** Whether PVG's display queue waits for the answer to a mode change. Nobody waits for what takes no lock, nor, in ours, for a bottom half without an answer. */
export function modeChangeWaits(revision: Revision): boolean {
  return revision.modeChanges === 'section' || revision.modeChanges === 'renderQueue';
}

/** What PVG's own threads answer, from a snapshot of the memory map; fields of struct pvg_config. */
export interface OwnAnswers {
  readonly own_tasks: 0 | 1;
  readonly own_reads: 0 | 1;
  readonly own_iosfc: (typeof OwnIosfc)[keyof typeof OwnIosfc];
}

/** Throws DefectError for policies that native code doesn't have, because no revision needs them there. */
export function ownAnswersOf(revision: Revision): OwnAnswers {
  const { iosfcReferences } = revision;
  const own = { tasks: revision.tasks === 'snapshot', reads: revision.readMemory === 'snapshot', iosfc: revision.iosfc === 'snapshot' };
  const asTasks = revision.taskReferences && revision.emptyMapsAreJobs;
  const iosfc = iosfcReferences === 'perMapping' || iosfcReferences === 'checked' ? OwnIosfc[iosfcReferences] : OwnIosfc.none;
  const missing = (own.tasks && !asTasks) || (own.reads && !revision.readMemoryFails) || (own.iosfc && iosfc === OwnIosfc.none);
  if (missing) throw new DefectError(`no native answers for the policies of ${revision.name}`);
  return { own_tasks: own.tasks ? 1 : 0, own_reads: own.reads ? 1 : 0, own_iosfc: own.iosfc ? iosfc : OwnIosfc.none };
}
