/**
 * The scripted PVG keeps pvg_bridge.h's promises: what waits, what is told, in which order, and what becomes of it at the end.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { Upcall, type UpcallClassName } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { ScriptedPvg, type ScriptedPvgOptions } from '../../src/bridge/scripted-pvg.js';
import type { ScriptStep } from '../../src/bridge/scripted-steps.js';
import { BodyProcess, type Process, ProcessSystem, roundRobin } from '../../src/runtime/process.js';

const REGISTER = { write: true, window: 0, offset: 0x1024 } as const;
const ACCESS = { ...REGISTER, value: 1, high: 0 };
const MODE: ScriptStep = { do: 'modeChange', port: 0, width: 4, height: 2 };
const frame = (colour: number): ScriptStep => ({ do: 'newFrame', port: 0, colour });

let pvg: ScriptedPvg;
let system: ProcessSystem;
let callers: BodyProcess[];
let posted: { readonly name: UpcallClassName; readonly record: PvgRecord }[];

function begin(options: Partial<ScriptedPvgOptions> = {}): void {
  posted = [];
  callers = [];
  pvg = new ScriptedPvg({ post: (name, record) => posted.push({ name, record }), modeChangeWaits: false, ...options });
  system = new ProcessSystem((): readonly Process[] => [...callers, ...pvg.processes], roundRobin());
}
beforeEach(() => begin());

const run = (): boolean => system.runUntil(() => false);
const kinds = (): readonly number[] => posted.map(({ record }) => record.kind);
const last = (): PvgRecord => posted.at(-1)?.record ?? { kind: 0, id: 0, words: [], thread: 0, reserved: 0 };
const start = (...steps: ScriptStep[]) => pvg.start([{ thread: 'control', steps }]);

/** A caller's thread that makes an access; its result. */
function enter(access = ACCESS): { result: { ok: boolean; value: number; high: number } | null } {
  const call: { result: { ok: boolean; value: number; high: number } | null } = { result: null };
  const caller = new BodyProcess(`caller ${callers.length}`);
  caller.start(
    (function* () {
      call.result = yield* pvg.access(access);
    })(),
  );
  callers.push(caller);
  return call;
}

describe('an access', () => {
  it('completes at once if no script is loaded, and a read gets what was written', () => {
    const call = enter({ ...ACCESS, value: 7, high: 9 });
    run();
    expect(call.result).toEqual({ ok: true, value: 0, high: 0 });
    const read = enter({ ...ACCESS, write: false } as unknown as typeof ACCESS);
    run();
    expect(read.result).toEqual({ ok: true, value: 7, high: 9 });
  });

  it('completes when the steps that wait are answered, and those of other threads that it does not await are left to themselves', () => {
    const task: ScriptStep = { do: 'createTask', task: 1, length: 4096 };
    const script = pvg.load(REGISTER, [
      { thread: 'control', steps: [task] },
      { thread: 'channel', steps: [{ do: 'readMemory', gpa: 0, length: 4 }], awaited: false },
    ]);
    const call = enter();
    run();
    expect(call.result).toBeNull();
    expect(posted.map(({ name }) => name)).toEqual(['task', 'read']);
    expect(new Set(posted.map(({ record }) => record.thread)).size).toBe(2);
    pvg.answer(posted[0]?.record.id ?? 0, { ok: true, value: 42 });
    run();
    expect(call.result).toEqual({ ok: true, value: 0, high: 0 });
    expect(pvg.tasks.get(1)).toEqual({ range: 42, length: 4096 });
    expect([script.isAnswered, script.isDone]).toEqual([true, false]);
    pvg.answer(posted[1]?.record.id ?? 0, { ok: false, value: 0 });
    run();
    expect([script.isDone, script.isOk]).toEqual([true, false]);
  });

  it('uses loaded scripts up in order, each once', () => {
    for (const vector of [1, 2]) pvg.load(REGISTER, [{ thread: 'control', steps: [{ do: 'raiseInterrupt', vector }] }]);
    for (let times = 0; times < 3; times++) {
      enter();
      run();
    }
    expect(posted.map(({ record }) => record.words[0])).toEqual([1, 2]);
  });

  it("may take one of PVG's locks, for which it waits", () => {
    begin({ entryLocks: { access: 'big' } });
    start({ do: 'lock', lock: 'big' }, { do: 'await', signal: 'go' }, { do: 'unlock', lock: 'big' });
    run();
    const call = enter();
    run();
    expect(call.result).toBeNull();
    expect(system.report()).toContain("caller 0 waits to take PVG's lock big");
    pvg.start([{ thread: 'other', steps: [{ do: 'signal', signal: 'go' }] }]);
    run();
    expect(call.result).toMatchObject({ ok: true });
  });
});

