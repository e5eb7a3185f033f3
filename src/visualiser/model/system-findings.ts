/**
 * What is worth a warning, as a recording is read: of threads' events, of samples, of notes.
 *
 * Invariant: it decides by the thresholds what is a finding, and keeps nothing; Warnings does. Each thing is reported once.
 */
import type { RecordedNote, RecordedSample, RecordedThread } from '../../trace/recording/format.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import type { Pending } from './system-lock.js';
import type { Samples } from './system-samples.js';
import type { Inside } from './system-thread.js';
import type { TrackListener } from './system-track.js';
import type { Finding, Warnings } from './system-warnings.js';
import type { Thresholds } from './system-words.js';

/** What a call into PVG is for, in words. */
export const insideText = ({ what }: Inside): string => (what === 'job' ? 'an access' : 'a frame to encode');

const MAX_SUBJECT = 300;
/** As MAX_DEADLOCK_REPORT_BYTES. */
const MAX_DEADLOCK = 4096;
/** A text with its numbers left out, so that the same complaint about another number is the same. */
const patternOf = (text: string): string => text.replace(/0x[0-9a-f]+|\d+/gi, '…').slice(0, MAX_SUBJECT);

export class SystemFindings {
  samples: Samples | null = null;
  /** By the text without its numbers: the first such text. */
  private readonly texts = new Map<string, string>();

  constructor(
    private readonly store: TraceStore,
    private readonly warnings: Warnings,
    private readonly thresholds: Thresholds,
  ) {}

  /** Of a thread's events. */
  of({ actor, name }: RecordedThread): TrackListener {
    const { store, warnings, thresholds } = this;
    const lost = (count: number, at: number, whose: string): void =>
      warnings.add({ kind: 'eventsLost', actor: whose, subject: '', at, from: at, amount: count });
    return {
      held: (holder, until) => {
        const amount = until - holder.since;
        if (amount > thresholds.bqlHeld) warnings.add(heldFinding(store, holder, until));
      },
      began: (bottomHalf, at) => {
        if (at - bottomHalf.since > thresholds.bottomHalfWaited) warnings.add(starvedFinding(store, bottomHalf, at));
      },
      enteredWithBql: (inside, until) => warnings.add(enteredFinding(actor, inside, until)),
      tracesLost: (count, at) => lost(count, at, 'pvg'),
      lost: (count, at) => lost(count, at, name),
    };
  }

  readonly onSample = (sample: RecordedSample, before: RecordedSample | null): void => {
    const { samples, warnings } = this;
    if (samples === null) return;
    const at = sample.nanoseconds;
    for (const finding of fullMailboxes(samples, sample, before, this.thresholds)) warnings.add(finding);
    for (const [counter, kind, actor] of [
      ['upcallWakesInVain', 'wokenInVain', 'pvg'],
      ['framesDropped', 'frameDropped', 'display'],
    ] as const) {
      const place = samples.place(counter);
      const amount = (sample.values[place] ?? 0) - (before?.values[place] ?? 0);
      if (amount > 0) warnings.add({ kind, actor, subject: '', at, from: before?.nanoseconds ?? at, amount });
    }
  };

  note({ kind, text, nanoseconds: at }: RecordedNote): void {
    const finding = { subject: text.slice(0, MAX_SUBJECT), at, from: at, amount: 1 };
    switch (kind) {
      case 'deadlock':
        return this.warnings.add({ ...finding, kind: 'deadlock', actor: 'watchdog', subject: text.slice(0, MAX_DEADLOCK) });
      case 'guestError':
        return this.warnings.add({ ...finding, kind: 'guestError', actor: 'guest', subject: this.firstOf(text) });
      case 'skipped':
      case 'warning':
        return this.warnings.add({ ...finding, kind: 'notice', actor: 'recorder', subject: this.firstOf(text) });
    }
  }

  private firstOf(text: string): string {
    const pattern = patternOf(text);
    const known = this.texts.get(pattern);
    if (known !== undefined) return known;
    const first = text.slice(0, MAX_SUBJECT);
    if (this.texts.size < MAX_SUBJECT) this.texts.set(pattern, first);
    return first;
  }
}

/** Mailboxes that are nearly full at a sample, and were not, or less so, at the one before. */
function fullMailboxes(
  { mailboxes }: Samples,
  { nanoseconds: at, values }: RecordedSample,
  before: RecordedSample | null,
  { mailboxFull }: Thresholds,
): readonly Finding[] {
  return mailboxes.flatMap(({ actor, place, capacity }): Finding[] => {
    const amount = values[place] ?? 0;
    if (!(amount >= mailboxFull * capacity) || amount <= Math.max(before?.values[place] ?? 0, mailboxFull * capacity - 1)) return [];
    return [{ kind: 'mailboxNearBound', actor, subject: String(capacity), at, from: at, amount }];
  });
}

export function heldFinding(store: TraceStore, holder: Pending, until: number): Finding {
  return {
    kind: 'bqlHeld',
    actor: 'bql',
    subject: store.kindName(holder.kind),
    at: until,
    from: holder.since,
    amount: until - holder.since,
  };
}

export function starvedFinding(store: TraceStore, waiter: Pending, until: number): Finding {
  const subject = store.kindName(waiter.kind);
  return { kind: 'bottomHalfStarved', actor: 'bql', subject, at: until, from: waiter.since, amount: until - waiter.since };
}

export function enteredFinding(actor: string, inside: Inside, until: number): Finding {
  return { kind: 'pvgEnteredWithBql', actor, subject: insideText(inside), at: until, from: inside.since, amount: until - inside.since };
}
