/**
 * What is said about a failure: which race makes the difference, on at most 25 lines of 120 columns.
 */
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/explorer/explain.js';
import { Recorder } from '../../src/explorer/recording.js';
import { replay } from '../../src/explorer/replay.js';
import { REPORT_COLUMNS, REPORT_LINES, report } from '../../src/explorer/report.js';
import { parseSchedule } from '../../src/explorer/schedule-text.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import { bank, lostWakeup, philosophers } from '../../src/worlds/lessons.js';
import * as families from './families.js';
import { findRare, mixedWorld } from './mixed-worlds.js';
import { explained } from './explained.js';

const withoutSites = (text: string): string => text.replace(/ \([^()]*:\d+:\d+\)/g, '');

describe('a report', () => {
  it('of a lost update shows the race, the schedule that passes and the command', () => {
    expect(withoutSites(report(explained(bank()), { foundBy: 'random in execution 1, seed 1' })).split('\n')).toEqual([
      'bank breaks "no deposit is lost": the balance is 110, not 130',
      'found by random in execution 1, seed 1; 4 steps, 1 preemption',
      '',
      ' step   alice                 bob',
      '    1   [read balance → 100]',
      '  2-3 !                       read balance → 100, [write balance = 120]',
      '    4   write balance = 110',
      '',
      'race: alice: read balance → 100',
      '      before bob: write balance = 120',
      '      with these two the other way round, it passes:',
      '      s1/bank/bob:read.balance,write.balance/alice:read.balance,write.balance',
      '1 preemption; all 2 schedules with none pass',
      '',
      'npx apple-gfx replay s1/bank/alice:read.balance/bob:read.balance,write.balance/alice:write.balance',
    ]);
  });

  it('of a deadlock shows the cycle by names, and what was waited for', () => {
    const text = report(explained(philosophers()));
    expect(text).toContain('deadlock: philosopher 0 → philosopher 1 → philosopher 2 → philosopher 0');
    expect(text).toContain('philosopher 2 waits for philosopher 0: lock fork 0');
    expect(text).toMatch(/ {2}end {3}waits: \[?lock fork 1\]? +waits: \[?lock fork 2\]? +waits: \[?lock fork 0\]?/);
  });

  it('shows both places in the source', () => {
    const text = report(explained(bank()));
    expect(text).toMatch(/race: alice: read balance → 100 \([^ ]*lessons\.ts:\d+:\d+\)/);
    expect(text).toMatch(/before bob: write balance = 120 \([^ ]*lessons\.ts:\d+:\d+\)/);
  });

  it('has at most 25 lines of 120 columns, whatever it is about', () => {
    const worlds: World[] = [bank(), philosophers(), lostWakeup(), families.counter(4), families.philosophersWithMain(4)];
    for (const n of [7, 10]) worlds.push(families.philosophers(n));
    worlds.push(longNames(), manySteps(30), manySteps(100), manyProcesses(16));
    for (const world of worlds) {
      const text = report(explained(world), {
        foundBy: `random ${'in one of many executions '.repeat(5)}`,
        module: './a path/with spaces.mjs',
      });
      const lines = text.split('\n');
      expect(lines.length, text).toBeLessThanOrEqual(REPORT_LINES);
      expect(Math.max(...lines.map((line) => line.length)), text).toBeLessThanOrEqual(REPORT_COLUMNS);
      expect(lines[0]).toMatch(/ breaks "/);
      expect(text).toContain('apple-gfx replay ');
    }
    for (let seed = 1; seed <= 15; seed++) {
      const mixed = mixedWorld(seed, { processes: 8, operations: 8, kinds: 12 });
      const fault = findRare(mixed, seed, 30);
      if (fault === null) continue;
      const lines = report(explain(mixed.world, fault, { shrinkReplays: 20, certificateSchedules: 100 })).split('\n');
      expect(lines.length).toBeLessThanOrEqual(REPORT_LINES);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(REPORT_COLUMNS);
    }
  });

  it('is made of failures without steps, and of executions that were cut off', () => {
    const never = defineWorld('never', (w) => {
      const x = w.variable('x');
      w.process('p', function* () {
        yield x.read();
      });
      w.always('x is 1', () => x.value === 1);
    });
    const text = report(explained(never));
    expect(text.split('\n')).toEqual([
      'never breaks "x is 1": x is 1 does not hold',
      '0 steps, 0 preemptions',
      '',
      ' step',
      '',
      'no preemption: no schedule has fewer',
      '',
      'npx apple-gfx replay s1/never',
    ]);
    expect(replay(new Recorder(never), parseSchedule('s1/never')).recording).toMatchObject({ steps: [], failure: { property: 'x is 1' } });

    const busy = defineWorld(
      'busy',
      (w) => {
        const x = w.variable('x');
        for (const name of ['p', 'q']) {
          w.process(name, function* () {
            for (;;) yield x.update((before) => before + 1);
          });
        }
      },
      { maxSteps: 1000 },
    );
    const lines = report(explained(busy)).split('\n');
    expect(lines[0]).toBe('busy breaks "steps": the execution has not ended after 1000 steps');
    expect(lines.length).toBeLessThanOrEqual(REPORT_LINES);
  });

  it('says so if it goes on for ever', () => {
    const spin = defineWorld('spin', (w) => {
      const x = w.variable('x');
      w.process('p', function* () {
        while ((yield x.read()) === 0);
      });
      w.eventually('x is 1', () => x.value === 1);
    });
    const fault = { property: 'x is 1', message: 'it never is', step: 3, schedule: [0, 0, 0], cycleFrom: 1 };
    const explanation = explain(spin, fault);
    expect(explanation).toMatchObject({ reproduced: true, cycleFrom: 1, schedule: 's1/spin/p:3.read.x' });
    expect(report(explanation)).toContain('and so on for ever: steps 2-3 again and again');
  });

  it('breaks a long command so that a shell puts it together again', () => {
    const explanation = explained(manySteps(30));
    const text = report(explanation, { module: "it's.mjs" });
    const command = text.slice(text.indexOf('npx apple-gfx replay')).replace(/\\\n/g, '');
    expect(command).toBe(`npx apple-gfx replay ${explanation.schedule} 'it'\\''s.mjs'`);
    expect(text).toMatch(/\\\n/);
  });

  it('saves a schedule that is longer than a few lines, and names its file', () => {
    const explanation = { ...explained(bank()), schedule: `s1z/bank/${'A'.repeat(600)}` };
    let saved = '';
    const save = (schedule: string): string => {
      saved = schedule;
      return '/tmp/steps.schedule';
    };
    expect(report(explanation, { save })).toMatch(/\nnpx apple-gfx replay \/tmp\/steps\.schedule$/);
    expect(saved).toBe(explanation.schedule);
  });

  it('says which rows and steps it leaves out, but never one that races', () => {
    const text = report(explained(manySteps(60)));
    expect(text).toMatch(/… \d+ rows …/);
    expect(text.match(/\[[^\]]+\]/g)).toHaveLength(2);
  });

  it('shows a race in the middle of a long schedule', () => {
    const world = defineWorld('middle', (w) => {
      const boxes = [w.mailbox('to ping'), w.mailbox('to pong')] as const;
      const x = w.variable('x');
      let seen = 0;
      w.process('ping', function* () {
        for (let turn = 0; turn < 60; turn++) {
          yield boxes[1].send(turn);
          yield boxes[0].receive();
          if (turn === 30) yield x.write(1);
        }
      });
      w.process('pong', function* () {
        for (let turn = 0; turn < 60; turn++) {
          yield boxes[1].receive();
          yield boxes[0].send(turn);
          if (turn === 30) seen = yield x.read();
        }
      });
      w.alwaysEventually('nothing was seen', () => seen === 0);
    });
    const text = report(explained(world));
    expect(text).toContain('[write x = 1]');
    expect(text).toContain('[read x → 1]');
    expect(text.match(/… \d+ rows …/g)?.length).toBeGreaterThanOrEqual(2);
  });

  it('says so if the schedule did not fail again', () => {
    const text = report(explain(bank(), { property: 'no deposit is lost', message: 'lost', step: 2, schedule: [0, 0, 1, 1] }));
    expect(text).toContain('run again, it did not fail');
  });
});

