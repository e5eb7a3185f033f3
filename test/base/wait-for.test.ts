/**
 * Deadlocks of small graphs against their definition, tried out on every set of nodes, and the text for people.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Deadlock, describeDeadlock, findDeadlock, sameDeadlock, type Wait, type WaitForGraph } from '../../src/base/wait-for.js';

const IDS = ['a', 'b', 'c', 'd', 'e'];

const wait = (waiter: string, on: readonly string[], mode: Wait['mode'] = 'all', what = `${waiter} from ${on}`, sequence = '1'): Wait => ({
  waiter,
  on,
  mode,
  what,
  sequence,
});
const graph = (...waits: Wait[]): WaitForGraph => ({ nodes: IDS.map((id) => ({ id, label: id.toUpperCase() })), waits });

const graphs = fc
  .array(
    fc.record({
      waiter: fc.constantFrom(...IDS),
      // `x` is a target that is not in the graph.
      on: fc.array(fc.constantFrom(...IDS, ...IDS, 'x'), { maxLength: 3 }),
      mode: fc.constantFrom('all' as const, 'any' as const),
      what: fc.constantFrom('p', 'q'),
      sequence: fc.constantFrom('1', '2'),
    }),
    { maxLength: 8 },
  )
  .map((waits) => graph(...waits));

const endedBy = (each: Wait, isLive: (id: string) => boolean): boolean =>
  each.mode === 'all' ? each.on.every(isLive) : each.on.some(isLive);

/** The dead nodes: the union of all sets each of whose members has a wait that nobody outside the set ends. */
function deadNodes({ nodes, waits }: WaitForGraph): Set<string> {
  const dead = new Set<string>();
  for (let bits = 1; bits < 2 ** nodes.length; bits++) {
    const set = new Set(nodes.filter((_, index) => (bits >> index) & 1).map((node) => node.id));
    const holds = [...set].every((id) => waits.some((each) => each.waiter === id && !endedBy(each, (target) => !set.has(target))));
    if (holds) for (const id of set) dead.add(id);
  }
  return dead;
}

/** For each dead node, the dead nodes that its unending waits name. */
function deadEdges(whole: WaitForGraph): Map<string, Set<string>> {
  const dead = deadNodes(whole);
  const unending = whole.waits.filter((each) => dead.has(each.waiter) && !endedBy(each, (target) => !dead.has(target)));
  const targets = (id: string): string[] => unending.filter((each) => each.waiter === id).flatMap((each) => each.on);
  return new Map([...dead].map((id) => [id, new Set(targets(id).filter((target) => dead.has(target)))]));
}

/** Every simple cycle, from its least node on. */
function allCycles(edges: Map<string, Set<string>>): string[][] {
  const cycles: string[][] = [];
  const extend = (path: string[]): void => {
    for (const target of edges.get(path[path.length - 1] ?? '') ?? []) {
      if (target === path[0]) cycles.push(path);
      else if (target > (path[0] ?? '') && !path.includes(target)) extend([...path, target]);
    }
  };
  for (const id of edges.keys()) extend([id]);
  return cycles;
}

function reaches(edges: Map<string, Set<string>>, from: string, goals: readonly string[]): boolean {
  const seen = new Set([from]);
  for (const id of seen) for (const target of edges.get(id) ?? []) seen.add(target);
  return goals.some((goal) => seen.has(goal));
}

const ids = (steps: Deadlock['cycle']): string[] => steps.map((step) => step.from.id);

