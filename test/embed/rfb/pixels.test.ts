/**
 * Pixels get to a viewer as they are, in every format and encoding: checked by a viewer that decodes them.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Viewer } from '../../../src/embed/rfb/viewer.js';
import { parsePixelFormat } from '../../../src/embed/rfb/pixel-format.js';
import { Surface } from '../../../src/runtime/surface.js';
import { Bytes, type Format, NATIVE, RAW, TestViewer, ZRLE } from './client.js';

const FORMATS: Readonly<Record<string, Format>> = {
  native: NATIVE,
  '32 bits, big-endian': { ...NATIVE, bigEndian: true },
  '32 bits, red first': { ...NATIVE, shift: [0, 8, 16] },
  '32 bits, colours in the upper bytes': { ...NATIVE, shift: [24, 16, 8] },
  '32 bits, colours in the upper bytes, big-endian': { ...NATIVE, shift: [24, 16, 8], bigEndian: true },
  '32 bits, depth 30': { ...NATIVE, depth: 30, max: [1023, 1023, 1023], shift: [20, 10, 0] },
  '16 bits': { ...NATIVE, bitsPerPixel: 16, depth: 16, max: [31, 63, 31], shift: [11, 5, 0] },
  '16 bits, big-endian': { ...NATIVE, bitsPerPixel: 16, depth: 15, bigEndian: true, max: [31, 31, 31], shift: [10, 5, 0] },
  '8 bits': { ...NATIVE, bitsPerPixel: 8, depth: 8, max: [7, 7, 3], shift: [0, 3, 6] },
  '8 bits, a colour map': { ...NATIVE, bitsPerPixel: 8, depth: 8, trueColour: false, max: [0, 0, 0], shift: [0, 0, 0] },
};

/** A viewer without sockets between it and the server's. */
function pair(surface: Surface | null): { viewer: TestViewer; server: Viewer } {
  const bytes = new Bytes();
  const server: Viewer = new Viewer({
    screen: { name: 'a picture', surface, shownCursor: null },
    connection: {
      peer: 'a test',
      send: (pieces) => {
        for (const piece of pieces) bytes.push(Buffer.from(piece));
        return Promise.resolve();
      },
      end: () => bytes.end(),
    },
    password: null,
    onAdmitted: () => undefined,
    onWrongPassword: () => undefined,
    onRefused: (reason) => {
      throw new RangeError(reason);
    },
  });
  return { viewer: new TestViewer(bytes, (data) => server.receive(data)), server };
}

/** A picture with a little of everything that a tile's form may be for. */
function draw(surface: Surface, seed: number): void {
  const { width, pixels } = surface;
  const sequence = surface.beginWrite();
  for (let index = 0; index < pixels.length; index++) {
    const [x, y] = [index % width, Math.floor(index / width)];
    const noise = Math.imul(index + seed, 0x9e37_79b1) >>> 0;
    const kind = (Math.floor(x / 64) + 3 * Math.floor(y / 64) + seed) % 8;
    const colour = [
      0x12_3456,
      noise,
      (x >> 3) % 2 === 0 ? 0xff_ffff : 0,
      [0xff_0000, 0xff00, 0xff][(x + y) % 3],
      Math.imul((x * 5 + y) % 12, 0x11_1111),
      Math.imul((x + 7 * y) % 100, 0x02_0305),
      Math.imul(x >> 4, 0x10_2030) + Math.imul(y, 0x1_0101),
      // Runs of 256, whose length ends with a 0.
      Math.imul((y % 64) >> 2, 0x0f_0e0d),
    ][kind];
    pixels[index] = (0xff00_0000 | (colour ?? 0)) >>> 0;
  }
  surface.tiles.fill(sequence);
  surface.endWrite(seed + 1);
}

/** Two pictures are the same; if not, says where first. */
function expectSame(seen: Uint32Array, wanted: Uint32Array): void {
  if (Buffer.compare(Buffer.from(seen.buffer), Buffer.from(wanted.buffer)) === 0) return;
  const at = seen.findIndex((word, index) => word !== wanted[index]);
  expect(`pixel ${at}: ${seen[at]?.toString(16)}`).toBe(`pixel ${at}: ${wanted[at]?.toString(16)}`);
}

const colours = ({ pixels }: Surface): Uint32Array => Uint32Array.from(pixels, (word) => word & 0xff_ffff);

/** What a format leaves of a colour. */
function kept(word: number, { trueColour, max }: Format): number {
  const [red = 0, green = 0, blue = 0] = trueColour ? max : [7, 7, 3];
  const part = (shift: number, most: number): number =>
    Math.round((Math.round((((word >> shift) & 0xff) * most) / 255) * 255) / most) << shift;
  const exact = (part(16, red) | part(8, green) | part(0, blue)) >>> 0;
  if (trueColour) return exact;
  // A colour map has 16 bits a colour, of which a viewer takes the upper ones.
  const mapped = (shift: number, most: number): number =>
    (Math.round((Math.round((((word >> shift) & 0xff) * most) / 255) * 0xffff) / most) >> 8) << shift;
  return (mapped(16, red) | mapped(8, green) | mapped(0, blue)) >>> 0;
}

