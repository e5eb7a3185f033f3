/**
 * Which actor's mailbox each class of PVG's upcalls goes to, by the revision's policies (threading.md 3).
 *
 * Invariant: every upcall has one destination, chosen when the device is made. What becomes of it there is the actor's affair; on
 * the BQL actor actors/bql/classes.ts says.
 */
import type { UpcallClassName } from '../src/bridge/pvg.js';
import type { Revision } from '../src/revisions/revision.js';
import type { MailboxHandles } from './wiring.js';

export function routesOf(revision: Revision, mailboxes: MailboxHandles): Readonly<Record<UpcallClassName, number>> {
  const { bql, render, background, memory, update } = mailboxes;
  const display = { unlocked: bql, renderQueue: render, backgroundSection: background, bh: bql };
  const completion = {
    insideUpdate: update,
    renderQueueOwned: render,
    renderQueueSections: render,
    backgroundQueue: bql,
    renderQueue: bql,
  };
  return {
    task: revision.tasks === 'snapshot' ? memory : bql,
    read: revision.readMemory === 'snapshot' ? memory : bql,
    interrupt: bql,
    iosfc: revision.iosfc === 'snapshot' ? memory : bql,
    display: display[revision.displayEvents],
    mode: revision.modeChanges === 'renderQueue' ? render : bql,
    completion: completion[revision.frames],
  };
}

/** Whether PVG's display queue waits for the answer to a mode change. Nobody waits for what takes no lock, nor, in ours, for a bottom half without an answer. */
export function modeChangeWaits(revision: Revision): boolean {
  return revision.modeChanges === 'section' || revision.modeChanges === 'renderQueue';
}
