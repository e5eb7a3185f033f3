/**
 * The console's updates (device.md 5): each is answered in the end, but in the revisions that forget some.
 */
import { describe, expect, it } from 'vitest';
import { Message } from '../../actors/messages.js';
import { Upcall } from '../../src/bridge/pvg.js';
import { Frames } from '../../src/device/frames.js';
import { REVISION_NAMES, type RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { access, BqlScene, record } from '../actors/bql-scene.js';
import { FakePort } from './fake-port.js';

const ON_A_QUEUE = REVISION_NAMES.filter((name) => name !== 'sync');

interface Played {
  readonly port: FakePort;
  readonly frames: Frames;
  /** How many updates were pushed, how many were answered. */
  told(): [number, number];
}

function start(revision: RevisionName): Played {
  const port = new FakePort();
  const frames = new Frames(0, port, REVISIONS[revision]);
  frames.setMode(640, 480);
  return { port, frames, told: () => [port.of('pushUpdate').length, port.of('signalUpdateDone').length] };
}

/** A frame that has noted its surface, where that is a section of its own. */
function begin({ frames }: Played, revision: RevisionName, frame: number): void {
  if (REVISIONS[revision].frames === 'renderQueueSections') frames.noteSurface(frame);
}

describe.each(ON_A_QUEUE)('%s', (revision) => {
  it('answers at once when no frame is pending', () => {
    const played = start(revision);
    played.port.update(played.frames);
    expect(played.told()).toEqual([0, 1]);
  });

  it('pushes a frame that is ready, once', () => {
    const played = start(revision);
    played.frames.newFrame();
    begin(played, revision, 1);
    played.frames.completed(1, true, 1);
    expect(played.told()).toEqual([0, 0]);
    played.port.update(played.frames);
    expect(played.told()).toEqual([1, 1]);
    played.port.update(played.frames);
    expect(played.told()).toEqual([1, 2]);
  });

  it('waits for the frame that is pending, and answers all who asked with one done', () => {
    const played = start(revision);
    played.frames.newFrame();
    played.port.update(played.frames);
    played.port.update(played.frames);
    expect(played.told()).toEqual([0, 0]);
    begin(played, revision, 1);
    played.frames.completed(1, true, 1);
    expect(played.told()).toEqual([1, 1]);
    // That frame is no news any more.
    played.port.update(played.frames);
    expect(played.told()).toEqual([1, 2]);
  });
});

describe('an update that waits for a frame that does not come', () => {
  /** How the frame that an update waits for ends. */
  const ENDS: Record<string, (played: Played) => void> = {
    'is refused': ({ frames }) => frames.refused(1),
    'fails on the GPU': ({ frames }) => frames.completed(1, false, 1),
    'is of another mode': ({ frames }) => {
      frames.setMode(800, 600);
      frames.completed(1, true, 1);
    },
  };
  const cases = ON_A_QUEUE.flatMap((revision) => Object.keys(ENDS).map((end) => [revision, end] as const));

  it.each(cases)('%s: the frame %s', (revision, end) => {
    const played = start(revision);
    played.frames.newFrame();
    begin(played, revision, 1);
    played.port.update(played.frames);
    ENDS[end]?.(played);
    const { answersEveryUpdate, checksGpuWork } = REVISIONS[revision];
    expect([answersEveryUpdate, checksGpuWork]).toEqual([revision === 'hardened', revision === 'hardened']);
    // QEMU does not look whether the GPU's work succeeded, so such a frame is shown like any other.
    if (end === 'fails on the GPU' && !checksGpuWork) expect(played.told()).toEqual([1, 1]);
    else expect(played.told()).toEqual(answersEveryUpdate ? [0, 1] : [0, 0]);
  });

  it('hardened: is not answered while another frame may still answer it', () => {
    for (const end of Object.values(ENDS)) {
      const played = start('hardened');
      played.frames.newFrame();
      played.frames.newFrame();
      played.port.update(played.frames);
      end(played);
      expect(played.told()).toEqual([0, 0]);
      played.frames.completed(2, true, 2);
      expect(played.told()).toEqual([1, 1]);
    }
  });

  it('sync: is answered inside the update when the frame is refused', () => {
    const played = start('sync');
    played.port.encoded = null;
    played.frames.newFrame();
    played.port.update(played.frames);
    expect(played.told()).toEqual([0, 1]);
    expect(played.port.copies).toEqual([]);
  });
});

describe('on the BQL actor', () => {
  const newFrame = record(Upcall.newFrame);
  const refresh = record(Message.updateRequested, { words: [0, 0] });
  const screendump = record(Message.updateRequested, { words: [0, 1] });

  function scene(): BqlScene {
    const made = new BqlScene('bh');
    made.bql.display(0).frames.setMode(640, 480);
    return made;
  }
  const told = ({ port }: BqlScene): number => port.of('signalUpdateDone').length;

  it('the refresh timer’s is a lock section, a screendump’s a bottom half', () => {
    const held = scene();
    held.run(access({ token: 1 }), refresh);
    expect(told(held)).toBe(0);
    held.run(screendump);
    expect(told(held)).toBe(1);
    held.finish();
    expect(told(held)).toBe(2);
  });

  it('a screendump joins an update that waits: one done answers both', () => {
    const joined = scene();
    joined.run(newFrame);
    joined.run(refresh);
    joined.run(screendump);
    expect(told(joined)).toBe(0);
    joined.run(record(Upcall.frameCompleted, { words: [0, 1, 0, 9] }));
    expect(told(joined)).toBe(1);
    expect(joined.port.of('pushUpdate')).toHaveLength(1);
  });
});
