/**
 * The longest of what goes on for a while, and the largest figure of a state: a search of states, in every order and by every way of going to them,
 * says what brute force says.
 */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { explore } from '../../src/explorer/explore.js';
import { WorldError } from '../../src/explorer/failure.js';
import { addPart, type Explored, nothingFound } from '../../src/explorer/search.js';
import { measureSpans } from '../../src/explorer/states/longest-spans.js';
import { searchStates, type StateOptions } from '../../src/explorer/states/search-states.js';
import { StateGraph } from '../../src/explorer/states/state-graph.js';
import { DepthFirst } from '../../src/explorer/strategies/depth-first.js';
import { OptimalDpor } from '../../src/explorer/strategies/optimal-dpor.js';
import { RandomWalk } from '../../src/explorer/strategies/random-walk.js';
import { StateParts } from '../../src/explorer/strategies/state-parts.js';
import { describeCoverage } from '../../src/explorer/verdict.js';
import { defineWorld, type World, type WorldBuilder } from '../../src/explorer/world.js';
import { bruteCosts, longestFulfilled } from './longest.js';
import { type Pool, randomActors, STATELESS } from './random-actors.js';
import { type Objects, randomProgram } from './random-program.js';

const sorted = (costs: ReadonlyMap<string, number> | null): unknown => costs && [...costs].sort(([a], [b]) => (a < b ? -1 : 1));

/** Expects all ways to come to what brute force comes to; false: that takes too long. */
function compare(world: World, most: number, ways: readonly StateOptions[], spread: Set<string>): boolean {
  const known = bruteCosts(world, most);
  if (known === null) return false;
  for (const [name, value] of known) spread.add(`${name}: ${value}`);
  expect([world.name, sorted(explore(world, new DepthFirst(), { keepGoing: true }).costs)]).toEqual([world.name, sorted(known)]);
  for (const options of ways) {
    const { costs, coverage } = searchStates(world, { keepGoing: true, ...options });
    if (options.states !== undefined) expect(coverage.kind).toBe('proved');
    expect([world.name, options, sorted(costs)]).toEqual([world.name, options, sorted(known)]);
  }
  return true;
}

function watchObjects(w: WorldBuilder, { variables: [x, y, z], locks: [lock], boxes: [, box] }: Objects): void {
  w.span('x is 1', () => x?.value === 1);
  w.span('y keeps its value', () => y?.value);
  w.span('the lock is taken', () => lock?.isTaken);
  w.span('the box has as many', () => box?.length);
  w.span('x or y', () => x?.value === 1);
  w.span('x or y', () => y?.value === 0);
  w.peak('messages', () => box?.length ?? 0);
  w.peak('all', () => (x?.value ?? 0) + (y?.value ?? 0) + (z?.value ?? 0));
}

function watchPool(w: WorldBuilder, { cells: [x, y], inboxes: [a, b], sums }: Pool): void {
  w.span('x is 1', () => x?.value === 1);
  w.span('y is not changed', () => y?.value);
  w.span('x stays', () => (x?.value ?? 0) !== 0 && 1 + sums.changes);
  w.span(
    'posts while a has messages',
    () => a?.length !== 0,
    () => sums.posts,
  );
  w.span(
    'posts while x stays',
    () => 1 + sums.changes,
    () => sums.posts,
  );
  w.peak('messages', () => Math.max(a?.length ?? 0, b?.length ?? 0));
}

