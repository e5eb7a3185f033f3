/**
 * Small programs at random: variables, locks, conditions, mailboxes, replies, choices, branches and loops on what was read.
 */
import { Prng } from '../../src/base/prng.js';
import type { ProgramBuilder } from '../../src/explorer/programs/program-builder.js';
import type { Local } from '../../src/explorer/programs/term.js';
import { defineWorld, type World, type WorldBuilder } from '../../src/explorer/world.js';

const range = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

function objectsOf(w: WorldBuilder) {
  const locks = range(2).map((i) => w.lock(`l${i}`));
  return {
    locks,
    variables: range(3).map((i) => w.variable(`x${i}`, i)),
    conditions: locks.map((lock, i) => w.condition(`c${i}`, lock)),
    boxes: [w.mailbox('bounded', { bound: 1 }), w.mailbox('unbounded')],
    replies: [w.reply('r')],
    choice: w.choice('choice'),
  };
}
export type Objects = ReturnType<typeof objectsOf>;

/** Writes one program; the same for the same number. */
class Author {
  private readonly prng: Prng;
  private readonly locals: readonly Local[];

  constructor(
    private readonly p: ProgramBuilder,
    private readonly o: Objects,
    seed: number,
    /** Locks that the process has, of which it must not take one again. */
    private readonly has: number[] = [],
  ) {
    this.prng = new Prng(seed);
    this.locals = [p.local(), p.local(1)];
  }

  statements(count: number, depth: number): void {
    for (let each = 0; each < count; each++) this.statement(depth);
  }

  private of<T>(list: readonly T[]): T {
    return list[this.prng.below(list.length)] as T;
  }

  private statement(depth: number): void {
    const { p, o } = this;
    const t = this.of(this.locals);
    const u = this.of(this.locals);
    switch (this.prng.below(depth > 0 ? 18 : 12)) {
      case 0:
        return p.read(this.of(o.variables), t);
      case 1:
        return p.write(this.of(o.variables), t.plus(this.prng.below(2)).modulo(3));
      case 2:
        return p.update(this.of(o.variables), (old) => old.plus(t).modulo(3), u);
      case 3:
        return p.update(p.at(o.variables, t.plus(u).modulo(3)), (old) => old.isNot(t));
      case 4:
        return p.send(this.of(o.boxes), t);
      case 5:
        return p.receive(this.of(o.boxes), t);
      case 6:
        return p.reply(this.of(o.replies), t.plus(1));
      case 7:
        return p.awaitReply(this.of(o.replies), t);
      case 8:
        return p.choose(o.choice, 2, t);
      case 9:
        return p.signal(this.of(o.conditions));
      case 10:
        return p.broadcast(this.of(o.conditions));
      case 11:
        return p.assert(t.isNot(2).or(u.below(2)), 'the locals are what they should be');
      case 12:
      case 13:
        return p.if(t.is(u), () => this.statements(1, depth - 1), this.prng.below(2) === 0 ? () => this.statement(depth - 1) : null);
      case 14:
        return p.while(t.below(u), () => {
          this.statement(0);
          p.read(this.of(o.variables), t);
        });
      default:
        return this.section(depth);
    }
  }

  private section(depth: number): void {
    const { p, o } = this;
    const lock = this.prng.below(o.locks.length);
    const [taken, condition] = [o.locks[lock], o.conditions[lock]];
    if (this.has.includes(lock) || taken === undefined || condition === undefined) return;
    this.has.push(lock);
    p.lock(taken);
    if (this.prng.below(3) === 0) p.wait(condition);
    this.statements(1, depth - 1);
    p.unlock(taken);
    this.has.pop();
  }
}

/** A world of two or three random programs. `same`: all of one program, interchangeable. `watch` may declare something of their objects. */
export function randomProgram(seed: number, same = false, watch: (w: WorldBuilder, objects: Objects) => void = () => {}): World {
  return defineWorld(`random program ${seed}`, (w) => {
    const objects = objectsOf(w);
    const prng = new Prng(seed);
    const processes = range(2 + prng.below(2)).map((i) => {
      const size = same && i > 0 ? 0 : prng.below(3);
      const own = same ? seed : seed * 31 + i;
      return w.program(`p${i}`, (p) => new Author(p, objects, own).statements(2 + (same ? seed % 3 : size), 2));
    });
    if (!same && prng.below(2) === 0) {
      const child = w.program('child', (p) => new Author(p, objects, seed * 31 + 9).statements(2, 1), { spawned: true });
      w.program('parent', (p) => {
        p.spawn(child);
        p.join(child);
      });
    }
    if (same) w.interchangeable(...processes);
    const [x] = objects.variables;
    w.always('x0 is not 2', () => x?.value !== 2);
    watch(w, objects);
  });
}
