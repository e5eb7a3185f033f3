/**
 * How far a search is, in words and figures as a page shows them.
 *
 * Invariant: as long as a search goes on it has the same figures, known or not, so that nothing jumps.
 */
import { plural } from '../../explorer/certificate.js';
import type { Said, SearchStatus, StatusView, Verdict } from '../model/explore-protocol.js';

const VERDICTS: Readonly<Record<Verdict, Pick<Said, 'tone' | 'title'> & { readonly meaning: string }>> = {
  proved: { tone: 'ok', title: 'Proved', meaning: 'nothing can fail in this world' },
  bounded: { tone: 'warn', title: 'No fault within a bound', meaning: 'what needs more can still fail' },
  sampled: { tone: 'warn', title: 'No fault in a sample', meaning: 'a fault that is likely enough would have shown' },
  fault: { tone: 'bad', title: 'A fault was found', meaning: '' },
};

const NOTHING: Said = {
  tone: 'muted',
  title: 'Run a world in every order',
  lines: [
    'Choose a world and a strategy.',
    'What breaks is shown step by step, beside the nearest execution that passes; steps can be moved, and the rest run anew.',
  ],
};

const SEARCHING: Said = {
  tone: 'muted',
  title: 'Searching …',
  lines: ['Every order of steps that the strategy thinks of is tried, until a property breaks.'],
};

/** What a page shows of a search. */
export function statusView(status: SearchStatus): StatusView {
  const { states, executions, seconds, discovered, curve } = status;
  const what = states === null ? 'different ends' : 'states';
  const rate = Math.round((states ?? executions) / Math.max(seconds, 0.01));
  return {
    ...status,
    said: saidOf(status),
    figures: [
      ['executions', grouped(executions)],
      [what, grouped(discovered)],
      [states === null ? 'executions/s' : 'states/s', grouped(rate)],
      ['steps', grouped(status.steps)],
      ['time', duration(seconds)],
      ['left', leftOf(status)],
    ],
    curveTitle: `${what} over ${duration(curve.at(-1)?.[0] ?? 0)}: ${grouped(curve.at(-1)?.[2] ?? 0)}`,
  };
}

function saidOf({ phase, problem, verdict, world, faults, coverage, executions, steps, states, seconds }: SearchStatus): Said {
  if (phase === 'none') return NOTHING;
  if (phase === 'searching') return SEARCHING;
  if (verdict === null) return { tone: 'bad', title: `The search has ${phase}`, lines: [problem] };
  const { tone, title, meaning } = VERDICTS[verdict];
  const seen = states === null ? '' : `, ${plural(states, 'state')}`;
  return {
    ...{ tone, title },
    lines: [
      `${world}: ${verdict === 'fault' ? faults.map(({ message }) => message).join('; ') : meaning}`,
      ...coverage,
      `${plural(executions, 'execution')}, ${plural(steps, 'step')}${seen} in ${seconds.toFixed(1)} s`,
    ],
  };
}

function leftOf({ phase, seconds, done }: SearchStatus): string {
  return phase === 'searching' && done !== null && done > 0 ? `about ${duration((seconds * (1 - done)) / done)}` : '–';
}

/** 12 345 as people write it, with a narrow space that doesn't break. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