describe('the longest span', () => {
  it('is that of all schedules, in random programs, packed and executed anew', () => {
    const spread = new Set<string>();
    let compared = 0;
    const ways = (['bfs', 'dfs-states'] as const).flatMap((order) =>
      (['packed', 'replayed'] as const).map((states) => ({ order, states })),
    );
    for (let seed = 1; seed <= 60; seed++) if (compare(randomProgram(seed, false, watchObjects), 400, ways, spread)) compared++;
    expect(compared).toBeGreaterThan(30);
    expect(spread.size).toBeGreaterThan(35);
  });

  it('is that of all schedules where states are taken for one that differ by which process is which', () => {
    let compared = 0;
    let fewer = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const world = randomProgram(seed, true, watchObjects);
      if (!compare(world, 600, [{ order: 'bfs' }, { order: 'dfs-states' }], new Set())) continue;
      compared++;
      if (searchStates(world, { keepGoing: true }).states < searchStates(world, { keepGoing: true, symmetry: false }).states) fewer++;
    }
    expect(compared).toBeGreaterThan(20);
    expect(fewer).toBeGreaterThan(10);
  });

  it('is that of all schedules, in random worlds of actors, kept and executed anew, with counts that are no part of the state', () => {
    const spread = new Set<string>();
    let compared = 0;
    const kept = (['bfs', 'dfs-states'] as const).map((order) => ({ order, states: 'kept' as const }));
    for (let seed = 1; seed <= 90; seed++) {
      const open = randomActors(seed, { open: STATELESS, watch: watchPool });
      if (!compare(open, 400, kept, spread)) continue;
      compared++;
      compare(randomActors(seed, { watch: watchPool }), 400, [{ order: seed % 2 === 0 ? 'bfs' : 'dfs-states' }], spread);
    }
    expect(compared).toBeGreaterThan(50);
    expect(spread.size).toBeGreaterThan(25);
  });
});

/** Processes that go round for ever, some only in parts of their code. */
const rounds = (seed: number): World =>
  defineWorld(`rounds ${seed}`, (w) => {
    const [x, y] = [w.variable('x'), w.variable('y')];
    const lock = w.lock('lock');
    const choice = w.choice('choice');
    const prng = new Prng(seed);
    for (let i = 0; i < 2 + (seed % 2); i++) {
      w.program(`p${i}`, (p) => {
        const t = p.local();
        const statement = (): void => {
          const value = prng.below(3);
          const kind = prng.below(5);
          if (kind === 0) p.read(x, t);
          else if (kind === 1) p.write(prng.below(2) === 0 ? x : y, value);
          else if (kind === 2) p.choose(choice, 2, t);
          else if (kind === 3) p.update(x, (old) => old.plus(1).modulo(3));
          else {
            p.lock(lock);
            p.write(x, value);
            p.unlock(lock);
          }
        };
        const times = 1 + prng.below(3);
        const all = (): void => {
          for (let each = 0; each < times; each++) statement();
        };
        if (prng.below(3) === 0) all();
        else if (prng.below(2) === 0) p.loop(all);
        else {
          all();
          // It goes round for as long as it reads the same.
          p.while(t.is(1), () => {
            statement();
            p.read(x, t);
          });
        }
      });
    }
    const inside = (): boolean => x.value === 1 || lock.isTaken;
    w.alwaysEventually('inside', inside);
    w.span('inside', inside);
    w.span('y', () => y.value);
    w.alwaysEventually('y', () => y.value === 2);
    w.span('y is 2', () => y.value === 2);
  });

describe('a span that can go round', () => {
  it('is unbounded if and only if some cycle of states is inside, as value iteration has it', () => {
    const seen = { endless: 0, ended: 0, cyclic: 0 };
    for (let seed = 1; seed <= 70; seed++) {
      const world = rounds(seed);
      const known = [longestFulfilled(world, 0, 150), longestFulfilled(world, 1, 150)];
      if (known[0] === null) continue;
      for (const order of ['bfs', 'dfs-states'] as const) {
        for (const states of ['packed', 'replayed'] as const) {
          const { costs, transitions, states: count } = searchStates(world, { order, states, fairness: 'none', keepGoing: true });
          expect([world.name, order, states, costs.get('inside'), costs.get('y is 2')]).toEqual([world.name, order, states, ...known]);
          if (transitions >= count) seen.cyclic++;
        }
      }
      for (const length of known) {
        if (length === Number.POSITIVE_INFINITY) seen.endless++;
        else if (length !== 0) seen.ended++;
      }
    }
    expect(seen.endless).toBeGreaterThan(20);
    expect(seen.ended).toBeGreaterThan(20);
    expect(seen.cyclic).toBeGreaterThan(80);
  });

  /** One goes round inside the span for ever; another adds to what is counted, and ends the span. */
  const circle = (adds: boolean): World =>
    defineWorld('circle', (w) => {
      const [turn, sum, over] = [w.variable('turn'), w.variable('sum'), w.variable('over')];
      w.program('round', (p) =>
        p.loop(() => {
          p.update(turn, (old) => old.plus(1).modulo(3));
          if (adds) p.update(sum, (old) => old.plus(1).modulo(1000));
        }),
      );
      w.program('adder', (p) => {
        p.update(sum, (old) => old.plus(2));
        p.update(sum, (old) => old.plus(5));
        p.write(over, 1);
        p.update(sum, (old) => old.plus(9));
      });
      w.span('steps', () => over.value === 0);
      w.span(
        'sum',
        () => over.value === 0,
        () => sum.value,
      );
    });

  it('is bounded if what goes round weighs nothing', () => {
    for (const states of ['packed', 'replayed'] as const) {
      const { costs } = searchStates(circle(false), { states, keepGoing: true });
      expect([...costs]).toEqual([
        ['steps', Number.POSITIVE_INFINITY],
        ['sum', 7],
      ]);
      expect(describeCoverage({ ...nothingFound(), costs, coverage: { kind: 'proved', by: 'states' } }, [])).toContain(
        'most steps: unbounded',
      );
    }
  });

  it('counts what only grows, and says so where it falls', () => {
    const falls = (): unknown => searchStates(circle(true), { keepGoing: true });
    expect(falls).toThrow(WorldError);
    expect(falls).toThrow('what "sum" counts has fallen by 999, and may only grow');
  });
});

