/**
 * simpletrace files, read by a reader that is written from the description of the format.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DefectError } from '../../../src/base/errors.js';
import { TRACE_NAMES } from '../../../src/trace/events.js';
import { simpletraceDeclarations } from '../../../src/visualiser/convert/simpletrace.js';
import { converted, eventCounts, randomEvents, storeWith } from './recordings.js';

/** Names and types of an event's arguments, as `trace events` declares them. */
const declared = new Map(
  simpletraceDeclarations()
    .trim()
    .split('\n')
    .map((line) => {
      const [, name = '', args = ''] = /^(\w+)\(([^)]*)\) ".*"$/.exec(line) ?? [];
      return [
        name,
        args === 'void' ? [] : args.split(', ').map((each) => ({ name: /\w+$/.exec(each)?.[0] ?? '', isText: each.includes('*') })),
      ];
    }),
);

interface Entry {
  readonly name: string;
  readonly nanoseconds: bigint;
  readonly process: number;
  readonly args: Readonly<Record<string, bigint | string>>;
}

function read(file: Buffer): Entry[] {
  let at = 0;
  const pass = (bytes: number): number => {
    at += bytes;
    return at - bytes;
  };
  const long = (): bigint => file.readBigUInt64LE(pass(8));
  const word = (): number => file.readUInt32LE(pass(4));
  const text = (): string => {
    const length = word();
    return file.toString('utf8', pass(length), at);
  };
  expect([long(), long(), long()]).toEqual([2n ** 64n - 1n, 0xf2b177cb0aa429b4n, 4n]);
  const names = new Map<bigint, string>();
  const entries: Entry[] = [];
  while (at < file.length) {
    if (long() === 0n) {
      names.set(long(), text());
      continue;
    }
    const start = at;
    const name = names.get(long());
    if (name === undefined) throw new DefectError('an event that no mapping names');
    const [nanoseconds, length, process] = [long(), word(), word()];
    const args = Object.fromEntries((declared.get(name) ?? []).map((each) => [each.name, each.isText ? text() : long()]));
    expect(at - start).toBe(length);
    entries.push({ name, nanoseconds, process, args });
  }
  return entries;
}

describe('simpletrace', () => {
  it('declares every event', () => {
    expect([...declared.keys()]).toEqual(TRACE_NAMES);
    expect(declared.get('apple_gfx_read')?.map(({ name }) => name)).toEqual(['offset', 'res']);
    for (const args of declared.values()) expect(new Set(args.map(({ name }) => name)).size).toBe(args.length);
  });

  it('has the values of arguments, 64 bits in one piece, texts as texts, times and threads', () => {
    const store = storeWith([
      { thread: 0, after: 5, name: 'apple_gfx_write', args: [0x1008, 0x89abcdef, 0x1234, 0] },
      { thread: 1, after: 7, name: 'apple_gfx_remap', args: [-1, 2 ** 47, Number.POSITIVE_INFINITY, 0] },
      { thread: 0, after: 1, name: 'agfx_bh_began', args: [7, 3, 0, 0] },
      { thread: 2, after: 1, name: 'apple_gfx_common_init', args: [16384, 0, 0, 0] },
    ]);
    expect(read(converted(store, 'simpletrace'))).toEqual([
      { name: 'apple_gfx_write', nanoseconds: 1_000_005n, process: 4000, args: { offset: 0x1008n, val: 0x1234_89ab_cdefn } },
      {
        name: 'apple_gfx_remap',
        nanoseconds: 1_000_012n,
        process: 4001,
        args: { retval: 2n ** 64n - 1n, source: 2n ** 47n, target: 2n ** 64n - 1n },
      },
      { name: 'agfx_bh_began', nanoseconds: 1_000_013n, process: 4000, args: { kind: 'mapMemory', id: 3n, cause: 0n } },
      { name: 'apple_gfx_common_init', nanoseconds: 1_000_014n, process: 4002, args: { name: 'apple-gfx-pci', length: 16384n } },
    ]);
  });

  it('has as many events as any recording, in the order of their times', () => {
    fc.assert(
      fc.property(randomEvents, (events) => {
        const store = storeWith(events);
        const entries = read(converted(store, 'simpletrace'));
        const counts: Record<string, number> = {};
        for (const { name } of entries) counts[name] = (counts[name] ?? 0) + 1;
        expect(counts).toEqual(eventCounts(store));
        expect(entries.every(({ nanoseconds }, index) => index === 0 || nanoseconds >= (entries[index - 1]?.nanoseconds ?? 0n))).toBe(true);
      }),
    );
  });
});
