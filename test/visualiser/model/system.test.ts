/**
 * The system view, worked out by hand: who holds the BQL, who waits, what is nested, how time was spent.
 */
import { describe, expect, it } from 'vitest';
import { TraceStore } from '../../../src/trace/recording/trace-store.js';
import { SystemModel } from '../../../src/visualiser/model/system.js';
import { type Entry, HEADER, Recorded } from './recording.js';
import { US, actor, viewOf, write, WRITE } from './system-view.js';

describe('the BQL', () => {
  it('is nobody’s before anybody takes it, and again when it was released', () => {
    for (const time of [101, 440, 5000]) {
      const { lock } = viewOf(write(), time);
      expect(lock).toMatchObject({ holder: null, text: 'free', stack: [] });
    }
  });

  it('has a holder, since when, and nested waits as a stack, outermost first', () => {
    const { lock } = viewOf(write(), 250);
    expect(lock.holder).toMatchObject({ kind: 'access', id: 41, since: 102 * US });
    expect(lock.stack).toMatchObject([
      { what: 'section', text: 'access 41', since: 102 * US },
      { what: 'wait', text: 'waits for job 1', since: 104 * US },
      { what: 'bottomHalf', text: 'mapMemory 9', since: 203 * US },
      { what: 'wait', text: 'waits for job 2', since: 205 * US },
    ]);
    expect(lock.text).toBe('access 41, which waits');
  });

  it('has those that wait for it, and the bottom halves that are to run', () => {
    expect(viewOf(write(), 202).lock).toMatchObject({
      sections: [{ kind: 'access', id: 42, since: 202 * US }],
      bottomHalves: [{ kind: 'mapMemory', id: 9, since: 201 * US }],
    });
    expect(viewOf(write(), 203).lock.bottomHalves).toEqual([]);
    expect(viewOf(write(), 423).lock.sections).toHaveLength(1);
    expect(viewOf(write(), 424).lock.sections).toEqual([]);
  });

  it('goes back to the outer wait when the inner one has ended', () => {
    expect(viewOf(write(), 305).lock.stack.map(({ what }) => what)).toEqual(['section', 'wait', 'bottomHalf']);
    expect(viewOf(write(), 315).lock.stack.map(({ what }) => what)).toEqual(['section', 'wait']);
    expect(viewOf(write(), 421).lock.stack.map(({ what }) => what)).toEqual(['section']);
  });

  it('was held for a share of the window, so many times a second', () => {
    // 102 to 423 and 424 to 440, of 100 to 600.
    const { lock } = viewOf(write(), 600);
    expect(lock.share).toBeCloseTo((321 + 16) / 500, 10);
    expect(lock.rate).toBeCloseTo(2 / 500e-6, 5);
  });

  it('may be lent to another thread, whose return releases it', () => {
    const recorded = new Recorded().events(
      ['bql', 10, 'agfx_bql_requested', 'takeBql', 0, 0],
      ['bql', 11, 'agfx_machine_moved', 0, 0, 1, 1],
      ['bql', 12, 'agfx_bql_taken', 'takeBql', 0, 0],
      ['bql', 13, 'agfx_machine_moved', 0, 0, 1, 3],
      ['bql', 14, 'agfx_batch_ended'],
      ['bql', 50, 'agfx_machine_moved', 0, 0, 1, 0],
      ['bql', 51, 'agfx_bql_released'],
    );
    expect(viewOf(recorded, 12).lock.text).toBe('takeBql 0');
    expect(viewOf(recorded, 20).lock.text).toBe('takeBql 0, lent to another thread');
    expect(viewOf(recorded, 51).lock).toMatchObject({ text: 'free', holder: null });
  });
});