describe('the longest path of a graph', () => {
  /** What steps may be: by mark, what they weigh (-1: the span is not open behind them) and whether they go on with it. */
  const MARKS = [
    [-1, 0],
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
    [3, 1],
  ] as const;
  const table = { names: ['span'], weights: MARKS.map(([weight]) => [weight]), goings: MARKS.map(([, going]) => [going === 1]) };

  /** By value iteration: Infinity if it grows after a round for each state. */
  function iterate(states: number, edges: readonly (readonly [number, number, number])[]): number {
    const lengths = new Array<number>(states).fill(0);
    for (let round = 0; round <= states + 1; round++) {
      let changed = false;
      for (const [from, to, mark] of edges) {
        const [weight, going] = MARKS[mark] ?? MARKS[0];
        const length = weight + (going === 1 ? (lengths[from] ?? 0) : 0);
        if (weight < 0 || length <= (lengths[to] ?? 0)) continue;
        lengths[to] = length;
        changed = true;
      }
      if (!changed) return Math.max(...lengths);
    }
    return Number.POSITIVE_INFINITY;
  }

  it('is the one that value iteration finds, in random graphs', () => {
    const seen = { endless: 0, zeroCycles: 0 };
    for (let seed = 1; seed <= 3000; seed++) {
      const prng = new Prng(seed);
      const states = 2 + prng.below(7);
      // In some, what weighs something only leads to states with larger numbers, so that only what weighs nothing goes round.
      const isGentle = prng.below(3) > 0;
      const edges = Array.from({ length: 1 + prng.below(2 * states) }, () => {
        const [from, to] = [prng.below(states), prng.below(states)];
        const mark = prng.below(2) === 0 ? 2 : prng.below(MARKS.length);
        return [from, to, isGentle && mark >= 4 && to <= from ? 2 : mark] as const;
      });
      const graph = new StateGraph(true);
      for (let state = 0; state < states; state++) graph.addState(0);
      for (const [from, to, mark] of edges) graph.addEdge(from, to, 0, mark);
      graph.close(states);
      const costs = new Map<string, number>();
      measureSpans(graph, table, costs);
      const known = iterate(states, edges);
      expect([seed, costs.get('span')]).toEqual([seed, known]);
      if (known === Number.POSITIVE_INFINITY) seen.endless++;
      else if (edges.some(([from, to, mark]) => mark === 2 && to <= from)) seen.zeroCycles++;
    }
    expect(seen.endless).toBeGreaterThan(300);
    expect(seen.zeroCycles).toBeGreaterThan(500);
  });
});

