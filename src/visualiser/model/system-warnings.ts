/**
 * What is not as it should be, in words: grouped by what it is, with every moment at which it was.
 *
 * Invariant: however much goes wrong there are at most MAX_WARNING_GROUPS groups (and one for all others) with MAX_WARNING_MOMENTS moments each; what is
 * beyond is summed up. It is told as of any moment. A sentence says what happened, how often, and how bad the worst was; why it matters stands beside it.
 */
import { MAX_WARNING_GROUPS, MAX_WARNING_MOMENTS } from '../../base/limits.js';
import { durationText, groupText, many } from './system-text.js';
import type { Pending } from './system-thread.js';

export type WarningKind =
  | 'deadlock'
  | 'pvgEnteredWithBql'
  | 'mailboxNearBound'
  | 'bqlHeld'
  | 'bottomHalfStarved'
  | 'guestError'
  | 'wokenInVain'
  | 'eventsLost'
  | 'frameDropped'
  | 'notice';

/** How bad it is: `bad` breaks what is promised, `warn` may, `note` is to be known. */
export type Severity = 'bad' | 'warn' | 'note';

/** Nanoseconds from which on something is worth a warning. */
export interface Thresholds {
  readonly bqlHeld: number;
  readonly bottomHalfStarved: number;
}

/**
 * BQL: 2 ms is twenty times what an access takes with an upcall inside, on two free cores (about 0.1 ms), and an eighth of a frame at 60 Hz: a vCPU that
 * waits so long for the lock is felt. Bottom half: 10 ms is more than half such a frame, so what it was to tell comes a frame too late.
 */
export const DEFAULT_THRESHOLDS: Thresholds = { bqlHeld: 2e6, bottomHalfStarved: 10e6 };

/** Something that was noticed. */
export interface Finding {
  readonly kind: WarningKind;
  /** What tells it from others of its kind: a message's kind, a text. */
  readonly subject: string;
  /** When it was noticed, in nanoseconds, and since when it was so. */
  readonly at: number;
  readonly from: number;
  /** How much of it: nanoseconds for what lasts, else a number of things. */
  readonly amount: number;
}

/** One that lasts for as long as something waits, runs, or is called. */
export const lasting = (kind: WarningKind, { kind: subject, since: from }: Pending, at: number): Finding => ({
  kind,
  subject,
  from,
  at,
  amount: at - from,
});

/** A group of findings as of a moment. */
export interface WarningView {
  /** Stays the same as it grows. */
  readonly key: string;
  readonly kind: WarningKind;
  readonly severity: Severity;
  /** In one sentence, and why it matters. */
  readonly text: string;
  readonly why: string;
  /** How often it was found, the sum of its amounts and the largest. */
  readonly count: number;
  readonly total: number;
  readonly largest: number;
  /** When the first and the latest one began. */
  readonly first: number;
  readonly last: number;
  /** It is so at this moment, by how much; null if it isn't. */
  readonly now: number | null;
}

/** Findings together. */
interface Sum {
  at: number;
  count: number;
  total: number;
  largest: number;
  first: number;
  last: number;
}

const sumOf = ({ at, amount, from }: Finding): Sum => ({ at, count: 1, total: amount, largest: amount, first: from, last: from });

function sumUp(sums: readonly Sum[]): Sum {
  const sum: Sum = { at: 0, count: 0, total: 0, largest: 0, first: Number.POSITIVE_INFINITY, last: 0 };
  for (const { at, count, first, largest, last, total } of sums) {
    sum.at = Math.max(sum.at, at);
    sum.count += count;
    sum.total += total;
    sum.largest = Math.max(sum.largest, largest);
    sum.first = Math.min(sum.first, first);
    sum.last = Math.max(sum.last, last);
  }
  return sum;
}

/** What a group says: its subject, what there is of it, for how long it is so now, and from when on it counts. */
type Says = (subject: string, sum: Sum, now: string, over: string) => string;

const often = ({ count }: Sum): string => (count > 1 ? ` (${groupText(count)} times)` : '');
const long = ({ count, largest }: Sum, now: string): string => `: ${many(count, 'time')}, at most ${durationText(largest)}${now}`;

