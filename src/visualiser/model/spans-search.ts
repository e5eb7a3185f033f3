/**
 * Finds spans by what they are called, or by a number of theirs.
 *
 * Invariant: a text of digits, also as `0x…`, means ids and jobs that are that number; any other means names that have it in them, whatever the case.
 */
import type { SpanModel } from './spans.js';

/** Whether a span of that name, id and job is meant. */
export type SpanMatcher = (name: number, id: number, job: number) => boolean;

/** What a text means; null if it is empty. */
export function spanMatcher({ names }: SpanModel, text: string): SpanMatcher | null {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return null;
  const number = /^(\d+|0x[\da-f]+)$/.test(wanted) ? Number(wanted) : Number.NaN;
  if (!Number.isNaN(number)) return (_, id, job) => id === number || job === number;
  const known: boolean[] = [];
  return (name) => {
    known[name] ??= names.text(name).toLowerCase().includes(wanted);
    return known[name];
  };
}

/** What a search has found. */
export interface Found {
  /** Number of the span; -1 if there is none. */
  readonly span: number;
  /** Its place among all that were found, from 1 on, in the order of their times. */
  readonly place: number;
  readonly count: number;
}

/**
 * The next span that is meant after one that begins at a time and has a number, or the one before it; from the other end if there is none.
 * Spans that have not ended are not found.
 */
export function findSpan(
  model: SpanModel,
  matches: SpanMatcher,
  from: { readonly time: number; readonly span: number },
  isBack: boolean,
): Found {
  const { spans } = model;
  const isBefore = (a: number, b: { readonly time: number; readonly span: number }): boolean => {
    const begin = spans.beginOf(a);
    return begin < b.time || (begin === b.time && a < b.span);
  };
  let [count, onward, best, end] = [0, 0, -1, -1];
  const isBetter = (span: number, than: number): boolean =>
    than < 0 || isBefore(span, { time: spans.beginOf(than), span: than }) !== isBack;
  for (let span = spans.first; span < spans.end; span++) {
    if (!matches(spans.nameOf(span), spans.idOf(span), spans.jobOf(span))) continue;
    count++;
    if (isBetter(span, end)) end = span;
    const isOnward = isBack ? isBefore(span, from) : !isBefore(span, from) && span !== from.span;
    if (!isOnward) continue;
    onward++;
    if (isBetter(span, best)) best = span;
  }
  if (best < 0) return { span: end, place: isBack ? count : Math.min(1, count), count };
  return { span: best, place: isBack ? onward : count - onward + 1, count };
}

/** How many spans are meant. */
export const countSpans = (model: SpanModel, matches: SpanMatcher): number => findSpan(model, matches, { time: 0, span: -1 }, false).count;
