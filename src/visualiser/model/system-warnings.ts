/**
 * What is not as it should be, in words: grouped by what it is, with every moment at which it was.
 *
 * Invariant: however much goes wrong there are at most MAX_WARNING_GROUPS groups with MAX_WARNING_MOMENTS moments each; what is beyond is counted. It is
 * told as of any moment.
 */
import { MAX_WARNING_GROUPS, MAX_WARNING_MOMENTS } from '../../base/limits.js';

export type WarningKind =
  | 'deadlock'
  | 'guestError'
  | 'bqlHeld'
  | 'bottomHalfStarved'
  | 'pvgEnteredWithBql'
  | 'wokenInVain'
  | 'mailboxNearBound'
  | 'frameDropped'
  | 'eventsLost'
  | 'notice';

/** How bad it is: `bad` breaks what is promised, `warn` may, `note` is to be known. */
export type Severity = 'bad' | 'warn' | 'note';

const SEVERITIES: Readonly<Record<WarningKind, Severity>> = {
  deadlock: 'bad',
  pvgEnteredWithBql: 'bad',
  mailboxNearBound: 'bad',
  bqlHeld: 'warn',
  bottomHalfStarved: 'warn',
  guestError: 'warn',
  wokenInVain: 'warn',
  eventsLost: 'warn',
  frameDropped: 'note',
  notice: 'note',
};

/** Something that was noticed. */
export interface Finding {
  readonly kind: WarningKind;
  /** Whose it is: an actor, or `guest`, `recorder`. */
  readonly actor: string;
  /** What tells it from others of its kind and actor: a message's kind, a text. */
  readonly subject: string;
  /** When it was noticed, in nanoseconds, and since when it was so. */
  readonly at: number;
  readonly from: number;
  /** How much of it: nanoseconds for what lasts, else a number of things. */
  readonly amount: number;
}

/** A group of findings as of a moment. */
export interface WarningView {
  /** Stays the same as it grows. */
  readonly key: string;
  readonly kind: WarningKind;
  readonly severity: Severity;
  readonly actor: string;
  readonly subject: string;
  /** How often it was found, and the sum of its amounts. */
  readonly count: number;
  readonly total: number;
  /** The largest amount. */
  readonly largest: number;
  /** When the first one began. */
  readonly first: number;
  /** When the latest one began; NaN if it isn't kept. */
  readonly last: number;
  /** It is so at this moment, by how much; NaN if it isn't. */
  readonly now: number;
}

/** A finding with what it and those before it amount to. */
interface GroupMoment {
  readonly at: number;
  readonly from: number;
  readonly amount: number;
  total: number;
  largest: number;
  first: number;
}

class Group {
  private readonly moments: GroupMoment[] = [];
  private dropped = 0;

  constructor(
    readonly key: string,
    readonly finding: Finding,
  ) {}

  add({ at, from, amount }: Finding): void {
    const { moments } = this;
    // Threads are read one after the other, so what two threads say may come out of order.
    let place = moments.length;
    while (place > 0 && (moments[place - 1]?.at ?? 0) > at) place--;
    moments.splice(place, 0, { at, from, amount, total: 0, largest: 0, first: from });
    for (; place < moments.length; place++) {
      const [before, moment] = [moments[place - 1], moments[place]];
      if (moment === undefined) break;
      moment.total = (before?.total ?? 0) + moment.amount;
      moment.largest = Math.max(before?.largest ?? 0, moment.amount);
      moment.first = Math.min(before?.first ?? moment.from, moment.from);
    }
    if (moments.length > MAX_WARNING_MOMENTS) this.dropped += moments.splice(0, MAX_WARNING_MOMENTS / 2).length;
  }

  view(time: number, ongoing: Finding | undefined): WarningView | null {
    let [low, high] = [0, this.moments.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.moments[middle]?.at ?? 0) <= time) low = middle + 1;
      else high = middle;
    }
    const moment = this.moments[low - 1];
    if (moment === undefined && ongoing === undefined) return null;
    return viewOf(this.key, this.finding, {
      count: moment === undefined ? 0 : low + this.dropped,
      total: moment?.total ?? 0,
      largest: moment?.largest ?? 0,
      last: moment?.from ?? Number.NaN,
      first: moment?.first ?? Number.POSITIVE_INFINITY,
      ongoing,
    });
  }
}

interface Counted {
  readonly count: number;
  readonly total: number;
  readonly largest: number;
  readonly last: number;
  readonly first: number;
  readonly ongoing: Finding | undefined;
}

function viewOf(key: string, { kind, actor, subject }: Finding, { count, total, largest, last, first, ongoing }: Counted): WarningView {
  const now = ongoing?.amount ?? 0;
  return {
    key,
    kind,
    severity: SEVERITIES[kind],
    actor,
    subject,
    count: count + (ongoing === undefined ? 0 : 1),
    total: total + now,
    largest: Math.max(largest, now),
    first: Math.min(first, ongoing?.from ?? first),
    last: ongoing?.from ?? last,
    now: ongoing?.amount ?? Number.NaN,
  };
}

const keyOf = ({ kind, actor, subject }: Finding): string => `${kind}/${actor}/${subject}`;
const RANK: Readonly<Record<Severity, number>> = { bad: 0, warn: 1, note: 2 };

export class Warnings {
  private readonly groups = new Map<string, Group>();

  add(finding: Finding): void {
    const named = this.groups.get(keyOf(finding));
    if (named !== undefined) return named.add(finding);
    const isRoom = this.groups.size < MAX_WARNING_GROUPS;
    const rest: Finding = isRoom ? finding : { ...finding, kind: 'notice', actor: 'others', subject: 'further kinds of warnings' };
    const group = this.groups.get(keyOf(rest)) ?? new Group(keyOf(rest), rest);
    this.groups.set(group.key, group);
    group.add(rest);
  }

  /** All that was found until a time, and what is so at it; the worst first, then in the order in which each began first. */
  at(time: number, ongoing: readonly Finding[]): readonly WarningView[] {
    const current = new Map<string, Finding>();
    for (const finding of ongoing)
      if (!((current.get(keyOf(finding))?.amount ?? -1) >= finding.amount)) current.set(keyOf(finding), finding);
    const views: WarningView[] = [];
    for (const group of this.groups.values()) {
      const view = group.view(time, current.get(group.key));
      current.delete(group.key);
      if (view !== null) views.push(view);
    }
    for (const [key, finding] of current)
      views.push(viewOf(key, finding, { count: 0, total: 0, largest: 0, last: Number.NaN, first: finding.from, ongoing: finding }));
    return views.sort((a, b) => RANK[a.severity] - RANK[b.severity] || a.first - b.first || (a.key < b.key ? -1 : 1));
  }
}
