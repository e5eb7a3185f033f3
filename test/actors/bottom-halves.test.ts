/**
 * The order of bottom halves and sections on the BQL actor, and the lock when it is lent (threading.md 1).
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Message } from '../../actors/messages.js';
import { Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { access, BqlScene, interrupt, OTHER_DEVICE, readMemory, record } from './bql-scene.js';

/** A bottom half that waits in a nested wait until deviceAnswer(job). */
const waitsForDevice = (id: number): PvgRecord => readMemory(id, OTHER_DEVICE.gpa, 4);
const deviceAnswer = (job: number): PvgRecord => record(Message.jobDone, { id: job, words: [1, 0] });

describe('a batch of bottom halves', () => {
  it.each([
    ['shared-cond', [3, 2, 1, 5, 4]],
    ['v5', [3, 2, 1, 5, 4]],
    ['bh', [3, 2, 1, 5, 4]],
    ['hardened', [1, 2, 3, 4, 5]],
  ] as const)('%s runs 1, 2, 3 and then 4, 5 as %j', (revision, order) => {
    const scene = new BqlScene(revision);
    scene.run(interrupt(1), interrupt(2), interrupt(3));
    scene.run(interrupt(4), interrupt(5));
    expect(scene.vectors).toEqual(order);
  });

  it.each([
    ['v5', [interrupt(1), interrupt(2), waitsForDevice(9)], [2, 1, 5, 4]],
    ['hardened', [waitsForDevice(9), interrupt(1), interrupt(2)], [1, 2, 4, 5]],
  ] as const)('%s: a nested poll finishes the batch that was being run, and then takes new ones', (revision, batch, order) => {
    const scene = new BqlScene(revision);
    for (const each of batch) scene.bql.receive(each);
    expect(scene.bql.step()).toBe(true);
    expect(scene.bql.waiting).toMatchObject({ nestedWaits: 1, bottomHalves: [Upcall.raiseInterrupt, Upcall.raiseInterrupt] });
    scene.run(interrupt(4), interrupt(5));
    expect(scene.vectors).toEqual(order);
    expect(scene.answers).toEqual([]);
    scene.run(deviceAnswer(1));
    expect(scene.answers).toEqual([[9, true]]);
  });

  it('a wait looks at its condition again only when the batch is done', () => {
    const scene = new BqlScene('hardened');
    scene.run(access({ token: 1 }));
    for (const each of [interrupt(1), record(Message.jobDone, { id: 1, words: [1] }), interrupt(2)]) scene.bql.receive(each);
    expect(scene.bql.step() && scene.bql.step()).toBe(true);
    expect([scene.vectors, scene.answered]).toEqual([[1, 2], []]);
    expect(scene.bql.step()).toBe(true);
    expect(scene.answered).toEqual([1]);
    expect(scene.bql.step()).toBe(false);
  });
});

describe('sections', () => {
  it('run in the order in which they came, one at a time', () => {
    const scene = new BqlScene('hardened');
    scene.run(...[1, 2, 3].map((token) => access({ token })));
    for (const token of [1, 2, 3]) {
      scene.finish();
      expect(scene.answered).toEqual([1, 2, 3].slice(0, token));
    }
  });

  it('wait behind bottom halves', () => {
    const scene = new BqlScene('hardened');
    scene.bql.receive(access({ token: 1 }));
    scene.bql.receive(interrupt(1));
    expect(scene.bql.step()).toBe(true);
    expect([scene.vectors, scene.port.of('submitJob')]).toEqual([[1], []]);
  });

  it.each(['sync', 'async-write', 'unlock'] as const)('%s: interrupts and tasks are sections', (revision) => {
    const scene = new BqlScene(revision);
    scene.run(interrupt(1), record(Upcall.createTask, { id: 5, words: [0x4000] }), interrupt(2));
    expect(scene.vectors).toEqual([1, 2]);
    expect(scene.answers).toEqual([[5, true]]);
  });
});

