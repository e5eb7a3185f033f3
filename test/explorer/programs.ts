/**
 * Worlds of programs, whose states can be packed.
 */
import { defineWorld, type World } from '../../src/explorer/world.js';

const range = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

/** n philosophers who lock their left fork, then their right one, and begin anew. */
export const philosophers = (n: number, rounds: 'once' | 'forever' = 'forever'): World =>
  defineWorld(`philosophers(${n}) ${rounds}`, (w) => {
    const forks = range(n).map((i) => w.lock(`fork${i}`));
    const fork = (i: number) => forks[i % n] ?? w.lock('none');
    for (const i of range(n)) {
      w.program(`p${i}`, (p) => {
        const dine = (): void => {
          p.lock(fork(i));
          p.lock(fork(i + 1));
          p.unlock(fork(i + 1));
          p.unlock(fork(i));
        };
        if (rounds === 'once') dine();
        else p.loop(dine);
      });
    }
  });

/** n processes that each add one to x in two steps, k times or for ever, modulo m. */
export const counter = (n: number, m: number, symmetric = false): World =>
  defineWorld(`counter(${n},${m})`, (w) => {
    const x = w.variable('x');
    const processes = range(n).map((i) =>
      w.program(`p${i}`, (p) => {
        const t = p.local();
        p.loop(() => {
          p.read(x, t);
          p.write(x, t.plus(1).modulo(m));
        });
      }),
    );
    if (symmetric) w.interchangeable(...processes);
  });

/** Producers that send 0, 1, 2, 0, … to a bounded mailbox, and consumers that keep what they got last. */
export const ring = (producers: number, consumers: number, bound: number): World =>
  defineWorld(`ring(${producers},${consumers},${bound})`, (w) => {
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

/** Peterson's mutual exclusion of two, with a count of who is inside. `broken`: the turn is given before the flag is set. */
export const peterson = (broken = false): World =>
  defineWorld(`peterson${broken ? ' broken' : ''}`, (w) => {
    const flags = [w.variable('flag0'), w.variable('flag1')] as const;
    const turn = w.variable('turn');
    const inside = w.variable('inside');
    for (const i of [0, 1] as const) {
      const j = i === 0 ? 1 : 0;
      w.program(`p${i}`, (p) => {
        const t = p.local();
        p.loop(() => {
          if (broken) p.write(turn, j);
          p.write(flags[i], 1);
          if (!broken) p.write(turn, j);
          p.set(t, 1);
          p.while(t, () => {
            p.read(flags[j], t);
            p.if(t, () => {
              p.read(turn, t);
              p.set(t, t.is(j));
            });
          });
          p.update(inside, (old) => old.plus(1));
          p.update(inside, (old) => old.minus(1));
          p.write(flags[i], 0);
        });
      });
    }
    w.always('one inside', () => inside.value <= 1);
  });

/** One waits twice and is signalled once; another goes on for ever. */
export const twice = defineWorld('twice', (w) => {
  const lock = w.lock('lock');
  const condition = w.condition('condition', lock);
  w.program('waiter', (p) => {
    p.lock(lock);
    p.wait(condition);
    p.wait(condition);
    p.unlock(lock);
  });
  w.program('signaller', (p) => {
    p.lock(lock);
    p.signal(condition);
    p.unlock(lock);
  });
});

/** Two take two locks in opposite order, while a third goes round for ever. */
export const aside = defineWorld('aside', (w) => {
  const locks = [w.lock('a'), w.lock('b')] as const;
  const x = w.variable('x');
  w.program('round', (p) => p.loop(() => p.update(x, (old) => old.plus(1).modulo(2))));
  for (const i of [0, 1] as const) {
    w.program(`p${i}`, (p) => {
      p.lock(locks[i]);
      p.lock(locks[i === 0 ? 1 : 0]);
      p.unlock(locks[0]);
      p.unlock(locks[1]);
    });
  }
});
