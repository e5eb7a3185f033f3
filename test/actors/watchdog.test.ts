/**
 * The watchdog, on looks made by hand: each known deadlock is told, with who waits for whom, and nothing that ends by itself is.
 */
import { describe, expect, it } from 'vitest';
import { type Look, type PvgWait, Watchdog } from '../../actors/watchdog/behaviour.js';
import { Upcall, WaitFor } from '../../src/bridge/pvg.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { BQL_STATES, type BoardLine, RENDER_STATES, VCPU_STATES } from '../../src/runtime/board.js';

/** The system's numbers of the threads. */
const CREATOR = 1;
const BQL = 10;
const RENDER = 11;
const WORKERS = [20, 21] as const;
const VCPU = 30;
const PVG_CONTROL = 40;
const PVG_DISPLAY = 41;
/** PVG's own numbers of its threads. */
const CONTROL = 1;
const DISPLAY = 5;
const NAMES: Readonly<Record<number, string>> = { [CONTROL]: 'control', [DISPLAY]: 'display' };

interface Scene {
  readonly bql?: (typeof BQL_STATES)[number];
  /** What the BQL actor waits for; below 0: the embedder. */
  readonly job?: number;
  readonly bqlCount?: number;
  readonly render?: (typeof RENDER_STATES)[number];
  /** The jobs of the two workers, 0: none. */
  readonly workers?: readonly number[];
  /** What the vCPUs do, by their threads. */
  readonly vcpus?: Readonly<Record<number, (typeof VCPU_STATES)[number]>>;
  readonly waits?: readonly PvgWait[];
}

function lookAt({ bql = 'free', job = 0, bqlCount = 7, render, workers = [0, 0], vcpus = {}, waits = [] }: Scene): Look {
  const line = (thread: number, activity: number, count = 1): BoardLine => ({ thread, activity, count });
  return {
    board: {
      bql: { ...line(BQL, BQL_STATES.indexOf(bql), bqlCount), job },
      render: render === undefined ? line(0, 0) : line(RENDER, RENDER_STATES.indexOf(render)),
      creator: line(CREATOR, 0),
      workers: workers.map((activity, index) => line(WORKERS[index] ?? -1, activity)),
      vcpus: Object.entries(vcpus).map(([thread, state]) => line(Number(thread), VCPU_STATES.indexOf(state))),
    },
    waits,
  };
}

/** A thread of PVG's waits for the host's answer. */
const upcall = (waiter: number, thread: number, kind: number, id = 3): PvgWait => ({
  waiter,
  thread,
  what: WaitFor.upcall,
  target: kind,
  id,
});
/** A thread of ours is inside PVG until one of PVG's has done something. */
const inPvg = (waiter: number, target: number, id = 4): PvgWait => ({ waiter, thread: 0, what: WaitFor.thread, target, id });
/** Somebody waits for a lock that a thread holds. */
const lock = (waiter: number, thread: number, holder: number): PvgWait => ({ waiter, thread, what: WaitFor.lock, target: holder, id: 5 });

/** What two looks at the same scene report; the first never reports. */
function report(revision: RevisionName, scene: Scene): string | null {
  const watchdog = new Watchdog(REVISIONS[revision], (thread) => NAMES[thread] ?? '?');
  expect(watchdog.look(lookAt(scene))).toBeNull();
  return watchdog.look(lookAt(scene));
}

const mapUnderBql: Scene = { bql: 'running', waits: [inPvg(BQL, CONTROL), upcall(PVG_CONTROL, CONTROL, Upcall.mapMemory)] };

