/**
 * The table of guest memory against a model that knows pages only, and each refusal.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DmaTable } from '../../../src/embed/vfio-user/dma-table.js';
import { Errno } from '../../../src/embed/vfio-user/protocol.js';
import { words } from './client.js';

const PAGE = 4096n;
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** A table, and the names that its target has mapped. */
function tabled(maximum = 62): { readonly table: DmaTable; readonly alive: Set<number> } {
  let latest = 0;
  const alive = new Set<number>();
  const map = (): number => {
    alive.add(++latest);
    return latest;
  };
  const unmap = (names: readonly number[]): void => {
    for (const name of names) expect(alive.delete(name)).toBe(true);
  };
  return { table: new DmaTable({ map, unmap }, maximum), alive };
}

const map = (table: DmaTable, address: bigint, bytes: bigint, { flags = 3, offset = 0n, fds = [] as number[] } = {}): void =>
  table.map(view(words(32, flags, offset, address, bytes)), fds);
const unmap = (table: DmaTable, address: bigint, bytes: bigint, flags = 0): bigint => table.unmap(view(words(24, flags, address, bytes)));
const refusal = (errno: number): object => expect.objectContaining({ errno });

const step = fc.record({
  isMap: fc.boolean(),
  from: fc.integer({ min: 0, max: 24 }),
  pages: fc.integer({ min: 1, max: 8 }),
  top: fc.boolean(),
});

it('has what a model of pages has, whatever is mapped and unmapped', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { table, alive } = tabled();
      let model: { readonly from: bigint; readonly end: bigint }[] = [];
      for (const { isMap, from, pages, top } of steps) {
        const address = (top ? 2n ** 52n - 32n * PAGE : 0n) + BigInt(from) * PAGE;
        const end = address + BigInt(pages) * PAGE;
        const met = model.filter((piece) => piece.from < end && address < piece.end);
        if (isMap && met.length === 0) {
          map(table, address, end - address);
          model.push({ from: address, end });
        } else if (isMap) {
          expect(() => map(table, address, end - address)).toThrow(refusal(Errno.EEXIST));
        } else if (met.some((piece) => piece.from < address || piece.end > end)) {
          expect(() => unmap(table, address, end - address)).toThrow(refusal(Errno.EINVAL));
        } else {
          expect(unmap(table, address, end - address)).toBe(met.reduce((sum, piece) => sum + piece.end - piece.from, 0n));
          model = model.filter((piece) => !met.includes(piece));
        }
        const sorted = [...model].sort((a, b) => (a.from < b.from ? -1 : 1));
        expect(table.mappings.map(({ address: at, bytes }) => [at, at + bytes])).toEqual(sorted.map((piece) => [piece.from, piece.end]));
        expect(alive.size).toBe(model.length);
      }
      table.clear();
      expect([table.size, alive.size]).toEqual([0, 0]);
    }),
  );
});

describe('a map is refused', () => {
  it.each([
    ['of no bytes', 0n, 0n, {}, Errno.EINVAL],
    ['of half a page', 0n, 2048n, {}, Errno.EINVAL],
    ['at half a page', 2048n, PAGE, {}, Errno.EINVAL],
    ['above what can be addressed', 2n ** 52n, PAGE, {}, Errno.EINVAL],
    ['across the end of 64 bits', 2n ** 64n - PAGE, 2n * PAGE, {}, Errno.EINVAL],
    ['of a file without it', 0n, PAGE, { flags: 7 }, Errno.EINVAL],
    ['of files without one', 0n, PAGE, { flags: 11 }, Errno.EINVAL],
    ['with flags that there are none of', 0n, PAGE, { flags: 16 }, Errno.EINVAL],
    ['with two descriptors', 0n, PAGE, { fds: [3, 4] }, Errno.EINVAL],
    ['from the middle of a page of a file', 0n, PAGE, { fds: [3], offset: 5n }, Errno.EINVAL],
    ['from the end of all files', 0n, PAGE, { fds: [3], offset: 2n ** 64n - PAGE }, Errno.EINVAL],
  ] as const)('%s', (_, address, bytes, options, errno) => {
    const { table, alive } = tabled();
    expect(() => map(table, address, bytes, { ...options, fds: 'fds' in options ? [...options.fds] : [] })).toThrow(refusal(errno));
    expect([table.size, alive.size]).toEqual([0, 0]);
  });

  it('when there are as many as there can be, or it is too short', () => {
    const { table } = tabled(2);
    map(table, 0n, PAGE);
    map(table, PAGE, PAGE);
    expect(() => map(table, 2n * PAGE, PAGE)).toThrow(refusal(Errno.ENOSPC));
    expect(() => table.map(view(words(32, 3, 0n, 0n)), [])).toThrow(refusal(Errno.EINVAL));
  });
});

describe('an unmap', () => {
  it('of everything, of a huge range, and of all 64 bits but the last byte, takes what is there', () => {
    const { table, alive } = tabled();
    for (const [address, bytes, flags] of [
      [0n, 0n, 2],
      [0n, 2n ** 63n, 0],
      [0n, 2n ** 64n - 1n, 0],
    ] as const) {
      map(table, PAGE, PAGE);
      map(table, 2n ** 52n - PAGE, PAGE);
      expect(unmap(table, address, bytes, flags)).toBe(2n * PAGE);
      expect(alive.size).toBe(0);
      expect(unmap(table, address, bytes, flags)).toBe(0n);
    }
  });

  it.each([
    ['everything with an address', PAGE, 0n, 2],
    ['everything with a size', 0n, PAGE, 2],
    ['dirty bitmaps', 0n, PAGE, 1],
    ['no bytes', 0n, 0n, 0],
    ['half a page', 0n, 2048n, 0],
    ['what goes over the end', 2n ** 64n - PAGE, 2n * PAGE, 0],
  ])('is refused of %s', (_, address, bytes, flags) => {
    const { table } = tabled();
    map(table, 0n, PAGE);
    expect(() => unmap(table, address, bytes, flags)).toThrow(refusal(Errno.EINVAL));
    expect(table.size).toBe(1);
  });
});
