/**
 * What is a state: what actors say, what is in their mailboxes, and, where they say nothing, what came before.
 */
import { describe, expect, it } from 'vitest';
import type { Actor, Pending } from '../../src/explorer/actor.js';
import type { Hasher } from '../../src/explorer/hasher.js';
import type { Inbox } from '../../src/explorer/inbox.js';
import { StateWalker } from '../../src/explorer/states/state-walker.js';
import { Kind } from '../../src/explorer/operation.js';
import type { SharedObject } from '../../src/explorer/shared-object.js';
import { searchStates } from '../../src/explorer/states/search-states.js';
import { StateTable } from '../../src/explorer/states/state-table.js';
import { defineWorld, type World, type WorldBuilder } from '../../src/explorer/world.js';

/** Does one thing to an object, once. */
function once(w: WorldBuilder, kind: Kind, target: SharedObject, act: () => void, isOpen: boolean): Actor {
  let done = false;
  const actor: Actor = {
    look: (next) => (done ? next.idle() : next.ready(kind, target)),
    run: () => {
      w.touch(kind, target);
      act();
      done = true;
    },
  };
  return isOpen ? { ...actor, fingerprint: (hasher) => hasher.add(done ? 1 : 0) } : actor;
}

const touching = (name: string, kinds: readonly Kind[], isOpen: boolean): World =>
  defineWorld(name, (w) => {
    const x = w.object('x');
    for (const [i, kind] of kinds.entries())
      w.actor(
        `a${i}`,
        once(w, kind, x, () => {}, isOpen),
      );
  });

/** Sends two messages. */
class Sender implements Actor {
  private sent = 0;

  constructor(
    private readonly inbox: Inbox<{ from: number }>,
    private readonly from: number,
  ) {}

  look(next: Pending): void {
    if (this.sent < 2) next.ready(Kind.send, this.inbox.target);
    else next.idle();
  }

  run(): void {
    this.inbox.post({ from: this.from });
    this.sent++;
  }

  fingerprint(hasher: Hasher): void {
    hasher.add(this.sent);
  }
}

/** Counts messages, by who sent them. */
class Receiver implements Actor {
  constructor(
    private readonly inbox: Inbox<{ from: number }>,
    private readonly total: { value: number; readonly from: Map<number, number> },
  ) {}

  look(next: Pending): void {
    if (this.inbox.length > 0) next.ready(Kind.receive, this.inbox.target);
    else next.idle();
  }

  run(): void {
    const { from } = this.inbox.take() ?? { from: 0 };
    this.total.value++;
    this.total.from.set(from, 1 + (this.total.from.get(from) ?? 0));
  }

  fingerprint(hasher: Hasher): void {
    new StateWalker().add(hasher, this.total);
  }
}

/** Two states that hold the same and go on in different ways. */
class Rising {
  level = 0;

  get next(): number {
    return this.level + 1;
  }
}

class Doubling {
  level = 0;

  get next(): number {
    return 2 * this.level + 1;
  }
}

/** Chooses how to go on, and does so twice. */
class Chooser implements Actor {
  private way: Rising | Doubling | null = null;

  constructor(private readonly target: SharedObject) {}

  get level(): number {
    return this.way?.level ?? 0;
  }

  look(next: Pending): void {
    if (this.level < 2) next.ready(Kind.update, this.target, this.way === null ? 2 : 1);
    else next.idle();
  }

  run(outcome: number): void {
    if (this.way === null) this.way = outcome === 0 ? new Rising() : new Doubling();
    else this.way.level = this.way.next;
  }
}

