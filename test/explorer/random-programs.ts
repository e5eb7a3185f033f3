/**
 * Small random programs: generators that share variables, locks, conditions, mailboxes, answers and timers, and branch on what they read.
 *
 * The same seed gives the same program. Each has a theme of a few kinds of operations, so that what it does gets in each other's way.
 */
import { Prng } from '../../src/base/prng.js';
import type { Body } from '../../src/explorer/operation.js';
import type { ProcessHandle } from '../../src/explorer/shared-object.js';
import { defineWorld, type World, type WorldBuilder } from '../../src/explorer/world.js';

type Code =
  | 'read'
  | 'write'
  | 'update'
  | 'locked'
  | 'send'
  | 'receive'
  | 'choose'
  | 'wait'
  | 'signal'
  | 'broadcast'
  | 'reply'
  | 'awaitReply'
  | 'timeout'
  | 'assert'
  | 'branch';

interface Instruction {
  readonly code: Code;
  /** Which object of its type. */
  readonly which: number;
  readonly value: number;
  readonly body: readonly Instruction[];
  readonly other: readonly Instruction[];
}

interface Program {
  readonly bodies: readonly (readonly Instruction[])[];
  readonly bound: number;
  readonly objects: number;
  /** A main process spawns the others and joins them. */
  readonly hasMain: boolean;
}

const THEMES: readonly (readonly Code[])[] = [
  ['read', 'write'],
  ['read', 'write', 'update', 'branch', 'assert'],
  ['locked', 'read', 'write'],
  ['locked', 'locked', 'assert', 'write'],
  ['send', 'receive'],
  ['send', 'receive', 'write', 'read'],
  ['send', 'receive', 'branch', 'locked'],
  ['wait', 'signal', 'broadcast', 'write'],
  ['wait', 'signal', 'signal', 'broadcast', 'locked'],
  ['reply', 'awaitReply', 'write', 'read'],
  ['reply', 'awaitReply', 'awaitReply', 'branch'],
  ['choose', 'read', 'write', 'branch'],
  ['choose', 'locked', 'send', 'receive'],
  ['timeout', 'read', 'write'],
  ['timeout', 'send', 'receive', 'locked'],
  ['read', 'write', 'locked', 'send', 'receive', 'branch', 'update'],
];

/** The program of a seed, as a world. */
export function randomProgram(seed: number): World {
  const program = makeProgram(new Prng(seed));
  return defineWorld(`program ${seed}`, (w) => build(w, program), { summary: JSON.stringify(program) });
}

function makeProgram(prng: Prng): Program {
  const theme = THEMES[prng.below(THEMES.length)] ?? [];
  const hasMain = prng.below(5) === 0;
  const count = hasMain ? 2 : 2 + prng.below(3);
  const budget = count === 2 ? 6 : count === 3 ? 4 : 3;
  const bodies: Instruction[][] = [];
  for (let index = 0; index < count; index++) bodies.push(makeBlock(prng, theme, 1 + prng.below(budget)));
  return { bodies, bound: prng.below(2), objects: 1 + prng.below(2), hasMain };
}

function makeBlock(prng: Prng, theme: readonly Code[], budget: number, depth = 0): Instruction[] {
  const block: Instruction[] = [];
  for (let left = budget; left > 0; ) {
    const code = theme[prng.below(theme.length)] ?? 'read';
    const isNested = code === 'locked' || code === 'branch';
    if ((isNested && depth > 1) || (code === 'wait' && depth > 0)) continue;
    const size = isNested && left > 1 ? 1 + prng.below(Math.min(2, left - 1)) : 0;
    block.push({
      code,
      which: prng.below(2),
      value: prng.below(3),
      body: makeBlock(prng, theme, size, depth + 1),
      other: code === 'branch' ? makeBlock(prng, theme, size, depth + 1) : [],
    });
    left -= code === 'locked' || code === 'wait' ? 2 + size : Math.max(1, size);
  }
  return block;
}

function build(w: WorldBuilder, program: Program): void {
  const pool = makePool(w, program);
  const handles = program.bodies.map((body, index) =>
    w.process(
      `p${index}`,
      function* () {
        yield* run(w, pool, body, { value: index });
      },
      { spawned: program.hasMain },
    ),
  );
  if (program.hasMain) w.process('main', () => main(pool, handles));
}

function* main(pool: Pool, handles: readonly ProcessHandle[]): Body {
  for (const handle of handles) yield handle.spawn();
  yield pool.variables(0).update((value) => value + 1);
  for (const handle of handles) yield handle.join();
  yield pool.variables(0).write(7);
}

type Pool = ReturnType<typeof makePool>;

function makePool(w: WorldBuilder, { bound, objects }: Program) {
  const two = <T>(make: (index: number) => T): ((which: number) => T) => {
    const first = make(0);
    const second = objects === 2 ? make(1) : first;
    return (which) => (which === 0 ? first : second);
  };
  const variables = two((index) => w.variable(`x${index}`));
  const locks = two((index) => w.lock(`m${index}`));
  return {
    variables,
    locks,
    conditions: two((index) => w.condition(`c${index}`, locks(index))),
    mailboxes: two((index) => w.mailbox(`b${index}`, bound > 0 && index === 0 ? { bound } : {})),
    replies: two((index) => w.reply(`r${index}`)),
    timers: two((index) => w.timer(`t${index}`)),
    choice: w.choice('choice'),
  };
}

/** Locks that a nested block holds are not locked again. */
function* run(w: WorldBuilder, pool: Pool, block: readonly Instruction[], register: { value: number }, held = 0): Body {
  for (const { code, which, value, body, other } of block) {
    switch (code) {
      case 'read':
        register.value = yield pool.variables(which).read();
        break;
      case 'write':
        yield pool.variables(which).write(register.value + value);
        break;
      case 'update':
        register.value = yield pool.variables(which).update((old) => old + value);
        break;
      case 'locked': {
        const lock = pool.locks(which);
        const bit = lock === pool.locks(0) ? 1 : 2;
        if ((held & bit) === 0) yield lock.lock();
        yield* run(w, pool, body, register, held | bit);
        if ((held & bit) === 0) yield lock.unlock();
        break;
      }
      case 'send':
        yield pool.mailboxes(which).send(register.value + value);
        break;
      case 'receive':
        register.value = yield pool.mailboxes(which).receive();
        break;
      case 'choose':
        register.value = yield pool.choice.choose(2);
        break;
      case 'wait':
        yield pool.locks(which).lock();
        yield pool.conditions(which).wait();
        yield pool.locks(which).unlock();
        break;
      case 'signal':
        yield pool.conditions(which).signal();
        break;
      case 'broadcast':
        yield pool.conditions(which).broadcast();
        break;
      case 'reply':
        yield pool.replies(which).reply(value);
        break;
      case 'awaitReply':
        register.value = yield pool.replies(which).awaitReply();
        break;
      case 'timeout':
        yield pool.timers(which).timeout();
        break;
      case 'assert':
        w.assert(register.value !== value + 1, `${value} is right`);
        break;
      case 'branch':
        yield* run(w, pool, (register.value & 1) === 0 ? body : other, register, held);
        break;
    }
  }
}