describe('the adjacent schedule', () => {
  it('passes, and differs from where the race begins', () => {
    for (const world of [bank(), philosophers(), families.counter(3), families.deadlock01(), lostWakeup()]) {
      const { adjacent, passingSchedule, recording, race } = explained(world);
      expect(adjacent).not.toBeNull();
      const recorder = new Recorder(world);
      const { recording: passing, divergences } = replay(recorder, parseSchedule(passingSchedule ?? ''));
      expect(recorder.execution.failures).toEqual([]);
      expect(divergences).toEqual([]);
      const before = race?.earlier ?? 0;
      const choices = ({ steps }: typeof passing): number[] => steps.slice(0, before).map(({ choice }) => choice);
      expect(choices(passing)).toEqual(choices(recording));
      expect(passing.steps[before]?.choice).not.toBe(recording.steps[before]?.choice);
    }
  });

  it('is none where every order of every race fails', () => {
    const world = defineWorld('doomed', (w) => {
      const x = w.variable('x');
      for (const name of ['a', 'b']) {
        w.process(name, function* () {
          yield x.write(1);
        });
      }
      w.alwaysEventually('x is 0', () => x.value === 0);
    });
    const explanation = explained(world);
    expect(explanation.adjacent).toBeNull();
    expect(report(explanation)).toContain('the last race there is; the other way round fails too');
  });
});

