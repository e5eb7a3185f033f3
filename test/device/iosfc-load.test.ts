/**
 * The load of device.md 4.5 on the IOSurface mapper: 50 000 mappings of one page alive, undone in one batch, as test/bench/iosfc.mjs does it.
 *
 * Nothing here looks at how long it takes.
 */
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';

const COUNT = 50_000;

function bench(...args: string[]): { status: number | null; lines: string[]; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['test/bench/iosfc.mjs', ...args], { encoding: 'utf8' });
  return { status, lines: stdout.trim().split('\n'), stderr };
}

describe(`${COUNT} surfaces of one page, mapped and then unmapped in one batch`, () => {
  let ran: ReturnType<typeof bench>;
  beforeAll(() => {
    ran = bench('--count', String(COUNT), '--json');
  });

  it.each([
    // A reference for each mapping, and one each for the mapper's ring and table.
    ['hardened', COUNT + 2],
    // One for all mappings of a region.
    ['v5', 1],
  ])('%s: every answer is right, and of %i references none is left', (revision, alive) => {
    const results = ran.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(results.find((each) => each.revision === revision)).toMatchObject({
      count: COUNT,
      references: { before: 0, alive, after: 0 },
      answers: { mapped: COUNT, tableRight: COUNT, unmapped: COUNT, tableEmpty: COUNT },
    });
  });

  it('ends well', () => {
    expect(ran.stderr).toBe('');
    expect(ran.status).toBe(0);
  });
});

describe('test/bench/iosfc.mjs', () => {
  it('prints a table', () => {
    const { status, lines } = bench('--count', '3', '--revision', 'bh');
    expect(status).toBe(0);
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['revision', 'mappings', 'maps/s', 'unmaps/s', 'peak KiB', 'retained KiB', 'references before/alive/after'],
      ['bh', '3', ...Array<unknown>(4).fill(expect.stringMatching(/^-?\d+$/)), '0/5/0'],
    ]);
  });

  it.each([
    ['--count', '65537', /--count.*Expected an integer in 1\.\.65536/],
    ['--revision', 'v5,v6', /--revision.*"v6" is none of sync, /],
  ])('refuses %s %s', (option, value, words) => {
    const { status, stderr } = bench(option, value);
    expect(status).toBe(2);
    expect(stderr).toMatch(words);
  });

  it('says what the device died of, and ends', () => {
    // The first revision's write of the producer holds the BQL, which the mapping that it waits for needs.
    const { status, stderr } = bench('--count', '3', '--revision', 'sync');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^iosfc\.mjs: deadlock: /);
  });
});
