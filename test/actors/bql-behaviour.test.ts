/**
 * The BQL actor: accesses, the lock, mappings and frames as every revision has them or, where it says so, as v5 has them.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { Message } from '../../actors/messages.js';
import { wordsOf } from '../../actors/region-message.js';
import { PvgWindow, Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { access, BqlScene, GFX, interrupt, IOSFC, RAM, readMemory, record, UPPER_RAM } from './bql-scene.js';

let scene: BqlScene;
const write = (token: number, offset = 0x1000, size = 4): PvgRecord => access({ token, offset, size });

beforeEach(() => {
  scene = new BqlScene('hardened');
});

describe('an access', () => {
  it('is submitted to PVG and answered once PVG is done', () => {
    scene.run(write(1));
    expect(scene.port.of('submitJob')).toMatchObject([{ operation: 1, offset: 0x1000, value: 5 }]);
    expect(scene.answered).toEqual([]);
    scene.finish();
    expect(scene.port.of('replyToGuest')).toMatchObject([{ token: 1, mailbox: 77 }]);
    expect(scene.bql.held).toBe(false);
  });

  it('of 8 bytes becomes two, low half first, joined into one answer', () => {
    scene.run(access({ token: 3, write: false, size: 8 }));
    scene.finish({ value: 0x11 });
    expect(scene.port.of('submitJob').map((effect) => effect.offset)).toEqual([0x1000, 0x1004]);
    scene.finish({ value: 0x22 });
    expect(scene.port.of('replyToGuest')).toEqual([{ do: 'replyToGuest', token: 3, mailbox: 77, value: 0x11, high: 0x22, ok: true }]);
    expect(scene.port.trail).toEqual(
      expect.arrayContaining(['apple_gfx_read offset=0x1000 res=0x11', 'apple_gfx_read offset=0x1004 res=0x22']),
    );
  });

  it.each([
    [0x1002, 4],
    [0x1004, 8],
    [0x1000, 2],
    [0x1000, 16],
    [-4, 4],
    [GFX.length, 4],
    [GFX.length, 8],
    [2 ** 52, 8],
    [Number.POSITIVE_INFINITY, 4],
    [IOSFC.length, 8, PvgWindow.iosfc],
  ])('at offset %i of %i bytes is refused, and reaches neither PVG nor the trace', (offset, size, window: number = PvgWindow.gfx) => {
    scene.run(access({ token: 1, offset, size, window }));
    expect(scene.port.of('submitJob')).toEqual([]);
    expect(scene.port.of('replyToGuest')).toMatchObject([{ value: 0 }]);
    expect(scene.port.lines).toEqual([]);
    expect(scene.bql.held).toBe(false);
  });

  it.each([
    [GFX.length - 4, 4, PvgWindow.gfx],
    [GFX.length - 8, 8, PvgWindow.gfx],
    [IOSFC.length - 4, 4, PvgWindow.iosfc],
    [IOSFC.length - 8, 8, PvgWindow.iosfc],
  ])('of the last bytes of a window, at offset %i of %i bytes, is carried out', (offset, size, window) => {
    scene.run(access({ token: 1, write: false, offset, size, window }));
    for (let half = 0; half < size / (window === PvgWindow.gfx ? 4 : size); half++) scene.finish({ value: 7 });
    expect(scene.port.of('replyToGuest')).toMatchObject([{ token: 1, value: 7 }]);
  });

  it('that PVG fails gives 0, and its second half is not tried', () => {
    scene.run(access({ token: 1, write: false, size: 8 }));
    scene.finish({ value: 99, ok: false });
    expect(scene.port.of('replyToGuest')).toMatchObject([{ value: 0, high: 0 }]);
    expect(scene.port.of('submitJob')).toHaveLength(1);
  });
});

describe('while an access is in flight', () => {
  beforeEach(() => scene.run(write(1)));

  it('a mapMemory upcall is served', () => {
    scene.run(record(Upcall.createTask, { id: 10, words: [0x10000] }));
    scene.port.pieces = [[RAM.gpa, 0x4000]];
    scene.run(record(Upcall.mapMemory, { id: 11, words: [1, 0, 0, 1] }));
    expect(scene.answers).toEqual([
      [10, true],
      [11, true],
    ]);
    expect(scene.answered).toEqual([]);
  });

  it('a second access waits for the first', () => {
    scene.run(write(2));
    expect(scene.port.of('submitJob')).toHaveLength(1);
    scene.finish();
    expect(scene.port.of('submitJob')).toHaveLength(2);
  });

  it('a result of a job that nobody knows ends no wait', () => {
    scene.finish({ job: 4711 });
    expect(scene.answered).toEqual([]);
    expect(scene.bql.waiting.nestedWaits).toBe(1);
  });
});

describe('the memory map', () => {
  const more = { ...RAM, id: 40, gpa: 0x9_0000_0000, length: 0x4000, ram: 12, slot: 2 };

  it('changes by sections: what was added is found, what was removed is not', () => {
    scene.run(write(1), record(Message.regionAdded, { id: 70, reserved: more.id, words: wordsOf(more) }), readMemory(5, more.gpa, 16));
    expect(scene.answers).toEqual([[5, false]]);
    scene.finish();
    scene.run(readMemory(6, more.gpa, 16));
    expect(scene.port.suppliedFromRam).toEqual([{ offset: 0, ram: 12, ramOffset: 0, length: 16 }]);
    scene.run(record(Message.regionRemoved, { id: 71, reserved: more.id }), readMemory(7, more.gpa, 16));
    scene.run(readMemory(8, more.gpa, 16));
    expect(scene.answers.slice(1)).toEqual([
      [6, true],
      [7, true],
      [8, false],
    ]);
    expect(scene.port.of('replyToGuest')).toMatchObject([{ token: 1 }, { token: 70, value: 1 }, { token: 71, value: 1 }]);
  });

  it('tells when there was nothing to remove', () => {
    scene.run(record(Message.regionRemoved, { id: 70, reserved: 99 }));
    expect(scene.port.of('replyToGuest')).toMatchObject([{ token: 70, value: 0 }]);
  });
});

describe('a message that there is nobody for', () => {
  it.each([
    ['a glyph of a display that does not exist', Upcall.cursorGlyph, [7, 0, 0, 0, 32, 0]],
    ['a new frame of one', Upcall.newFrame, [Number.POSITIVE_INFINITY]],
  ])('%s is logged, and answered if it waits', (_what, kind, words) => {
    scene.run(record(kind, { id: 9, words }));
    expect(scene.port.of('logGuestError')).toHaveLength(1);
    expect(scene.answers).toEqual([[9, false]]);
  });

  it('an unknown kind is logged', () => {
    scene.run(record(0x777, { id: 9 }));
    expect(scene.port.of('logGuestError')).toEqual([{ do: 'logGuestError', text: 'there is nobody for a message of kind 0x777' }]);
    expect(scene.answers).toEqual([]);
  });
});

describe('v5', () => {
  const newFrame = record(Message.displaySection, { reserved: Upcall.newFrame });
  const render = (frame: number): void => scene.run(record(Message.noteSurface, { id: frame }));
  const complete = (frame: number, ok = 1): void => scene.run(record(Message.frameCompleted, { id: frame, words: [ok, frame] }));
  const rendered = (): number => scene.port.counted('framesRendered');

  beforeEach(() => {
    scene = new BqlScene('v5', { regions: [RAM, GFX, UPPER_RAM] });
    scene.bql.display(0).frames.setMode(640, 480);
  });

  it('does not count a new frame until the access has completed', () => {
    scene.run(access({ token: 1 }), newFrame);
    expect(scene.port.of('queueRender')).toEqual([]);
    scene.finish();
    expect(scene.port.of('queueRender')).toHaveLength(1);
  });

  it('runs a batch of bottom halves last in, first out, as QEMU does', () => {
    scene.run(...[1, 2, 3].map(interrupt));
    expect(scene.vectors).toEqual([3, 2, 1]);
  });

  it('renders frames one at a time, two pending at most, the third dropped', () => {
    scene.run(newFrame, newFrame, newFrame);
    expect(scene.port.of('queueRender')).toHaveLength(1);
    expect(scene.port.counted('framesDropped')).toBe(1);
    render(1);
    complete(1);
    expect(scene.port.of('queueRender')).toHaveLength(2);
    expect(rendered()).toBe(1);
  });

  it('does not show frames that were started for another mode', () => {
    scene.run(newFrame);
    render(1);
    scene.run(record(Upcall.modeChange, { id: 5, words: [0, 800, 600, 0] }));
    expect(scene.answers).toEqual([[5, true]]);
    expect(scene.port.of('releaseTexture')).toEqual([]);
    complete(1);
    expect(rendered()).toBe(0);
    expect(scene.port.of('releaseTexture')).toMatchObject([{ texture: 640 }]);
  });

  it('shows frames that the GPU failed, which hardened does not', () => {
    scene.run(newFrame);
    render(1);
    complete(1, 0);
    expect(rendered()).toBe(1);
    const hardened = new BqlScene('hardened');
    hardened.run(record(Upcall.newFrame));
    hardened.run(record(Upcall.frameCompleted, { words: [0, 1, 5, 1] }));
    expect(hardened.port.of('count').filter(({ what }) => what === 'framesRendered')).toEqual([]);
    expect(hardened.port.of('logGuestError')[0]?.text).toMatch(/GPU failed/);
  });

  it('answers every update that was asked for, with the frame that is pending', () => {
    const update = record(Message.updateRequested);
    scene.run(update);
    expect(scene.port.of('signalUpdateDone')).toHaveLength(1);
    scene.run(newFrame, update);
    expect(scene.port.of('signalUpdateDone')).toHaveLength(1);
    render(1);
    complete(1);
    expect(scene.port.of('signalUpdateDone')).toHaveLength(2);
    expect(scene.port.of('pushUpdate')).toHaveLength(1);
  });

  it('stalls after a refused encode with two pending', () => {
    scene.run(newFrame, newFrame);
    render(1);
    scene.run(record(Message.frameRefused, { id: 1 }));
    scene.run(newFrame, newFrame);
    expect(scene.port.of('queueRender')).toHaveLength(1);
  });
});
