/**
 * The words behind a command's name: numbers, data in hexadecimal and in base 64 (QEMU's docs/devel/testing/qtest).
 *
 * Invariant: what is given back is within the bounds that were asked for; anything else throws a QtestError that names the word, what it was and what
 * was expected.
 */
import { AppleGfxError } from '../../base/errors.js';

/** A command is answered with FAIL, or with ERR where its data is wrong, and this text. */
export class QtestError extends AppleGfxError {
  constructor(
    message: string,
    readonly answer: 'FAIL' | 'ERR' = 'FAIL',
  ) {
    super('ERR_QTEST', message);
  }
}

const MAX_U64 = 2n ** 64n - 1n;
const SHOWN = 40;

const quoted = (word: string): string => JSON.stringify(word.length > SHOWN ? `${word.slice(0, SHOWN)}…` : word);

/** As C reads it: decimal, 0x and hexadecimal, 0 and octal. */
function parse(word: string): bigint | null {
  if (word.length > SHOWN) return null;
  if (/^0[0-7]+$/.test(word)) return BigInt(`0o${word.slice(1)}`);
  return /^(0[xX][0-9a-fA-F]+|[1-9][0-9]*|0)$/.test(word) ? BigInt(word) : null;
}

/** An unsigned number of at most `high`. */
export function unsigned(name: string, word: string, high = MAX_U64): bigint {
  const value = parse(word);
  if (value === null || value > high) {
    const most = high === MAX_U64 ? '2^64-1' : String(high);
    throw new QtestError(`${name} is ${quoted(word)}, expected a number in 0..${most}, decimal, 0x… or octal 0…`);
  }
  return value;
}

/** A number of bytes. */
export function length(name: string, word: string, low: number, high: number): number {
  const value = unsigned(name, word);
  if (value < low || value > high) throw new QtestError(`${name} is ${value}, expected ${low}..${high}`);
  return Number(value);
}

/** That many bytes, given in hexadecimal; what isn't given is zero, what is too much is left out. */
export function hexData(word: string, size: number): Uint8Array {
  const [, digits] = /^0[xX]((?:[0-9a-fA-F]{2})+)$/.exec(word) ?? [];
  if (digits === undefined) throw new QtestError(`DATA is ${quoted(word)}, expected 0x and two hexadecimal digits for each byte`, 'ERR');
  const data = new Uint8Array(size);
  data.set(Buffer.from(digits.slice(0, 2 * size), 'hex'));
  return data;
}

/** At most that many bytes, given in base 64; what is too much is left out. */
export function base64Data(word: string, size: number): Uint8Array {
  const sound = word.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(word);
  if (!sound) throw new QtestError(`B64_DATA is ${quoted(word)}, expected base 64`, 'ERR');
  return Buffer.from(word, 'base64').subarray(0, size);
}
