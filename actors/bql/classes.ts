/**
 * How a message gets onto the BQL actor, by the revision's policies (threading.md 1 and 3).
 */
import { Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import type { Revision } from '../../src/revisions/revision.js';
import { Message } from '../messages.js';

/**
 * - `bh`: a bottom half; runs also inside nested waits.
 * - `section`: takes the lock.
 * - `condition`: only changes what somebody waits for.
 * - `unlocked`: runs at once, whoever holds the lock.
 */
export type MessageClass = 'bh' | 'section' | 'condition' | 'unlocked';

/** The class of each kind that the BQL actor takes. What other actors serve never reaches it. */
export function classOf(revision: Revision, { kind, words }: Pick<PvgRecord, 'kind' | 'words'>): MessageClass {
  switch (kind) {
    case Upcall.createTask:
    case Upcall.destroyTask:
    case Upcall.mapMemory:
    case Upcall.unmapMemory:
      return revision.tasks === 'section' ? 'section' : 'bh';
    case Upcall.readMemory:
      return revision.readMemory === 'section' ? 'section' : 'bh';
    case Upcall.iosfcMap:
    case Upcall.iosfcUnmap:
      return revision.iosfc === 'section' ? 'section' : 'bh';
    case Upcall.raiseInterrupt:
    case Upcall.iosfcInterrupt:
      return revision.interrupts;
    case Upcall.newFrame:
    case Upcall.cursorGlyph:
    case Upcall.cursorShow:
    case Upcall.cursorMove:
      return revision.displayEvents === 'unlocked' ? 'unlocked' : 'bh';
    case Upcall.modeChange:
      return revision.modeChanges === 'unlocked' ? 'unlocked' : revision.modeChanges === 'bh' ? 'bh' : 'section';
    case Upcall.frameCompleted:
      return 'bh';
    case Message.frameRefused:
      return revision.frames === 'renderQueue' ? 'bh' : 'section';
    case Message.updateRequested:
      return words[1] === 1 ? 'bh' : 'section';
    case Message.jobDone:
    case Message.returnBql:
      return 'condition';
    default:
      return 'section';
  }
}
