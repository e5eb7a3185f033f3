/**
 * The render queue: blocks one at a time, in order, with sections, owning the frames, or neither (threading.md 3).
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { Message, messageName } from '../../actors/messages.js';
import { type EncodeRequest, RenderQueueBehaviour } from '../../actors/render-queue/behaviour.js';
import { Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { FakePort } from '../device/fake-port.js';
import { record } from './bql-scene.js';

class RenderScene {
  readonly device = new FakePort();
  readonly encodes: EncodeRequest[] = [];
  /** What the BQL actor was told, as `kind id display words`. */
  readonly told: string[] = [];
  accepts = true;
  readonly queue: RenderQueueBehaviour;

  constructor(revision: RevisionName, traces = false) {
    this.queue = new RenderQueueBehaviour({
      revision: REVISIONS[revision],
      device: this.device,
      displays: 2,
      tracesActors: traces,
      port: {
        tellBql: (kind, id, display, words) => void this.told.push([messageName(kind), id, display, ...words].join(' ')),
        encode: (request) => {
          this.encodes.push(request);
          return this.accepts;
        },
      },
    });
    for (const display of this.queue.displays) display.frames.setMode(640, 480);
  }

  run(...records: PvgRecord[]): void {
    for (const each of records) this.queue.receive(each);
    while (this.queue.step());
  }

  /** Frames that the owner of the display queued so far become blocks, as the thread makes them. */
  blocks(): void {
    for (const { frame, texture, display } of this.device.of('queueRender').slice(this.encodes.length)) {
      this.run(block(frame, { texture, display }));
    }
  }
}

const block = (frame: number, { texture = 640, managed = 0, display = 0 } = {}): PvgRecord =>
  record(Message.renderBlock, { id: frame, words: [texture, managed, display] });
const surfaceNoted = (frame: number, texture: number, display = 0): PvgRecord =>
  record(Message.surfaceNoted, { id: frame, words: [texture, 0, display] });
const sectionEnded = (frame: number): PvgRecord => record(Message.sectionEnded, { id: frame });
const completed = (frame: number, { display = 0, status = 0, present = frame } = {}): PvgRecord =>
  record(Upcall.frameCompleted, { words: [display, frame, status, present] });
const modeChange = (width: number, { id = 0, display = 0 } = {}): PvgRecord =>
  record(Upcall.modeChange, { id, words: [display, width, 480, 0] });

describe('plain (hardened): only encoding is here', () => {
  let scene: RenderScene;
  beforeEach(() => {
    scene = new RenderScene('hardened');
  });

  it('encodes block after block, without the BQL', () => {
    scene.run(block(1), block(2, { texture: 800, managed: 1, display: 1 }));
    expect(scene.encodes).toEqual([
      { display: 0, frame: 1, texture: 640, managed: false },
      { display: 1, frame: 2, texture: 800, managed: true },
    ]);
    expect(scene.told).toEqual([]);
    expect(scene.queue.waitsForBql).toBe(false);
  });

  it('reports a refusal and goes on', () => {
    scene.accepts = false;
    scene.run(block(1, { display: 1 }), block(2));
    expect(scene.told).toEqual(['frameRefused 1 1', 'frameRefused 2 0']);
    expect(scene.encodes).toHaveLength(2);
  });
});

describe('sections (v5): a block takes the BQL to note the surface and to report', () => {
  let scene: RenderScene;
  beforeEach(() => {
    scene = new RenderScene('v5');
  });

  it('asks for the surface, encodes what it is told, and waits for nobody then', () => {
    scene.run(block(1, { texture: 0, display: 1 }));
    expect(scene.told).toEqual(['noteSurface 1 1']);
    expect([scene.encodes, scene.queue.waitsForBql]).toEqual([[], true]);
    scene.run(surfaceNoted(1, 800, 1));
    expect(scene.encodes).toEqual([{ display: 1, frame: 1, texture: 800, managed: false }]);
    expect(scene.queue.waitsForBql).toBe(false);
  });

  it('lets a refusal’s section end before the next block begins', () => {
    scene.accepts = false;
    scene.run(block(1, { texture: 0 }), block(2, { texture: 0 }));
    scene.run(surfaceNoted(1, 640));
    expect(scene.told).toEqual(['noteSurface 1 0', 'frameRefused 1 0']);
    expect(scene.queue.waitsForBql).toBe(true);
    scene.run(sectionEnded(1));
    expect(scene.told.at(-1)).toBe('noteSurface 2 0');
  });

  it('takes completions in turn: the block behind one waits for its section', () => {
    scene.run(block(1, { texture: 0 }));
    scene.run(completed(7, { present: 70 }), completed(8, { display: 1, status: 5, present: 80 }), block(9, { texture: 0 }));
    expect(scene.told).toEqual(['noteSurface 1 0']);
    scene.run(surfaceNoted(1, 640));
    expect(scene.told.at(-1)).toBe('frameCompleted 7 0 1 70');
    scene.run(sectionEnded(7));
    expect(scene.told.at(-1)).toBe('frameCompleted 8 1 0 80');
    scene.run(sectionEnded(8));
    expect(scene.told.at(-1)).toBe('noteSurface 9 0');
  });

  it('says what it waits for, to people', () => {
    scene.run(block(1, { texture: 0 }), completed(7));
    expect(scene.queue.inspection).toEqual({ state: 'notingSurface', queued: ['frameCompleted'], frames: [] });
  });
});

