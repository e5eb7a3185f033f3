/**
 * The device's effects that are messages to other actors: which message, and whose mailbox (threading.md 2).
 *
 * Pure, so that threads and models of them post the same. How a message travels is the port's affair.
 */
import { unreachable } from '../src/base/errors.js';
import type { PvgRecord } from '../src/bridge/records.js';
import type { Effect } from '../src/device/effects.js';
import type { Revision } from '../src/revisions/revision.js';
import { Message } from './messages.js';

export type PostedEffect = Extract<Effect, { do: 'submitJob' | 'queueRender' | 'tellSurface' | 'endSection' | 'lendBql' }>;

/** A message for an actor, or for a vCPU by the handle of its reply mailbox. */
export interface Posting {
  readonly to: 'render' | 'background' | { readonly vcpu: number };
  readonly record: Partial<PvgRecord> & { readonly kind: number };
}

export function postingOf(effect: PostedEffect, revision: Pick<Revision, 'frames'>): Posting {
  switch (effect.do) {
    case 'submitJob': {
      const { job, operation, window, size, offset, value, high, caller } = effect;
      const words = [operation, window, size, offset, value, high];
      const outside = effect.entry === 'droppingBql';
      if (outside && caller !== 0) return { to: { vcpu: caller }, record: { kind: Message.enterPvg, id: job, words } };
      return { to: 'background', record: { kind: Message.job, id: job, words, reserved: outside ? 1 : 0 } };
    }
    case 'queueRender': {
      const words = [effect.texture, effect.managed ? 1 : 0, effect.display];
      if (revision.frames === 'backgroundQueue') return { to: 'background', record: { kind: Message.encode, id: effect.frame, words } };
      return { to: 'render', record: { kind: Message.renderBlock, id: effect.frame, words } };
    }
    case 'tellSurface': {
      const words = [effect.texture, effect.managed ? 1 : 0, effect.display];
      return { to: 'render', record: { kind: Message.surfaceNoted, id: effect.frame, words } };
    }
    case 'endSection':
      return { to: 'render', record: { kind: Message.sectionEnded, id: effect.frame } };
    case 'lendBql':
      return { to: 'render', record: { kind: Message.bqlTaken, id: effect.display } };
    default:
      return unreachable(effect);
  }
}