describe('an upcall', () => {
  it('that waits has an id of its own, and takes one answer', () => {
    const script = start(
      { do: 'createTask', task: 1, length: 4096 },
      { do: 'map', task: 1, offset: 0, pieces: [{ gpa: 8, length: 4096 }] },
    );
    run();
    const first = last();
    expect(first).toMatchObject({ kind: Upcall.createTask, words: [4096] });
    expect(first.id).toBeGreaterThan(0);
    expect(pvg.answer(first.id, { ok: true, value: 5 })).toBe(true);
    expect(pvg.answer(first.id, { ok: true, value: 6 })).toBe(false);
    run();
    expect(last()).toMatchObject({ kind: Upcall.mapMemory, words: [5, 0, 0, 1, 8, 4096] });
    expect(last().id).not.toBe(first.id);
    expect(pvg.upcalls.dataOf(last().id)?.pieces).toEqual([{ gpa: 8, length: 4096 }]);
    pvg.answer(last().id, { ok: true, value: 0 });
    run();
    expect(script.outcomes.map(({ ok }) => ok)).toEqual([true, true]);
  });

  it('is not made for what the guest could not have had carried out', () => {
    const script = start(
      { do: 'map', task: 9, offset: 0, pieces: [] },
      { do: 'destroyTask', task: 9 },
      { do: 'iosfcUnmap', surface: 3 },
      frame(1),
    );
    run();
    expect(posted).toEqual([]);
    expect(script.outcomes.map(({ ok }) => ok)).toEqual([false, false, false, false]);
  });

  it('of a read gives the bytes that were supplied', () => {
    const script = start({ do: 'readMemory', gpa: 0x1000, length: 2 });
    run();
    pvg.upcalls.dataOf(last().id)?.destination?.set([1, 2]);
    pvg.answer(last().id, { ok: true, value: 0 });
    run();
    expect(script.outcomes[0]?.bytes).toEqual(Uint8Array.of(1, 2));
  });
});

describe('the display queue', () => {
  it('tells everything, in order, without waiting', () => {
    start(MODE, frame(1), { do: 'cursorMove', port: 0, x: 3, y: 4 }, { do: 'cursorShow', port: 0, show: false }, frame(2));
    run();
    expect(kinds()).toEqual([Upcall.modeChange, Upcall.newFrame, Upcall.cursorMove, Upcall.cursorShow, Upcall.newFrame]);
    expect(posted.map(({ record }) => record.id)).toEqual([0, 0, 0, 0, 0]);
    expect(posted[3]?.record.words).toEqual([0, 0, 3, 4]);
  });

  it('waits for the answer to a mode change if it is configured so, and holds the display lock meanwhile', () => {
    begin({ modeChangeWaits: true });
    start(MODE, frame(1));
    run();
    expect(kinds()).toEqual([Upcall.modeChange]);
    expect(pvg.canEncode).toBe(false);
    pvg.answer(last().id, { ok: true, value: 0 });
    run();
    expect(kinds()).toEqual([Upcall.modeChange, Upcall.newFrame]);
    expect(pvg.canEncode).toBe(true);
  });

  it("names a glyph's bitmap by an id until that is answered", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    start({ do: 'cursorGlyph', port: 0, width: 1, height: 1, hotX: 2, hotY: 3, bytesPerRow: 4, bitsPerPixel: 32, bytes });
    run();
    const { id, words } = last();
    expect(words).toEqual([0, 2 ** 32 + 1, 2 * 2 ** 32 + 3, 4, 32, 4]);
    expect(pvg.upcalls.dataOf(id)?.bitmap).toEqual(bytes);
    pvg.answer(id, { ok: true, value: 0 });
    expect(pvg.upcalls.dataOf(id)).toBeNull();
  });
});

