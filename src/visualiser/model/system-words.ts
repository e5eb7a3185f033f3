/**
 * Warnings as sentences, for people.
 *
 * Invariant: a sentence says what happened, how often, and how bad the worst was; why it matters stands in WHY. It depends on the warning alone.
 */
import { durationText, groupText, many } from './system-text.js';
import type { WarningKind, WarningView } from './system-warnings.js';

/** From when on something is worth a warning. */
export interface Thresholds {
  /** Nanoseconds that the BQL may be held. */
  readonly bqlHeld: number;
  /** Nanoseconds that a bottom half may wait. */
  readonly bottomHalfWaited: number;
  /** How full a mailbox may be, in 0..1. */
  readonly mailboxFull: number;
}

/**
 * BQL: 2 ms is twenty times what an access takes with an upcall inside, on two free cores (about 0.1 ms), and an eighth of a frame at 60 Hz: a vCPU that
 * waits so long for the lock is felt. Bottom half: 10 ms is more than half such a frame, so what it was to tell comes a frame too late. Mailbox: when
 * three quarters are full, posters are about to be blocked.
 */
export const DEFAULT_THRESHOLDS: Thresholds = { bqlHeld: 2e6, bottomHalfWaited: 10e6, mailboxFull: 0.75 };

/** Why it matters. */
export const WHY: Readonly<Record<WarningKind, string>> = {
  deadlock: 'Threads wait for each other, so the device is closed.',
  guestError: 'The guest did what no guest should; it was answered as hardware would.',
  bqlHeld: 'Every vCPU that accesses any device waits meanwhile.',
  bottomHalfStarved: 'Interrupts, frames and answers to PVG come late.',
  pvgEnteredWithBql: 'PVG may wait for a thread that needs the BQL: a deadlock.',
  wokenInVain: 'An answer wakes threads that it is not for, which look and wait again.',
  mailboxNearBound: 'When it is full, whoever posts is blocked.',
  frameDropped: 'The guest presents faster than frames are shown.',
  eventsLost: 'What is shown of that thread has a gap.',
  notice: '',
};

/** A warning in one sentence. */
export function warningText(warning: WarningView, thresholds: Thresholds): string {
  const { subject, count, total, largest } = warning;
  const so = Number.isNaN(warning.now) ? '' : `, now for ${durationText(warning.now)}`;
  switch (warning.kind) {
    case 'deadlock':
    case 'notice':
      return count > 1 ? `${subject} (${groupText(count)} times)` : subject;
    case 'guestError':
      return `the guest: ${subject}${count > 1 ? ` (${groupText(count)} times)` : ''}`;
    case 'bqlHeld':
      return `BQL held over ${durationText(thresholds.bqlHeld)} by ${subject}: ${many(count, 'time')}, at most ${durationText(largest)}${so}`;
    case 'bottomHalfStarved':
      return `bottom half ${subject} waited over ${durationText(thresholds.bottomHalfWaited)} to begin: ${many(count, 'time')}, at most ${durationText(largest)}${so}`;
    case 'pvgEnteredWithBql':
      return `PVG entered with the BQL held, with ${subject}: ${many(count, 'time')}, at most ${durationText(largest)}${so}`;
    case 'wokenInVain':
      return `waiters woken for nothing: ${many(total, 'time')}`;
    case 'mailboxNearBound':
      return `mailbox of ${warning.actor} near its bound: up to ${groupText(largest)} of ${subject} records`;
    case 'frameDropped':
      return `${many(total, 'frame')} dropped`;
    case 'eventsLost':
      return `${many(total, 'event')} of ${warning.actor} lost before they were recorded`;
  }
}
