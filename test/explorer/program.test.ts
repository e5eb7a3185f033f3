/**
 * Programs do what they say, as bodies of executions and in packed states.
 */
import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explorer/explore.js';
import type { ProgramBuilder } from '../../src/explorer/programs/program-builder.js';
import type { Local, Operand, Term } from '../../src/explorer/programs/term.js';
import { searchStates } from '../../src/explorer/states/search-states.js';
import { DepthFirst } from '../../src/explorer/strategies/depth-first.js';
import type { Variable } from '../../src/explorer/shared-object.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import * as families from './families.js';
import * as programs from './programs.js';

/** What a single program leaves in `out`, in an execution and in its packed states. */
function outcomes(write: (p: ProgramBuilder, out: Variable, local: Local) => void): number[] {
  let value = Number.NaN;
  const world = defineWorld('outcome', (w) => {
    const out = w.variable('out', -1);
    w.program('p', (p) => write(p, out, p.local(7)));
    w.always('seen', () => {
      value = out.value;
      return true;
    });
  });
  explore(world, new DepthFirst(), { schedules: 1 });
  const executed = value;
  searchStates(world, { order: 'dfs-states' });
  return [executed, value];
}

const both = (value: number): number[] => [value, value];

describe('a program', () => {
  it.each<[string, (t: Term, n: Operand) => Term, (t: number, n: number) => number]>([
    ['plus', (t, n) => t.plus(n), (t, n) => t + n],
    ['minus', (t, n) => t.minus(n), (t, n) => t - n],
    ['times', (t, n) => t.times(n), (t, n) => Math.imul(t, n)],
    ['over', (t, n) => t.over(n), (t, n) => (n === 0 ? 0 : Math.trunc(t / n) | 0)],
    ['modulo', (t, n) => t.modulo(n), (t, n) => (n === 0 ? 0 : t % n)],
    ['below', (t, n) => t.below(n), (t, n) => Number(t < n)],
    ['atMost', (t, n) => t.atMost(n), (t, n) => Number(t <= n)],
    ['is', (t, n) => t.is(n), (t, n) => Number(t === n)],
    ['isNot', (t, n) => t.isNot(n), (t, n) => Number(t !== n)],
    ['and', (t, n) => t.and(n), (t, n) => Number(t !== 0 && n !== 0)],
    ['or', (t, n) => t.or(n), (t, n) => Number(t !== 0 || n !== 0)],
    ['not', (t) => t.not(), (t) => Number(t === 0)],
  ])('works out %s', (_, term, expected) => {
    for (const n of [0, 1, 2, 7, 8, -3]) {
      expect(outcomes((p, out, t) => p.write(out, term(t, n)))).toEqual(both(expected(7, n)));
      expect(outcomes((p, out, t) => p.write(out, term(t.minus(7), n)))).toEqual(both(expected(0, n)));
    }
  });

  it('branches, goes round, keeps its locals and ends', () => {
    const sum = (p: ProgramBuilder, out: Variable, t: Local): void => {
      const last = p.local();
      p.write(out, 0);
      p.while(t, () => {
        p.if(
          t.modulo(2),
          () => p.update(out, (old) => old.plus(t)),
          () => p.update(out, (old) => old.times(2), last),
        );
        p.if(t.is(3), () => {
          p.update(out, (old) => old.plus(last.times(100)));
          p.end();
        });
        p.set(t, t.minus(1));
      });
    };
    // 7; doubled, 7 was there; 5 more; doubled, 19 was there; 3 more.
    const expected = (7 * 2 + 5) * 2 + 3 + 100 * (7 * 2 + 5);
    expect(outcomes(sum)).toEqual(both(expected));
  });

  it('chooses objects by number, and is told when there is none of it', () => {
    const world = (index: number): World =>
      defineWorld('list', (w) => {
        const list = [w.variable('a'), w.variable('b')];
        w.program('p', (p) => {
          const t = p.local(index);
          p.write(p.at(list, t.plus(1)), 5);
        });
        w.sometimes('b is written', () => list[1]?.value === 5);
      });
    expect([...searchStates(world(0)).reached]).toEqual(['b is written']);
    expect([...explore(world(0), new DepthFirst()).reached]).toEqual(['b is written']);
    expect(() => searchStates(world(1))).toThrow('a program asks for object 2 of 2');
  });

  it('is refused if it goes round without a visible operation, or makes locals late', () => {
    expect(() => outcomes((p) => p.loop(() => {}))).toThrow('goes round for ever');
    expect(() => outcomes((p, out) => [p.write(out, 1), p.local()])).toThrow('asks for its locals first');
  });

  it('has the schedules of the same body', () => {
    const schedules = (world: World): number => explore(world, new DepthFirst(), { keepGoing: true }).schedules;
    expect(schedules(programs.philosophers(3, 'once'))).toBe(schedules(families.philosophers(3)));
  });

  it('ends where it asserts what is not so', () => {
    const world = defineWorld('asserts', (w) => {
      const x = w.variable('x');
      w.program('p', (p) => {
        const t = p.local();
        p.read(x, t);
        p.assert(t, 'x is not 0');
        p.write(x, 2);
      });
      w.always('x is not 2', () => x.value !== 2);
    });
    for (const states of ['packed', 'replayed'] as const) {
      const { faults } = searchStates(world, { states, keepGoing: true });
      expect(faults.map(({ property, message }) => [property, message])).toEqual([['x is not 0', 'p: x is not 0']]);
    }
  });

  it('is told what it does wrong', () => {
    const spawning = defineWorld('spawning', (w) => {
      const child = w.program('child', () => {}, { spawned: true });
      w.program('p', (p) => {
        p.spawn(child);
        p.spawn(child);
      });
    });
    for (const states of ['packed', 'replayed'] as const) {
      expect(() => searchStates(spawning, { states })).toThrow('child is spawned a second time');
    }
    const sending = defineWorld('sending', (w) => {
      const mailbox = w.mailbox('mailbox');
      w.program('p', (p) => p.loop(() => p.send(mailbox, 1)));
    });
    expect(() => searchStates(sending)).toThrow('mailbox holds more than 32 messages: give it a bound');
    const unlocking = defineWorld('unlocking', (w) => {
      const lock = w.lock('lock');
      w.program('p', (p) => p.unlock(lock));
    });
    for (const states of ['packed', 'replayed'] as const) {
      expect(() => searchStates(unlocking, { states })).toThrow('p unlocks lock, which it has not locked');
    }
  });
});