describe('owned (async-write): the queue has the frames, and the BQL no part in it', () => {
  let scene: RenderScene;
  beforeEach(() => {
    scene = new RenderScene('async-write');
  });

  it('renders a new frame from its announcement to the surface', () => {
    scene.run(record(Upcall.newFrame, { words: [1] }));
    scene.blocks();
    expect(scene.encodes).toEqual([{ display: 1, frame: 1, texture: 640, managed: false }]);
    scene.run(completed(1, { display: 1, present: 9 }));
    expect(scene.device.copies).toEqual([{ display: 1, texture: 640, present: 9 }]);
    scene.run(record(Message.updateRequested, { words: [1, 0] }));
    expect(scene.device.of('signalUpdateDone')).toEqual([{ do: 'signalUpdateDone', display: 1 }]);
    expect(scene.told).toEqual([]);
  });

  it('never renders again after a refused encode', () => {
    scene.accepts = false;
    scene.run(record(Upcall.newFrame));
    scene.blocks();
    scene.run(record(Upcall.newFrame), record(Upcall.newFrame));
    expect(scene.device.of('queueRender')).toHaveLength(1);
    expect(scene.device.counted('refusals')).toBe(1);
    expect(scene.told).toEqual([]);
  });

  it('handles display events in their order, and asks PVG where the cursor is', () => {
    scene.run(
      record(Upcall.cursorShow, { words: [0, 1] }),
      record(Upcall.cursorMove, { words: [0, 5, 6] }),
      record(Upcall.cursorGlyph, { id: 30, words: [0, 2 * 2 ** 32 + 2, 0, 8, 32, 16] }),
      record(Upcall.newFrame),
      record(Upcall.cursorShow, { words: [0, 0] }),
    );
    expect(scene.device.effects.map((effect) => effect.do)).toEqual([
      'showCursor',
      'moveCursor',
      'setCursor',
      'moveCursor',
      'answerUpcall',
      'queueRender',
      'showCursor',
    ]);
    expect(scene.device.of('moveCursor')).toMatchObject([{ to: null }, { to: null }]);
  });

  it('takes the BQL for a mode change, and returns it when the console has its surface', () => {
    scene.run(modeChange(800, { id: 40, display: 1 }), record(Upcall.newFrame, { words: [1] }));
    expect(scene.told).toEqual(['takeBql 1 0']);
    expect([scene.queue.waitsForBql, scene.queue.displays[1]?.frames.mode?.width]).toEqual([true, 640]);
    expect(scene.device.of('queueRender')).toEqual([]);
    scene.run(record(Message.bqlTaken, { id: 1 }));
    expect(scene.told).toEqual(['takeBql 1 0', 'returnBql 1 0']);
    expect(scene.queue.displays[1]?.frames.mode?.width).toBe(800);
    expect(scene.device.of('answerUpcall')).toEqual([{ do: 'answerUpcall', id: 40, ok: true, value: 0 }]);
    // What came behind it is for the new mode.
    expect(scene.device.of('queueRender')).toMatchObject([{ display: 1, texture: 800 }]);
  });

  it('does not encode while it waits for the BQL, and changes one mode at a time', () => {
    scene.run(modeChange(800), block(5), modeChange(1024));
    expect([scene.encodes, scene.told]).toEqual([[], ['takeBql 0 0']]);
    scene.run(record(Message.bqlTaken));
    expect(scene.encodes).toHaveLength(1);
    expect(scene.told).toEqual(['takeBql 0 0', 'returnBql 0 0', 'takeBql 0 0']);
    scene.run(record(Message.bqlTaken));
    expect(scene.queue.displays[0]?.frames.mode?.width).toBe(1024);
    expect(scene.queue.inspection).toMatchObject({ state: 'idle', queued: [] });
  });

  it('traces a mode change and a new frame when PVG says it, cursor events when the work runs', () => {
    scene.run(modeChange(800));
    for (const each of [
      modeChange(1024),
      record(Upcall.newFrame),
      record(Upcall.cursorShow, { words: [0, 1] }),
      record(Upcall.cursorMove),
    ]) {
      scene.queue.receive(each);
    }
    expect(scene.device.trail).toEqual(['apple_gfx_mode_change x=800 y=480', 'apple_gfx_mode_change x=1024 y=480', 'apple_gfx_new_frame']);
    scene.run(record(Message.bqlTaken));
    scene.run(record(Message.bqlTaken));
    expect(scene.device.trail.slice(3)).toEqual(['apple_gfx_cursor_show show=1', 'apple_gfx_cursor_move']);
  });
});

describe('what is not its own', () => {
  it('a message for a display that it does not have is a defect', () => {
    expect(() => new RenderScene('hardened').run(record(Upcall.newFrame))).toThrow(/knows no message/);
    expect(() => new RenderScene('async-write').run(record(Upcall.newFrame, { words: [9] }))).toThrow(/no display/);
  });

  it('a lock that was lent without being asked for is a defect', () => {
    expect(() => new RenderScene('async-write').run(record(Message.bqlTaken))).toThrow(/nobody asked/);
  });
});