describe('the adjacent schedule of one property', () => {
  it('is none that breaks another', () => {
    const world = defineWorld('either', (w) => {
      const x = w.variable('x');
      for (const value of [1, 2]) {
        w.process(`p${value}`, function* () {
          yield x.write(value);
        });
      }
      w.alwaysEventually('not 1', () => x.value !== 1);
      w.alwaysEventually('not 2', () => x.value !== 2);
    });
    expect(explained(world).adjacent).toBeNull();
  });
});

const long = 'a name as long as a sentence, with every word in it'.repeat(2);

const longNames = (): World =>
  defineWorld(long, (w) => {
    const x = w.variable(`${long} x`);
    for (const name of ['a', 'b', 'c']) {
      w.process(`${long} ${name}`, function* () {
        yield x.write((yield x.read()) + 1);
      });
    }
    w.alwaysEventually(`${long} holds`, () => x.value === 3 || `${long} is ${x.value}`);
  });

/** Two processes that take turns for so long that nothing can be left out. */
const manySteps = (count: number): World =>
  defineWorld('turns', (w) => {
    const boxes = [w.mailbox('to ping'), w.mailbox('to pong')] as const;
    const x = w.variable('x');
    w.process('ping', function* () {
      for (let turn = 0; turn < count; turn++) {
        yield boxes[1].send(turn);
        yield boxes[0].receive();
        if (turn % 3 === 0) yield x.read();
      }
      yield x.write(1);
    });
    w.process('pong', function* () {
      for (let turn = 0; turn < count; turn++) {
        yield boxes[1].receive();
        yield boxes[0].send(turn);
      }
      w.assert((yield x.read()) === 0, 'pong is the first');
    });
  });

const manyProcesses = (count: number): World =>
  defineWorld('crowd', (w) => {
    const x = w.variable('x');
    for (let each = 0; each < count; each++) {
      w.process(`member ${each}`, function* () {
        yield x.update((before) => before + 1);
      });
    }
    w.always('there is room', () => x.value < count || 'it is full');
  });
