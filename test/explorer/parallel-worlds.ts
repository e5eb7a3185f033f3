/**
 * Worlds for searches on threads: one with a rare fault, and one that is not deterministic.
 */
import { defineWorld } from '../../src/explorer/world.js';

/** The reader must see every second value: one of 3 003 schedules, which random walk takes once in some 10 000 times. */
export const rare = defineWorld('rare', (w) => {
  const x = w.variable('x');
  w.process('writer', function* () {
    for (let i = 1; i <= 10; i++) yield x.write(i);
  });
  w.process('reader', function* () {
    let seen = 0;
    for (let i = 2; i <= 10; i += 2) if ((yield x.read()) === i) seen++;
    w.assert(seen < 5, 'it never sees all');
  });
});

export const random = defineWorld('random', (w) => {
  const x = w.variable('x');
  w.process('gambler', function* () {
    yield x.write(1);
    yield x.write(Math.random());
    yield x.read();
  });
});