describe('an encode', () => {
  const encode = (texture: number, frameId: number, synchronize = false): boolean =>
    pvg.encodeNow({ port: 0, texture, frame: frameId, synchronize });

  it('completes once, with the frame that was current when it was accepted', () => {
    start(MODE, frame(0x11));
    run();
    const texture = pvg.displays.textures.create(4, 2);
    expect(encode(texture, 1)).toBe(true);
    expect(pvg.displays.textures.read(texture)).toBeNull();
    pvg.displays.present(0, 0x22);
    run();
    expect(posted.filter(({ name }) => name === 'completion').map(({ record }) => record.words)).toEqual([[0, 1, 0, 1]]);
    expect(new Set(pvg.displays.textures.read(texture)?.pixels)).toEqual(new Set([0x11]));
  });

  it('is refused without a frame, every n-th time if told so, and into a texture that is gone', () => {
    begin({ refuseEvery: 2 });
    const texture = pvg.displays.textures.create(4, 2);
    expect(encode(texture, 1)).toBe(false);
    start(MODE, frame(1));
    run();
    expect([2, 3, 4].map((number) => encode(texture, number))).toEqual([true, false, true]);
    pvg.displays.textures.release(texture);
    expect(encode(texture, 5)).toBe(false);
    run();
    expect(posted.filter(({ name }) => name === 'completion')).toHaveLength(2);
    expect(pvg.displays.textures.count).toBe(0);
  });

  it('into a managed texture is seen by the CPU only if it is synchronised', () => {
    begin({ managedTextures: true });
    start(MODE, frame(0x11));
    run();
    const texture = pvg.displays.textures.create(4, 2);
    const seen = (): Set<number> => new Set(pvg.displays.textures.read(texture)?.pixels);
    encode(texture, 1);
    run();
    expect(seen()).toEqual(new Set([0]));
    encode(texture, 2, true);
    run();
    expect(seen()).toEqual(new Set([0x11]));
  });

  it('may fail on the GPU, and says so', () => {
    start(MODE, frame(1));
    run();
    pvg.displays.failing.add(1);
    const texture = pvg.displays.textures.create(4, 2);
    encode(texture, 1);
    run();
    expect(last().words[2]).toBe(1);
    expect(new Set(pvg.displays.textures.read(texture)?.pixels)).toEqual(new Set([0]));
  });
});

describe('the end', () => {
  it('a reset waits for accesses, destroys tasks by upcalls, and forgets frames', () => {
    pvg.tasks.set(1, { range: 5, length: 4096 });
    start(MODE, frame(1));
    run();
    posted.length = 0;
    const script = pvg.load(REGISTER, [{ thread: 'control', steps: [{ do: 'readMemory', gpa: 0, length: 4 }] }]);
    const call = enter();
    run();
    const caller = new BodyProcess('reset');
    caller.start(pvg.reset());
    callers.push(caller);
    run();
    expect(kinds()).toEqual([Upcall.readMemory]);
    pvg.answer(last().id, { ok: true, value: 0 });
    run();
    expect([call.result?.ok, script.isDone]).toEqual([true, true]);
    expect(kinds()).toEqual([Upcall.readMemory, Upcall.destroyTask]);
    expect(caller.isDone).toBe(false);
    pvg.answer(last().id, { ok: true, value: 0 });
    run();
    expect(caller.isDone).toBe(true);
    expect(pvg.tasks.size).toBe(0);
    expect(pvg.encodeNow({ port: 0, texture: pvg.displays.textures.create(4, 2), frame: 1, synchronize: false })).toBe(false);
  });

  it('a stop releases whoever waits, and nothing is asked any more', () => {
    pvg.load(REGISTER, [{ thread: 'control', steps: [{ do: 'createTask', task: 1, length: 4096 }] }]);
    const call = enter();
    run();
    const { id } = last();
    pvg.stop();
    run();
    expect(call.result).toEqual({ ok: false, value: 0, high: 0 });
    expect(pvg.answer(id, { ok: true, value: 1 })).toBe(false);
    expect(system.pending()).toEqual([]);
    posted.length = 0;
    start(frame(1), { do: 'raiseInterrupt', vector: 0 });
    run();
    expect(posted).toEqual([]);
  });
});
