/**
 * Saved states: what goes in comes out, and a file that is not exactly what was written is refused with the reason.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentError, DefectError, SavedStateError, type SavedStateFault } from '../../src/base/errors.js';
import { MAX_SAVED_BLOBS } from '../../src/base/limits.js';
import { decodeSavedState, encodeSavedState, sourceOf } from '../../src/runtime/saved-state.js';
import { encodeHead, encodeRecord, Tag } from '../../src/runtime/saved-state-format.js';
import { SavedStateReader } from '../../src/runtime/saved-state-reader.js';
import { SavedStateWriter } from '../../src/runtime/saved-state-writer.js';

const BLOCK = 65_536;
const MIB = 2 ** 20;

/** A small file with all there is: an empty blob, one that is stored plain, one that deflates, and one that is zero in part. */
function smallState(): Uint8Array {
  const sparse = new Uint8Array(2 * BLOCK + 10);
  sparse.fill(7, BLOCK, BLOCK + 40);
  return encodeSavedState({
    description: { variant: 'mmio' },
    blobs: new Map([
      ['none', new Uint8Array()],
      ['plain', Uint8Array.of(1, 2, 3)],
      ['pvg', new Uint8Array(100).fill(65)],
      ['ram', sparse],
    ]),
  });
}

/** As an expectation of large arrays would say it, in a thousandth of the time. */
const same = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;

function faultOf(work: () => unknown): SavedStateError {
  try {
    work();
  } catch (error) {
    if (error instanceof SavedStateError) return error;
    throw error;
  }
  throw new TypeError('it was not refused');
}