describe('what a span is', () => {
  const three = (
    declare: (w: WorldBuilder, x: { readonly value: number }) => void,
    values: readonly number[],
  ): ReadonlyMap<string, number> => {
    const world = defineWorld('three', (w) => {
      const x = w.variable('x', values[0]);
      w.process('p', function* () {
        for (const value of values.slice(1)) yield x.write(value);
      });
      declare(w, x);
    });
    const found = explore(world, new DepthFirst());
    expect(sorted(searchStates(world).costs)).toEqual(sorted(found.costs));
    return found.costs;
  };

  it('counts the step that begins it and not the one that ends it', () => {
    const isOne = (values: readonly number[]): unknown => three((w, x) => w.span('s', () => x.value === 1), values).get('s');
    expect(isOne([0, 0, 0])).toBe(0);
    expect(isOne([0, 1, 0])).toBe(1);
    expect(isOne([0, 1, 1, 1, 0, 1, 1])).toBe(3);
    // What goes on from the beginning was begun by no step, and what goes on at the end is not ended by one.
    expect(isOne([1, 0])).toBe(0);
    expect(isOne([1, 1, 1])).toBe(2);
    expect(isOne([0, 1, 1])).toBe(2);
  });

  it('ends where something else goes on', () => {
    expect(three((w, x) => w.span('s', () => x.value), [0, 1, 1, 2, 2, 2, 0]).get('s')).toBe(3);
    expect(three((w, x) => w.span('s', () => (x.value > 0 ? 'on' : null)), [0, 1, 1, 2, 2, 2, 0]).get('s')).toBe(5);
  });

  it('counts for one that begins and not for one that ends what grows in the step between them', () => {
    const what = (x: { readonly value: number }): number => Math.floor(x.value / 10);
    const count = (x: { readonly value: number }): number => x.value % 10;
    // 0 | 11 13 | 24 24 27 | 9
    expect(
      three(
        (w, x) =>
          w.span(
            's',
            () => what(x),
            () => count(x),
          ),
        [0, 11, 13, 24, 24, 27, 9],
      ).get('s'),
    ).toBe(4);
  });

  it('is a peak over all states, and a cost over all ends', () => {
    const costs = three(
      (w, x) => {
        w.peak('peak', () => x.value);
        w.cost('cost', () => x.value);
      },
      [3, 9, 4],
    );
    expect(explore(randomProgram(50, false, watchObjects), new RandomWalk(), { schedules: 1, measure: false }).costs.size).toBe(0);
    expect(costs).toEqual(
      new Map([
        ['peak', 9],
        ['cost', 4],
      ]),
    );
  });
});

describe('searches that see a part', () => {
  const world = randomProgram(50, false, watchObjects);
  const exact = bruteCosts(world, 1000) ?? new Map<string, number>();

  it('come to no more than there is, and say that there may be more', () => {
    const parts = [
      explore(world, new OptimalDpor(), { keepGoing: true }),
      explore(world, new RandomWalk({ seed: 1 }), { schedules: 5, keepGoing: true }),
      searchStates(world, { keepGoing: true, maxStates: 20 }),
      searchStates(world, { keepGoing: true, maxStates: 20, order: 'dfs-states' }),
    ];
    let less = 0;
    for (const { costs } of parts) {
      expect([...costs.keys()].sort()).toEqual([...exact.keys()].sort());
      for (const [name, value] of costs) {
        expect(value).toBeLessThanOrEqual(exact.get(name) ?? -1);
        if (value < (exact.get(name) ?? 0)) less++;
      }
    }
    expect(less).toBeGreaterThan(5);
    const say = (coverage: Explored['coverage']): string | undefined =>
      describeCoverage({ ...nothingFound(), costs: new Map([['x', 2]]), coverage }, [])[1];
    expect(say({ kind: 'proved', by: 'traces' })).toBe('most x: at least 2');
    expect(say({ kind: 'proved', by: 'states' })).toBe('most x: 2');
  });

  it('come to all of it once they have seen all, in parts too', () => {
    const search = new StateParts(randomProgram(50, false, watchObjects), 'dfs-states');
    const explored = nothingFound();
    let parts = 0;
    while (explored.coverage.kind !== 'proved' && parts < 1000) {
      addPart(explored, search.run({ keepGoing: true, stop: () => true }));
      parts++;
    }
    expect(sorted(explored.costs)).toEqual(sorted(exact));
  });
});
