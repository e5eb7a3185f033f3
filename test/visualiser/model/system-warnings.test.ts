/**
 * What the system view warns of, worked out by hand.
 */
import { describe, expect, it } from 'vitest';
import { MAX_WARNING_MOMENTS } from '../../../src/base/limits.js';
import { type Entry, Recorded } from './recording.js';
import { US, actor, viewOf, warnings, write } from './system-view.js';

describe('warnings', () => {
  const held = (since: number, until: number): Entry[] => [
    ['bql', since, 'agfx_bql_taken', 'access', since, 0],
    ['bql', until, 'agfx_bql_released'],
  ];

  it('the BQL was held too long: by whom, how often, at most how long, when last', () => {
    const recorded = new Recorded().events(...held(0, 2000), ...held(10_000, 12_001), ...held(20_000, 25_000));
    const view = viewOf(recorded);
    expect(warnings(view)).toEqual(['BQL held over 2.00 ms by access: 2 times, at most 5.00 ms']);
    expect(view.warnings[0]).toMatchObject({ kind: 'bqlHeld', severity: 'warn', last: 20_000 * US, count: 2 });
    expect(warnings(viewOf(recorded, 15_000))).toEqual(['BQL held over 2.00 ms by access: 1 time, at most 2.00 ms']);
    expect(warnings(viewOf(recorded, 9000))).toEqual([]);
    expect(warnings(viewOf(recorded, 23_000))).toEqual(['BQL held over 2.00 ms by access: 2 times, at most 3.00 ms, now for 3.00 ms']);
    expect(warnings(viewOf(recorded, null, { thresholds: { bqlHeld: 10e6 } }))).toEqual([]);
  });

  it('a bottom half has waited too long to begin, or still does', () => {
    const recorded = new Recorded().events(
      ['bql', 0, 'agfx_bh_scheduled', 'raiseInterrupt', 0, 0],
      ['bql', 10_000, 'agfx_bh_began', 'raiseInterrupt', 0, 0],
      ['bql', 10_001, 'agfx_bh_ended', 'raiseInterrupt', 0, 0],
      ['bql', 20_000, 'agfx_bh_scheduled', 'raiseInterrupt', 0, 0],
      ['bql', 32_000, 'agfx_bh_began', 'raiseInterrupt', 0, 0],
      ['bql', 32_001, 'agfx_bh_ended', 'raiseInterrupt', 0, 0],
    );
    expect(warnings(viewOf(recorded, 19_000))).toEqual([]);
    const words = 'bottom half raiseInterrupt waited over 10.0 ms to begin: 1 time, at most';
    expect(warnings(viewOf(recorded, 31_000))).toEqual([`${words} 11.0 ms, now for 11.0 ms`]);
    expect(warnings(viewOf(recorded, 40_000))).toEqual([`${words} 12.0 ms`]);
  });

  it('PVG was entered with the BQL held, on the BQL actor and not by a worker beside it', () => {
    expect(warnings(viewOf(write(), 600))).toEqual([]);
    const recorded = new Recorded().events(
      ['bql', 10, 'agfx_batch_taken', 1],
      ['bql', 11, 'agfx_bql_taken', 'access', 3, 0],
      ['bql', 20, 'agfx_job_began', 8],
      ['bql', 50, 'agfx_job_ended', 8, 1],
      ['bql', 51, 'agfx_bql_released'],
      ['bql', 60, 'agfx_encode_began', 1, 0],
      ['bql', 70, 'agfx_encode_ended', 1, 0, 1],
    );
    expect(warnings(viewOf(recorded, 30))).toEqual(['PVG entered with the BQL held, for a job: 1 time, at most 10.0 µs, now for 10.0 µs']);
    expect(warnings(viewOf(recorded, 100))).toEqual(['PVG entered with the BQL held, for a job: 1 time, at most 30.0 µs']);
    expect(actor(viewOf(recorded, 30), 'bql')).toMatchObject({ activity: 'waiting', doing: 'inside PVG, job 8' });
    expect(viewOf(recorded, 30).lock.stack.map(({ what, text }) => [what, text])).toEqual([
      ['section', 'access 3'],
      ['pvg', 'inside PVG, job 8'],
    ]);
  });

  it('waiters were woken for nothing, frames dropped, a mailbox is nearly full', () => {
    const recorded = new Recorded()
      .events(['bql', 0, 'agfx_batch_ended'])
      .sample(0, {})
      .sample(100, { upcallWakesInVain: 3, 'mailbox.render-queue': 191 })
      .sample(200, { upcallWakesInVain: 3, framesDropped: 1, 'mailbox.render-queue': 192 })
      .sample(300, { upcallWakesInVain: 1203, framesDropped: 3, 'mailbox.render-queue': 250 });
    expect(warnings(viewOf(recorded, 150))).toEqual(['waiters woken for nothing: 3 times']);
    expect(warnings(viewOf(recorded))).toEqual([
      'mailbox of render-queue near its bound of 256: up to 250 records',
      'waiters woken for nothing: 1 203 times',
      '3 frames dropped',
    ]);
  });

  it('what the recorder lost, of which thread, and what the device said', () => {
    const recorded = write()
      .lose('bql', 17)
      .events(['bql', 700, 'agfx_traces_lost', 4])
      .note(800, 'guestError', 'offset 0x10 is no register')
      .note(810, 'guestError', 'offset 0x20 is no register')
      .note(820, 'guestError', 'vector 3 is not enabled')
      .note(900, 'deadlock', 'bql waits for pvg');
    expect(warnings(viewOf(recorded))).toEqual([
      'bql waits for pvg',
      'the guest: offset 0x10 is no register (2 times)',
      'the guest: vector 3 is not enabled',
      '17 events of bql lost before they were recorded',
      '4 events of pvg lost before they were recorded',
    ]);
    expect(warnings(viewOf(recorded, 650))).toEqual([]);
  });

  it('of which there are more than are kept are summed up', () => {
    const recorded = new Recorded();
    for (let index = 0; index < 2 * MAX_WARNING_MOMENTS; index++) recorded.note(1 + index, 'guestError', `vector ${index} is not enabled`);
    const [warning] = viewOf(recorded).warnings;
    expect(warning).toMatchObject({
      count: 8192,
      total: 8192,
      first: 1000,
      last: 8192 * US,
      text: 'the guest: vector 0 is not enabled (8 192 times)',
    });
    expect(viewOf(recorded, 8000).warnings[0]).toMatchObject({ count: 8000, last: 8000 * US });
  });

  it('are of a bounded number of groups, however many things go wrong', () => {
    const recorded = new Recorded().events(['bql', 0, 'agfx_batch_ended']);
    for (let index = 0; index < 200; index++) recorded.note(1, 'warning', `${'x'.repeat(index)}!`);
    const { warnings: views } = viewOf(recorded);
    expect(views).toHaveLength(65);
    expect(views.find((view) => view.text.startsWith('further kinds'))).toMatchObject({ count: 136 });
    expect(views.reduce((sum, { count }) => sum + count, 0)).toBe(200);
  });
});
