/**
 * Who enters PVG with a guest's access, and what becomes of the BQL meanwhile (device.md 2, threading.md 3).
 */
import { describe, expect, it } from 'vitest';
import { PvgWindow, Upcall } from '../../src/bridge/pvg.js';
import type { AccessEntry, RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { access, BqlScene, GFX, interrupt, RAM, record } from './bql-scene.js';

const LOW = 0x1111_2222;
const HIGH = 0x3333_4444;

/** [window, write] of an access that enters so in a revision. */
const WINDOWS = { gfxRead: [0, false], gfxWrite: [0, true], iosfcRead: [1, false], iosfcWrite: [1, true] } as const;
const NAMES = Object.keys(WINDOWS) as (keyof typeof WINDOWS)[];

describe('entries', () => {
  it.each<[RevisionName, AccessEntry[]]>([
    ['sync', ['holdingBql', 'droppingBql', 'droppingBql', 'holdingBql']],
    ['async-write', ['holdingBql', 'posted', 'holdingBql', 'posted']],
    ['unlock', ['droppingBql', 'droppingBql', 'droppingBql', 'droppingBql']],
    ['shared-cond', ['nestedWait', 'nestedWait', 'nestedWait', 'nestedWait']],
    ['v5', ['nestedWait', 'nestedWait', 'nestedWait', 'nestedWait']],
    ['bh', ['nestedWait', 'nestedWait', 'nestedWait', 'nestedWait']],
    ['hardened', ['nestedWait', 'nestedWait', 'nestedWait', 'nestedWait']],
  ])('%s has %j of the gfx window and of the iosfc window, read and write', (revision, entries) => {
    expect(NAMES.map((name) => REVISIONS[revision][name])).toEqual(entries);
    const actual = NAMES.map((name): AccessEntry | undefined => {
      const [window, write] = WINDOWS[name];
      const scene = new BqlScene(revision);
      scene.run(access({ token: 1, window, write }));
      return scene.port.entries[0]?.entry ?? scene.port.of('submitJob')[0]?.entry;
    });
    expect(actual).toEqual(entries);
  });
});

describe('holdingBql', () => {
  it('enters PVG inside the section and answers at once', () => {
    const scene = new BqlScene('sync');
    scene.port.entered = { ok: true, value: 0xab, high: 0 };
    scene.run(access({ token: 1, write: false }));
    expect(scene.port.entries).toMatchObject([{ operation: 0, window: PvgWindow.gfx, offset: 0x1000, size: 4 }]);
    expect(scene.port.of('replyToGuest')).toMatchObject([{ token: 1, mailbox: 77, value: 0xab }]);
    expect(scene.port.of('submitJob')).toEqual([]);
    expect(scene.port.lines).toContain('apple_gfx_read');
    expect(scene.bql.held).toBe(false);
  });

  it('carries both halves of 8 bytes in, the low one first', () => {
    const scene = new BqlScene('sync');
    scene.port.entered = { ok: true, value: 7, high: 0 };
    scene.run(access({ token: 1, write: false, size: 8 }));
    expect(scene.port.entries.map(({ offset, size }) => [offset, size])).toEqual([
      [0x1000, 4],
      [0x1004, 4],
    ]);
    expect(scene.port.of('replyToGuest')).toMatchObject([{ value: 7, high: 7 }]);
  });

  it('answers 0 when PVG refuses, without a trace line of the access', () => {
    const scene = new BqlScene('sync');
    scene.port.entered = { ok: false, value: 9, high: 9 };
    scene.run(access({ token: 1, write: false }));
    expect(scene.port.of('replyToGuest')).toMatchObject([{ value: 0, high: 0 }]);
    expect(scene.port.lines).not.toContain('apple_gfx_read');
  });
});

describe('droppingBql', () => {
  it('ends its section, so that others run until the lock is taken again for the end', () => {
    const scene = new BqlScene('unlock');
    scene.run(access({ token: 1, value: 0x42 }));
    expect(scene.port.of('submitJob')).toMatchObject([{ entry: 'droppingBql', caller: 77, nested: false, value: 0x42 }]);
    expect(scene.bql.held).toBe(false);
    const createTask = record(Upcall.createTask, { id: 5, words: [0x4000] });
    scene.run(createTask, interrupt(3));
    expect(scene.answers).toEqual([[5, true]]);
    expect(scene.vectors).toEqual([3]);
    expect(scene.answered).toEqual([]);
    scene.giveBack();
    expect(scene.answered).toEqual([1]);
    expect(scene.port.lines.at(-1)).toBe('apple_gfx_write');
    expect(scene.bql.held).toBe(false);
  });

  it('takes the lock again behind those who waited for it before', () => {
    const scene = new BqlScene('unlock');
    scene.run(access({ token: 1, offset: 0x1000 }));
    const first = scene.job;
    scene.bql.receive(access({ token: 2, offset: 0x1008 }));
    scene.giveBack({ job: first });
    expect(scene.port.of('submitJob').map(({ offset }) => offset)).toEqual([0x1000, 0x1008]);
    expect(scene.answered).toEqual([1]);
  });

  it('lets another vCPU’s access in between the halves of 8 bytes', () => {
    const scene = new BqlScene('unlock');
    scene.run(access({ token: 1, size: 8, value: LOW, high: HIGH, mailbox: 77 }));
    const low = scene.job;
    scene.bql.receive(access({ token: 2, offset: 0x2000, mailbox: 78 }));
    scene.giveBack({ job: low });
    expect(scene.port.of('submitJob')).toMatchObject([
      { offset: 0x1000, value: LOW, caller: 77 },
      { offset: 0x2000, caller: 78 },
      { offset: 0x1004, value: HIGH, caller: 77 },
    ]);
    scene.giveBack();
    scene.giveBack({ job: low + 1 });
    expect(scene.answered).toEqual([1, 2]);
  });

  it('without a vCPU, an access of the supervisor’s is carried in by somebody else', () => {
    const scene = new BqlScene('sync');
    scene.run(access({ token: 1, mailbox: 0 }));
    expect(scene.port.of('submitJob')).toMatchObject([{ entry: 'droppingBql', caller: 0 }]);
  });
});

describe('posted', () => {
  it('answers at once, and is traced when PVG is done', () => {
    const scene = new BqlScene('async-write');
    scene.run(access({ token: 1, value: 0x42 }));
    expect(scene.port.of('submitJob')).toMatchObject([{ entry: 'posted', value: 0x42 }]);
    expect(scene.answered).toEqual([1]);
    expect(scene.bql.held).toBe(false);
    expect(scene.port.lines).not.toContain('apple_gfx_write');
    scene.finish();
    expect(scene.port.trail.at(-1)).toBe('apple_gfx_write offset=0x1000 val=0x42');
    expect(scene.answered).toEqual([1]);
  });

  it('submits the second half of 8 bytes when the first is done, with others let in between', () => {
    const scene = new BqlScene('async-write');
    scene.run(access({ token: 1, size: 8, value: LOW, high: HIGH }), access({ token: 2, offset: 0x2000 }));
    expect(scene.answered).toEqual([1, 2]);
    expect(scene.port.of('submitJob').map(({ offset, value }) => [offset, value])).toEqual([
      [0x1000, LOW],
      [0x2000, 5],
    ]);
    scene.finish({ job: 1 });
    expect(scene.port.of('submitJob')[2]).toMatchObject({ offset: 0x1004, value: HIGH });
    scene.finish({ job: 3 });
    scene.finish({ job: 2 });
    expect(scene.port.of('submitJob')).toHaveLength(3);
    expect(scene.answered).toEqual([1, 2]);
  });

  it('a failure is the guest’s loss: nothing more is submitted, answered or traced', () => {
    const scene = new BqlScene('async-write');
    scene.run(access({ token: 1, size: 8 }));
    scene.finish({ ok: false });
    expect(scene.port.of('submitJob')).toHaveLength(1);
    expect(scene.answered).toEqual([1]);
    expect(scene.port.lines).not.toContain('apple_gfx_write');
  });
});

describe('nestedWait', () => {
  it('holds the lock until both halves are done: bottom halves run meanwhile, sections do not', () => {
    const scene = new BqlScene('v5');
    scene.run(access({ token: 1, size: 8, value: LOW, high: HIGH }), access({ token: 2, offset: 0x2000 }));
    scene.run(interrupt(4));
    expect(scene.vectors).toEqual([4]);
    scene.finish();
    expect(scene.port.of('submitJob').map(({ offset, value }) => [offset, value])).toEqual([
      [0x1000, LOW],
      [0x1004, HIGH],
    ]);
    expect(scene.answered).toEqual([]);
    scene.finish();
    expect(scene.port.of('submitJob')[2]).toMatchObject({ offset: 0x2000 });
    expect(scene.answered).toEqual([1]);
    scene.finish();
    expect(scene.answered).toEqual([1, 2]);
  });
});

describe('the iosfc window', () => {
  it.each(['sync', 'async-write'] as const)('passes all 64 bits of a write in one call: %s', (revision) => {
    const scene = new BqlScene(revision);
    scene.run(access({ token: 1, window: PvgWindow.iosfc, size: 8, offset: 0x1018, value: LOW, high: HIGH }));
    if (revision === 'async-write') scene.finish();
    const [entered] = [...scene.port.entries, ...scene.port.of('submitJob')];
    expect(entered).toMatchObject({ window: PvgWindow.iosfc, size: 8, offset: 0x1018, value: LOW, high: HIGH });
    expect(scene.port.entries.length + scene.port.of('submitJob').length).toBe(1);
    expect(scene.port.trail.at(-1)).toBe('apple_gfx_mmio_iosfc_write offset=0x1018 val=0x3333444411112222');
    expect(scene.answered).toEqual([1]);
  });

  it('gives all 64 bits of a read', () => {
    const scene = new BqlScene('hardened');
    scene.run(access({ token: 1, window: PvgWindow.iosfc, write: false, size: 8, offset: 0x1000 }));
    scene.finish({ value: 0x0000_00ff, high: 1 });
    expect(scene.port.of('replyToGuest')).toMatchObject([{ value: 0xff, high: 1 }]);
    expect(scene.port.trail.at(-1)).toBe('apple_gfx_mmio_iosfc_read offset=0x1000 res=0x1000000ff');
    expect(scene.port.of('submitJob')).toHaveLength(1);
  });

  it('also takes 4 bytes, and refuses what is unaligned', () => {
    const scene = new BqlScene('hardened');
    scene.run(access({ token: 1, window: PvgWindow.iosfc, write: false, size: 8, offset: 0x1004 }));
    expect(scene.port.of('submitJob')).toEqual([]);
    scene.run(access({ token: 2, window: PvgWindow.iosfc, write: false, size: 4, offset: 0x1004 }));
    scene.finish({ value: 3 });
    expect(scene.port.of('replyToGuest')).toMatchObject([
      { token: 1, value: 0 },
      { token: 2, value: 3, high: 0 },
    ]);
  });

  it.each([
    ['iosfc', PvgWindow.iosfc],
    ['no', 2],
  ])('in the pci variant, which has none, an access of the %s window is refused', (_name, window) => {
    const scene = new BqlScene('hardened', { regions: [RAM, GFX] });
    scene.run(access({ token: 1, window, write: false, size: 8 }));
    expect(scene.port.of('replyToGuest')).toMatchObject([{ token: 1, value: 0, high: 0 }]);
    expect(scene.port.of('submitJob')).toEqual([]);
    expect(scene.port.trail).toEqual([]);
  });
});
