/**
 * Processes under a scheduler: who may run, who is idle, who is blocked, and what waits inside an operation.
 */
import { describe, expect, it } from 'vitest';
import { DeadlockError, DefectError } from '../../src/base/errors.js';
import { type Body, BodyProcess, type PendingOperation, ProcessSystem, roundRobin, type Scheduler } from '../../src/runtime/process.js';

/** A body that appends to a log, once for each of the words. */
function* says(log: string[], ...words: string[]): Body {
  for (const word of words) yield { mode: 'update', object: 'log', text: `say ${word}`, run: () => void log.push(word) };
}

/** A body that takes what is in a box, for ever. */
function* takes(box: string[], log: string[]): Body {
  for (;;) {
    yield {
      mode: 'receive',
      object: 'box',
      text: 'take',
      when: () => box.length > 0,
      idle: true,
      run: () => void log.push(box.shift() ?? ''),
    };
  }
}

function process(name: string, ...bodies: Body[]): BodyProcess {
  const made = new BodyProcess(name);
  for (const body of bodies) made.start(body);
  return made;
}

describe('a system of processes', () => {
  it('describes each operation before it runs', () => {
    const log: string[] = [];
    const one = process('a', says(log, 'x'));
    const system = new ProcessSystem(() => [one], roundRobin());
    expect(system.pending()).toEqual([{ process: 'a', mode: 'update', object: 'log', text: 'say x', enabled: true }]);
    expect(log).toEqual([]);
  });

  it('lets them take turns by default', () => {
    const log: string[] = [];
    const processes = [process('a', says(log, 'a1', 'a2', 'a3')), process('b', says(log, 'b1')), process('c', says(log, 'c1', 'c2'))];
    new ProcessSystem(() => processes, roundRobin()).runUntil(() => false);
    expect(log).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
  });

  it('runs what the scheduler chooses, and nothing if it chooses nothing', () => {
    const log: string[] = [];
    const seen: string[][] = [];
    const processes = [process('a', says(log, 'a1', 'a2')), process('b', says(log, 'b1'))];
    const lastFirst: Scheduler = (choices) => {
      seen.push(choices.map(({ text }) => text));
      return log.length < 2 ? choices.length - 1 : null;
    };
    expect(new ProcessSystem(() => processes, lastFirst).runUntil(() => false)).toBe(false);
    expect(log).toEqual(['b1', 'a1']);
    expect(seen).toEqual([['say a1', 'say b1'], ['say a1'], ['say a2']]);
  });

  it('keeps what was run, so that it can be run again', () => {
    const run = (scheduler: Scheduler): { log: string[]; history: readonly PendingOperation[] } => {
      const log: string[] = [];
      const processes = [process('a', says(log, '1', '2')), process('b', says(log, '3', '4'))];
      const system = new ProcessSystem(() => processes, scheduler);
      system.runUntil(() => false);
      return { log, history: system.history };
    };
    const { log, history } = run((choices) => choices.length - 1);
    const replay = [...history];
    const replayed = run((choices) =>
      choices.findIndex(({ process: name }) => name === replay[0]?.process && replay.shift() !== undefined),
    );
    expect(replayed).toEqual({ log, history });
  });

  it('has an idle process wait for work in peace, and a blocked one be seen', () => {
    const box: string[] = [];
    const log: string[] = [];
    const server = process('server', takes(box, log));
    const system = new ProcessSystem(() => [server], roundRobin());
    expect(system.pending()).toEqual([]);
    box.push('one');
    expect(system.step()).toBe(true);
    expect(log).toEqual(['one']);
    expect(system.step()).toBe(false);

    const never: Body = (function* () {
      yield { mode: 'awaitReply', object: 'reply 1', text: 'be answered', when: () => false, run: () => undefined };
    })();
    const waiter = process('client', never);
    const client = new ProcessSystem(() => [waiter], roundRobin());
    expect(client.pending()).toMatchObject([{ process: 'client', enabled: false }]);
    expect(client.report()).toBe('nobody can go on\n  client waits to be answered (reply 1)');
  });

  it('carries bodies of one process out one after the other', () => {
    const log: string[] = [];
    const one = process('a', says(log, '1'), says(log), says(log, '2', '3'));
    const system = new ProcessSystem(() => [one], roundRobin());
    expect(system.runUntil(() => one.isDone)).toBe(true);
    expect(log).toEqual(['1', '2', '3']);
    one.start(says(log, '4'));
    expect(one.isDone).toBe(false);
    one.abandon();
    expect(one.isDone).toBe(true);
    expect(one.pending()).toBeNull();
  });

  it('refuses to run a process that can not', () => {
    expect(() => new BodyProcess('a').run()).toThrow(DefectError);
  });
});

describe('an operation that waits for others', () => {
  function* until(ready: () => boolean): Body<string> {
    yield { mode: 'awaitReply', object: 'others', text: 'see them ready', when: ready, run: () => undefined };
    return 'ready';
  }

  it('lets them run inside it, but not its own process, and gives its result', () => {
    const log: string[] = [];
    const waits: Body = (function* () {
      const run = (): void =>
        void log.push(
          system.inside(
            'a',
            until(() => log.includes('b2')),
          ),
        );
      yield { mode: 'update', object: 'log', text: 'wait', run };
      yield* says(log, 'a1');
    })();
    const processes = [process('a', waits), process('b', says(log, 'b1', 'b2', 'b3'))];
    const system = new ProcessSystem(() => processes, roundRobin());
    system.runUntil(() => false);
    expect(log.indexOf('ready')).toBeGreaterThan(log.indexOf('b2'));
    expect(log.indexOf('a1')).toBeGreaterThan(log.indexOf('ready'));
    expect(log).toHaveLength(5);
  });

  it('goes on only when the scheduler has it go on', () => {
    const log: string[] = [];
    const waits: Body = (function* () {
      yield {
        mode: 'update',
        object: 'log',
        text: 'wait',
        run: () =>
          void log.push(
            system.inside(
              'a',
              until(() => true),
            ),
          ),
      };
    })();
    const processes = [process('a', waits), process('b', says(log, 'b1'))];
    const system = new ProcessSystem(
      () => processes,
      (choices) => (choices[0]?.text === 'wait' ? 0 : choices.length - 1),
    );
    system.runUntil(() => false);
    expect(log).toEqual(['b1', 'ready']);
  });

  it('is a deadlock when nobody can go on, and says who waits', () => {
    const waits: Body = (function* () {
      yield {
        mode: 'update',
        object: 'log',
        text: 'wait',
        run: () =>
          void system.inside(
            'a',
            until(() => false),
          ),
      };
    })();
    const processes = [process('a', waits)];
    const system: ProcessSystem = new ProcessSystem(() => processes, roundRobin());
    expect(() => system.step()).toThrow(DeadlockError);
  });
});