describe('the lock, lent to the render queue', () => {
  const takeBql = record(Message.takeBql, { id: 0 });
  const returnBql = record(Message.returnBql, { id: 0 });
  const screendump = record(Message.updateRequested, { words: [0, 1] });

  it('is lent when the asker’s turn has come', () => {
    const scene = new BqlScene('async-write');
    scene.run(access({ token: 1 }), takeBql);
    expect(scene.port.of('lendBql')).toEqual([{ do: 'lendBql', display: 0 }]);
    expect(scene.bql.held).toBe(true);
  });

  it('lets neither bottom halves nor sections run until it is returned', () => {
    const scene = new BqlScene('async-write');
    scene.run(takeBql);
    scene.run(screendump, access({ token: 1 }), interrupt(1));
    expect(scene.bql.waiting).toMatchObject({ nestedWaits: 0, sections: [Message.access, Upcall.raiseInterrupt] });
    expect([scene.port.of('signalUpdateDone'), scene.answered, scene.vectors]).toEqual([[], [], []]);
    scene.run(returnBql);
    expect([scene.port.of('signalUpdateDone').length, scene.answered, scene.vectors]).toEqual([1, [1], [1]]);
    expect(scene.bql.held).toBe(false);
  });

  it('what takes no lock does not wait for it', () => {
    const scene = new BqlScene('async-write');
    scene.run(access({ token: 1 }), takeBql);
    expect(scene.port.of('submitJob')).toHaveLength(1);
    // The posted write's result is somebody's condition, and nobody's turn.
    scene.finish();
    expect(scene.port.lines).toContain('apple_gfx_write');
  });
});

it('the lock’s state is told with the job that is waited for, below 0 if the embedder answers it', () => {
  const scene = new BqlScene('hardened');
  scene.run(access({ token: 1 }));
  scene.run(waitsForDevice(9));
  expect(scene.locks.at(-1)).toEqual({ state: 'waiting', job: -2 });
  scene.run(deviceAnswer(2));
  scene.finish();
  scene.run(record(Message.takeBql));
  scene.run(record(Message.returnBql));
  expect(scene.locks.map(({ state, job }) => `${state} ${job}`)).toEqual([
    'running 0',
    'waiting 1',
    'running 1',
    'waiting -2',
    'running 1',
    'waiting 1',
    'running 0',
    'free 0',
    'running 0',
    'lent 0',
    'free 0',
  ]);
});

it('whatever comes in whatever order, every access and every upcall is answered exactly once', () => {
  const kinds = fc.constantFrom('access', 'register', 'device', 'ram', 'interrupt', 'result' as const);
  fc.assert(
    fc.property(fc.constantFrom('shared-cond', 'v5', 'bh', 'hardened'), fc.array(kinds, { maxLength: 30 }), (revision, plan) => {
      const scene = new BqlScene(revision as 'v5');
      let next = 0;
      const answered = new Set<number>();
      const answerOne = (): boolean => {
        const open = scene.port.effects.flatMap((effect) =>
          (effect.do === 'submitJob' || effect.do === 'readDevice') && !answered.has(effect.job) ? [effect.job] : [],
        );
        const [job] = open;
        if (job === undefined) return false;
        answered.add(job);
        scene.finish({ job });
        return true;
      };
      const asked = { accesses: [] as number[], upcalls: [] as number[], interrupts: 0 };
      for (const kind of plan) {
        next++;
        if (kind === 'access') {
          asked.accesses.push(next);
          scene.run(access({ token: next, size: next % 2 === 0 ? 4 : 8 }));
        } else if (kind === 'interrupt') {
          asked.interrupts++;
          scene.run(interrupt(1));
        } else if (kind === 'result') {
          answerOne();
        } else {
          asked.upcalls.push(next);
          const gpa = { register: 0x1100_0000, device: OTHER_DEVICE.gpa, ram: 0x1000_0000 }[kind];
          scene.run(readMemory(next, gpa ?? 0, 6));
        }
      }
      while (answerOne());
      expect(scene.answered).toEqual(asked.accesses);
      expect(scene.answers.map(([id]) => id).sort((a, b) => a - b)).toEqual(asked.upcalls);
      expect(scene.vectors).toHaveLength(asked.interrupts);
      expect(scene.bql.held).toBe(false);
    }),
  );
});
