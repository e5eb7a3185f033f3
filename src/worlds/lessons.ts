/**
 * Worlds to learn the explorer on: two faults that everybody knows, and one that few see. They have nothing to do with the device.
 */
import { defineWorld, type World } from '../explorer/world.js';

/** Two deposits at once; one gets lost. */
export function bank(): World {
  return defineWorld(
    'bank',
    (w) => {
      const balance = w.variable('balance', 100);
      const deposit = (name: string, amount: number): void => {
        w.process(name, function* () {
          const before = yield balance.read();
          yield balance.write(before + amount);
        });
      };
      deposit('alice', 10);
      deposit('bob', 20);
      w.alwaysEventually('no deposit is lost', () => balance.value === 130 || `the balance is ${balance.value}, not 130`);
    },
    { summary: 'two deposits at once, and one of them gets lost' },
  );
}

const PHILOSOPHERS = 3;

/** Each takes the fork on the left, then the one on the right. */
export function philosophers(): World {
  return defineWorld(
    'philosophers',
    (w) => {
      const forks = Array.from({ length: PHILOSOPHERS }, (_, index) => w.lock(`fork ${index}`));
      forks.forEach((left, index) => {
        const right = forks[(index + 1) % PHILOSOPHERS] ?? left;
        w.process(`philosopher ${index}`, function* () {
          yield left.lock();
          yield right.lock();
          yield right.unlock();
          yield left.unlock();
        });
      });
    },
    { summary: `${PHILOSOPHERS} philosophers, each with the left fork in hand, wait for the right one` },
  );
}

/** The producer signals only when the buffer was empty, and one consumer sleeps on beside a full one. */
export function lostWakeup(): World {
  return defineWorld(
    'lost-wakeup',
    (w) => {
      const mutex = w.lock('mutex');
      const notEmpty = w.condition('not empty', mutex);
      const items = w.variable('items');
      for (const name of ['consumer 1', 'consumer 2']) {
        w.process(name, function* () {
          yield mutex.lock();
          while ((yield items.read()) === 0) yield notEmpty.wait();
          yield items.update((count) => count - 1);
          yield mutex.unlock();
        });
      }
      w.process('producer', function* () {
        for (let item = 0; item < 2; item++) {
          yield mutex.lock();
          if ((yield items.update((count) => count + 1)) === 0) yield notEmpty.signal();
          yield mutex.unlock();
        }
      });
    },
    { summary: 'a producer that signals only when the buffer was empty, and a consumer that sleeps beside an item' },
  );
}