describe('findDeadlock', () => {
  it('finds one exactly if some node is dead by the definition', () => {
    const seen = { deadlocks: 0, none: 0 };
    fc.assert(
      fc.property(graphs, (whole) => {
        const dead = deadNodes(whole).size > 0;
        seen[dead ? 'deadlocks' : 'none']++;
        expect(findDeadlock(whole) !== null).toBe(dead);
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(seen.deadlocks, seen.none)).toBeGreaterThan(200);
  });

  it('gives the shortest cycle of dead nodes, the least by ids, closed and with the waits between them', () => {
    const seen = { cycles: 0, ends: 0 };
    fc.assert(
      fc.property(graphs, (whole) => {
        const deadlock = findDeadlock(whole);
        if (!deadlock) return;
        const { cycle } = deadlock;
        const [shortest] = allCycles(deadEdges(whole)).sort((a, b) => a.length - b.length || (a.join() < b.join() ? -1 : 1));
        for (const step of cycle) {
          expect(whole.waits).toContain(step.wait);
          expect(step.wait.waiter).toBe(step.from.id);
          if (step.to) expect(step.wait.on).toContain(step.to.id);
        }
        if (!shortest) {
          seen.ends++;
          expect(cycle.map((step) => [step.to, step.wait.on, step.wait.mode])).toEqual([[null, [], 'any']]);
          return;
        }
        seen.cycles++;
        expect(ids(cycle)).toEqual(shortest);
        expect(cycle.map((step) => step.to?.id)).toEqual([...shortest.slice(1), shortest[0]]);
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(seen.cycles, seen.ends)).toBeGreaterThan(20);
  });

  it('names as stuck exactly the others that wait for the cycle, directly or not', () => {
    let stuck = 0;
    fc.assert(
      fc.property(graphs, (whole) => {
        const deadlock = findDeadlock(whole);
        if (!deadlock) return;
        const edges = deadEdges(whole);
        const members = ids(deadlock.cycle);
        const expected = [...edges.keys()].filter((id) => !members.includes(id) && reaches(edges, id, members));
        expect(ids(deadlock.stuck)).toEqual(expected.sort());
        for (const { wait: each, to } of deadlock.stuck) expect(each.on).toContain(to?.id);
        stuck += expected.length;
      }),
      { numRuns: 2000 },
    );
    expect(stuck).toBeGreaterThan(100);
  });

  it('needs nothing but the cycle and its support: with their waits alone all of them are dead', () => {
    let support = 0;
    fc.assert(
      fc.property(graphs, (whole) => {
        const deadlock = findDeadlock(whole);
        if (!deadlock) return;
        const steps = [...deadlock.cycle, ...deadlock.support];
        expect(new Set(ids(steps)).size).toBe(steps.length);
        const dead = deadNodes({ nodes: whole.nodes, waits: steps.map((step) => step.wait) });
        expect([...dead].sort()).toEqual(ids(steps).sort());
        support += deadlock.support.length;
      }),
      { numRuns: 2000 },
    );
    expect(support).toBeGreaterThan(20);
  });

  it('does not depend on the order of nodes, waits and targets', () => {
    fc.assert(
      fc.property(graphs, fc.infiniteStream(fc.nat(99)), ({ nodes, waits }, keys) => {
        const shuffled = <T>(list: readonly T[]): T[] =>
          list
            .map((value) => ({ value, key: keys.next().value ?? 0 }))
            .sort((a, b) => a.key - b.key)
            .map(({ value }) => value);
        const other = findDeadlock({ nodes: shuffled(nodes), waits: shuffled(waits.map((each) => ({ ...each, on: shuffled(each.on) }))) });
        const one = findDeadlock({ nodes, waits });
        expect(other && describeDeadlock(other)).toEqual(one && describeDeadlock(one));
        if (one && other) expect(sameDeadlock(one, other)).toBe(true);
      }),
    );
  });

  it('takes a target that it does not know for live, and leaves out the waits of a waiter that it does not know', () => {
    expect(findDeadlock(graph(wait('a', ['x']), wait('x', ['a'])))).toBeNull();
    expect(findDeadlock(graph(wait('a', ['b', 'x']), wait('b', ['a'])))).not.toBeNull();
    expect(findDeadlock(graph(wait('a', ['b', 'x'], 'any'), wait('b', ['a'])))).toBeNull();
  });

  it('takes one who waits for himself for a deadlock', () => {
    expect(ids(findDeadlock(graph(wait('c', ['c'])))?.cycle ?? [])).toEqual(['c']);
  });

  it('holds a node that has several waits for dead as soon as one of them is for ever', () => {
    expect(findDeadlock(graph(wait('a', ['c']), wait('a', ['b']), wait('b', ['a'])))).not.toBeNull();
  });
});

describe('describeDeadlock', () => {
  const text = (whole: WaitForGraph): string | null => {
    const deadlock = findDeadlock(whole);
    return deadlock && describeDeadlock(deadlock);
  };

  it('names the cycle, then each wait, then who is stuck behind it', () => {
    const nodes = [
      { id: 'vcpu0', label: 'vCPU 0' },
      { id: 'vcpu1', label: 'vCPU 1' },
      { id: 'bql', label: 'the BQL' },
      { id: 'task', label: "PVG's task thread" },
      { id: 'render', label: 'the render queue' },
    ];
    const waits = [
      wait('vcpu0', ['task'], 'all', 'its write of 0x1010'),
      wait('task', ['bql'], 'all', 'the answer to mapMemory'),
      wait('bql', ['vcpu0'], 'all', 'the lock'),
      wait('vcpu1', ['bql'], 'all', 'its read of 0x1000'),
      wait('render', ['vcpu1'], 'all', 'a frame'),
    ];
    expect(text({ nodes, waits })).toBe(
      [
        "deadlock: the BQL → vCPU 0 → PVG's task thread → the BQL",
        'the BQL waits for vCPU 0: the lock',
        "vCPU 0 waits for PVG's task thread: its write of 0x1010",
        "PVG's task thread waits for the BQL: the answer to mapMemory",
        'also stuck: the render queue waits for vCPU 1: a frame',
        'also stuck: vCPU 1 waits for the BQL: its read of 0x1000',
      ].join('\n'),
    );
  });

  it('names all who could end an any-wait, and why the others can not', () => {
    const whole = graph(
      wait('a', ['c', 'b'], 'any', 'a worker'),
      wait('b', ['a'], 'all', 'a job'),
      wait('c', ['d'], 'all', 'a lock'),
      wait('d', ['e'], 'all', 'another lock'),
      wait('e', ['c'], 'all', 'a third lock'),
    );
    expect(text(whole)).toBe(
      [
        'deadlock: A → B → A',
        'A waits for B or C: a worker',
        'B waits for A: a job',
        'also stuck: C waits for D: a lock',
        'also stuck: D waits for E: another lock',
        'also stuck: E waits for C: a third lock',
      ].join('\n'),
    );
  });

  it('says so if somebody waits for nobody', () => {
    const whole = graph(wait('b', [], 'any', 'a wake-up'), wait('a', ['b'], 'all', 'a reply'));
    expect(text(whole)).toBe('deadlock: B → nobody\nB waits for nobody: a wake-up\nalso stuck: A waits for B: a reply');
  });
});

describe('sameDeadlock', () => {
  const look = (...waits: Wait[]): Deadlock => {
    const found = findDeadlock(graph(...waits));
    if (!found) throw new TypeError('there is no deadlock');
    return found;
  };
  const cycle = [wait('a', ['b']), wait('b', ['a'])];

  it('holds for two looks at the same waits, whoever gets stuck behind them', () => {
    expect(sameDeadlock(look(...cycle), look(...cycle))).toBe(true);
    expect(sameDeadlock(look(...cycle), look(...cycle, wait('c', ['a'])))).toBe(true);
  });

  it('does not hold if a wait has ended and another has begun in between, though it looks alike', () => {
    expect(sameDeadlock(look(...cycle), look(wait('a', ['b']), wait('b', ['a'], 'all', 'b from a', '2')))).toBe(false);
    expect(sameDeadlock(look(...cycle), look(wait('a', ['b']), wait('b', ['a'], 'all', 'something else')))).toBe(false);
    expect(sameDeadlock(look(...cycle), look(wait('a', ['c']), wait('c', ['a'])))).toBe(false);
    expect(sameDeadlock(look(...cycle), look(wait('a', ['b']), wait('b', ['a'], 'any')))).toBe(false);
  });

  it('does not hold if a wait that the cycle relies on is another one', () => {
    const other = (sequence: string): Wait[] => [
      wait('a', ['b', 'c'], 'any'),
      wait('b', ['a']),
      wait('c', ['d'], 'all', 'lock', sequence),
      wait('d', ['c']),
    ];
    expect(sameDeadlock(look(...other('1')), look(...other('1')))).toBe(true);
    expect(sameDeadlock(look(...other('1')), look(...other('2')))).toBe(false);
  });
});
