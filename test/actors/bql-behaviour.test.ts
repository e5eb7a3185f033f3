import { beforeEach, describe, expect, it } from 'vitest';
import { BqlBehaviour } from '../../actors/bql/behaviour.js';
import { Message } from '../../actors/messages.js';
import { Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { FakePort } from '../device/fake-port.js';

const RAM = {
  kind: 'ram',
  id: 1,
  name: 'ram',
  priority: 0,
  gpa: 0x1000_0000,
  length: 0x100_0000,
  ram: 9,
  ramOffset: 0,
  hostAddress: 0x5000_0000,
} as const;

const record = (kind: number, fields: Partial<PvgRecord> = {}): PvgRecord => ({
  kind,
  id: 0,
  words: [],
  thread: 0,
  reserved: 0,
  ...fields,
});
const write = (token: number, offset = 0x1000, size = 4): PvgRecord =>
  record(Message.access, { id: token, words: [1, 0, size, offset, 5, 77] });

let port: FakePort;
let bql: BqlBehaviour;

function run(...records: PvgRecord[]): void {
  for (const each of records) bql.receive(each);
  while (bql.step());
}

const done = (job: number, value = 0, ok = 1): PvgRecord => record(Message.jobDone, { id: job, words: [ok, value] });

beforeEach(() => {
  port = new FakePort();
  bql = new BqlBehaviour([RAM], port);
  bql.frames.setMode(640, 480);
});

describe('an access', () => {
  it('is submitted to PVG and answered once PVG is done', () => {
    run(write(1));
    expect(port.of('submitJob')).toMatchObject([{ operation: 1, offset: 0x1000, value: 5 }]);
    expect(port.of('replyToGuest')).toEqual([]);
    run(done(port.of('submitJob')[0]?.job ?? 0));
    expect(port.of('replyToGuest')).toMatchObject([{ token: 1, mailbox: 77 }]);
    expect(bql.held).toBe(false);
  });

  it('of 8 bytes becomes two, low half first, joined into one answer', () => {
    run(record(Message.access, { id: 3, words: [0, 0, 8, 0x1000, 0, 77] }));
    run(done(port.of('submitJob')[0]?.job ?? 0, 0x11));
    expect(port.of('submitJob').map((effect) => effect.offset)).toEqual([0x1000, 0x1004]);
    run(done(port.of('submitJob')[1]?.job ?? 0, 0x22));
    expect(port.of('replyToGuest')).toEqual([{ do: 'replyToGuest', token: 3, mailbox: 77, value: 0x11, high: 0x22 }]);
    expect(port.lines).toEqual(['apple_gfx_read', 'apple_gfx_read']);
  });

  it.each([
    [0x1002, 4],
    [0x1004, 8],
    [0x1000, 2],
    [0x1000, 16],
  ])('at offset %i of %i bytes is refused, and reaches neither PVG nor the trace', (offset, size) => {
    run(write(1, offset, size));
    expect(port.of('submitJob')).toEqual([]);
    expect(port.of('replyToGuest')).toMatchObject([{ value: 0 }]);
    expect(port.lines).toEqual([]);
  });

  it('that PVG fails gives 0', () => {
    run(write(1));
    run(done(port.of('submitJob')[0]?.job ?? 0, 99, 0));
    expect(port.of('replyToGuest')).toMatchObject([{ value: 0 }]);
  });
});

describe('while an access is in flight', () => {
  beforeEach(() => run(write(1)));

  it('a mapMemory upcall is served', () => {
    run(record(Upcall.createTask, { id: 10, words: [0x10000] }));
    port.pieces = [[RAM.gpa, 0x4000]];
    run(record(Upcall.mapMemory, { id: 11, words: [1, 0, 0, 1] }));
    expect(port.of('answerUpcall').map((effect) => effect.ok)).toEqual([true, true]);
    expect(port.of('replyToGuest')).toEqual([]);
  });

  it('a new frame is not counted until the access has completed', () => {
    run(record(Message.displaySection, { reserved: Upcall.newFrame }));
    expect(port.of('queueRender')).toEqual([]);
    run(done(port.of('submitJob')[0]?.job ?? 0));
    expect(port.of('queueRender')).toHaveLength(1);
  });

  it('a second access waits for the first', () => {
    run(write(2));
    expect(port.of('submitJob')).toHaveLength(1);
    run(done(port.of('submitJob')[0]?.job ?? 0));
    expect(port.of('submitJob')).toHaveLength(2);
  });
});

it('runs a batch of bottom halves last in, first out, as QEMU does', () => {
  run(...[1, 2, 3].map((vector) => record(Upcall.raiseInterrupt, { words: [vector] })));
  expect(port.of('raiseInterrupt').map((effect) => effect.vector)).toEqual([3, 2, 1]);
});

describe('mapMemory', () => {
  const map = (id: number, words: number[]): PvgRecord => record(Upcall.mapMemory, { id, words });

  beforeEach(() => run(record(Upcall.createTask, { id: 1, words: [0x10000] })));

  it('maps the pieces after one that fails, and answers false', () => {
    port.pieces = [
      [RAM.gpa, 0x4000],
      [0x9_0000_0000, 0x4000],
      [RAM.gpa + 0x8000, 0x4000],
    ];
    run(map(2, [1, 0, 0, 3]));
    expect(port.mapped.map(({ offset, ramOffset }) => [offset, ramOffset])).toEqual([
      [0, 0],
      [0x8000, 0x8000],
    ]);
    expect(port.of('answerUpcall').at(-1)).toMatchObject({ id: 2, ok: false });
  });

  it('of no pieces succeeds', () => {
    run(map(2, [1, 0, 0, 0]));
    expect(port.of('answerUpcall').at(-1)).toMatchObject({ id: 2, ok: true });
  });

  it.each([
    ['outside the task', [1, 0xe000, 0, 1]],
    ['of a task that does not exist', [42, 0, 0, 1]],
    ['at an offset beyond every number', [1, Number.POSITIVE_INFINITY, 0, 1]],
  ])('%s is refused and maps nothing', (_what, words) => {
    port.pieces = [[RAM.gpa, 0x4000]];
    run(map(2, words));
    expect(port.mapped).toEqual([]);
    expect(port.of('answerUpcall').at(-1)).toMatchObject({ id: 2, ok: false });
  });
});

describe('frames', () => {
  const newFrame = record(Message.displaySection, { reserved: Upcall.newFrame });
  const render = (frame: number): void => run(record(Message.noteSurface, { id: frame }));
  const complete = (frame: number, ok = 1): void => run(record(Message.frameCompleted, { id: frame, words: [ok, frame] }));
  const rendered = (): number => port.of('count').filter((effect) => effect.what === 'framesRendered').length;

  it('are rendered one at a time, two pending at most, the third dropped', () => {
    run(newFrame, newFrame, newFrame);
    expect(port.of('queueRender')).toHaveLength(1);
    expect(port.of('count').filter((effect) => effect.what === 'framesDropped')).toHaveLength(1);
    render(1);
    complete(1);
    expect(port.of('queueRender')).toHaveLength(2);
    expect(rendered()).toBe(1);
  });

  it('that were started for another mode are not shown', () => {
    run(newFrame);
    render(1);
    run(record(Upcall.modeChange, { id: 5, words: [0, 800, 600, 0] }));
    expect(port.of('releaseTexture')).toEqual([]);
    complete(1);
    expect(rendered()).toBe(0);
    expect(port.of('releaseTexture')).toMatchObject([{ texture: 640 }]);
  });

  it('that the GPU failed are not shown', () => {
    run(newFrame);
    render(1);
    complete(1, 0);
    expect(rendered()).toBe(0);
  });

  it('answer every update that was asked for, with the frame that is pending', () => {
    const update = record(Message.updateRequested);
    run(update);
    expect(port.of('signalUpdateDone')).toHaveLength(1);
    run(newFrame, update);
    expect(port.of('signalUpdateDone')).toHaveLength(1);
    render(1);
    complete(1);
    expect(port.of('signalUpdateDone')).toHaveLength(2);
    expect(port.of('pushUpdate')).toHaveLength(1);
  });

  it('stall in v5 after a refused encode with two pending', () => {
    run(newFrame, newFrame);
    render(1);
    run(record(Message.frameRefused, { id: 1 }));
    run(newFrame, newFrame);
    expect(port.of('queueRender')).toHaveLength(1);
  });
});
