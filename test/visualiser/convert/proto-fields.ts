/**
 * Protobuf read by what its documentation says of the encoding, for tests: fields of a message, without a schema.
 */
import { DefectError } from '../../../src/base/errors.js';

/** A number as it is encoded, or the bytes of a text, a message or a 64-bit number. */
export type ProtoValue = bigint | Uint8Array;

/** Numbers and values of a message's fields, in their order. */
export function* protoFields(message: Uint8Array): Generator<[field: number, value: ProtoValue]> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new DefectError('ends within a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = Number(varint());
    const wire = key % 8;
    if (wire === 0) {
      yield [key >> 3, varint()];
      continue;
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? Number(varint()) : Number.NaN;
    if (!(at + length <= message.length)) throw new DefectError(`field ${key >> 3} of wire type ${wire} ends behind its message`);
    yield [key >> 3, message.subarray(at, at + length)];
    at += length;
  }
}

/** The values of one field. */
export const fieldsOf = (message: ProtoValue, field: number): ProtoValue[] =>
  [...protoFields(message as Uint8Array)].filter(([number]) => number === field).map(([, value]) => value);

export const textOf = (value: ProtoValue): string => new TextDecoder('utf-8', { fatal: true }).decode(value as Uint8Array);

export function packedVarints(bytes: Uint8Array): bigint[] {
  const values: bigint[] = [];
  for (let at = 0; at < bytes.length; ) {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    values.push(value);
  }
  return values;
}

export function packedDoubles(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 8 }, (_, at) => view.getFloat64(8 * at, true));
}
