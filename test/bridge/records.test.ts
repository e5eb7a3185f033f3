/**
 * Records as bytes: what is written is read back, and what can't be exact stays recognisable.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecordBuffer, WordBuffer } from '../../src/bridge/records.js';

const u32 = fc.nat(2 ** 32 - 1);

it('every record is read back as it was written', () => {
  const record = fc.record({
    kind: u32,
    id: u32,
    words: fc.array(fc.oneof(u32, fc.nat(Number.MAX_SAFE_INTEGER)), { minLength: 6, maxLength: 6 }),
    thread: u32,
    reserved: u32,
  });
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 4 }), (records) => {
      const buffer = new RecordBuffer(records.length);
      for (const [index, each] of records.entries()) buffer.write(index, each);
      expect(records.map((_, index) => buffer.read(index))).toEqual(records);
    }),
  );
});

it('a word beyond 2^53 is read as infinite, also after another mailbox', () => {
  const buffer = new RecordBuffer(1);
  buffer.write(0, { kind: 1, words: [Number.POSITIVE_INFINITY, 2 ** 53, 2 ** 53 - 1] });
  const first = buffer.read(0);
  expect(first.words).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 2 ** 53 - 1, 0, 0, 0]);
  buffer.write(0, first);
  expect(buffer.read(0)).toEqual(first);
});

it('words that the bridge fills are read as numbers, and as infinite from 2^53 on', () => {
  const given = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n];
  const buffer = new WordBuffer(given.length);
  buffer.words.set(given);
  const read = given.map((_, index) => buffer.at(index));
  expect(read).toEqual([0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
});
