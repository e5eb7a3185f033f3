/**
 * Small random open worlds of actors, of which some are interchangeable: they refer to each other in tokens, queues and messages, and go round for
 * ever. With the plainest search of their states there is, each as a text for every way to exchange them.
 */
import { Prng } from '../../src/base/prng.js';
import type { Actor, Pending } from '../../src/explorer/actor.js';
import { Execution, PROCESS_MASK } from '../../src/explorer/execution.js';
import type { Inbox } from '../../src/explorer/inbox.js';
import { Kind } from '../../src/explorer/operation.js';
import type { SharedObject } from '../../src/explorer/shared-object.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import type { NaiveStates } from './naive-states.js';

const CODES = [
  'add',
  'read',
  'claim',
  'release',
  'enqueue',
  'leave',
  'post',
  'take',
  'choose',
  'back',
  'friend',
  'lend',
  'repay',
  'ponder',
] as const;

interface Act {
  readonly code: (typeof CODES)[number];
  readonly which: number;
}

interface Message {
  readonly from: Runner | null;
  readonly value: number;
}

interface Mind {
  register: number;
  readonly depth: { pondered: number };
}

/** What the actors of a world share. */
class Pool {
  readonly cells = new Int32Array(2);
  readonly tokens: (Runner | null)[] = [null];
  readonly queue: Runner[] = [];
  /** The mind of the last one who lent it. */
  lent: Mind | null = null;

  constructor(readonly inbox: Inbox<Message>) {}
}

export class Runner implements Actor {
  at = 0;
  /** What it has seen, in an object of its own. */
  readonly mind: Mind = { register: 0, depth: { pondered: 0 } };
  /** Another that it has heard of. */
  friend: Runner | null = null;

  constructor(
    private readonly pool: Pool,
    private readonly script: readonly Act[],
    private readonly target: SharedObject,
  ) {}

  look(next: Pending): void {
    const { pool, target } = this;
    const act = this.script[this.at];
    if (act === undefined) return next.idle();
    const token = pool.tokens[0];
    const waits =
      (act.code === 'claim' && token !== null && token !== this) ||
      (act.code === 'leave' && pool.queue.includes(this) && pool.queue[0] !== this) ||
      (act.code === 'take' && pool.inbox.length === 0);
    if (!waits) next.ready(Kind.update, target, act.code === 'choose' ? 2 : 1);
    else if (act.code === 'take') next.idle(pool.inbox.target);
    else next.blocked(Kind.read, target);
  }

  run(outcome: number): void {
    const { pool, mind } = this;
    const { cells, tokens, queue, inbox } = pool;
    const { code, which } = this.script[this.at] as Act;
    this.at++;
    switch (code) {
      case 'add':
        cells[which] = ((cells[which] ?? 0) + 1) % 3;
        return;
      case 'read':
        mind.register = cells[which] ?? 0;
        return;
      case 'claim':
        tokens[0] = this;
        return;
      case 'release':
        if (tokens[0] === this) tokens[0] = null;
        return;
      case 'enqueue':
        if (!queue.includes(this)) queue.push(this);
        return;
      case 'leave':
        if (queue[0] === this) queue.shift();
        return;
      case 'post':
        if (inbox.length < 2) inbox.post({ from: which === 0 ? this : null, value: mind.register });
        return;
      case 'take': {
        const message = inbox.take();
        this.friend = message?.from ?? null;
        mind.register = message?.from === this ? 2 : (message?.value ?? 0);
        return;
      }
      case 'choose':
        mind.register = outcome;
        return;
      case 'back':
        if (mind.register === which) this.at = 0;
        return;
      case 'lend':
        pool.lent = mind;
        return;
      case 'repay':
        if (pool.lent !== null) pool.lent.register = which;
        return;
      case 'ponder':
        mind.depth.pondered = mind.register;
        mind.register = 0;
        return;
      case 'friend':
        if (this.friend !== null) this.friend.mind.register = which;
    }
  }
}

