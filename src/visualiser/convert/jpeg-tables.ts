/**
 * The tables of a baseline JPEG (ITU-T T.81): how coefficients are ordered and coarsened, and which codes they get.
 *
 * Invariant: the codes are the "typical" ones of annex K, which every file names again, so any decoder reads them.
 */

/** Coefficients in the order in which they are written: by diagonals, so that those that are mostly zero come last. */
export const ZIGZAG = Uint8Array.from(
  Array.from({ length: 64 }, (_, at) => at).sort((a, b) => {
    const [diagonalA, diagonalB] = [(a >> 3) + (a & 7), (b >> 3) + (b & 7)];
    if (diagonalA !== diagonalB) return diagonalA - diagonalB;
    return diagonalA % 2 === 0 ? (b >> 3) - (a >> 3) : (a >> 3) - (b >> 3);
  }),
);

/** Divisors of brightness and of colour at quality 50 (tables K.1 and K.2), row by row. */
export const BRIGHTNESS_DIVISORS = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62, 18, 22,
  37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
export const COLOUR_DIVISORS = [
  17,
  18,
  24,
  47,
  99,
  99,
  99,
  99,
  18,
  21,
  26,
  66,
  99,
  99,
  99,
  99,
  24,
  26,
  56,
  99,
  99,
  99,
  99,
  99,
  47,
  66,
  99,
  99,
  99,
  99,
  99,
  99,
  ...Array<number>(32).fill(99),
];

/** A Huffman table as it lies in a file: how many codes there are of each length from 1 on, and what they stand for, in the order of codes. */
export interface CodeTable {
  readonly counts: readonly number[];
  readonly values: readonly number[];
}

const hex = (text: string): number[] => (text.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, value) => value);

/** Tables K.3 to K.6. */
export const BRIGHTNESS_DC: CodeTable = { counts: hex('00010501010101010100000000000000'), values: upTo(12) };
export const COLOUR_DC: CodeTable = { counts: hex('00030101010101010101010000000000'), values: upTo(12) };
export const BRIGHTNESS_AC: CodeTable = {
  counts: hex('0002010303020403050504040000017d'),
  values: hex(
    '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa',
  ),
};
export const COLOUR_AC: CodeTable = {
  counts: hex('00020102040403040705040400010277'),
  values: hex(
    '000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa',
  ),
};

/** By value: the code, and how many bits it has. */
export interface Codes {
  readonly codes: Uint16Array;
  readonly lengths: Uint8Array;
}

/** The codes of a table: those of one length count up, and go on with twice the next one at the next length. */
export function codesOf({ counts, values }: CodeTable): Codes {
  const codes = new Uint16Array(256);
  const lengths = new Uint8Array(256);
  let code = 0;
  let at = 0;
  counts.forEach((count, index) => {
    for (let k = 0; k < count; k++) {
      const value = values[at++] ?? 0;
      codes[value] = code++;
      lengths[value] = index + 1;
    }
    code *= 2;
  });
  return { codes, lengths };
}
