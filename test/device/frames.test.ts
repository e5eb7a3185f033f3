/**
 * Frames (device.md 5): where they are encoded in each revision, how many may be pending, and what a refused encode does.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { Frames } from '../../src/device/frames.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { FakePort } from './fake-port.js';

let port: FakePort;
let frames: Frames;

function start(revision: RevisionName): void {
  port = new FakePort();
  frames = new Frames(2, port, REVISIONS[revision]);
  frames.setMode(640, 480);
}

/** The render queue and the GPU: notes the surface where blocks do that, and ends the frame. */
function finish(frame: number, { ok = true, present = 100 + frame } = {}): void {
  frames.completed(frame, ok, present);
}
const started = (): number => port.of('queueRender').length;
const done = (): number => port.of('signalUpdateDone').length;
const pushed = (): number => port.of('pushUpdate').length;

describe('paths', () => {
  it('insideUpdate (sync): a frame is encoded inside the update, which waits for the GPU', () => {
    start('sync');
    frames.newFrame();
    frames.newFrame();
    expect([port.encodes, started(), port.copies]).toEqual([[], 0, []]);
    port.encoded = { ok: true, present: 17 };
    port.update(frames);
    expect(port.encodes).toEqual([{ display: 2, frame: 1, texture: 640, managed: false }]);
    expect(port.copies).toEqual([{ display: 2, texture: 640, present: 17 }]);
    expect([pushed(), done()]).toEqual([1, 1]);
    // Frames that came before it are in it.
    port.update(frames);
    expect([port.encodes.length, pushed(), done()]).toEqual([1, 1, 2]);
  });

  it.each([
    ['async-write', 'renderQueueOwned'],
    ['unlock', 'renderQueueOwned'],
    ['bh', 'backgroundQueue'],
    ['hardened', 'renderQueue'],
  ] as const)('%s (%s): the block is queued with its texture, and nobody has a section', (revision, path) => {
    expect(REVISIONS[revision].frames).toBe(path);
    start(revision);
    frames.newFrame();
    expect(port.of('queueRender')).toEqual([{ do: 'queueRender', display: 2, frame: 1, texture: 640, managed: false }]);
    finish(1, { present: 17 });
    expect(port.copies).toEqual([{ display: 2, texture: 640, present: 17 }]);
    expect(port.of('tellSurface')).toEqual([]);
    expect(port.of('endSection')).toEqual([]);
  });

  it.each(['shared-cond', 'v5'] as const)(
    '%s (renderQueueSections): the block notes the surface in a section, and its end is another',
    (revision) => {
      start(revision);
      frames.newFrame();
      expect(port.of('queueRender')).toMatchObject([{ frame: 1, texture: 0 }]);
      // What counts is the mode when the block runs.
      frames.setMode(800, 600);
      frames.noteSurface(1);
      expect(port.of('tellSurface')).toEqual([{ do: 'tellSurface', display: 2, frame: 1, texture: 800, managed: false }]);
      finish(1);
      expect(port.copies).toMatchObject([{ texture: 800 }]);
      expect(port.of('endSection')).toEqual([{ do: 'endSection', frame: 1 }]);
      frames.newFrame();
      frames.noteSurface(2);
      frames.refused(2);
      expect(port.of('endSection')).toHaveLength(2);
    },
  );

  it('before any mode there is no texture', () => {
    port = new FakePort();
    frames = new Frames(0, port, REVISIONS.bh);
    frames.newFrame();
    expect(port.of('queueRender')).toMatchObject([{ texture: 0 }]);
    frames.refused(1);
    expect(frames.mode).toBeNull();
  });
});

describe('pendingFrames', () => {
  it.each(['async-write', 'bh', 'hardened'] as const)('%s: two at most, one of them in flight; the third is dropped', (revision) => {
    start(revision);
    for (let each = 0; each < 4; each++) frames.newFrame();
    expect(started()).toBe(1);
    expect(port.counted('framesDropped')).toBe(2);
    finish(1);
    expect(port.of('queueRender').map(({ frame }) => frame)).toEqual([1, 2]);
    finish(2);
    expect(port.counted('framesRendered')).toBe(2);
    frames.newFrame();
    expect(started()).toBe(3);
    // The surface keeps its texture for the frames to come.
    expect(port.of('releaseTexture')).toEqual([]);
  });

  it('a completion that nobody waits for changes nothing, and never makes it negative', () => {
    start('hardened');
    finish(1);
    expect(port.copies).toEqual([]);
    frames.newFrame();
    expect(started()).toBe(1);
  });
});

