/**
 * Small random worlds of actors: each goes through a script of steps that take from inboxes, post to others, and touch variables, several
 * objects in one step, and which ones depends on what it read and on outcomes that nobody determines.
 */
import { Prng } from '../../src/base/prng.js';
import type { Actor, Pending } from '../../src/explorer/actor.js';
import type { Inbox } from '../../src/explorer/inbox.js';
import { Kind } from '../../src/explorer/operation.js';
import type { SharedObject } from '../../src/explorer/shared-object.js';
import { defineWorld, type World, type WorldBuilder } from '../../src/explorer/world.js';

interface Act {
  readonly code: 'post' | 'read' | 'write' | 'add' | 'enqueue' | 'signal';
  readonly which: number;
}

interface Step {
  /** It waits for a message in this inbox: -1 for none, -2 for a variable that is not 0, -3 for a signal. */
  readonly inbox: number;
  /** It takes one of the messages, or two, or looks whether there is one. */
  readonly taking: 'take' | 'drain' | 'poll';
  readonly outcomes: number;
  readonly acts: readonly Act[];
}

interface Cell {
  value: number;
  readonly target: SharedObject;
}

/** What the actors of a world share. */
export interface Pool {
  readonly w: WorldBuilder;
  readonly inboxes: readonly Inbox<number>[];
  readonly cells: readonly Cell[];
  readonly condition: SharedObject;
  /** Those that wait for a signal, first come first. */
  readonly waiting: ScriptActor[];
  /** Messages posted so far, and times that `x` was changed; no part of the state. */
  readonly sums: { posts: number; changes: number };
}

class ScriptActor implements Actor {
  at = 0;
  register = 0;
  isWaiting = false;
  private readonly batch: number[] = [];

  constructor(
    private readonly pool: Pool,
    private readonly own: SharedObject,
    private readonly steps: readonly Step[],
  ) {}

  look(next: Pending): void {
    const step = this.steps[this.at];
    if (step === undefined) {
      next.idle();
      return;
    }
    const inbox = this.pool.inboxes[step.inbox];
    const cell = this.pool.cells[0];
    if (inbox !== undefined && inbox.length === 0 && step.taking !== 'poll') next.idle(inbox.target);
    else if (step.inbox === -2 && cell !== undefined && cell.value === 0) next.blocked(Kind.read, cell.target);
    else if (this.isWaiting) next.blocked(Kind.wake, this.pool.condition);
    else next.ready(Kind.update, inbox?.target ?? this.own, step.outcomes);
  }

  run(outcome: number): void {
    const { w, inboxes, cells, condition } = this.pool;
    const step = this.steps[this.at++];
    if (step === undefined) return;
    const inbox = inboxes[step.inbox];
    if (inbox !== undefined && step.taking !== 'take') {
      this.batch.length = 0;
      inbox.drain(this.batch, step.taking === 'drain' ? 2 : 1);
      for (const message of this.batch) this.register += message;
    } else if (inbox !== undefined) this.register += inbox.take() ?? 5;
    if (step.inbox === -2 && cells[0] !== undefined) this.access(cells[0], Kind.read);
    if (step.inbox === -3) w.touch(Kind.wake, condition);
    for (const act of step.acts) this.act(act, outcome);
  }

  private act({ code, which }: Act, outcome: number): void {
    const { w, inboxes, cells, condition, waiting, sums } = this.pool;
    const cell = cells[(which + this.register + outcome) % cells.length];
    switch (code) {
      case 'post':
        inboxes[(which + outcome) % inboxes.length]?.post(this.register % 3);
        sums.posts++;
        break;
      case 'read':
        if (cell !== undefined) this.register += this.access(cell, Kind.read);
        break;
      case 'write':
        if (cell !== undefined) {
          this.access(cell, Kind.write);
          cell.value = which;
          if (cell === cells[0]) sums.changes++;
        }
        break;
      case 'add':
        if (cell !== undefined) cell.value = (this.access(cell, Kind.update) + 1) % 3;
        break;
      case 'enqueue':
        if (this.isWaiting) break;
        w.touch(Kind.enqueue, condition);
        waiting.push(this);
        this.isWaiting = true;
        break;
      case 'signal': {
        w.touch(which === 0 ? Kind.signal : Kind.broadcast, condition);
        const woken = waiting.splice(0, which === 0 ? 1 : waiting.length);
        for (const actor of woken) actor.isWaiting = false;
        break;
      }
    }
  }

  private access(cell: Cell, kind: Kind): number {
    this.pool.w.touch(kind, cell.target);
    return cell.value;
  }
}

/** Fields that hold no state that counts, for a world that is open. */
export const STATELESS: readonly string[] = ['w', 'touch', 'steps', 'sums'];

interface ActorOptions {
  readonly open?: readonly string[];
  /** May declare something of what the actors share. */
  readonly watch?: (w: WorldBuilder, pool: Pool) => void;
}

/** The world of a seed. */
export function randomActors(seed: number, { open, watch }: ActorOptions = {}): World {
  const prng = new Prng(seed);
  const count = 2 + prng.below(2);
  const hasConditions = prng.below(3) === 0;
  const scripts = Array.from({ length: count }, () => makeScript(prng, hasConditions, 1 + prng.below(count === 2 ? 4 : 3)));
  const posted = prng.below(3);
  return defineWorld(
    `actors ${seed}`,
    (w) => {
      const inboxes = [w.inbox<number>('a'), w.inbox<number>('b')];
      const cells = ['x', 'y'].map((name, index) => ({ value: index, target: w.object(name) }));
      const pool: Pool = { w, inboxes, cells, condition: w.object('condition'), waiting: [], sums: { posts: 0, changes: 0 } };
      for (let index = 0; index < posted; index++) inboxes[0]?.post(index);
      for (const [index, steps] of scripts.entries()) w.actor(`p${index}`, new ScriptActor(pool, w.object(`own ${index}`), steps));
      w.alwaysEventually('x is not 2', () => cells[0]?.value !== 2);
      watch?.(w, pool);
    },
    { summary: JSON.stringify(scripts), ...(open && { open }) },
  );
}

function makeScript(prng: Prng, hasConditions: boolean, length: number): Step[] {
  const steps: Step[] = [];
  while (steps.length < length) {
    const acts = Array.from({ length: 1 + prng.below(2) }, () => makeAct(prng, hasConditions));
    const inbox = prng.below(5) - 2;
    steps.push({
      inbox,
      taking: (['take', 'drain', 'poll'] as const)[prng.below(3)] ?? 'take',
      outcomes: prng.below(5) === 0 ? 2 : 1,
      acts,
    });
    // Who queues waits next.
    if (acts.some(({ code }) => code === 'enqueue')) steps.push({ inbox: -3, taking: 'take', outcomes: 1, acts: [makeAct(prng, false)] });
  }
  return steps;
}

function makeAct(prng: Prng, hasConditions: boolean): Act {
  const codes = hasConditions
    ? (['post', 'read', 'write', 'enqueue', 'signal'] as const)
    : (['post', 'read', 'write', 'add', 'post'] as const);
  return { code: codes[prng.below(codes.length)] ?? 'read', which: prng.below(2) };
}