describe('deadlocks', () => {
  it('sync: the BQL actor is inside PVG, whose thread waits for the BQL', () => {
    expect(report('sync', { ...mapUnderBql, vcpus: { [VCPU]: 'waitingForAnswer' } })).toBe(
      [
        "deadlock: PVG's thread control → the BQL actor → PVG's thread control",
        "PVG's thread control waits for the BQL actor: the BQL, for the answer to mapMemory",
        "the BQL actor waits for PVG's thread control: its call into PVG to return",
        'also stuck: vCPU thread 30 waits for the BQL actor: the answer to its access',
      ].join('\n'),
    );
  });

  it('async-write: a read enters PVG under the BQL, and waits for a write whose callback needs it', () => {
    const text = report('async-write', {
      bql: 'running',
      render: 'idle',
      workers: [3, 0],
      waits: [inPvg(BQL, CONTROL), inPvg(WORKERS[0], CONTROL), upcall(PVG_CONTROL, CONTROL, Upcall.readMemory)],
    });
    expect(text).toContain("PVG's thread control waits for the BQL actor: the BQL, for the answer to readMemory");
    expect(text).toContain("the BQL actor waits for PVG's thread control: its call into PVG to return");
    expect(text).toContain("also stuck: background worker 20 waits for PVG's thread control");
  });

  it('async-write: the render queue encodes and needs a lock of PVG, whose holder waits for the render queue’s mode change', () => {
    expect(
      report('async-write', {
        render: 'inPvg',
        waits: [lock(RENDER, 0, PVG_DISPLAY), upcall(PVG_DISPLAY, DISPLAY, Upcall.modeChange)],
      }),
    ).toBe(
      [
        "deadlock: PVG's thread display → the render queue → PVG's thread display",
        "PVG's thread display waits for the render queue: the answer to modeChange",
        "the render queue waits for PVG's thread display: a lock of PVG that it holds",
      ].join('\n'),
    );
  });

  it('v5: a mode change takes the lock that an access holds, whose worker waits for a lock of PVG that the mode change’s thread has', () => {
    const text = report('v5', {
      bql: 'waiting',
      job: 8,
      workers: [8, 0],
      waits: [lock(WORKERS[0], 0, PVG_DISPLAY), upcall(PVG_DISPLAY, DISPLAY, Upcall.modeChange)],
    });
    expect(text).toContain('deadlock: ');
    expect(text).toContain('the BQL actor waits for background worker 20: job 8');
    expect(text).toContain("background worker 20 waits for PVG's thread display: a lock of PVG that it holds");
    expect(text).toContain("PVG's thread display waits for the BQL actor: the BQL, for the answer to modeChange");
  });

  it('a lent lock: the render queue has it and waits for PVG, which waits for the lock', () => {
    const text = report('unlock', {
      bql: 'lent',
      render: 'waitingForBql',
      waits: [lock(RENDER, 0, PVG_CONTROL), upcall(PVG_CONTROL, CONTROL, Upcall.mapMemory)],
    });
    expect(text).toContain('the BQL actor waits for the render queue: the BQL, which it lent');
    expect(text).toContain("PVG's thread control waits for the BQL actor: the BQL, for the answer to mapMemory");
  });

  it('the embedder’s thread waits for an access that waits for the embedder’s answer', () => {
    expect(report('hardened', { bql: 'waiting', job: -9, vcpus: { [CREATOR]: 'waitingForAnswer' } })).toBe(
      [
        "deadlock: vCPU thread 1, the embedder's thread → the BQL actor → vCPU thread 1, the embedder's thread",
        "vCPU thread 1, the embedder's thread waits for the BQL actor: the answer to its access",
        "the BQL actor waits for vCPU thread 1, the embedder's thread: its answer to read 9 of another device",
      ].join('\n'),
    );
  });

  it('a job waits for a worker, and all workers wait for the job’s end', () => {
    const text = report('hardened', {
      bql: 'waiting',
      job: 9,
      workers: [7, 0],
      // The second is inside PVG with an encode, which is no access.
      waits: [
        lock(WORKERS[0], 0, PVG_DISPLAY),
        lock(WORKERS[1], 0, PVG_DISPLAY),
        inPvg(PVG_DISPLAY, CONTROL),
        lock(PVG_CONTROL, CONTROL, BQL),
      ],
    });
    expect(text).toContain('the BQL actor waits for background worker 20 or background worker 21: a free worker for job 9');
  });
});