/** The world of a seed, and whether some of its actors are taken as interchangeable. */
export function openActors(seed: number): World {
  const prng = new Prng(seed);
  const members = 2 + prng.below(2);
  const acts = (length: number): Act[] =>
    Array.from({ length }, () => ({ code: CODES[prng.below(CODES.length)] ?? 'add', which: prng.below(2) }));
  const script = acts(members === 2 ? 1 + prng.below(3) : 1);
  // Some of them differ in nothing that is easily seen, and some ask until they are told something else.
  if (prng.below(3) === 0) script.push({ code: 'choose', which: 0 }, { code: 'ponder', which: 0 });
  else if (prng.below(3) > 0) script.push({ code: 'read', which: prng.below(2) }, { code: 'back', which: prng.below(2) });
  const other = prng.below(2) === 0 ? null : acts(1);
  const [bad, good] = [prng.below(3), 1 + prng.below(2)];
  return defineWorld(
    `open ${seed}`,
    (w) => {
      const pool = new Pool(w.inbox<Message>('inbox'));
      w.state({ unused: 0 }, pool);
      // The one that is not like the others is in between.
      const make = (name: string, does: readonly Act[]) => w.actor(name, new Runner(pool, does, w.object(`target of ${name}`)));
      const first = make('m0', script);
      if (other !== null) make('other', other);
      const rest = Array.from({ length: members - 1 }, (_, index) => make(`m${index + 1}`, script));
      w.interchangeable(first, ...rest);
      w.always('not both', () => pool.cells[0] !== 2 || pool.cells[1] !== bad);
      w.alwaysEventually('queue is empty', () => pool.queue.length === 0);
      w.eventually('cell', () => pool.cells[0] === good);
      w.sometimes('posted', () => pool.inbox.length > 0);
    },
    { summary: JSON.stringify([script, other]), open: ['script', 'touch'] },
  );
}

/** All states, and for each a schedule that leads to it and which it is if it does not count who is who. */
export interface NaiveOpenStates extends NaiveStates {
  readonly ways: { readonly schedule: readonly number[]; readonly orbit: string }[];
}

/** Of such a world; null if there are more than so many. */
export function naiveOpenStates(world: World, most: number): NaiveOpenStates | null {
  const execution = new Execution(world);
  execution.begin();
  const { builder } = execution;
  const [group = []] = builder.symmetric;
  const everybody = builder.processes.map((_, process) => process);
  const exchanges = permutations(group).map((order) =>
    everybody.map((each) => (group.includes(each) ? (order[group.indexOf(each)] ?? 0) : each)),
  );
  const text = (exchange: readonly number[]): string => {
    const actors = exchange.map((process) => builder.processes[process]?.actor as Runner);
    const name = (actor: Runner | null): number => (actor === null ? -1 : actors.indexOf(actor));
    const { cells, tokens, queue, inbox, lent } = builder.states[1] as Pool;
    const held = builder.properties.map(({ kind }, property) => kind === 'eventually' && execution.held[property] === true);
    return JSON.stringify([
      actors.map(({ at, mind, friend }) => [at, mind.register, mind.depth.pondered, name(friend)]),
      [
        [...cells],
        tokens.map(name),
        queue.map(name),
        inbox.contents.map(({ from, value }) => [name(from), value]),
        actors.findIndex(({ mind }) => mind === lent),
      ],
      [exchange.map((process) => execution.status[process]), held],
    ]);
  };
  const found: NaiveOpenStates = {
    ...{ states: 0, transitions: 0, depth: 0, ends: 0, deadlocks: 0 },
    ...{ faults: new Map<string, number>(), orbits: new Set<string>(), graph: [], ways: [] },
  };
  const seen = new Map<string, number>();
  const queue: number[][] = [];
  const go = (schedule: readonly number[]): void => {
    execution.begin();
    for (const choice of schedule) execution.step(choice);
  };
  const visit = (schedule: number[]): number => {
    go(schedule);
    for (const { property, step } of execution.failures)
      if (step === schedule.length && !found.faults.has(property)) found.faults.set(property, step);
    const texts = exchanges.map(text);
    const [state = ''] = texts;
    const known = seen.get(state);
    if (known !== undefined) return known;
    seen.set(state, found.states);
    const [orbit = ''] = texts.sort();
    found.orbits.add(orbit);
    found.ways.push({ schedule, orbit });
    const fulfilled = builder.properties.map(({ kind, holds }, property) =>
      kind === 'eventually' ? execution.held[property] === true : holds() === true,
    );
    found.graph.push({ edges: [], fulfilled });
    queue.push(schedule);
    return found.states++;
  };
  visit([]);
  for (let state = 0; state < queue.length; state++) {
    const schedule = queue[state] ?? [];
    go(schedule);
    for (const choice of [...execution.enabled.slice(0, execution.enabledCount)]) {
      found.transitions++;
      const to = visit([...schedule, choice]);
      found.graph[state]?.edges.push({ process: choice & PROCESS_MASK, to });
    }
    if (found.states > most) return null;
  }
  return found;
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}
