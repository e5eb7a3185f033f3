/**
 * The system view as lines of text, for a terminal or a pipe.
 *
 * Invariant: pure. No line is longer than the width, no more lines than the height; foreign text has no control characters left. Colours are added where
 * they are wanted, and say nothing that the text doesn't.
 */
import { countText, durationText, many, momentText, shareText } from '../visualiser/model/system-text.js';
import type { Pending } from '../visualiser/model/system-thread.js';
import type { ActorView, LockView, MailboxView, RateView, Shares, SystemView } from '../visualiser/model/system-types.js';
import type { Thresholds } from '../visualiser/model/system-warnings.js';
import { paint, type Piece } from './top-paint.js';

/** What actors are sorted by. */
export const SORTS = ['place', 'busy', 'waiting', 'rate', 'name'] as const;
export type Sort = (typeof SORTS)[number];

export interface ScreenOptions {
  readonly width: number;
  /** Lines at most; Infinity for all there are. */
  readonly height: number;
  readonly colours: boolean;
  readonly sort: Sort;
  readonly thresholds: Thresholds;
  /** What is looked at, and how it stands: `live`, `paused`. */
  readonly title: string;
  readonly state: string;
  /** Keys, shown above all else. */
  readonly help: readonly string[] | null;
}

const BAR = 20;
const SPARKS = '▁▂▃▄▅▆▇█';

/** Busy full, waiting half, idle a dot. */
export function sharesBar({ busy, waiting }: Shares, width = BAR): readonly Piece[] {
  const full = Math.round(width * busy);
  const half = Math.min(width - full, Math.round(width * waiting));
  return [
    ['busy', '█'.repeat(full)],
    ['waiting', '▒'.repeat(half)],
    ['dim', '·'.repeat(width - full - half)],
  ];
}

/** A series as a line of blocks, the highest full; a gap where nothing is known. */
export function sparkText(series: readonly number[], width: number): string {
  const shown = series.slice(-width);
  const top = Math.max(...shown.filter((value) => !Number.isNaN(value)), 0);
  return shown
    .map((value) => (Number.isNaN(value) ? ' ' : (SPARKS[top === 0 ? 0 : Math.min(7, Math.floor((8 * value) / top))] ?? ' ')))
    .join('')
    .padStart(width);
}

const waiterText = ({ kind, id, since }: Pending, time: number): string => `${kind} ${id} ${durationText(time - since)}`;

/** The first few of a list in words. */
function some(waiters: readonly Pending[], time: number): string {
  const shown = waiters.slice(0, 3).map((waiter) => waiterText(waiter, time));
  return waiters.length > 3 ? `${shown.join(', ')} and ${waiters.length - 3} more` : shown.join(', ');
}

function lockLines(lock: LockView, time: number, { bqlHeld }: Thresholds): Piece[][] {
  const { holder } = lock;
  const held = holder === null ? 0 : time - holder.since;
  const lines: Piece[][] = [
    [
      ['strong', 'BQL '],
      [held > bqlHeld ? 'warn' : 'plain', `${lock.text}${holder === null ? '' : `, for ${durationText(held)}`}`],
      ['dim', `   held ${shareText(lock.share)} of the time, taken ${countText(lock.rate)}/s`],
    ],
  ];
  const nested = lock.stack.map(({ text, since }) => `${text} ${durationText(time - since)}`).join(' › ');
  lines.push([
    ['dim', '  stack     '],
    ['plain', nested === '' ? '–' : nested],
  ]);
  lines.push([
    ['dim', `  waiting ${String(lock.sections.length).padStart(2)}`],
    ['plain', lock.sections.length === 0 ? '' : `  ${some(lock.sections, time)}`],
  ]);
  lines.push([
    ['dim', `  to run  ${String(lock.bottomHalves.length).padStart(2)}`],
    ['plain', lock.bottomHalves.length === 0 ? '' : `  ${some(lock.bottomHalves, time)}`],
  ]);
  return lines;
}

