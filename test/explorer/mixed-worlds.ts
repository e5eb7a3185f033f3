/**
 * Random worlds with a bit of everything, for what must hold of any schedule: variables, locks, conditions, mailboxes, replies, choices, timers.
 *
 * Most of them can deadlock. Each breaks the property `rare` at the end of one state, which is told by `target`.
 */
import { Prng } from '../../src/base/prng.js';
import { explore, type Found } from '../../src/explorer/explore.js';
import type { Body } from '../../src/explorer/operation.js';
import { DepthFirst } from '../../src/explorer/strategies/depth-first.js';
import { RandomWalk } from '../../src/explorer/strategies/random-walk.js';
import { defineWorld, type World } from '../../src/explorer/world.js';

interface Shape {
  readonly processes: number;
  readonly operations: number;
  /** The last of the kinds of operations below that it has. */
  readonly kinds: number;
}

export interface MixedWorld {
  readonly world: World;
  /** Says which final state breaks `rare`. */
  aim(state: string): void;
  /** The state that the last execution ended in. */
  readonly state: () => string;
}

export function mixedWorld(seed: number, { processes, operations, kinds }: Shape): MixedWorld {
  const prng = new Prng(seed);
  const programs = Array.from({ length: 2 + prng.below(processes - 1) }, () =>
    Array.from({ length: 1 + prng.below(operations) }, () => [prng.below(kinds), prng.below(2), 1 + prng.below(5)] as const),
  );
  let target = '';
  let state = '';
  const world = defineWorld(`mixed ${seed}`, (w) => {
    const variables = [w.variable('x'), w.variable('y')] as const;
    const locks = [w.lock('l'), w.lock('m')] as const;
    const condition = w.condition('c', locks[0]);
    const mailbox = w.mailbox('box', { bound: 2 });
    const reply = w.reply('r');
    const coin = w.choice('coin');
    const timer = w.timer('t');
    const seen: number[] = [];
    programs.forEach((program, process) => {
      w.process(`p${process}`, function* (): Body {
        let known = 0;
        for (const [kind, which, value] of program) {
          const x = variables[which === 0 ? 0 : 1];
          const lock = locks[which === 0 ? 0 : 1];
          if (kind === 0) known = known * 7 + (yield x.read());
          else if (kind === 1) yield x.write(known + value);
          else if (kind === 2) known += yield x.update((before) => before * 3 + value);
          else if (kind === 3) {
            yield lock.lock();
            yield x.write((yield x.read()) * 5 + value);
            yield lock.unlock();
          } else if (kind === 4) yield mailbox.send(value);
          else if (kind === 5) known = known * 3 + (yield coin.choose(2));
          else if (kind === 6) known = known * 11 + (yield mailbox.receive());
          else if (kind === 7) {
            yield locks[0].lock();
            yield condition.wait();
            yield locks[0].unlock();
          } else if (kind === 8) yield condition.broadcast();
          else if (kind === 9) known += yield reply.awaitReply();
          else if (kind === 10) yield reply.reply(value);
          else yield timer.timeout();
          seen[process] = known;
        }
      });
    });
    w.alwaysEventually('rare', () => {
      state = `${variables[0].value} ${variables[1].value} / ${seen.join()}`;
      return state !== target;
    });
  });
  return {
    world,
    aim: (wanted) => {
      target = wanted;
    },
    state: () => state,
  };
}

/** Has the world break `rare` in the state that so many random walks ended in least often; how it was found. */
export function findRare(mixed: MixedWorld, seed: number, walks = 300): Found | null {
  const counts = new Map<string, number>();
  const onExecution = (): void => void counts.set(mixed.state(), (counts.get(mixed.state()) ?? 0) + 1);
  explore(mixed.world, new RandomWalk({ seed }), { schedules: walks, keepGoing: true, onExecution });
  const [rarest] = [...counts].sort(([, a], [, b]) => a - b);
  mixed.aim(rarest?.[0] ?? '');
  const { faults } = explore(mixed.world, new RandomWalk({ seed }), { schedules: walks, keepGoing: true });
  return faults.find(({ property }) => property === 'rare') ?? null;
}

/** Every schedule, without anything that would stop it. */
export function everySchedule(world: World, onExecution: Parameters<typeof explore>[2] & object): ReturnType<typeof explore> {
  return explore(world, new DepthFirst(), { keepGoing: true, ...onExecution });
}