describe('what is not reported', () => {
  it('anything that one look saw', () => {
    const watchdog = new Watchdog(REVISIONS.sync, () => '?');
    expect(watchdog.look(lookAt(mapUnderBql))).toBeNull();
    expect(watchdog.look(lookAt({}))).toBeNull();
    expect(watchdog.look(lookAt(mapUnderBql))).toBeNull();
    expect(watchdog.look(lookAt(mapUnderBql))).not.toBeNull();
  });

  it('the same waits, one of which began anew in between', () => {
    const watchdog = new Watchdog(REVISIONS.sync, () => '?');
    const again = (id: number): Look =>
      lookAt({ ...mapUnderBql, waits: [inPvg(BQL, CONTROL), upcall(PVG_CONTROL, CONTROL, Upcall.mapMemory, id)] });
    for (let id = 1; id < 5; id++) expect(watchdog.look(again(id))).toBeNull();
    const waiting: Scene = { bql: 'waiting', job: -9, vcpus: { [CREATOR]: 'waitingForAnswer' } };
    for (let bqlCount = 1; bqlCount < 5; bqlCount++) expect(watchdog.look(lookAt({ ...waiting, bqlCount }))).toBeNull();
  });

  it.each(['shared-cond', 'v5', 'hardened'] as const)('%s: a callback inside a nested wait, which is a bottom half', (revision) => {
    const scene: Scene = {
      bql: 'waiting',
      job: 8,
      workers: [8, 0],
      vcpus: { [VCPU]: 'waitingForAnswer' },
      waits: [inPvg(WORKERS[0], CONTROL), upcall(PVG_CONTROL, CONTROL, Upcall.mapMemory)],
    };
    expect(report(revision, scene)).toBeNull();
    // But were it a section, as before these revisions, it would be one.
    expect(report('unlock', scene)).toContain('deadlock: ');
  });

  it.each([
    ['bh', Upcall.mapMemory],
    ['bh', Upcall.iosfcMap],
    ['hardened', Upcall.iosfcUnmap],
    ['sync', Upcall.readMemory],
  ] as const)('%s: a callback that no actor serves, whatever the BQL actor does (kind %i)', (revision, kind) => {
    expect(report(revision, { bql: 'running', waits: [inPvg(BQL, CONTROL), upcall(PVG_CONTROL, CONTROL, kind)] })).toBeNull();
  });

  it('a callback that takes the lock while nobody has it', () => {
    expect(report('unlock', { bql: 'free', waits: [inPvg(VCPU, CONTROL), upcall(PVG_CONTROL, CONTROL, Upcall.mapMemory)] })).toBeNull();
  });

  it('a queued job, as long as a worker is free or only starting', () => {
    const waits = [inPvg(WORKERS[0], CONTROL), lock(PVG_CONTROL, CONTROL, BQL)];
    expect(report('hardened', { bql: 'waiting', job: 9, workers: [7, 0], waits })).toBeNull();
    expect(report('hardened', { bql: 'waiting', job: 9, workers: [7, 7], waits: [...waits, inPvg(WORKERS[1], CONTROL)] })).not.toBeNull();
  });

  it('a worker that is busy in PVG and waits for nobody', () => {
    expect(report('hardened', { bql: 'waiting', job: 8, workers: [8, 0], vcpus: { [VCPU]: 'waitingForAnswer' } })).toBeNull();
    expect(report('hardened', { bql: 'waiting', job: 9, workers: [7, 8] })).toBeNull();
  });

  it('a vCPU inside PVG, or one whose answer is on its way', () => {
    expect(report('unlock', { bql: 'free', vcpus: { [VCPU]: 'waitingForAnswer' } })).toBeNull();
    expect(report('unlock', { bql: 'lent', render: 'idle', vcpus: { [VCPU]: 'inPvg' } })).toBeNull();
  });

  it('the render queue, which waits for a lock that is free or already its own', () => {
    for (const bql of ['free', 'lent'] as const) expect(report('v5', { bql, render: 'waitingForBql' })).toBeNull();
    expect(report('v5', { bql: 'waiting', job: 8, workers: [8, 0], render: 'waitingForBql' })).toBeNull();
  });
});