describe('a state', () => {
  it('of actors that say nothing is told by what came before what, in the order of their objects', () => {
    const readers = (n: number): Kind[] => [Kind.write, ...Array.from({ length: n }, () => Kind.read)];
    const writers = (n: number): Kind[] => Array.from({ length: n }, () => Kind.write);
    // As many as there are traces.
    for (const n of [1, 2, 3, 4]) expect(searchStates(touching('readers', readers(n), false)).ends).toBe(2 ** n);
    for (const [n, factorial] of [1, 1, 2, 6, 24].entries()) {
      if (n > 0) expect(searchStates(touching('writers', writers(n), false)).ends).toBe(factorial);
    }
    // And of those that say all, by that: any set of them has written.
    expect(searchStates(touching('writers', writers(4), true))).toMatchObject({ ends: 1, states: 2 ** 4 });
  });

  it('has what is in the mailboxes of actors', () => {
    const world = defineWorld('posts', (w) => {
      const inbox = w.inbox<{ from: number }>('inbox');
      for (const from of [1, 2, 3])
        w.actor(
          `sender ${from}`,
          once(w, Kind.send, inbox.target, () => inbox.post({ from }), true),
        );
    });
    // Every sequence of different messages: 1 + 3 + 6 + 6.
    expect(searchStates(world)).toMatchObject({ states: 16, ends: 6 });
  });

  it('of an open world is kept and put back, with what is in its fields and mailboxes', () => {
    const world = (open: readonly string[] | null): World =>
      defineWorld(
        'counters',
        (w) => {
          const inbox = w.inbox<{ from: number }>('inbox');
          const total = { value: 0, from: new Map<number, number>() };
          for (const from of [1, 2]) w.actor(`sender ${from}`, new Sender(inbox, from));
          w.actor('receiver', new Receiver(inbox, total));
          w.state(total);
          w.always('at most two of one', () => [...total.from.values()].every((count) => count <= 2));
          w.sometimes('three', () => total.value === 3);
          w.alwaysEventually('all', () => total.value === 4);
          w.eventually('none of 2 before 1 is done', () => total.from.get(1) === 2 && !total.from.has(2));
        },
        open === null ? {} : { open },
      );
    const found = (['bfs', 'dfs-states'] as const).flatMap((order) =>
      (['kept', 'replayed'] as const).map((states) =>
        searchStates(world(states === 'kept' ? [] : null), { states, order, keepGoing: true }),
      ),
    );
    for (const each of found) {
      const { faults, reached, states, transitions, ends, depth } = each;
      const [first] = found;
      expect([states, transitions, ends, depth]).toEqual([first?.states, first?.transitions, first?.ends, 8]);
      expect(faults.map(({ property }) => property)).toEqual(['none of 2 before 1 is done']);
      expect([...reached]).toEqual(['three']);
    }
    expect(searchStates(world([]))).toMatchObject({ by: 'kept' });
    expect(() => searchStates(world(null), { states: 'kept' })).toThrow('counters is not open');
  });

  it('tells objects of different classes apart that hold the same', () => {
    const world = defineWorld('ways', (w) => void w.actor('chooser', new Chooser(w.object('level'))), { open: [] });
    // 0, and for either way 0, 1 and the last.
    expect(searchStates(world)).toMatchObject({ by: 'kept', states: 1 + 2 * 3 });
  });

  it('has what bodies share besides, if the world says that it is state', () => {
    const world = (says: boolean): World =>
      defineWorld('besides', (w) => {
        const x = w.variable('x');
        const order: string[] = [];
        for (const name of ['p', 'q', 'r']) {
          w.process(name, function* () {
            yield x.write(1);
            order.push(name);
          });
        }
        if (says) w.state(order);
      });
    expect(searchStates(world(false))).toMatchObject({ states: 2 ** 3, ends: 1 });
    // Every sequence of different names.
    expect(searchStates(world(true))).toMatchObject({ states: 1 + 3 + 6 + 6, ends: 6 });
  });

  it('of timers has whether one has fired early', () => {
    const world = defineWorld('timers', (w) => {
      const timer = w.timer('timer');
      const x = w.variable('x');
      w.process('p', function* () {
        yield timer.timeout();
        yield timer.timeout();
      });
      w.process('q', function* () {
        yield x.write(1);
      });
    });
    // Both end with two time-outs and a write; one of them may still have one early.
    expect(searchStates(world)).toMatchObject({ states: 7, ends: 2, coverage: { kind: 'proved' } });
  });
});

describe('the table of states', () => {
  it('has each fingerprint once, numbered in the order in which they came, however many there are', () => {
    const table = new StateTable(true);
    const fingerprints = Array.from({ length: 15_000 }, (_, each) => [Math.imul(each, 0x9e37_79b1) & 0x3fff, each % 5_000] as const);
    const distinct = new Map<string, number>();
    const wrong = [...fingerprints, ...fingerprints].filter(([low, high]) => {
      const known = distinct.get(`${low} ${high}`);
      const isNew = table.add(low, high);
      if (known === undefined) distinct.set(`${low} ${high}`, distinct.size);
      return isNew !== (known === undefined) || table.number !== (known ?? distinct.size - 1);
    });
    expect(wrong).toEqual([]);
    expect(table.count).toBe(distinct.size);
  });

  it('takes two zeros for a fingerprint like others', () => {
    const table = new StateTable(false);
    expect([table.add(0, 0), table.add(0, 0), table.add(0, 2)]).toEqual([true, false, true]);
  });
});
