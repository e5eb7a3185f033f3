import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Surface, SURFACE_TILE } from '../../src/runtime/surface.js';
import { SurfaceReader } from '../../src/runtime/surface-reader.js';

type Rectangle = readonly [x: number, y: number, width: number, height: number];

/** Writes a picture in which those tiles changed, as PVG does. */
function write(surface: Surface, present: number, tiles: readonly number[], pixel = present): void {
  const sequence = surface.beginWrite();
  for (const tile of tiles) {
    surface.tiles[tile] = sequence;
    const x = (tile % surface.tilesAcross) * SURFACE_TILE;
    const y = Math.floor(tile / surface.tilesAcross) * SURFACE_TILE;
    for (let row = y; row < Math.min(y + SURFACE_TILE, surface.height); row++) {
      surface.pixels.fill(pixel, row * surface.width + x, row * surface.width + Math.min(x + SURFACE_TILE, surface.width));
    }
  }
  surface.endWrite(present);
}

function damageOf(surface: Surface, since: number): Rectangle[] {
  const into = new Int32Array(4 * surface.maxRectangles);
  const count = surface.damageSince(since, into);
  return Array.from({ length: count }, (_, index) => [...into.subarray(4 * index, 4 * index + 4)] as unknown as Rectangle);
}

/** The tiles that rectangles cover; fails if they overlap or don't follow the tiles' borders. */
function tilesOf(surface: Surface, rectangles: readonly Rectangle[]): number[] {
  const covered = new Uint8Array(surface.width * surface.height);
  for (const [x, y, width, height] of rectangles) {
    for (let row = y; row < y + height; row++) {
      for (let at = row * surface.width + x; at < row * surface.width + x + width; at++) {
        expect(covered[at]).toBe(0);
        covered[at] = 1;
      }
    }
  }
  const tiles = new Map<number, number>();
  covered.forEach((set, at) => {
    const tile =
      Math.floor(Math.floor(at / surface.width) / SURFACE_TILE) * surface.tilesAcross + Math.floor((at % surface.width) / SURFACE_TILE);
    expect(tiles.get(tile) ?? set).toBe(set);
    tiles.set(tile, set);
  });
  return [...tiles].filter(([, set]) => set === 1).map(([tile]) => tile);
}