describe('a refused encode', () => {
  it.each(['sync', 'shared-cond', 'v5', 'bh', 'hardened'] as const)(
    '%s: is logged and counted, and the next frame is rendered',
    (revision) => {
      start(revision);
      port.encoded = null;
      frames.newFrame();
      if (revision === 'sync') port.update(frames);
      else frames.refused(1);
      expect(port.of('logGuestError')).toEqual([{ do: 'logGuestError', text: 'PVG refused to encode the current frame' }]);
      expect(port.counted('refusals')).toBe(1);
      frames.newFrame();
      if (revision === 'sync') port.update(frames);
      expect(started() + port.encodes.length).toBe(2);
    },
  );

  it.each(['async-write', 'unlock'] as const)('forgotten (%s): the frame stays counted, and nothing is rendered again', (revision) => {
    start(revision);
    frames.newFrame();
    frames.refused(1);
    for (let each = 0; each < 3; each++) frames.newFrame();
    expect(started()).toBe(1);
    // The count was 1, so there was room for one more.
    expect(port.counted('framesDropped')).toBe(2);
  });

  it('forgotten, with two pending: both stay counted', () => {
    start('async-write');
    frames.newFrame();
    frames.newFrame();
    frames.refused(1);
    frames.newFrame();
    expect(started()).toBe(1);
    expect(port.counted('framesDropped')).toBe(1);
  });

  it.each(['shared-cond', 'v5'] as const)('counted (%s): with two pending one is left, which nobody renders', (revision) => {
    start(revision);
    frames.newFrame();
    frames.newFrame();
    frames.refused(1);
    for (let each = 0; each < 3; each++) frames.newFrame();
    expect(started()).toBe(1);
    expect(port.counted('framesDropped')).toBe(2);
  });

  it.each(['bh', 'hardened'] as const)('restarts (%s): with two pending the second is started', (revision) => {
    start(revision);
    frames.newFrame();
    frames.newFrame();
    frames.refused(1);
    expect(port.of('queueRender')).toMatchObject([{ frame: 1 }, { frame: 2, texture: 640 }]);
    finish(2);
    expect(port.counted('framesRendered')).toBe(1);
    frames.newFrame();
    expect(started()).toBe(3);
  });
});

describe('what is not shown', () => {
  beforeEach(() => start('hardened'));

  it('a frame that the GPU failed: logged, dropped, and the console is not told', () => {
    frames.newFrame();
    finish(1, { ok: false });
    expect(port.copies).toEqual([]);
    expect(port.of('logGuestError')).toEqual([{ do: 'logGuestError', text: 'the GPU failed to render frame 1' }]);
    expect(port.counted('framesDropped')).toBe(1);
    port.update(frames);
    expect([pushed(), done()]).toEqual([0, 1]);
  });

  it('a frame of another mode, whose texture lives until the frame has ended', () => {
    frames.newFrame();
    frames.setMode(800, 600);
    // The mode in between had no frame, so that nobody needs its texture.
    frames.setMode(1024, 768);
    expect(port.of('releaseTexture')).toEqual([{ do: 'releaseTexture', texture: 800 }]);
    finish(1);
    expect(port.copies).toEqual([]);
    expect(port.of('releaseTexture').map(({ texture }) => texture)).toEqual([800, 640]);
    frames.newFrame();
    finish(2);
    expect(port.copies).toMatchObject([{ texture: 1024 }]);
  });

  it('but a frame whose mode was left and came back meanwhile is, since the size is what it noted', () => {
    frames.newFrame();
    frames.setMode(800, 600);
    frames.setMode(640, 480);
    frames.newFrame();
    finish(1);
    expect(port.copies).toEqual([{ display: 2, texture: 640, present: 101 }]);
    // The old texture, and the one of the mode in between; the one in use stays.
    expect(port.of('releaseTexture').map(({ texture }) => texture)).toEqual([800, 640]);
    finish(2);
    expect(port.of('releaseTexture')).toHaveLength(2);
  });

  it('a refused frame of another mode gives its texture back as well', () => {
    frames.newFrame();
    frames.setMode(800, 600);
    frames.refused(1);
    expect(port.of('releaseTexture')).toEqual([{ do: 'releaseTexture', texture: 640 }]);
  });

  it('the frame behind it is rendered for the new mode', () => {
    frames.newFrame();
    frames.newFrame();
    frames.setMode(800, 600);
    finish(1);
    finish(2);
    expect(port.copies).toMatchObject([{ texture: 800 }]);
  });
});

describe('setMode', () => {
  beforeEach(() => start('hardened'));

  it('does nothing if the surface has that size', () => {
    const surface = frames.mode;
    frames.setMode(640, 480);
    expect(frames.mode).toBe(surface);
    expect(port.effects).toEqual([]);
  });

  it('releases the old texture at once if no frame is in flight', () => {
    frames.setMode(640, 481);
    expect(port.of('releaseTexture')).toEqual([{ do: 'releaseTexture', texture: 640 }]);
  });

  it.each([
    [0, 480],
    [640, 0],
    [16_385, 1],
    [1, 16_385],
    [Number.POSITIVE_INFINITY, 1],
    [Number.NaN, 1],
  ])('refuses and logs %d by %d, and keeps the old mode', (width, height) => {
    frames.setMode(width, height);
    expect(port.of('logGuestError')).toEqual([{ do: 'logGuestError', text: `mode ${width}x${height} is out of 1..16384` }]);
    expect(frames.mode).toMatchObject({ width: 640, height: 480 });
  });

  it('takes 16384 by 16384, and keeps the old mode when there is no memory for it', () => {
    port.hasSurfaces = false;
    frames.setMode(16_384, 16_384);
    expect(port.of('logGuestError')).toEqual([{ do: 'logGuestError', text: 'no memory for mode 16384x16384' }]);
    expect(frames.mode).toMatchObject({ width: 640 });
    port.hasSurfaces = true;
    frames.setMode(16_384, 16_384);
    expect(frames.mode).toMatchObject({ width: 16_384 });
  });
});
