/**
 * Messages are found in bytes and descriptors that come in any pieces, each descriptor once.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageFramer, writeHeader } from '../../../src/embed/vfio-user/framer.js';
import { HEADER_BYTES, MAX_MESSAGE_BYTES, MessageFlag } from '../../../src/embed/vfio-user/protocol.js';
import { joined, message } from './client.js';

interface Taken {
  readonly id: number;
  readonly command: number;
  readonly bytes: readonly number[];
  readonly descriptors: readonly number[];
}

/** Gives a framer what a socket would have given, and takes every message that is there. */
function feed(framer: MessageFramer, bytes: Uint8Array, descriptors: readonly number[]): Taken[] {
  framer.room.set(bytes);
  framer.received(bytes.length, descriptors);
  const taken: Taken[] = [];
  for (let next = framer.next(); next; next = framer.next()) {
    const { id, command, descriptors: its } = next;
    taken.push({ id, command, bytes: [...next.bytes], descriptors: its });
  }
  return taken;
}

const messages = fc.array(
  fc.record({
    command: fc.nat({ max: 0xffff }),
    payload: fc.uint8Array({ maxLength: 60 }),
    // Each descriptor comes with one of the message's bytes.
    places: fc.array(fc.nat(), { maxLength: 3 }),
  }),
  { maxLength: 8 },
);

describe('messages', () => {
  it('are the same with their descriptors, each once, wherever what comes is cut', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat(), { maxLength: 12 }), (sent, cuts) => {
        let next = 100;
        let from = 0;
        const stream = joined(...sent.map(({ command, payload }, id) => message(command, payload, { id })));
        const arrivals: { readonly end: number; readonly fd: number }[] = [];
        const expected = sent.map(({ command, payload, places }, id) => {
          const length = HEADER_BYTES + payload.length;
          // A receive ends behind the byte that a descriptor came with, and there is one at most for each.
          const ends = [...new Set(places.map((place) => from + 1 + (place % length)))].sort((a, b) => a - b);
          const descriptors = ends.map((end) => {
            arrivals.push({ end, fd: next });
            return next++;
          });
          from += length;
          return { id, command, bytes: [...payload], descriptors };
        });
        const framer = new MessageFramer();
        const ends = [...cuts.map((cut) => cut % (stream.length + 1)), ...arrivals.map(({ end }) => end), stream.length];
        let at = 0;
        const taken: Taken[] = [];
        for (const end of [...new Set(ends)].sort((a, b) => a - b).filter((each) => each > 0)) {
          const fds = arrivals.filter((arrival) => arrival.end === end).map(({ fd }) => fd);
          taken.push(...feed(framer, stream.subarray(at, end), fds));
          at = end;
        }
        expect(taken).toEqual(expected);
        expect([framer.isInside, framer.takeAll()]).toEqual([false, []]);
      }),
    );
  });

  it('may be as long as they can be, one after the other, in pieces that fill the room', () => {
    const framer = new MessageFramer();
    const payload = Uint8Array.from({ length: MAX_MESSAGE_BYTES - HEADER_BYTES }, (_, index) => index * 7);
    const stream = joined(...[1, 2, 3, 4].map((id) => message(9, payload, { id })));
    const ids: number[] = [];
    for (let at = 0; at < stream.length; ) {
      const { room } = framer;
      expect(room.length).toBeGreaterThan(0);
      const piece = stream.subarray(at, at + Math.min(room.length, 700_001));
      room.set(piece);
      framer.received(piece.length, []);
      at += piece.length;
      for (let next = framer.next(); next; next = framer.next()) {
        ids.push(next.id);
        expect(Buffer.compare(next.bytes, payload)).toBe(0);
      }
    }
    expect(ids).toEqual([1, 2, 3, 4]);
  });
});

describe('what is no message', () => {
  it.each([0, 1, 15, MAX_MESSAGE_BYTES + 1, 2 ** 31, 2 ** 32 - 1])('ends the connection: a length of %i', (size) => {
    expect(() => feed(new MessageFramer(), message(2, new Uint8Array(), { size }), [])).toThrow(`dmaMap) says that it has ${size} bytes`);
  });

  it('is waited for, as long as it may become one', () => {
    const framer = new MessageFramer();
    expect(feed(framer, message(2).subarray(0, 15), [7])).toEqual([]);
    expect(framer.isInside).toBe(true);
    expect(framer.takeAll()).toEqual([7]);
    expect(framer.takeAll()).toEqual([]);
  });

  it('has no more than 16 descriptors, in however many pieces they come', () => {
    const framer = new MessageFramer();
    const bytes = message(8, new Uint8Array(40));
    for (let index = 0; index < 16; index++) expect(feed(framer, bytes.subarray(index, index + 1), [index])).toEqual([]);
    expect(() => feed(framer, bytes.subarray(16, 17), [16])).toThrow('17 descriptors');
    expect(framer.takeAll()).toHaveLength(17);
  });
});

it('a header is written as it is read', () => {
  const bytes = new Uint8Array(HEADER_BYTES);
  writeHeader(new DataView(bytes.buffer), { id: 0xabcd, command: 9, size: 16, flags: MessageFlag.reply, errno: 22 });
  expect([...bytes]).toEqual([0xcd, 0xab, 9, 0, 16, 0, 0, 0, MessageFlag.reply | MessageFlag.error, 0, 0, 0, 22, 0, 0, 0]);
});
