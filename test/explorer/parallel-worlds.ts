/**
 * Worlds for searches on threads: one that has all that a search gathers, one with a rare fault, one that is not deterministic, one with a choice,
 * and two that go on for ever.
 */
import { defineWorld } from '../../src/explorer/world.js';

/** Several faults, of which the first that is met is often another one; a cost, and cases that must be reached. */
export const rich = defineWorld('rich', (w) => {
  const [a, b, x] = [w.lock('a'), w.lock('b'), w.variable('x')];
  const box = w.mailbox('box');
  let longest = 0;
  const taker = (name: string, first: typeof a, second: typeof a) =>
    w.process(name, function* () {
      yield first.lock();
      yield second.lock();
      yield box.send(1);
      longest = Math.max(longest, box.length);
      yield second.unlock();
      yield first.unlock();
    });
  taker('one', a, b);
  taker('other', b, a);
  w.process('receiver', function* () {
    yield box.receive();
    const before = yield x.read();
    yield box.receive();
    yield x.write(before + 1);
  });
  w.process('writer', function* () {
    const before = yield x.read();
    yield x.write(before + 1);
  });
  w.alwaysEventually('both count', () => x.value !== 1 || box.length > 0);
  w.always('never two letters', () => box.length < 2);
  w.sometimes('two letters', () => box.length === 2);
  w.sometimes('five', () => x.value === 5);
  w.cost('longest mailbox', () => longest);
  w.cost('least', () => -x.value);
});

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

/** One throws a coin and two write. */
export const gamble = defineWorld('gamble', (w) => {
  const [x, coin] = [w.variable('x'), w.choice('coin')];
  w.process('gambler', function* () {
    yield x.write(yield coin.choose(2));
  });
  w.process('writer', function* () {
    yield x.write(2);
  });
});

/** A clerk counts for ever and comes by 0 again, or never does; another one does something else. */
function office(name: string, comesBack: boolean) {
  return defineWorld(name, (w) => {
    const [letters, stamps] = [w.variable('letters'), w.variable('stamps')];
    w.program('clerk', (p) => p.loop(() => p.update(letters, (old) => (comesBack ? old.plus(1).modulo(50) : old.modulo(49).plus(1)))));
    w.program('other clerk', (p) => p.loop(() => p.update(stamps, (old) => old.plus(1).modulo(7))));
    w.alwaysEventually('everybody is served', () => letters.value === 0);
    w.sometimes('many letters', () => letters.value === 40);
    w.span('more than 45 letters', () => letters.value > 45);
    w.peak('letters and stamps', () => letters.value + stamps.value);
  });
}
export const served = office('served', true);
export const starved = office('starved', false);