describe('actors', () => {
  it('have fixed places: the BQL actor, the render queue, workers, vCPUs, PVG’s threads', () => {
    const recorded = write().events(
      ['worker2', 500, 'agfx_batch_taken', 1],
      ['render', 510, 'agfx_batch_taken', 1],
      ['gpu', 511, 'agfx_batch_taken', 1],
    );
    const keys = ['bql', 'render-queue', 'background-queue 1', 'background-queue 2', 'vcpu', 'pvg 7'];
    for (const time of [50, 250, 600, null])
      expect(
        viewOf(recorded, time)
          .actors.map(({ key }) => key)
          .filter((key) => key !== 'vcpu'),
      ).toEqual(keys.filter((key) => key !== 'vcpu'));
    expect(viewOf(recorded).actors.map(({ key }) => key)).toEqual(keys);
  });

  it('are busy from when they take a batch until they wait again, and wait inside a nested wait or PVG', () => {
    const at = (time: number): (string | undefined)[] =>
      ['bql', 'background-queue 1'].map((key) => actor(viewOf(write(), time), key)?.activity);
    expect(at(99)).toEqual(['idle', 'idle']);
    expect(at(105)).toEqual(['busy', 'idle']);
    expect(at(125)).toEqual(['waiting', 'busy']);
    expect(at(150)).toEqual(['waiting', 'waiting']);
    expect(at(205)).toEqual(['busy', 'waiting']);
    expect(at(405)).toEqual(['waiting', 'busy']);
    expect(at(500)).toEqual(['idle', 'idle']);
  });

  it('spent the window so, to the microsecond', () => {
    // Window 100..500: busy 100–110, 200–210, 300–320, 420–450; waiting in between until 420.
    const view = viewOf(write(), 500);
    expect(actor(view, 'bql')?.shares.busy).toBeCloseTo(70 / 400, 10);
    expect(actor(view, 'bql')?.shares.waiting).toBeCloseTo((90 + 90 + 100) / 400, 10);
    expect(actor(view, 'background-queue 1')?.shares).toEqual({
      busy: expect.closeTo(20 / 400, 10),
      waiting: expect.closeTo(270 / 400, 10),
      idle: expect.closeTo(110 / 400, 10),
    });
  });

  it('say what they do', () => {
    expect(actor(viewOf(write(), 150), 'background-queue 1')?.doing).toBe('inside PVG, job 1');
    expect(actor(viewOf(write(), 150), 'bql')?.doing).toBe('waits for job 1');
    expect(actor(viewOf(write(), 204), 'bql')?.doing).toBe('mapMemory 9');
    expect(actor(viewOf(write(), 500), 'bql')?.doing).toBe('');
  });

  it('without events of their own are known by what they wait for', () => {
    const recorded = write().events(['gpu', 600, 'agfx_batch_taken', 0]);
    const view = viewOf(recorded, 250);
    expect(actor(view, 'pvg 7')).toMatchObject({ name: 'gpu', activity: 'waiting', doing: 'waits for mapMemory' });
    expect(actor(view, 'vcpu')).toMatchObject({ activity: 'waiting', doing: '2 accesses wait' });
    expect(actor(viewOf(recorded, 310), 'pvg 7')).toMatchObject({ activity: 'idle', doing: '' });
    // A thread that asks for something else waits for nothing older.
    const again = write().events(
      ['bql', 460, 'agfx_message_taken', 'mapMemory', 11, 8, 0],
      ['bql', 461, 'agfx_message_taken', 'mapMemory', 12, 8, 0],
    );
    expect(actor(viewOf(again.events(['bql', 470, 'agfx_bh_ended', 'mapMemory', 12, 0])), 'pvg 8')?.activity).toBe('idle');
    // A glyph's id names its bitmap, and whoever posts an interrupt waits for nothing.
    const told = new Recorded().events(
      ['bql', 1, 'agfx_message_taken', 'cursorGlyph', 5, 3, 0],
      ['bql', 2, 'agfx_message_taken', 'raiseInterrupt', 0, 4, 0],
    );
    expect(viewOf(told, 3).actors.map(({ activity, key }) => `${key} ${activity}`)).toEqual(['bql idle', 'pvg 3 idle', 'pvg 4 idle']);
    expect(actor(viewOf(recorded, 425), 'vcpu')).toMatchObject({ activity: 'waiting', doing: 'waits for access 42' });
    // From 100 to 430 of 100..600, and from 200 to 310.
    expect(actor(viewOf(recorded, 600), 'vcpu')?.shares.waiting).toBeCloseTo(330 / 500, 10);
    expect(actor(viewOf(recorded, 600), 'pvg 7')?.shares.waiting).toBeCloseTo(110 / 500, 10);
  });

  it('an access that is answered without a mailbox waits until its section has ended; one that carries itself into PVG until its reply', () => {
    const access = (time: number, id: number): Entry[] => [
      ['bql', time, 'agfx_message_taken', 'access', id, 0, 0],
      ['bql', time + 1, 'agfx_bql_taken', 'access', id, 0],
    ];
    const plain = new Recorded().events(...access(10, 5), ['bql', 20, 'agfx_bql_released']);
    expect(actor(viewOf(plain, 15), 'vcpu')?.activity).toBe('waiting');
    expect(actor(viewOf(plain, 25), 'vcpu')?.activity).toBe('idle');
    const enters = new Recorded().events(
      ...access(10, 5),
      ['bql', 12, 'agfx_message_posted', 'enterPvg', 1, 99],
      ['bql', 20, 'agfx_bql_released'],
      ['bql', 40, 'agfx_message_posted', 'reply', 5, 99],
    );
    expect(actor(viewOf(enters, 25), 'vcpu')?.activity).toBe('waiting');
    expect(actor(viewOf(enters, 45), 'vcpu')?.activity).toBe('idle');
  });
});