it.each(
  Object.keys(FORMATS).flatMap((name) => [
    [name, 'raw', RAW],
    [name, 'ZRLE', ZRLE],
  ]),
)('%s by %s', async (name, _, encoding) => {
  const format = FORMATS[name as string] ?? NATIVE;
  const surface = new Surface(333, 150);
  const { viewer } = pair(surface);
  await viewer.greet();
  viewer.setFormat(format);
  viewer.setEncodings(encoding as number);
  for (const seed of [0, 1, 2, 3]) {
    draw(surface, seed);
    viewer.request(seed > 0);
    expect((await viewer.update()).encodings.every((each) => each === encoding)).toBe(true);
    expectSame(
      viewer.pixels,
      Uint32Array.from(surface.pixels, (word) => kept(word, format)),
    );
  }
});

it.each([
  ['red first', { ...NATIVE, shift: [0, 8, 16] }, 0xff00_0000],
  ['colours in the upper bytes', { ...NATIVE, shift: [24, 16, 8] }, 0xff],
  ['depth 30', { ...NATIVE, depth: 30, max: [1023, 1023, 1023], shift: [20, 10, 0] }, 0xc000_0000],
] as const)('bits without a colour are ones: %s', async (_, format, unused) => {
  const { viewer } = pair(new Surface(8, 8));
  await viewer.greet();
  viewer.setFormat(format);
  viewer.request(false);
  const update = await viewer.bytes.take(4 + 12 + 4 * 64);
  for (let at = 16; at < update.length; at += 4) expect(update.readUInt32LE(at)).toBe(unused);
});

it('ZRLE is smaller than raw', async () => {
  const surface = new Surface(640, 480);
  const { viewer } = pair(surface);
  await viewer.greet();
  draw(surface, 0);
  viewer.setEncodings(RAW);
  viewer.request(false);
  const raw = await viewer.update();
  viewer.setEncodings(ZRLE, RAW);
  viewer.request(false);
  const zrle = await viewer.update();
  expect(zrle.encodings).toContain(ZRLE);
  expect(zrle.bytes).toBeLessThan(raw.bytes / 2);
});

it('only what has changed is sent, and only of the part that was asked for', async () => {
  const surface = new Surface(640, 480);
  const { viewer, server } = pair(surface);
  await viewer.greet();
  draw(surface, 0);
  viewer.request(false);
  await viewer.update();
  const sequence = surface.beginWrite();
  for (const [x, y] of [
    [10, 10],
    [600, 400],
  ] as const) {
    surface.pixels[y * 640 + x] = 0xff12_3456;
    surface.tiles[Math.floor(y / 64) * surface.tilesAcross + Math.floor(x / 64)] = sequence;
  }
  surface.endWrite(2);
  viewer.request(true, 0, 0, 100, 100);
  expect((await viewer.update()).bytes).toBe(4 + 12 + 4 * 64 * 64);
  expect(viewer.pixels[10 * 640 + 10]).toBe(0x12_3456);
  expect(viewer.pixels[400 * 640 + 600]).not.toBe(0x12_3456);
  // Nothing has changed there since, so nothing comes until something does.
  viewer.request(true, 0, 0, 100, 100);
  server.update();
  await new Promise(setImmediate);
  expect(viewer.bytes.rest.length).toBe(0);
  viewer.request(true);
  await viewer.update();
  expectSame(viewer.pixels, colours(surface));
});

it('what a part leaves of a tile is sent later', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(200), fc.nat(150), fc.nat(220), fc.nat(160)), { minLength: 1, maxLength: 6 }),
      async (parts) => {
        const surface = new Surface(200, 150);
        const { viewer } = pair(surface);
        await viewer.greet();
        draw(surface, 5);
        for (const [x, y, width, height] of parts) {
          if (x >= 200 || y >= 150 || width === 0 || height === 0) continue;
          viewer.request(false, x, y, width, height);
          await viewer.update();
          const all = colours(surface);
          const isIn = (at: number): boolean => at % 200 >= x && at % 200 < x + width && at >= 200 * y && at < 200 * (y + height);
          expectSame(
            viewer.pixels.filter((__, at) => isIn(at)),
            all.filter((__, at) => isIn(at)),
          );
        }
        viewer.request(false);
        await viewer.update();
        expectSame(viewer.pixels, colours(surface));
      },
    ),
    { numRuns: 30 },
  );
});

it.each([
  [[24, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0], 'has 24 bits a pixel, expected 8, 16 or 32'],
  [[32, 24, 0, 0, 0, 255, 0, 255, 0, 255, 16, 8, 0], 'has a colour map and 32 bits a pixel, expected 8'],
  [[32, 24, 0, 1, 0, 254, 0, 255, 0, 255, 16, 8, 0], 'has a largest red of 254, expected a power of two less 1'],
  [[32, 24, 0, 1, 0, 255, 0, 0, 0, 255, 16, 8, 0], 'has a largest green of 0'],
  [[16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 5, 12], 'has blue in bits 12..16 of 16'],
  [[32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 255, 8, 0], 'has red in bits 255..262 of 32'],
])('a pixel format that is none is refused: %j', (bytes, reason) => {
  expect(() => parsePixelFormat(Buffer.from([...bytes, 0, 0, 0]))).toThrow(reason);
});
