/**
 * A callback that leads to a further access of the device (device.md 2): readMemory that meets a register window.
 */
import { describe, expect, it } from 'vitest';
import { MAX_NESTED_WAITS } from '../../src/base/limits.js';
import { PvgWindow } from '../../src/bridge/pvg.js';
import { access, BqlScene, GFX, interrupt, IOSFC, readMemory } from './bql-scene.js';

const REFUSED = 'readMemory met the gfx window at 0x11001000: refused, the device is inside an access';

describe.each(['shared-cond', 'v5', 'bh'] as const)('%s', (revision) => {
  it('refuses and logs a read of a window while an access is in progress', () => {
    const scene = new BqlScene(revision);
    scene.run(access({ token: 1 }));
    scene.run(readMemory(5, GFX.gpa + 0x1000, 4));
    // In shared-cond the answer to readMemory never tells of failure.
    expect(scene.answers).toEqual([[5, revision === 'shared-cond']]);
    expect(scene.port.of('logGuestError')).toEqual([{ do: 'logGuestError', text: REFUSED }]);
    expect(scene.port.of('submitJob')).toHaveLength(1);
    expect(scene.port.supplied).toEqual([]);
    scene.finish();
    expect(scene.answered).toEqual([1]);
  });

  it('refuses it also between the halves of an access of 8 bytes', () => {
    const scene = new BqlScene(revision);
    scene.run(access({ token: 1, size: 8 }));
    scene.finish();
    scene.run(readMemory(5, GFX.gpa + 0x1000, 4));
    expect(scene.port.of('logGuestError')).toHaveLength(1);
  });

  it('carries it out as an access when none is in progress, also after one has ended', () => {
    const scene = new BqlScene(revision);
    scene.run(access({ token: 1 }));
    scene.finish();
    scene.run(readMemory(5, GFX.gpa + 0x1000, 4));
    expect(scene.port.of('submitJob')[1]).toMatchObject({ operation: 0, window: PvgWindow.gfx, offset: 0x1000, size: 4 });
    scene.finish({ value: 0x0403_0201 });
    expect(scene.port.supplied).toEqual([{ offset: 0, bytes: [1, 2, 3, 4] }]);
    expect(scene.answers).toEqual([[5, true]]);
    expect(scene.port.of('logGuestError')).toEqual([]);
  });

  it('refuses a read inside a read, since that is an access as well', () => {
    const scene = new BqlScene(revision);
    scene.run(readMemory(5, GFX.gpa + 0x1000, 4));
    scene.run(readMemory(6, GFX.gpa + 0x1000, 4));
    expect(scene.port.of('logGuestError')).toHaveLength(1);
    scene.finish({ value: 1 });
    expect(scene.answers).toEqual([
      [6, revision === 'shared-cond'],
      [5, true],
    ]);
  });

  it('reads RAM inside an access as ever', () => {
    const scene = new BqlScene(revision);
    scene.run(access({ token: 1 }));
    scene.run(readMemory(5, 0x1000_0000, 64));
    expect(scene.answers).toEqual([[5, true]]);
  });
});

describe('hardened', () => {
  it('carries accesses inside accesses out, at any depth, and ends them last in, first out', () => {
    const scene = new BqlScene('hardened');
    scene.run(access({ token: 1 }));
    scene.run(readMemory(5, GFX.gpa + 0x1000, 4));
    scene.run(readMemory(6, IOSFC.gpa + 0x1008, 4));
    expect(scene.port.of('submitJob')).toMatchObject([
      { job: 1, nested: false },
      { job: 2, nested: true, window: PvgWindow.gfx },
      { job: 3, nested: true, window: PvgWindow.iosfc },
    ]);
    expect(scene.bql.waiting.nestedWaits).toBe(3);

    // The outer ones are done first, and still wait for the inner ones.
    scene.finish({ job: 1 });
    scene.finish({ job: 2, value: 0x22 });
    expect([scene.answered, scene.answers]).toEqual([[], []]);
    scene.finish({ job: 3, value: 0x33 });
    expect(scene.answers).toEqual([
      [6, true],
      [5, true],
    ]);
    expect(scene.port.supplied.map(({ bytes }) => bytes[0])).toEqual([0x33, 0x22]);
    expect(scene.answered).toEqual([1]);
    expect(scene.bql.held).toBe(false);
  });

  it('serves bottom halves at every depth', () => {
    const scene = new BqlScene('hardened');
    scene.run(access({ token: 1 }), interrupt(1));
    scene.run(readMemory(5, GFX.gpa, 4), interrupt(2));
    expect(scene.vectors).toEqual([1, 2]);
    expect(scene.bql.waiting.nestedWaits).toBe(2);
  });

  it('refuses one that is nested deeper than there may be waits, and loses none of the others', () => {
    const scene = new BqlScene('hardened');
    scene.run(access({ token: 1 }));
    for (let id = 1; id < MAX_NESTED_WAITS; id++) scene.run(readMemory(id, GFX.gpa, 4));
    expect(scene.bql.waiting.nestedWaits).toBe(MAX_NESTED_WAITS);
    scene.run(readMemory(999, GFX.gpa, 4));
    expect(scene.answers).toEqual([[999, false]]);
    for (let job = MAX_NESTED_WAITS; job >= 1; job--) scene.finish({ job });
    expect(scene.answers).toHaveLength(MAX_NESTED_WAITS);
    expect(scene.answered).toEqual([1]);
  });
});

describe('unlock', () => {
  it('has nothing to refuse: the lock is free while an access is in progress', () => {
    const scene = new BqlScene('unlock');
    scene.run(access({ token: 1 }));
    scene.run(readMemory(5, GFX.gpa, 4));
    scene.finish({ value: 9 });
    expect(scene.answers).toEqual([[5, true]]);
    expect(scene.answered).toEqual([]);
    scene.giveBack({ job: 1 });
    expect(scene.answered).toEqual([1]);
  });
});

describe('async-write', () => {
  it('is inside no access once a write was posted', () => {
    const scene = new BqlScene('async-write');
    scene.run(access({ token: 1 }));
    scene.run(readMemory(5, GFX.gpa, 4));
    expect(scene.port.of('logGuestError')).toEqual([]);
    expect(scene.port.of('submitJob')).toHaveLength(2);
  });
});
