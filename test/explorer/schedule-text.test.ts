/**
 * Schedules as text: they come back as they were, go through shells and addresses unharmed, and what is none is refused with the place.
 */
import { execFileSync } from 'node:child_process';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Kind } from '../../src/explorer/operation.js';
import { formatSchedule, type NamedSchedule, parseSchedule } from '../../src/explorer/schedule-text.js';

const name = fc.oneof(
  fc.constantFrom('a', 'fork 1', 'bql.lock', "it's", 'é/ü', '~28', '+', '@', '$HOME', '*', ''),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const step = fc.record({
  process: name,
  kind: fc.constantFrom(...Object.keys(Kind)),
  object: name,
  outcome: fc.constantFrom(0, 0, 0, 1, 7, 100),
});
const schedules: fc.Arbitrary<NamedSchedule> = fc.record({
  world: fc.oneof(fc.constantFrom('w', 'two accesses@bh', 'counter(3)'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 })),
  steps: fc.array(step, { maxLength: 40 }),
});

describe('a schedule as text', () => {
  it('comes back as it was, readable or packed', () => {
    const versions = new Set<string>();
    fc.assert(
      fc.property(schedules, (schedule) => {
        const text = formatSchedule(schedule);
        versions.add(text.split('/')[0] ?? '');
        expect(parseSchedule(text)).toEqual(schedule);
        expect(text).toMatch(/^[\w./:,@~+-]+$/);
      }),
      { numRuns: 500 },
    );
    expect([...versions].sort()).toEqual(['s1', 's1z']);
  });

  it('reads as what happens', () => {
    const at = (process: string, kind: string, object: string, outcome = 0) => ({ process, kind, object, outcome });
    const steps = [at('main', 'spawn', 'a'), at('a', 'read', 'x'), at('a', 'read', 'x'), at('b', 'choose', 'the coin', 1)];
    expect(formatSchedule({ world: 'bank', steps })).toBe('s1/bank/main:spawn.a/a:2.read.x/b:choose.the+coin@1');
  });

  it('goes through a shell and an address without quotes', () => {
    const steps = ["a'b", 'c d', '$(x)', '`y`', 'z*', 'ü'].map((process) => ({ process, kind: 'lock', object: '~/;&|<>', outcome: 1 }));
    const text = formatSchedule({ world: 'w (1)', steps });
    expect(execFileSync('sh', ['-c', `printf %s ${text}`], { encoding: 'utf8' })).toBe(text);
    expect(new URL(`https://example.org/x#${text}`).hash).toBe(`#${text}`);
    expect(parseSchedule(new URL(`https://example.org/${text}`).pathname.slice(1)).steps).toEqual(steps);
  });

  it('is short: 150 steps of six processes take fewer than 700 characters', () => {
    const objects = ['bql', 'render queue', 'task mutex', 'pending frames', 'mailbox of PVG', 'reply 3'];
    const kinds = ['lock', 'unlock', 'read', 'write', 'send'];
    const steps = Array.from({ length: 150 }, (_, index) => ({
      process: `process ${Math.imul(index, 7919) % 6}`,
      kind: kinds[Math.imul(index, 31) % 5] ?? '',
      object: objects[Math.imul(index, 17) % 6] ?? '',
      outcome: 0,
    }));
    const text = formatSchedule({ world: 'device@hardened', steps });
    expect(text.length).toBeLessThan(700);
    expect(text).toMatch(/^s1z\/device@hardened\//);
  });

  it.each([
    ['', /begins with nothing, expected s1\//],
    ['s2/w/a:lock.m', /begins with "s2", expected s1\//],
    ['s1', /names no world/],
    ['s1/', /names no world/],
    ['s1/w/a', /at character 5: expected PROCESS:OPERATION, found "a"/],
    ['s1/w/a:', /at character 7: expected an operation such as lock.NAME, found nothing/],
    ['s1/w/a:lock', /at character 7: expected an operation such as lock.NAME, found "lock"/],
    ['s1/w/a:lock.m,,', /at character 14: expected an operation/],
    ['s1/w/a:steal.m', /at character 7: there is no operation "steal"/],
    ['s1/w/a:__proto__.m', /expected an operation/],
    ['s1/w/a:constructor.m', /there is no operation "constructor"/],
    ['s1/w/a:0.lock.m', /0 times lock, expected 1 to 1000000 steps/],
    ['s1/w/a:9999999.lock.m', /9999999 times lock/],
    [`s1/w${'/a:999999.lock.m'.repeat(2)}`, /expected 1 to 1000000 steps in all/],
    ['s1/w/a:choose.m@9999999', /outcome 9999999, expected 0\.\./],
    ['s1/w/a:choose.m@-1', /expected an operation/],
    ['s1/w/a~zz:lock.m', /at character 5: expected a name/],
    ['s1/w/a~2:lock.m', /expected a name/],
    ['s1/w/a~ff:lock.m', /at character 5: "a~ff" is not UTF-8/],
    ['s1/w/a b:lock.m', /expected a name/],
    ['s1/w/a:lock.m\u0000', /expected a name/],
    ['s1z/w/!!!', /damaged or cut off behind character 6/],
    ['s1z/w', /damaged or cut off/],
    ['s1z/w/AAAA', /damaged or cut off/],
    [`s1z/w/${deflateRawSync(Buffer.alloc(2 ** 25)).toString('base64url')}`, /damaged or cut off/],
    ['s1/'.padEnd(2 ** 21, 'w'), /has 2097152 characters, expected at most 1048576/],
  ])('%#: what is none is refused with the place', (text, message) => {
    expect(() => parseSchedule(text)).toThrow(message);
    expect(() => parseSchedule(text)).toThrow(expect.objectContaining({ code: 'ERR_SCHEDULE_TEXT' }));
  });

  it('of any characters is a schedule or an error of its own kind', () => {
    const tokens = fc.constantFrom('s1', 's1z', '/', ':', ',', '.', '@', '~', '2', 'a', 'lock', '\u{1f600}', ' ', '\n');
    fc.assert(
      fc.property(fc.array(tokens, { maxLength: 20 }), (parts) => {
        try {
          const schedule = parseSchedule(parts.join(''));
          expect(parseSchedule(formatSchedule(schedule))).toEqual(schedule);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_SCHEDULE_TEXT' });
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('that is cut off anywhere is not taken for another one of as many steps', () => {
    const steps = Array.from({ length: 60 }, (_, index) => ({
      process: `p${index % 7}`,
      kind: 'read',
      object: `x${index % 5}`,
      outcome: 0,
    }));
    const text = formatSchedule({ world: 'w', steps });
    expect(text).toMatch(/^s1z/);
    for (let length = 6; length < text.length; length++) expect(() => parseSchedule(text.slice(0, length))).toThrow();
  });
});