/** Sorted; the order of places is the model's. */
export function sorted(actors: readonly ActorView[], sort: Sort): readonly ActorView[] {
  const by = (value: (actor: ActorView) => number): readonly ActorView[] => [...actors].sort((a, b) => value(b) - value(a));
  switch (sort) {
    case 'place':
      return actors;
    case 'busy':
      return by(({ shares }) => shares.busy);
    case 'waiting':
      return by(({ shares }) => shares.waiting);
    case 'rate':
      return by(({ rate }) => (Number.isNaN(rate) ? -1 : rate));
    case 'name':
      return [...actors].sort((a, b) => a.name.localeCompare(b.name));
  }
}

function actorLine({ actor, name, activity, doing, rate, shares }: ActorView): Piece[] {
  return [
    ['plain', name.slice(0, 18).padEnd(19)],
    [activity === 'idle' ? 'dim' : activity, activity.padEnd(8)],
    // Of vCPUs and PVG's threads it isn't known what they do but wait.
    [
      'plain',
      `${(actor === 'vcpu' || actor === 'pvg' ? '' : shareText(shares.busy)).padStart(6)} ${shareText(shares.waiting).padStart(6)} `,
    ],
    ...sharesBar(shares),
    ['plain', ` ${(Number.isNaN(rate) ? '' : countText(rate)).padStart(7)}  ${doing}`],
  ];
}

function mailboxLine({ actor, capacity, depth, highest }: MailboxView): Piece[] {
  const level = Math.min(BAR, Math.ceil((BAR * Math.log2(1 + Math.max(0, depth || 0))) / Math.log2(1 + (capacity || 4096))));
  return [
    ['plain', actor.slice(0, 18).padEnd(19)],
    ['plain', `${countText(depth).padStart(8)} ${countText(highest).padStart(8)} ${countText(capacity).padStart(8)}  `],
    [depth >= 0.75 * capacity ? 'bad' : 'busy', '█'.repeat(level)],
    ['dim', '·'.repeat(BAR - level)],
  ];
}

const rateLine = ({ name, perSecond, series }: RateView): Piece[] => [
  ['plain', `${name.padEnd(11)}${`${countText(perSecond)}/s`.padStart(10)}  `],
  ['busy', series.length === 0 ? '' : sparkText(series, 40)],
];

const MARKS = { bad: ['bad', '× '], warn: ['warn', '! '], note: ['dim', 'i '] } as const;

function warningLines(view: SystemView): Piece[][] {
  const lines = view.warnings.map(({ last, severity, text }): Piece[] => [
    MARKS[severity],
    ['plain', text.replace(/\n.*/s, '')],
    ['dim', `  last at ${momentText(last, view.start)}`],
  ]);
  return [[['strong', `Warnings ${view.warnings.length}`]], ...lines];
}

export function topScreen(view: SystemView, options: ScreenOptions): readonly string[] {
  const { colours, height, help, sort, state, thresholds, title, width } = options;
  const states = view.machines.filter(({ machine }) => machine !== 'lock').map((each) => `${each.machine} ${each.state}`);
  const lines: Piece[][] = [
    [
      ['strong', 'apple-gfx top '],
      ['plain', `${state}  ${momentText(view.time, view.start)}  ${title}`],
    ],
    [
      [
        view.warnings.some(({ severity }) => severity === 'bad') ? 'bad' : view.warnings.length > 0 ? 'warn' : 'dim',
        many(view.warnings.length, 'warning'),
      ],
      ['dim', `   ${states.join('   ')}`],
    ],
    [],
    ...(help ?? []).map((line): Piece[] => [['plain', line]]),
    ...lockLines(view.lock, view.time, thresholds),
    [],
    [
      [
        'strong',
        `${'Actor'.padEnd(19)}${'State'.padEnd(8)}${'busy'.padStart(6)} ${'waits'.padStart(6)} ${''.padEnd(BAR)} ${'msg/s'.padStart(7)}  Does`,
      ],
    ],
    ...sorted(view.actors, sort).map(actorLine),
    [],
    [['strong', `${'Mailbox of'.padEnd(19)}${'depth'.padStart(8)} ${'highest'.padStart(8)} ${'room'.padStart(8)}`]],
    ...view.mailboxes.map(mailboxLine),
    [],
    [['strong', `${'Rates'.padEnd(21)}  the last 20 seconds`]],
    ...view.rates.map(rateLine),
    [],
    ...warningLines(view),
  ];
  return lines.slice(0, height).map((pieces) => paint(pieces, width, colours));
}