describe('damage', () => {
  it('is nothing before the first picture, and then the tiles that changed, as few rectangles as rows of them', () => {
    const surface = new Surface(200, 130);
    expect(damageOf(surface, 0)).toEqual([]);
    write(surface, 1, [...surface.tiles.keys()]);
    expect(damageOf(surface, 0)).toEqual([[0, 0, 200, 130]]);
    const { sequence } = surface;
    write(surface, 2, [0, 2, 3, 6, 7, 11]);
    expect(damageOf(surface, sequence)).toEqual([
      [0, 0, 64, 64],
      [128, 0, 72, 128],
      [192, 128, 8, 2],
    ]);
    expect(damageOf(surface, surface.sequence)).toEqual([]);
  });

  it('is exact for readers that look now and then, of any size and change, also when sequences wrap around', () => {
    const tiles = fc.array(fc.nat(11), { maxLength: 12 });
    const side = fc.integer({ min: 1, max: 150 });
    fc.assert(
      fc.property(
        side,
        side,
        fc.constantFrom(0, 2 ** 31 - 4, 2 ** 32 - 4),
        fc.array(tiles, { minLength: 1, maxLength: 6 }),
        (width, height, begin, pictures) => {
          const surface = new Surface(width, height);
          new Int32Array(surface.memory)[0] = begin | 0;
          surface.tiles.fill(begin);
          const count = surface.tiles.length;
          const seen = pictures.map((changed, index) => {
            const before = surface.sequence;
            write(
              surface,
              index + 1,
              changed.filter((tile) => tile < count),
            );
            return before;
          });
          for (const [index, since] of seen.entries()) {
            const expected = new Set(
              pictures
                .slice(index)
                .flat()
                .filter((tile) => tile < count),
            );
            expect(tilesOf(surface, damageOf(surface, since))).toEqual([...expected].sort((a, b) => a - b));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is everything after a saved picture was put back', () => {
    const surface = new Surface(70, 70);
    surface.restore(new Uint8Array(4 * 70 * 70).fill(9), 2 ** 33 + 5);
    expect(damageOf(surface, 0)).toEqual([[0, 0, 70, 70]]);
    expect(surface.snapshot()).toMatchObject({ present: 2 ** 33 + 5, sequence: 2 });
  });
});

describe('a reader', () => {
  it('copies what changed since it looked last', () => {
    const surface = new Surface(130, 65);
    const reader = new SurfaceReader(surface);
    expect(reader.refresh()).toBe(false);
    write(surface, 1, [0]);
    write(surface, 2, [5]);
    expect(reader.refresh()).toBe(true);
    expect([reader.count, reader.present, reader.sequence]).toEqual([2, 2, 4]);
    expect([...reader.rectangles.subarray(0, 8)]).toEqual([0, 0, 64, 64, 128, 64, 2, 1]);
    expect(reader.pixels).toEqual(new Uint32Array(surface.pixels));
    // What is not marked isn't looked at.
    surface.pixels[64] = 77;
    write(surface, 3, []);
    expect([reader.refresh(), reader.count, reader.present, reader.pixels[64]]).toEqual([true, 0, 3, 0]);
    expect([reader.refresh(), reader.count]).toEqual([false, 0]);
  });

  it('gives a picture up whose writer died', () => {
    const surface = new Surface(10, 10);
    const reader = new SurfaceReader(surface);
    write(surface, 1, [0]);
    surface.beginWrite();
    expect([reader.refresh(), reader.count, surface.snapshot()]).toEqual([false, 0, null]);
  });

  it('never sees a torn picture, nor misses a change, while another thread writes', async () => {
    const surface = new Surface(512, 512);
    const reader = new SurfaceReader(surface);
    // Each picture changes some tiles; all the pixels of a tile are the number of the picture that changed it last, which its word says too.
    // The writer goes on from every hundredth picture when the reader has seen it, so that a writer that gets a whole core can't be through before the reader has looked.
    const seen = new Int32Array(new SharedArrayBuffer(4));
    const code = `
      const { workerData, parentPort } = require('node:worker_threads');
      import(workerData.module).then(({ Surface }) => {
        const surface = new Surface(512, 512, workerData.memory);
        for (let present = 1; present <= 3000; present++) {
          const sequence = surface.beginWrite();
          for (let tile = present % 3; tile < 64; tile += 1 + (present % 5)) {
            surface.tiles[tile] = sequence;
            const begin = Math.floor(tile / 8) * 64 * 512 + (tile % 8) * 64;
            for (let row = 0; row < 64; row++) surface.pixels.fill(present, begin + 512 * row, begin + 512 * row + 64);
          }
          surface.endWrite(present);
          for (let seen = 0; present % 100 === 0 && (seen = Atomics.load(workerData.seen, 0)) < present;) Atomics.wait(workerData.seen, 0, seen);
        }
      });`;
    const module = new URL('../../dist/src/runtime/surface.js', import.meta.url).href;
    const worker = new Worker(code, { eval: true, workerData: { module, memory: surface.memory, seen } });
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    const expected = new Uint32Array(64);
    let looks = 0;
    for (let present = 0; present < 3000; ) {
      if (!reader.refresh()) {
        surface.wait(reader.sequence, 50);
        continue;
      }
      looks++;
      for (let each = present + 1; each <= reader.present; each++) {
        for (let tile = each % 3; tile < 64; tile += 1 + (each % 5)) expected[tile] = each;
      }
      present = reader.present;
      for (let tile = 0; tile < 64; tile++) {
        const begin = Math.floor(tile / 8) * 64 * 512 + (tile % 8) * 64;
        for (let row = 0; row < 64; row += 9) {
          const line = reader.pixels.subarray(begin + 512 * row, begin + 512 * row + 64);
          if (line[0] !== expected[tile] || line[63] !== expected[tile]) throw new RangeError(`tile ${tile} of picture ${present} is torn`);
        }
      }
      Atomics.store(seen, 0, present);
      Atomics.notify(seen, 0);
    }
    await ended;
    expect(looks).toBeGreaterThanOrEqual(30);
  });
});
