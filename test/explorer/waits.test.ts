/**
 * Who waits for whom, as a report names it: locks, joins, replies, conditions, mailboxes, and what actors say.
 */
import { describe, expect, it } from 'vitest';
import type { Pending } from '../../src/explorer/actor.js';
import { exactly, Recorder } from '../../src/explorer/recording.js';
import { report } from '../../src/explorer/report.js';
import { Kind } from '../../src/explorer/operation.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import { deadlockOf } from '../../src/explorer/waits.js';
import { lostWakeup } from '../../src/worlds/lessons.js';
import * as families from './families.js';
import { explained } from './explained.js';

describe('who waits for whom', () => {
  const deadlockIn = (world: World): string => {
    const text = report(explained(world, 1, 'deadlock'));
    return text.slice(text.indexOf('deadlock:')).split(/\n(?:race|no preemption|\d+ preemption)/)[0] ?? '';
  };

  it('is told for joins, replies, mailboxes and conditions', () => {
    const join = defineWorld('join', (w) => {
      const lock = w.lock('lock');
      const child = w.process(
        'child',
        function* () {
          yield lock.lock();
        },
        { spawned: true },
      );
      w.process('parent', function* () {
        yield lock.lock();
        yield child.spawn();
        yield child.join();
      });
    });
    expect(deadlockIn(join)).toBe('deadlock: child → parent → child\nchild waits for parent: lock lock\nparent waits for child: its end');

    const reply = defineWorld('reply', (w) => {
      const lock = w.lock('lock');
      const requests = w.mailbox('requests');
      const answer = w.reply('answer');
      w.process('client', function* () {
        yield lock.lock();
        yield requests.send(1);
        yield answer.awaitReply();
        yield lock.unlock();
      });
      const coin = w.choice('coin');
      w.process('server', function* () {
        yield requests.receive();
        if ((yield coin.choose(2)) === 1) yield lock.lock();
        yield answer.reply(1);
      });
    });
    expect(deadlockIn(reply)).toBe(
      'deadlock: client → server → client\nclient waits for server: an answer in answer\nserver waits for client: lock lock',
    );
  });

  it('tells that nobody is left to signal', () => {
    expect(deadlockIn(lostWakeup())).toMatch(/^deadlock: consumer \d → nobody\nconsumer \d waits for nobody: a signal of not empty/);
  });

  it('follows what actors say of themselves, nested waits included', () => {
    const actor = (waitsFor: string, text: string) => ({
      look: (next: Pending) => next.blocked(Kind.awaitReply, target),
      run: () => {},
      waitsFor: () => [waitsFor],
      describe: () => text,
    });
    let target = null as unknown as Parameters<Pending['blocked']>[1];
    const world = defineWorld('nested', (w) => {
      target = w.object('answers');
      w.actor('BQL actor', actor('PVG control', 'access 7 inside access 6, for their answers'));
      w.actor('PVG control', actor('BQL actor', 'mapMemory'));
      w.actor('vCPU', actor('BQL actor', 'the answer to its write'));
      const x = w.variable('x');
      w.process('other', function* () {
        yield x.write(1);
      });
    });
    expect(deadlockIn(world)).toBe(
      [
        'deadlock: BQL actor → PVG control → BQL actor',
        'BQL actor waits for PVG control: access 7 inside access 6, for their answers',
        'PVG control waits for BQL actor: mapMemory',
        'also stuck: vCPU waits for BQL actor: the answer to its write',
      ].join('\n'),
    );
  });

  it('is nothing as long as somebody can go on', () => {
    const recorder = new Recorder(families.mutex(3));
    const seen: unknown[] = [];
    recorder.record((execution) => {
      seen.push(deadlockOf(recorder));
      return execution.enabled[0] ?? -1;
    }, null);
    expect(seen).toEqual(Array(6).fill(null));
  });

  it('is told of locks at once, while others go on', () => {
    const world = defineWorld(
      'partial',
      (w) => {
        const [a, b, x] = [w.lock('a'), w.lock('b'), w.variable('x')];
        w.process('one', function* () {
          yield a.lock();
          yield b.lock();
        });
        w.process('two', function* () {
          yield b.lock();
          yield a.lock();
        });
        w.process('busy', function* () {
          for (;;) yield x.read();
        });
      },
      { maxSteps: 50 },
    );
    const recorder = new Recorder(world);
    const { failure, steps } = recorder.record(exactly([2, 0, 2, 1, 2, 2]), 'deadlock');
    expect([failure?.property, steps.length]).toEqual(['deadlock', 4]);
    expect(deadlockIn(world)).toBe('deadlock: one → two → one\none waits for two: lock b\ntwo waits for one: lock a');
  });
});