/** A file with a right digest, whatever it says; records are given as their fields and what follows them. */
function forge(description: Uint8Array, ...records: (readonly [fields: readonly number[], follows?: Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [encodeHead(description.length), description];
  for (const [[tag = 0, detail = 0, place = 0, length = 0, stored = 0], follows = new Uint8Array()] of records) {
    parts.push(encodeRecord({ tag, detail, place: BigInt(place), length, stored }), follows);
  }
  const content = Buffer.concat(parts);
  return Buffer.concat([content, createHash('sha256').update(content).digest()]);
}

const text = (value: string): Uint8Array => Buffer.from(value);
const braces = text('{}');

describe('a saved state', () => {
  it('comes back as it was: description and blobs, in order', () => {
    const names = fc.stringMatching(/^[!-~]{1,64}$/);
    const blob = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat(3 * BLOCK), fc.uint8Array({ maxLength: 300 })).map(([zeros, end]) => {
        const bytes = new Uint8Array(zeros + end.length);
        bytes.set(end, zeros);
        return bytes;
      }),
    );
    const description = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.parse(JSON.stringify(value)) as object);
    fc.assert(
      fc.property(description, fc.uniqueArray(fc.tuple(names, blob), { selector: ([name]) => name, maxLength: 5 }), (said, list) => {
        const back = decodeSavedState(encodeSavedState({ description: said, blobs: new Map(list) }));
        expect(back.description).toEqual(said);
        expect([...back.blobs.keys()]).toEqual(list.map(([name]) => name));
        for (const [name, bytes] of list) expect(same(back.blobs.get(name), bytes)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is the same bytes each time', () => {
    expect(same(smallState(), smallState())).toBe(true);
  });

  it('is refused with any single bit, or a whole byte, flipped', () => {
    const bytes = smallState();
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(faultOf(() => decodeSavedState(changed)).code).toBe('ERR_SAVED_STATE');
      }
    }
  });

  it('is refused as truncated wherever it ends too early', () => {
    const bytes = smallState();
    for (let length = 0; length < bytes.length; length++) {
      expect(faultOf(() => decodeSavedState(bytes.subarray(0, length))).fault).toBe('truncated');
    }
  });

  it('never gives anything but its bytes or a SavedStateError, whatever it is handed', () => {
    const part = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(200).map((at) => smallState().subarray(at)),
    );
    fc.assert(
      fc.property(fc.nat(400), part, (kept, rest) => {
        const bytes = Buffer.concat([smallState().subarray(0, kept), rest]);
        if (!bytes.equals(smallState())) faultOf(() => decodeSavedState(bytes));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a refusal', () => {
  const state = smallState();
  const changed = (at: number, value: number): Uint8Array => Uint8Array.from(state, (byte, index) => (index === at ? value : byte));
  const blob = [Tag.blob, 3, 200_000];
  const end = (blobs: number, at: number): [number[]] => [[Tag.end, blobs, at]];

  const cases: [string, Uint8Array, SavedStateFault, string][] = [
    [
      'another file',
      Buffer.from('\x89PNG\r\n\x1a\n and so on', 'latin1'),
      'foreign',
      'this is something else: it begins with "\x89PNG\\r\\n\\u001a\\n", expected "APPLEGFX"',
    ],
    ['a newer format', changed(8, 7), 'newer', 'made by a newer apple-gfx: format 7, this one reads 1'],
    ['format 0', changed(8, 0), 'damaged', 'the format at byte 8 is 0, formats count from 1'],
    ['a file without its end', state.subarray(0, 50), 'truncated', 'ends at byte 50, the record at byte 34 goes on until 58'],
    ['a file without its description', state.subarray(0, 20), 'truncated', 'ends at byte 20, the description at byte 16 goes on until 34'],
    [
      'a file that ends in a piece',
      state.subarray(0, 170),
      'truncated',
      'ends at byte 170, blob "pvg": the piece at byte 169 goes on until 1',
    ],
    ['bytes behind the end', Buffer.concat([state, text('ab')]), 'damaged', `2 bytes follow the end at byte ${state.length}`],
    ['a long description', changed(15, 1), 'limit', 'the description at byte 16 has length 16777234, at most 1048576 is possible'],
    ['a description that is no JSON', forge(text('{'), end(0, 17)), 'damaged', 'the description at byte 16 is not JSON: '],
    ['a description that is no text', forge(Uint8Array.of(0xff), end(0, 17)), 'damaged', 'the description at byte 16 is not JSON: '],
    ['a description that is no object', forge(text('[]'), end(0, 18)), 'damaged', 'the description at byte 16 is not an object of JSON'],
    ['an unknown record', forge(braces, [[5]]), 'damaged', "the record at byte 18 has tag 0x5, expected a blob's or the end's"],
    ['a piece without a blob', forge(braces, [[Tag.piece]]), 'damaged', 'the record at byte 18 has tag 0x43454950'],
    ['a long name', forge(braces, [[Tag.blob, 65, 1]]), 'limit', 'the blob at byte 18 has a name of 65 bytes, at most 64 are possible'],
    [
      'a strange name',
      forge(braces, [[Tag.blob, 3, 1], text('a b')]),
      'damaged',
      'the blob at byte 18 is called "a b", expected printable ASCII',
    ],
    ['no name', forge(braces, [[Tag.blob, 0, 1]]), 'damaged', 'the blob at byte 18 is called ""'],
    ['a name twice', forge(braces, [blob, text('ram')], [blob, text('ram')]), 'damaged', 'the blob at byte 45 is a second "ram"'],
    [
      'a long blob',
      forge(braces, [[Tag.blob, 3, 2 ** 40], text('pvg')]),
      'limit',
      'blob "pvg" at byte 18 has length 1099511627776, at most 68719476736 is',
    ],
    ['odd fields', forge(braces, [[Tag.blob, 3, 1, 1], text('pvg')]), 'damaged', 'blob "pvg" at byte 18 has fields that are not 0'],
    [
      'a piece at an odd offset',
      forge(braces, [blob, text('ram')], [[Tag.piece, 0, 5, 1, 1], text('x')]),
      'damaged',
      'blob "ram": the piece at byte 45 has offset 5, expected a multiple of 65536, at least 0',
    ],
    [
      'pieces that overlap',
      forge(braces, [blob, text('ram')], [[Tag.piece, 0, BLOCK, 1, 1], text('x')], [[Tag.piece, 0, BLOCK, 1, 1], text('x')]),
      'damaged',
      'blob "ram": the piece at byte 70 has offset 65536, expected a multiple of 65536, at least 65537',
    ],
    [
      'a piece behind the blob',
      forge(braces, [blob, text('ram')], [[Tag.piece, 0, 3 * BLOCK, 4000, 4000]]),
      'damaged',
      "has length 4000 at offset 196608, expected 1..1048576 within the blob's 200000",
    ],
    [
      'a piece too large',
      forge(braces, [[Tag.blob, 3, 2 ** 30], text('ram')], [[Tag.piece, 1, 0, 2 ** 20 + 1, 9]]),
      'damaged',
      'has length 1048577 at offset 0, expected 1..1048576',
    ],
    [
      'an empty piece',
      forge(braces, [blob, text('ram')], [[Tag.piece, 0, 0, 0, 0]]),
      'damaged',
      'has length 0 at offset 0, expected 1..1048576',
    ],
    [
      'an unknown compression',
      forge(braces, [blob, text('ram')], [[Tag.piece, 2, 0, 9, 1]]),
      'damaged',
      'the piece at byte 45 has compression 2, expected 0 or 1',
    ],
    [
      'a plain piece of another length',
      forge(braces, [blob, text('ram')], [[Tag.piece, 0, 0, 9, 8]]),
      'damaged',
      'stores 9 bytes in 8, with compression 0',
    ],
    [
      'a deflated piece that grew',
      forge(braces, [blob, text('ram')], [[Tag.piece, 1, 0, 9, 9]]),
      'damaged',
      'stores 9 bytes in 9, with compression 1',
    ],
    [
      'a piece that does not inflate',
      forge(braces, [blob, text('ram')], [[Tag.piece, 1, 0, 9, 2], text('\xff')], end(1, 71)),
      'damaged',
      'blob "ram": the piece at byte 45 can\'t be inflated to 9 bytes: ',
    ],
    // 03 00 is an empty deflate stream.
    [
      'a piece that inflates to less',
      forge(braces, [blob, text('ram')], [[Tag.piece, 1, 0, 9, 2], Uint8Array.of(3, 0)], end(1, 71)),
      'damaged',
      'the piece at byte 45 inflates to 0 bytes, expected 9',
    ],
    [
      'an end that counts wrong',
      forge(braces, end(1, 18)),
      'damaged',
      'the end at byte 18 speaks of 1 blobs and byte 18, expected 0 and 18',
    ],
    ['an end elsewhere', forge(braces, end(0, 19)), 'damaged', 'the end at byte 18 speaks of 0 blobs and byte 19, expected 0 and 18'],
    [
      'many blobs',
      forge(braces, ...Array.from({ length: MAX_SAVED_BLOBS + 1 }, (_, index) => [[Tag.blob, 4, 0], text(`${index + 1000}`)] as const)),
      'limit',
      `there are more than ${MAX_SAVED_BLOBS} blobs at byte ${18 + 28 * MAX_SAVED_BLOBS}`,
    ],
    [
      'blobs that are too much at once',
      forge(braces, [[Tag.blob, 1, 2 ** 30], text('a')], [[Tag.blob, 1, 1], text('b')], end(2, 68)),
      'limit',
      'its blobs have 1073741825 bytes, at most 1073741824 are possible at once',
    ],
  ];
  it.each(cases)('of %s says so', (_, bytes, fault, message) => {
    const error = faultOf(() => decodeSavedState(bytes));
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/^saved state: /);
    expect(error.fault).toBe(fault);
  });

  it('of a changed byte in the content names both digests', () => {
    const at = Buffer.from(state).indexOf('mmio');
    expect(faultOf(() => decodeSavedState(changed(at, 77))).message).toMatch(
      new RegExp(`^saved state: its SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}, which stands at byte ${state.length - 32}$`),
    );
  });
});

describe('a memory', () => {
  const bytes = 256 * MIB;

  it('of 256 MiB with little in it takes little room, and only what is there is written back', () => {
    const ram = new Uint8Array(bytes);
    ram.fill(1, 5, 10);
    ram.fill(2, 100 * MIB - 3, 100 * MIB + 3);
    ram[bytes - 1] = 3;
    const parts: Uint8Array[] = [];
    const asked: number[] = [];
    const writer = new SavedStateWriter((part) => parts.push(part), {});
    writer.memory('ram', bytes, (offset, length) => {
      asked.push(length);
      return ram.subarray(offset, offset + length);
    });
    writer.end();
    expect(asked).toEqual(new Array(256).fill(MIB));
    const file = Buffer.concat(parts);
    expect(file.length).toBeLessThan(4096);

    const back = new Uint8Array(bytes);
    const written: number[] = [];
    new SavedStateReader(sourceOf(file)).memory('ram', bytes, (offset, content) => {
      written.push(offset, content.length);
      back.set(content, offset);
    });
    expect(written).toEqual([0, BLOCK, 100 * MIB - BLOCK, BLOCK, 100 * MIB, BLOCK, bytes - BLOCK, BLOCK]);
    expect(same(back, ram)).toBe(true);
  });

  it('that is shared with other threads can be written as well', () => {
    const ram = new Uint8Array(new SharedArrayBuffer(2 * BLOCK));
    ram.fill(9, BLOCK);
    const back = decodeSavedState(encodeSavedState({ description: {}, blobs: new Map([['ram', ram]]) }));
    expect(same(back.blobs.get('ram'), ram)).toBe(true);
  });

  it('may be larger than what is read at once', () => {
    const noise = Uint8Array.from({ length: 2 * MIB + 77 }, (_, index) => (index * index * 31) >> 7);
    const file = encodeSavedState({ description: {}, blobs: new Map([['noise', noise]]) });
    const asked: number[] = [];
    const whole = sourceOf(file);
    const reader = new SavedStateReader({
      length: file.length,
      read: (at, length) => {
        asked.push(length);
        return whole.read(at, length);
      },
    });
    expect(same(reader.blob('noise'), noise)).toBe(true);
    expect(Math.max(...asked)).toBeLessThanOrEqual(MIB);
  });

  it('is refused if it is another than the one that is wanted', () => {
    const reader = new SavedStateReader(sourceOf(smallState()));
    expect([...reader.lengths]).toEqual([
      ['none', 0],
      ['plain', 3],
      ['pvg', 100],
      ['ram', 2 * BLOCK + 10],
    ]);
    expect(faultOf(() => reader.memory('pvg', 99, () => {})).message).toMatch(
      /^saved state: blob "pvg" at byte \d+ has length 100, expected 99$/,
    );
    expect(faultOf(() => reader.blob('gpu')).message).toBe('saved state: has no blob "gpu", its blobs are none, plain, pvg, ram');
    expect(faultOf(() => reader.blob('pvg', 50)).fault).toBe('limit');
  });

  it('that can not be read to its end is refused', () => {
    const file = smallState();
    const short = { length: file.length, read: (at: number, length: number) => file.subarray(at, at + length - 1) };
    expect(faultOf(() => new SavedStateReader(short)).fault).toBe('truncated');
  });
});

describe('a writer', () => {
  const writer = (): SavedStateWriter => new SavedStateWriter(() => {}, {});

  it.each<[string, object]>([
    ['a list', []],
    ['what JSON leaves out', { toJSON: () => undefined }],
    ['a number that JSON has not', { value: 1n }],
    ['more than 1 MiB', { value: 'x'.repeat(MIB) }],
  ])('refuses %s as a description', (_, description) => {
    expect(() => new SavedStateWriter(() => {}, description)).toThrow(ArgumentError);
  });

  it('refuses names that are empty, long, not printable, or there before', () => {
    for (const name of ['', 'x'.repeat(65), 'a b', 'ä']) expect(() => writer().blob(name, new Uint8Array())).toThrow(ArgumentError);
    const twice = writer();
    twice.blob('a', new Uint8Array());
    expect(() => twice.blob('a', new Uint8Array())).toThrow('there are two blobs "a"');
  });

  it('refuses lengths and numbers of blobs that a reader would refuse', () => {
    for (const length of [-1, 1.5, 2 ** 37]) expect(() => writer().memory('a', length, () => new Uint8Array())).toThrow(ArgumentError);
    const many = writer();
    for (let index = 0; index < MAX_SAVED_BLOBS; index++) many.blob(`${index}`, new Uint8Array());
    expect(() => many.blob('more', new Uint8Array())).toThrow(ArgumentError);
  });

  it('notices a memory that gives too little, and a blob behind the end', () => {
    expect(() => writer().memory('a', 10, () => new Uint8Array(9))).toThrow(DefectError);
    const ended = writer();
    ended.end();
    expect(() => ended.blob('a', new Uint8Array())).toThrow(DefectError);
    expect(() => ended.end()).toThrow(DefectError);
  });
});
