/**
 * The background queue: what becomes of each message a worker takes. Workers differ in nothing, and hold nothing between messages.
 *
 * Invariant: every job and every encode is answered with at most one message to the BQL, once PVG has returned; a display event passes
 * through and becomes a lock section.
 */
import { DefectError } from '../../src/base/errors.js';
import { Upcall } from '../../src/bridge/pvg.js';
import { emptyRecord, type PvgRecord } from '../../src/bridge/records.js';
import type { JobResult } from '../../src/device/mmio.js';
import type { PvgAccess } from '../../src/runtime/pvg-access.js';
import { Message } from '../messages.js';

type Answer = Partial<PvgRecord> & { readonly kind: number };

/** A register access to carry into PVG. */
export interface CarryWork extends PvgAccess {
  readonly do: 'carry';
  readonly job: number;
  /** The kind of message with which the BQL is told (jobAnswer()). */
  readonly answer: number;
}

/** What a worker has to do for a message, and what it tells the BQL then. */
export type Work =
  | CarryWork
  | { readonly do: 'encode'; readonly display: number; readonly texture: number; readonly managed: number; readonly refusal: Answer }
  | { readonly do: 'pass'; readonly section: Answer; readonly traced: 'apple_gfx_new_frame' | null };

export function workOf(record: PvgRecord): Work {
  const { kind, id, reserved, words } = record;
  switch (kind) {
    case Message.job: {
      return {
        do: 'carry',
        job: id,
        answer: jobAnswerKind(reserved),
        operation: words[0] ?? 0,
        window: words[1] ?? 0,
        size: words[2] ?? 0,
        offset: words[3] ?? 0,
        value: words[4] ?? 0,
        high: words[5] ?? 0,
      };
    }
    case Message.encode: {
      const [texture = 0, managed = 0, display = 0] = words;
      return { do: 'encode', display, texture, managed, refusal: { kind: Message.frameRefused, id, reserved: display } };
    }
    case Upcall.newFrame:
    case Upcall.cursorGlyph:
    case Upcall.cursorShow:
    case Upcall.cursorMove:
      return {
        do: 'pass',
        section: { ...record, kind: Message.displaySection, reserved: kind },
        // Of a new frame the line comes when PVG says it; of the others when the work runs (device.md 8).
        traced: kind === Upcall.newFrame ? 'apple_gfx_new_frame' : null,
      };
    case Message.crash:
      throw new DefectError('a worker of the background queue was crashed on purpose');
    default:
      throw new DefectError(`the background queue knows no message of kind ${kind}`);
  }
}

/** With which kind of message the BQL is told of a job, by what its own message has as `reserved`. */
export function jobAnswerKind(reserved: number): number {
  return reserved === 1 ? Message.accessReturned : Message.jobDone;
}

/** What the BQL is told of a job that PVG has returned from. */
export function jobAnswer({ job, answer }: CarryWork, { ok, value, high }: JobResult): PvgRecord {
  return { ...emptyRecord(), kind: answer, id: job, words: [ok ? 1 : 0, value, high, 0, 0, 0] };
}
