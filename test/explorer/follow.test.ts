/**
 * Following a log: the execution in which every process took its messages as logged, and what is said if there is none.
 */
import { describe, expect, it } from 'vitest';
import type { Actor, Pending } from '../../src/explorer/actor.js';
import { follow, type LoggedQueue, LogMismatchError } from '../../src/explorer/follow.js';
import type { Inbox } from '../../src/explorer/inbox.js';
import { Kind } from '../../src/explorer/operation.js';
import { Recorder } from '../../src/explorer/recording.js';
import { replay } from '../../src/explorer/replay.js';
import type { SharedObject } from '../../src/explorer/shared-object.js';
import { defineWorld, type World } from '../../src/explorer/world.js';

/** Sends what it is told to; `peek` is a message that says what is on the board when it is sent. */
class Sender implements Actor {
  constructor(
    private readonly left: string[],
    private readonly inbox: Inbox<string>,
    private readonly board: { text: string },
  ) {}

  look(next: Pending): void {
    if (this.left.length > 0) next.ready(Kind.send, this.inbox.target);
    else next.idle();
  }

  run(): void {
    const text = this.left.shift() ?? '';
    this.inbox.post(text === 'peek' ? `peek ${this.board.text}` : text);
  }
}

/** Writes on the board, once, which no queue shows. */
class Writer implements Actor {
  constructor(
    private readonly board: { text: string },
    private readonly target: SharedObject,
  ) {}

  look(next: Pending): void {
    if (this.board.text === '') next.ready(Kind.update, this.target);
    else next.idle();
  }

  run(): void {
    this.board.text = 'written';
  }
}

class Taker implements Actor {
  readonly taken: string[] = [];

  constructor(private readonly inbox: Inbox<string>) {}

  look(next: Pending): void {
    if (this.inbox.length > 0) next.ready(Kind.drain, this.inbox.target);
    else next.idle();
  }

  run(): void {
    this.inbox.drain(this.taken, 64);
  }
}

/** Two senders, a writer and a taker. `open`: the world says where its state is. */
function makeWorld(open: boolean): {
  readonly world: World;
  queues(batches: readonly (readonly string[])[]): () => readonly LoggedQueue[];
} {
  let inbox: Inbox<string> | null = null;
  const world = defineWorld(
    'senders',
    (w) => {
      inbox = w.inbox<string>('post');
      const board = { text: '' };
      w.state(board);
      w.actor('writer', new Writer(board, w.object('board')));
      w.actor('one', new Sender(['a', 'peek'], inbox, board));
      w.actor('two', new Sender(['c'], inbox, board));
      w.actor('taker', new Taker(inbox));
      w.always('in time', () => inbox === null || inbox.length < 3);
    },
    open ? { open: ['touch'] } : {},
  );
  return { world, queues: (batches) => () => [{ name: 'post', taker: 'taker', batches, contents: () => inbox?.contents ?? [] }] };
}

describe.each([
  ['whose state is put back', true],
  ['that is executed anew', false],
])('in a world %s', (_, open) => {
  const { world, queues } = makeWorld(open);

  it('every batch is taken as it was', () => {
    const logs = [[['a'], ['c'], ['peek written']], [['a', 'c'], ['peek written']], [['c'], ['a', 'peek ']], [['c', 'a', 'peek written']]];
    for (const log of logs) {
      const { schedule, failures, execution } = follow(world, queues(log));
      expect(schedule.steps.filter(({ process }) => process === 'taker')).toHaveLength(log.length);
      expect(execution.enabledCount).toBe(0);
      expect(failures.map(({ property }) => property)).toEqual(log.length === 1 ? ['in time'] : []);
    }
  });

  it('a step that no queue shows is put off, and made earlier if the log needs it', () => {
    const late = follow(world, queues([['a'], ['peek '], ['c']]));
    expect(late.schedule.steps.at(-1)?.process).toBe('writer');
    expect(late.states).toBe(late.schedule.steps.length + 1);
    const early = follow(world, queues([['a'], ['peek written'], ['c']]));
    expect(early.schedule.steps.map(({ process }) => process)).toEqual(['one', 'taker', 'writer', 'one', 'taker', 'two', 'taker']);
  });

  it('what is found is a schedule that replays', () => {
    const { schedule } = follow(world, queues([['c'], ['a', 'peek written']]));
    const { recording, divergences } = replay(new Recorder(world), schedule);
    expect(divergences).toEqual([]);
    expect(recording.steps).toHaveLength(schedule.steps.length);
  });

  it.each([
    [
      'has two messages of one sender the other way round',
      [['peek written'], ['a'], ['c']],
      /post gets a, and the log has peek written as its message 1/,
    ],
    ['lacks a message', [['a'], ['peek written']], /post gets c, and the log has nothing as its message 3/],
    ['has one that nobody sends', [['a'], ['c'], ['peek written'], ['d']], /taker is to take d \(batch 4 of 4\), and post holds nothing/],
    ['has something else in one', [['a'], ['c'], ['peek erased']], /at step \d+\n {2}taker is to take peek erased/],
    ['has an empty batch', [['a'], [], ['c', 'peek written']], /taker takes \d at once, and the log has 0 in batch 2/],
  ])('a log that %s is not followed, and it is said where', (_name, log, said) => {
    expect(() => follow(world, queues(log))).toThrow(LogMismatchError);
    expect(() => follow(world, queues(log))).toThrow(said);
  });

  it('a log is given up after so many states', () => {
    expect(() => follow(world, queues([['a'], ['c'], ['peek written']]), { maxStates: 3 })).toThrow(/given up after 3 states/);
  });
});

it('a taker that takes one at a time is told so by batches of one', () => {
  // The taker of this world drains, so two messages that are there are taken together.
  const { world, queues } = makeWorld(true);
  const together = follow(world, queues([['a', 'c'], ['peek written']]));
  const apart = follow(world, queues([['a'], ['c'], ['peek written']]));
  expect(together.schedule.steps.length).toBe(apart.schedule.steps.length - 1);
});
