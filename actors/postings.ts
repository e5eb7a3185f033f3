/**
 * The device's effects that are messages to other actors: which message, and whose mailbox (threading.md 2).
 *
 * Pure, so that threads and models of them post the same. How a message travels is the port's affair.
 */
import { unreachable } from '../src/base/errors.js';
import { emptyRecord, type MutableRecord } from '../src/bridge/records.js';
import type { Effect } from '../src/device/effects.js';
import type { Revision } from '../src/revisions/revision.js';
import { Message } from './messages.js';

export type PostedEffect = Extract<Effect, { do: 'submitJob' | 'queueRender' | 'tellSurface' | 'endSection' | 'lendBql' }>;

/** A message for an actor, or for a vCPU by the handle of its reply mailbox. */
export interface Posting {
  to: 'render' | 'background' | 'vcpu';
  /** The reply mailbox, if it is for a vCPU. */
  mailbox: number;
  readonly record: MutableRecord;
}

/** A posting to write into. */
export const emptyPosting = (): Posting => ({ to: 'render', mailbox: 0, record: emptyRecord() });

/** What an effect posts. `into` is written and returned: whoever posts at once may use the same again and again. */
export function postingOf(effect: PostedEffect, revision: Pick<Revision, 'frames'>, into: Posting = emptyPosting()): Posting {
  const { record } = into;
  into.to = 'render';
  record.reserved = 0;
  switch (effect.do) {
    case 'submitJob': {
      const outside = effect.entry === 'droppingBql';
      const toVcpu = outside && effect.caller !== 0;
      into.to = toVcpu ? 'vcpu' : 'background';
      into.mailbox = effect.caller;
      record.kind = toVcpu ? Message.enterPvg : Message.job;
      record.id = effect.job;
      record.reserved = outside && !toVcpu ? 1 : 0;
      setWords(record.words, effect.operation, effect.window, effect.size, effect.offset, effect.value, effect.high);
      return into;
    }
    case 'queueRender': {
      const onBackground = revision.frames === 'backgroundQueue';
      if (onBackground) into.to = 'background';
      record.kind = onBackground ? Message.encode : Message.renderBlock;
      record.id = effect.frame;
      setWords(record.words, effect.texture, effect.managed ? 1 : 0, effect.display);
      return into;
    }
    case 'tellSurface':
      record.kind = Message.surfaceNoted;
      record.id = effect.frame;
      setWords(record.words, effect.texture, effect.managed ? 1 : 0, effect.display);
      return into;
    case 'endSection':
      record.kind = Message.sectionEnded;
      record.id = effect.frame;
      setWords(record.words);
      return into;
    case 'lendBql':
      record.kind = Message.bqlTaken;
      record.id = effect.display;
      setWords(record.words);
      return into;
    default:
      return unreachable(effect);
  }
}

function setWords(words: MutableRecord['words'], first = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0): void {
  words[0] = first;
  words[1] = second;
  words[2] = third;
  words[3] = fourth;
  words[4] = fifth;
  words[5] = sixth;
}
