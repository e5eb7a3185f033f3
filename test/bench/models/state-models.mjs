/**
 * Models of which states are counted by both sides of the benchmark: worlds of programs, and the same in Promela.
 *
 * One step of ours is one transition of SPIN's, so that both count the same states and transitions, but that SPIN counts the beginning
 * as a transition. Processes never end, since SPIN has a transition for that. No value is dead where SPIN might reset it: its options
 * for that are off.
 */
import { defineWorld } from '../../../dist/src/explorer/world.js';

const range = (n) => Array.from({ length: n }, (_, index) => index);

/** n philosophers who take their left fork, then their right one. */
function philosophers(n) {
  const world = defineWorld(`philosophers(${n})`, (w) => {
    const forks = range(n).map((i) => w.lock(`fork${i}`));
    for (const i of range(n)) {
      const [left, right] = [forks[i], forks[(i + 1) % n]];
      w.program(`p${i}`, (p) =>
        p.loop(() => {
          p.lock(left);
          p.lock(right);
          p.unlock(right);
          p.unlock(left);
        }),
      );
    }
  });
  const promela = `
    byte fork[${n}];
    active [${n}] proctype p() {
      do
      :: d_step { fork[_pid] == 0 -> fork[_pid] = 1 };
         d_step { fork[(_pid + 1) % ${n}] == 0 -> fork[(_pid + 1) % ${n}] = 1 };
         fork[(_pid + 1) % ${n}] = 0;
         fork[_pid] = 0
      od
    }`;
  return { world, promela };
}

/** n processes that each add one to the same variable, modulo m, in two steps. */
function counter(n, m) {
  const world = defineWorld(`counter(${n},${m})`, (w) => {
    const x = w.variable('x');
    for (const i of range(n)) {
      w.program(`p${i}`, (p) => {
        const t = p.local();
        p.loop(() => {
          p.read(x, t);
          p.write(x, t.plus(1).modulo(m));
        });
      });
    }
  });
  const promela = `
    byte x;
    active [${n}] proctype p() {
      byte t;
      do
      :: t = x; x = (t + 1) % ${m}
      od
    }`;
  return { world, promela };
}

/** Producers of 0, 1, 2, 0, … and consumers that remember what they got last, around a mailbox of a few places. */
function ring(producers, consumers, bound) {
  const world = defineWorld(`ring(${producers},${consumers},${bound})`, (w) => {
    const q = w.mailbox('q', { bound });
    for (const i of range(producers)) {
      w.program(`producer${i}`, (p) => {
        const next = p.local();
        p.loop(() => {
          p.send(q, next);
          p.set(next, next.plus(1).modulo(3));
        });
      });
    }
    for (const i of range(consumers)) {
      w.program(`consumer${i}`, (p) => {
        const got = p.local();
        p.loop(() => p.receive(q, got));
      });
    }
  });
  const promela = `
    chan q = [${bound}] of { byte };
    active [${producers}] proctype producer() { byte i; do :: d_step { q!i; i = (i + 1) % 3 } od }
    active [${consumers}] proctype consumer() { byte got; do :: q?got od }`;
  return { world, promela };
}

/** Models by the scale of the work. */
export const stateModels = (scale) =>
  scale >= 1 ? [philosophers(11), counter(6, 4), ring(3, 3, 8)] : [philosophers(9), counter(5, 4), ring(3, 3, 6)];
