/**
 * The families of programs whose numbers of schedules and traces are known (docs/explorer.md).
 */
import { defineWorld, type World, type WorldBuilder } from '../../src/explorer/world.js';
import type { Body } from '../../src/explorer/operation.js';
import type { Lock, Mailbox, ProcessHandle, Variable } from '../../src/explorer/shared-object.js';

// Generator functions stand outside of the worlds: one that a world makes anew for each execution is a new kind of object each time, and slow.

function* writeAll(x: Variable, k: number): Body {
  for (let j = 0; j < k; j++) yield x.write(j);
}

function* writeOnce(x: Variable, value: number): Body {
  yield x.write(value);
}

function* readOnce(x: Variable): Body {
  yield x.read();
}

function* lockOnce(m: Lock): Body {
  yield m.lock();
  yield m.unlock();
}

function* lookForZero(at: (j: number) => Variable, n: number): Body {
  for (let j = n; (yield at(j).read()) !== 0; ) j--;
}

function* addToNeighbour(from: Variable, to: Variable): Body {
  const before = yield from.read();
  yield to.write(before + 1);
}

function* nest(outer: Lock, inner: Lock): Body {
  yield outer.lock();
  yield inner.lock();
  yield inner.unlock();
  yield outer.unlock();
}

function* sendAll(box: Mailbox, first: number, k: number): Body {
  for (let j = 0; j < k; j++) yield box.send(first + j);
}

function* receiveAll(box: Mailbox, k: number): Body {
  for (let j = 0; j < k; j++) yield box.receive();
}

function* spawnAndJoin(children: readonly ProcessHandle[], after: () => void): Body {
  for (const child of children) yield child.spawn();
  for (const child of children) yield child.join();
  after();
}

const range = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

/** Main spawns the processes, joins them, and then checks. */
function withMain(w: WorldBuilder, children: readonly ProcessHandle[], after: () => void = () => {}): void {
  w.process('main', () => spawnAndJoin(children, after));
}

/** n processes with k private operations each: (nk)!/(k!)^n schedules, 1 trace. */
export const indep = (n: number, k: number): World =>
  defineWorld(`indep(${n},${k})`, (w) => {
    for (const i of range(n)) {
      const x = w.variable(`x${i}`);
      w.process(`p${i}`, () => writeAll(x, k));
    }
  });

/** One writer and n readers of one variable: (n+1)! schedules, 2^n traces. */
export const readers = (n: number): World =>
  defineWorld(`readers(${n})`, (w) => {
    const x = w.variable('x');
    w.process('writer', () => writeOnce(x, 1));
    for (const i of range(n)) {
      w.process(`reader${i}`, () => readOnce(x));
    }
  });

/** n writers of one variable: n! of both. */
export const writers = (n: number): World =>
  defineWorld(`writers(${n})`, (w) => {
    const x = w.variable('x');
    for (const i of range(n)) {
      w.process(`writer${i}`, () => writeOnce(x, i));
    }
  });

/** n processes that lock and unlock one lock: n! of both. */
export const mutex = (n: number): World =>
  defineWorld(`mutex(${n})`, (w) => {
    const m = w.lock('m');
    for (const i of range(n)) {
      w.process(`p${i}`, () => lockOnce(m));
    }
  });

/** An array of n+1 zeros; thread j sets a[j] = a[j-1] + 1, thread 0 looks from the end for the last zero: (n+3)*2^(n-2) traces. */
export const lastzero = (n: number): World =>
  defineWorld(`lastzero(${n})`, (w) => {
    const a = range(n + 1).map((j) => w.variable(`a${j}`));
    const at = (j: number) => a[j] ?? w.variable('none');
    w.process('t0', () => lookForZero(at, n));
    for (const j of range(n).map((each) => each + 1)) {
      w.process(`t${j}`, () => addToNeighbour(at(j - 1), at(j)));
    }
  });

/** n philosophers, without main: lock i, lock i+1, unlock both: 2^n - 1 traces, one of them deadlocked. */
export const philosophers = (n: number): World => defineWorld(`philosophers(${n})`, (w) => dine(w, n));

function dine(w: WorldBuilder, n: number, spawned = false): ProcessHandle[] {
  const forks = range(n).map((i) => w.lock(`fork${i}`));
  const fork = (i: number) => forks[i % n] ?? w.lock('none');
  return range(n).map((i) => w.process(`p${i}`, () => nest(fork(i), fork(i + 1)), { spawned }));
}

/** The same, with main. */
export const philosophersWithMain = (n: number): World => defineWorld(`philosophers(${n}) with main`, (w) => withMain(w, dine(w, n, true)));

/** n senders, one receiver: n!*Catalan(n) schedules, n! traces. */
export const mailbox = (n: number): World =>
  defineWorld(`mailbox(${n})`, (w) => {
    const box = w.mailbox('box');
    for (const i of range(n)) {
      w.process(`sender${i}`, () => sendAll(box, i, 1));
    }
    w.process('receiver', () => receiveAll(box, n));
  });

/** m producers of k messages each, first in, first out, one serial queue: (mk)!/(k!)^m traces. */
export const producers = (m: number, k: number): World =>
  defineWorld(`producers(${m},${k})`, (w) => {
    const queue = w.mailbox('queue');
    for (const i of range(m)) {
      w.process(`producer${i}`, () => sendAll(queue, 0, k));
    }
    w.process('queue', () => receiveAll(queue, m * k));
  });

/** With main: each of n does t=x; x=t+1; then x is n. 1 121 schedules for n=3, 36 traces, 30 of them wrong. */
export const counter = (n: number): World =>
  defineWorld(`counter(${n})`, (w) => {
    const x = w.variable('x');
    const threads = range(n).map((i) => w.process(`t${i}`, () => addToNeighbour(x, x), { spawned: true }));
    withMain(w, threads, () => {
      w.assert(x.value === n, `x is ${n}`);
    });
  });

/** With main: two locks in opposite order. 46 schedules, 3 traces, 1 wrong. */
export const deadlock01 = (): World =>
  defineWorld('deadlock01', (w) => {
    const a = w.lock('a');
    const b = w.lock('b');
    const thread = (name: string, first: typeof a, second: typeof a) => w.process(name, () => nest(first, second), { spawned: true });
    withMain(w, [thread('t1', a, b), thread('t2', b, a)]);
  });
