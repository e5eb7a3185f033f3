/**
 * Objects are found in bytes that come in any pieces, and what is wrong costs its own line only.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Frame, JsonFramer, MAX_DEPTH, MAX_OBJECT_BYTES } from '../../../src/embed/qmp/json-framer.js';

const framesOf = (...pieces: (string | Uint8Array)[]): Frame[] => {
  const framer = new JsonFramer();
  return pieces.flatMap((piece) => framer.feed(Buffer.from(piece as string)));
};
const fault = (text: string): object => ({ fault: expect.stringContaining(text) });

it('finds every object, wherever what comes is cut', () => {
  const objects = fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 })), { maxLength: 5 });
  fc.assert(
    fc.property(objects, fc.array(fc.nat(), { maxLength: 8 }), fc.constantFrom('', '\n', ' \r\n'), (values, cuts, between) => {
      const bytes = Buffer.from(values.map((value) => JSON.stringify(value) + between).join(''));
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      expect(framesOf(...pieces)).toEqual(values.map((value) => ({ text: JSON.stringify(value) })));
    }),
  );
});

it.each([
  ['quit', 'expected an object'],
  ['[1]', 'expected an object'],
  ['}', 'expected an object'],
  ['{"a":]}', '"]" closes nothing'],
  ['{"a":"tab\there"}', 'a control character'],
])('of %s there is one fault, and the next line begins anew', (wrong, text) => {
  expect(framesOf(`${wrong} {"on":"the same line"}\n{"on":"the next"}`)).toEqual([fault(text), { text: '{"on":"the next"}' }]);
});

it('a line that ends inside a string is a fault, and begins anew there', () => {
  expect(framesOf('{"a":"b\n{}')).toEqual([fault('a control character'), { text: '{}' }]);
});

it('bytes that are no UTF-8 are a fault of their object', () => {
  expect(framesOf(Buffer.from('{"a":"\xc0\xaf"}{}', 'latin1'))).toEqual([fault('not UTF-8'), { text: '{}' }]);
});

it('byte 0xff begins anew, and tells only of what it cut off', () => {
  expect(framesOf(Buffer.from([0xff]), '{"a":"', Buffer.from([0xff]), '{}')).toEqual([fault('not whole'), { text: '{}' }]);
  expect(framesOf('nonsense', Buffer.from([0xff]), '{}')).toEqual([fault('expected'), { text: '{}' }]);
});

it('an object has bounds of length and depth, and may reach them', () => {
  const longest = `{"a":"${'x'.repeat(MAX_OBJECT_BYTES - 8)}"}`;
  expect(framesOf(longest)).toEqual([{ text: longest }]);
  expect(framesOf(longest.replace('a', 'aa'), '\n{}')).toEqual([fault(`at most ${MAX_OBJECT_BYTES} bytes`), { text: '{}' }]);
  const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
  expect(framesOf(nested(MAX_DEPTH))).toEqual([{ text: nested(MAX_DEPTH) }]);
  expect(framesOf(nested(MAX_DEPTH + 1), '\n{}')).toEqual([fault('nested'), { text: '{}' }]);
});
