import { describe, expect, it } from 'vitest';
import { compared, judged, type Measured, parseBaseline, table, TOLERANCE, worse } from '../../src/cli/bench-report.js';

const measured = (given: Partial<Measured> = {}): Measured => ({
  name: 'write/pinned/twin',
  unit: 'µs',
  ours: 10,
  reference: 9,
  value: 0.9,
  better: 'higher',
  goal: 0.9,
  runs: [],
  ...given,
});
const baseline = (values: Record<string, number>): ReadonlyMap<string, number> => new Map(Object.entries(values));

describe('a row', () => {
  it.each([
    ['higher', 0.9, true],
    ['higher', 0.89, false],
    ['lower', 0.9, true],
    ['lower', 0.91, false],
  ] as const)('of which %s is better, with the value %d and the goal 0.9: met is %s', (better, value, met) => {
    expect(judged(measured({ better, value })).met).toBe(met);
  });

  it('whose value is no number has failed', () => {
    expect(judged(measured({ value: Number.NaN }))).toEqual({
      name: 'write/pinned/twin',
      error: 'what was measured is no number',
      met: false,
    });
  });

  it('that was skipped or has failed is not met', () => {
    expect(judged({ name: 'x', skipped: 'why' })).toEqual({ name: 'x', skipped: 'why', met: false });
    expect(judged({ name: 'x', error: 'how' })).toEqual({ name: 'x', error: 'how', met: false });
  });
});

describe('a baseline', () => {
  it.each([
    ['no JSON', 'it is not JSON'],
    ['null', 'it has no rows'],
    ['{"rows":{}}', 'it has no rows'],
    ['{"rows":[{"value":1}]}', 'it has a row without a name'],
    ['{"rows":[null]}', 'it has a row without a name'],
  ])('that is %s is refused: %s', (text, message) => {
    expect(() => parseBaseline(text)).toThrow(message);
  });

  it('has the values of the rows that had one', () => {
    const text = JSON.stringify({ rows: [measured(), { name: 'failed', error: 'how' }, { name: 'skipped', value: null }] });
    expect([...parseBaseline(text)]).toEqual([['write/pinned/twin', 0.9]]);
  });

  const compare = (given: Partial<Measured>, before: number): { change: number | undefined; worse: boolean } => {
    const values = baseline({ 'write/pinned/twin': before });
    const rows = compared([judged(measured(given))], values);
    return { change: (rows[0] as Measured).change, worse: worse(rows, values).length > 0 };
  };

  it('tells by which part a value has become better, whichever way is better', () => {
    expect(compare({ value: 1 }, 0.5).change).toBe(1);
    expect(compare({ value: 0.5, better: 'lower' }, 1).change).toBe(1);
    expect(compare({ value: 0.5 }, 1).change).toBe(-0.5);
    expect(compare({ value: 1, better: 'lower' }, 0.5).change).toBe(-0.5);
  });

  it('counts a row as worse beyond the tolerance only', () => {
    expect(compare({ value: 1 - TOLERANCE - 0.01 }, 1).worse).toBe(true);
    expect(compare({ value: 1 - TOLERANCE + 0.01 }, 1).worse).toBe(false);
    expect(compare({ value: 100 }, 1).worse).toBe(false);
  });

  it('counts a row that had a value and has failed as worse, and neither one that is new nor one that was not measured now', () => {
    const rows = [
      judged({ name: 'failed', error: 'how' }),
      judged(measured({ name: 'new' })),
      judged({ name: 'new and failed', error: 'how' }),
    ];
    const values = baseline({ failed: 1, absent: 1 });
    expect(worse(compared(rows, values), values)).toEqual(['failed']);
  });
});

describe('the table', () => {
  const rows = [
    judged(measured({ contextSwitches: { ours: 2, reference: 3 }, note: 'the twin sleeps more' })),
    judged(measured({ name: 'alive/task', value: 1.2, better: 'lower', goal: 1.15, ours: 12_345.6 })),
    judged({ name: 'broken', error: 'it broke' }),
    judged({ name: 'absent', skipped: 'no such thing' }),
  ];
  const lines = table(rows, false).split('\n');

  it('has a line for each row: both sides, ratio, goal, and whether it is met', () => {
    expect(lines[1]).toMatch(/^write\/pinned\/twin +10 µs +9 µs +0\.9 +≥ 0\.9 +yes +2 \/ 3$/);
    expect(lines[2]).toMatch(/^alive\/task +12346 µs +9 µs +1\.2 +≤ 1\.15 +no$/);
    expect(lines[3]).toMatch(/^broken +failed$/);
    expect(lines[4]).toMatch(/^absent +skipped$/);
  });

  it('says below what there is to say', () => {
    expect(lines.slice(6, -1)).toEqual(['write/pinned/twin: the twin sleeps more', 'broken: it broke', 'absent: skipped: no such thing']);
  });

  it('says how each row has changed, where it is compared', () => {
    const values = baseline({ 'write/pinned/twin': 1 });
    const text = table(compared(rows, values), true).split('\n');
    expect(text[0]).toMatch(/change$/);
    expect(text[1]).toMatch(/-10 %$/);
    expect(text[2]).toMatch(/new$/);
  });
});