describe('mailboxes and rates', () => {
  const recorded = new Recorded()
    .events(['bql', 0, 'agfx_batch_taken', 5])
    .sample(0, { mmioAccesses: 0, 'mailbox.bql': 1 })
    .sample(500_000, { mmioAccesses: 1000, 'mailbox.bql': 30 })
    .sample(1_000_000, { mmioAccesses: 4000, 'mailbox.bql': 2 });

  it('have a depth now and the highest until now, which a large batch may raise, and their capacity', () => {
    expect(viewOf(recorded, 0).mailboxes[0]).toEqual({ actor: 'bql', depth: 1, highest: 5, capacity: 4096 });
    expect(viewOf(recorded, 999_999).mailboxes[0]).toMatchObject({ depth: 30, highest: 30 });
    expect(viewOf(recorded).mailboxes[0]).toMatchObject({ depth: 2, highest: 30 });
  });

  it('are what the counters rose by, over the window', () => {
    expect(viewOf(recorded, 1_000_000, { window: 1e9 }).rates[0]).toMatchObject({ name: 'accesses', perSecond: 4000 });
    expect(viewOf(recorded, 1_000_000, { window: 0.5e9 }).rates[0]?.perSecond).toBe(6000);
    expect(viewOf(recorded, 600_000, { window: 0.5e9 }).rates[0]?.perSecond).toBe(2000);
  });

  it('are counted from events where there are no samples', () => {
    const bare = new Recorded().events(
      ['bql', 0, 'apple_gfx_read', 0, 0, 0],
      ['bql', 100, 'apple_gfx_write', 0, 0, 0],
      ['bql', 200, 'apple_gfx_raise_irq', 1],
      ['bql', 500, 'apple_gfx_read', 0, 0, 0],
    );
    // The window is 0..500 µs; what happened at its very begin is before it.
    expect(viewOf(bare, 500).rates.map(({ name, perSecond }) => [name, Math.round(perSecond)])).toEqual([
      ['accesses', 4000],
      ['frames', 0],
      ['interrupts', 2000],
      ['upcalls', 0],
    ]);
  });

  it('states of machines that live long are there by name', () => {
    const moved = new Recorded().events(
      ['bql', 1, 'agfx_machine_started', 2, 1, 0],
      ['bql', 2, 'agfx_machine_started', 1, 5, 0],
      ['bql', 9, 'agfx_machine_moved', 2, 1, 0, 1],
    );
    expect(viewOf(moved, 5).machines).toEqual([{ machine: 'framePipeline', instance: 1, state: 'idle · stale' }]);
    expect(viewOf(moved, 9).machines[0]?.state).toBe('rendering.single · stale');
  });
});

describe('a recording of others', () => {
  it('may name its events as it likes', () => {
    const events = HEADER.events.map((event) => (event.name === 'agfx_bql_taken' ? { ...event, name: 'valueOf' } : event));
    const recorded = new Recorded({ header: { ...HEADER, events } }).events(...WRITE);
    expect(viewOf(recorded, 250).lock.text).toBe('bottom half mapMemory 9, which waits');
  });

  it('may be without a header, events, samples', () => {
    const none = new SystemModel(new TraceStore());
    expect([none.advance(), none.at(null).lock.text]).toEqual([true, 'free']);
    const view = viewOf(new Recorded());
    expect(view).toMatchObject({ time: Number.NaN, actors: [], lock: { text: 'free', share: 0 }, machines: [], warnings: [] });
    expect(view.rates.map(({ perSecond }) => perSecond)).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe('what comes while one looks', () => {
  it('is read once', () => {
    const recorded = write().sample(500, { framesDropped: 2 }).note(600, 'guestError', 'one');
    const model = new SystemModel(recorded.store);
    for (let index = 0; index < 3; index++) model.advance();
    expect(model.at(null).warnings.map(({ text }) => text)).toEqual(['the guest: one', '2 frames dropped']);
    recorded.sample(700, { framesDropped: 3 }).note(800, 'guestError', 'one');
    model.advance();
    expect(model.at(null).warnings.map(({ text }) => text)).toEqual(['the guest: one (2 times)', '3 frames dropped']);
  });

  it('and is gone before it could be read leaves nothing behind', () => {
    const recorded = new Recorded({ bounds: { events: 8 } }).events(['bql', 1, 'agfx_bql_taken', 'access', 1, 0]);
    const model = new SystemModel(recorded.store);
    model.advance();
    expect(model.at(null).lock.text).toBe('access 1');
    for (let time = 2; time < 30; time++) recorded.events(['bql', time, 'agfx_batch_taken', 1]);
    model.advance();
    expect(model.at(null).lock.text).toBe('free');
  });
});

describe('lost events', () => {
  it('leave nothing behind: neither holder, waiters, nor an open call', () => {
    const recorded = new Recorded()
      .events(...WRITE.slice(0, 18))
      .lose('bql', 1)
      .events(['bql', 500, 'agfx_batch_taken', 1]);
    const { lock, actors } = viewOf(recorded);
    expect(lock).toMatchObject({ holder: null, stack: [], sections: [], bottomHalves: [] });
    expect(actors.map(({ key, activity }) => [key, activity])).toEqual([
      ['bql', 'busy'],
      ['background-queue 1', 'waiting'],
      ['vcpu', 'idle'],
      ['pvg 7', 'idle'],
    ]);
  });

  it('that nobody said were lost correct themselves with the next section', () => {
    const recorded = new Recorded().events(
      ['bql', 0, 'agfx_bql_taken', 'access', 1, 0],
      ['bql', 1, 'agfx_bql_wait_began', 1, 1],
      ['bql', 9, 'agfx_bql_taken', 'access', 2, 0],
    );
    expect(viewOf(recorded).lock.stack.map(({ since }) => since)).toEqual([9 * US]);
  });
});