/** The worst first. */
const KINDS: Readonly<Record<WarningKind, readonly [Severity, why: string, Says]>> = {
  deadlock: ['bad', 'Threads wait for each other, so the device is closed.', (subject, sum) => subject + often(sum)],
  pvgEnteredWithBql: [
    'bad',
    'PVG may wait for a thread that needs the BQL: a deadlock.',
    (subject, sum, now) => `PVG entered with the BQL held, for a ${subject}${long(sum, now)}`,
  ],
  mailboxNearBound: [
    'bad',
    'When it is full, whoever posts is blocked.',
    (subject, { largest }) => `mailbox of ${subject}: up to ${groupText(largest)} records`,
  ],
  bqlHeld: [
    'warn',
    'Every vCPU that accesses any device waits meanwhile.',
    (subject, sum, now, over) => `BQL held over ${over} by ${subject}${long(sum, now)}`,
  ],
  bottomHalfStarved: [
    'warn',
    'Interrupts, frames and answers to PVG come late.',
    (subject, sum, now, over) => `bottom half ${subject} waited over ${over} to begin${long(sum, now)}`,
  ],
  guestError: [
    'warn',
    'The guest did what no guest should; it was answered as hardware would.',
    (subject, sum) => `the guest: ${subject}${often(sum)}`,
  ],
  wokenInVain: [
    'warn',
    'An answer wakes threads that it is not for.',
    (_, { total }) => `waiters woken for nothing: ${many(total, 'time')}`,
  ],
  eventsLost: [
    'warn',
    'What is shown of that thread has a gap.',
    (subject, { total }) => `${many(total, 'event')} of ${subject} lost before they were recorded`,
  ],
  frameDropped: ['note', 'The guest presents faster than frames are shown.', (_, { total }) => `${many(total, 'frame')} dropped`],
  notice: ['note', '', (subject, sum) => subject + often(sum)],
};
const ORDER = Object.keys(KINDS);

const MAX_SUBJECT = 4096;
/** The same complaint about another number is the same. */
const keyOf = ({ kind, subject }: Finding): string => `${kind}/${subject.slice(0, 300).replace(/0x[0-9a-f]+|\d+/gi, '…')}`;

interface Group {
  /** The first that was found. */
  readonly finding: Finding;
  moments: Sum[];
}

export class Warnings {
  private readonly groups = new Map<string, Group>();

  constructor(private readonly thresholds: Partial<Record<WarningKind, number>>) {}

  readonly add = (finding: Finding): void => {
    if (!this.counts(finding)) return;
    const { groups } = this;
    const others: Finding = { ...finding, kind: 'notice', subject: 'further kinds of warnings' };
    const first = groups.size < MAX_WARNING_GROUPS || groups.has(keyOf(finding)) ? finding : others;
    const key = keyOf(first);
    const group = groups.get(key) ?? { finding: { ...first, subject: first.subject.slice(0, MAX_SUBJECT) }, moments: [] };
    groups.set(key, group);
    group.moments.push(sumOf(finding));
    // What is beyond is one moment, the latest of them.
    if (group.moments.length > MAX_WARNING_MOMENTS) group.moments.unshift(sumUp(group.moments.splice(0, MAX_WARNING_MOMENTS / 2)));
  };

  /** All that was found until a time, and what is so at it; the worst first, then in the order in which each began first. */
  at(time: number, ongoing: readonly Finding[]): readonly WarningView[] {
    const current = new Map<string, Group>();
    for (const finding of ongoing.filter((each) => this.counts(each))) {
      const key = keyOf(finding);
      if (!((current.get(key)?.finding.amount ?? 0) > finding.amount)) current.set(key, { finding, moments: [sumOf(finding)] });
    }
    const views: WarningView[] = [];
    for (const [key, { finding, moments }] of new Map([...current, ...this.groups])) {
      const now = current.get(key);
      const sums = [...moments.filter(({ at }) => at <= time), ...(now !== undefined && this.groups.has(key) ? now.moments : [])];
      if (sums.length > 0) views.push(this.viewOf(key, finding.subject, sumUp(sums), now?.finding.amount ?? null));
    }
    return views.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || a.first - b.first || (a.key < b.key ? -1 : 1));
  }

  private counts({ amount, kind }: Finding): boolean {
    return !(amount <= (this.thresholds[kind] ?? -1));
  }

  private viewOf(key: string, subject: string, sum: Sum, now: number | null): WarningView {
    const kind = key.slice(0, key.indexOf('/')) as WarningKind;
    const [severity, why, says] = KINDS[kind];
    const over = durationText(this.thresholds[kind] ?? 0);
    const text = says(subject, sum, now === null ? '' : `, now for ${durationText(now)}`, over);
    const { count, first, largest, last, total } = sum;
    return { key, kind, severity, text, why, count, total, largest, first, last, now };
  }
}
