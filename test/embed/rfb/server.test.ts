/**
 * The VNC server on a real device: versions, passwords, sizes, cursors, several viewers, pages, and viewers that mean no good.
 */
import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createDevice, type Device } from '../../../dist/src/index.js';
import { serveVnc, type VncServer } from '../../../dist/src/embed/rfb/server.js';
import { Guesses } from '../../../src/embed/rfb/guesses.js';
import type { DeviceDisplay } from '../../../dist/src/display.js';
import { Surface } from '../../../src/runtime/surface.js';
import { CURSOR, CURSOR_ALPHA, Bytes, DESKTOP_SIZE, dial, POINTER, TestViewer, ZRLE } from './client.js';

let device: Device;
let server: VncServer;
beforeEach(async () => {
  device = await createDevice({ variant: 'pci', ramBytes: 2 ** 20, displayModes: [[]], pollMicroseconds: 0 });
  server = await serveVnc(device.display, { port: 0, name: 'a test' });
});
afterEach(async () => {
  await server.close();
  await device.close();
});

/** Another picture on the display, as the device's actors would report it. */
function show(display: DeviceDisplay, width: number, height: number, colour: number): Surface {
  const surface = new Surface(width, height);
  display.onReport({ report: 'surface', display: 0, width, height, memory: surface.memory });
  paint(display, surface, colour);
  return surface;
}

function paint(display: DeviceDisplay, surface: Surface, colour: number): void {
  const sequence = surface.beginWrite();
  surface.pixels.fill((0xff00_0000 | colour) >>> 0);
  surface.tiles.fill(sequence);
  surface.endWrite(1);
  display.onReport({ report: 'update', display: 0 });
}

const mirrored = (byte: number): number => Number.parseInt([...byte.toString(2).padStart(8, '0')].reverse().join(''), 2);
const answerOf =
  (password: string) =>
  (challenge: Buffer): Buffer => {
    const key = Buffer.from([...Buffer.from(password.padEnd(8, '\0')).subarray(0, 8)].map(mirrored));
    const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false);
    return Buffer.concat([cipher.update(challenge), cipher.final()]);
  };

it.each(['003.003', '003.007', '003.008'])(
  'version %s: a viewer sees black until there is a picture, and then the picture',
  async (version) => {
    const { viewer, socket } = await dial(server.address.port);
    expect(await viewer.greet(version)).toBe(1);
    expect([viewer.width, viewer.height, viewer.name]).toEqual([640, 480, 'a test']);
    viewer.setEncodings(ZRLE, DESKTOP_SIZE);
    viewer.request(false);
    await viewer.update();
    expect(new Set(viewer.pixels)).toEqual(new Set([0]));
    viewer.request(true);
    show(device.display, 400, 300, 0x12_3456);
    expect((await viewer.update()).encodings).toContain(DESKTOP_SIZE);
    expect([viewer.width, viewer.height]).toEqual([400, 300]);
    expect(new Set(viewer.pixels)).toEqual(new Set([0x12_3456]));
    socket.destroy();
  },
);

it('whoever can take no other size sees the part of the picture that fits, and black', async () => {
  const { viewer, socket } = await dial(server.address.port);
  await viewer.greet();
  viewer.request(false);
  await viewer.update();
  viewer.request(true);
  show(device.display, 400, 600, 0xab_cdef);
  await viewer.update();
  expect([viewer.width, viewer.height]).toEqual([640, 480]);
  expect([...viewer.pixels].every((word, at) => word === (at % 640 < 400 ? 0xab_cdef : 0))).toBe(true);
  socket.destroy();
});

it.each(['003.003', '003.008'])('a password is asked for in version %s', async (version) => {
  const guarded = await serveVnc(device.display, { port: 0, password: 'geheim' });
  const refusals: string[] = [];
  guarded.on('refused', (_, reason) => refusals.push(reason));
  const right = await dial(guarded.address.port);
  expect(await right.viewer.greet(version, answerOf('geheim'))).toBe(2);
  const wrong = await dial(guarded.address.port);
  await expect(wrong.viewer.greet(version, answerOf('geheim!'))).rejects.toThrow(
    version === '003.008' ? 'the password is wrong' : 'refused',
  );
  await wrong.ended;
  expect(refusals).toEqual(['the password is wrong']);
  const none = await dial(guarded.address.port);
  await none.viewer.bytes.take(12);
  none.socket.write('RFB 003.008\n');
  await none.viewer.bytes.take(2);
  // None at all, which was not offered.
  none.socket.write(Buffer.from([1, 1]));
  await none.ended;
  expect(refusals.at(-1)).toBe('it chose security type 1, which was not offered');
  expect(guarded.viewerCount).toBe(1);
  await guarded.close();
});

it('whoever gave wrong passwords has to wait, and others of its address with it', async () => {
  const guarded = await serveVnc(device.display, { port: 0, password: 'geheim' });
  for (let guess = 0; guess < 3; guess++) {
    const { viewer, socket } = await dial(guarded.address.port);
    await expect(viewer.greet('003.008', answerOf(`guess ${guess}`))).rejects.toThrow('the password is wrong');
    socket.destroy();
  }
  const refused = once(guarded, 'refused');
  const { ended } = await dial(guarded.address.port);
  expect((await refused)[1]).toMatch(/^it gave wrong passwords, and may try again in \d+ s$/);
  await ended;
  await guarded.close();
});

it('the wait grows, ends, and is forgotten by the right password', () => {
  let now = 0;
  const guesses = new Guesses(() => now);
  const waits = Array.from({ length: 12 }, () => {
    guesses.noteWrong('a');
    return guesses.waitOf('a');
  });
  expect(waits).toEqual([0, 0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
  expect(guesses.waitOf('b')).toBe(0);
  now = 60_000;
  expect(guesses.waitOf('a')).toBe(0);
  guesses.noteRight('a');
  guesses.noteWrong('a');
  expect(guesses.waitOf('a')).toBe(0);
  for (let other = 0; other < 2000; other++) guesses.noteWrong(`other ${other}`);
  guesses.noteWrong('a');
  guesses.noteWrong('a');
  expect(guesses.waitOf('a')).toBe(0);
});

it('a viewer that can draws the cursor, at the place that it is told; into the picture of others it is painted', async () => {
  const surface = show(device.display, 128, 64, 0x10_2030);
  const pixels = Uint32Array.from([0xffff_0000, 0x80ff_ffff, 0x0000_ff00, 0xff00_00ff]);
  device.display.setCursorImage({ width: 2, height: 2, hotX: 1, hotY: 0, pixels });
  device.display.cursor.setShown(true);
  device.display.cursor.moveTo(20, 30);
  const [own, alpha, painted] = await Promise.all([dial(server.address.port), dial(server.address.port), dial(server.address.port)]);
  for (const { viewer } of [own, alpha, painted]) await viewer.greet();
  own.viewer.setEncodings(POINTER, CURSOR);
  alpha.viewer.setEncodings(POINTER, CURSOR_ALPHA);
  // Without being told where it is, it could only draw the cursor at another place.
  painted.viewer.setEncodings(CURSOR);
  for (const { viewer } of [own, alpha, painted]) viewer.request(false);
  for (const { viewer } of [own, alpha, painted]) await viewer.update();
  expect(own.viewer.pointer).toEqual({ x: 20, y: 30 });
  expect(own.viewer.cursor).toMatchObject({ x: 1, y: 0, width: 2, height: 2 });
  expect(own.viewer.cursor?.data.subarray(16)).toEqual(Buffer.from([0b1100_0000, 0b0100_0000]));
  expect(alpha.viewer.cursor?.data.subarray(4)).toEqual(Buffer.from([255, 0, 0, 255, 128, 128, 128, 128, 0, 0, 0, 0, 0, 0, 255, 255]));
  expect(new Set(own.viewer.pixels)).toEqual(new Set([0x10_2030]));
  const at = (x: number, y: number): number | undefined => painted.viewer.pixels[y * 128 + x];
  expect([at(19, 30), at(20, 30), at(19, 31), at(20, 31), at(21, 30)]).toEqual([0xff_0000, 0x88_9098, 0x10_2030, 0xff, 0x10_2030]);
  // It moves, and what it covered comes back.
  for (const { viewer } of [own, painted]) viewer.request(true);
  device.display.cursor.moveTo(100, 30);
  await own.viewer.update();
  await painted.viewer.update();
  expect(own.viewer.pointer).toEqual({ x: 100, y: 30 });
  expect([at(19, 30), at(20, 30), at(99, 30), at(100, 31)]).toEqual([0x10_2030, 0x10_2030, 0xff_0000, 0xff]);
  // It is hidden, and a picture comes below it.
  for (const { viewer } of [own, painted]) viewer.request(true);
  device.display.cursor.setShown(false);
  await own.viewer.update();
  await painted.viewer.update();
  expect(own.viewer.cursor).toMatchObject({ width: 0, height: 0 });
  expect(new Set(painted.viewer.pixels)).toEqual(new Set([0x10_2030]));
  painted.viewer.request(true);
  paint(device.display, surface, 0x55_6677);
  await painted.viewer.update();
  expect(new Set(painted.viewer.pixels)).toEqual(new Set([0x55_6677]));
  for (const { socket } of [own, alpha, painted]) socket.destroy();
});

it('a headless device copies frames as long as somebody looks', async () => {
  const { viewer, ended, socket } = await dial(server.address.port);
  await viewer.greet();
  expect(server.viewerCount).toBe(1);
  const left = once(server, 'left');
  socket.destroy();
  await Promise.all([ended, left]);
  expect(server.viewerCount).toBe(0);
  // The server was the only one to look.
  expect(() => device.display.detachViewer()).toThrow('no viewer to detach');
});

it('a page sees the picture over a WebSocket, if it is of this machine or of one that was named', async () => {
  show(device.display, 320, 200, 0x33_6699);
  const web = await serveVnc(device.display, { port: 0, webSocketPort: 0, origins: ['https://friends.example'] });
  const url = `ws://127.0.0.1:${web.webSocketAddress?.port}/websockify`;
  for (const origin of ['http://localhost:8000', 'http://127.0.0.1', 'https://friends.example', undefined]) {
    const socket = new WebSocket(url, ['binary'], origin === undefined ? {} : { origin });
    const bytes = new Bytes();
    socket.on('message', (data: Buffer) => bytes.push(data));
    await once(socket, 'open');
    const viewer = new TestViewer(bytes, (data) => socket.send(data));
    await viewer.greet();
    viewer.setEncodings(ZRLE);
    viewer.request(false);
    await viewer.update();
    expect(new Set(viewer.pixels)).toEqual(new Set([0x33_6699]));
    socket.terminate();
  }
  for (const origin of ['https://evil.example', 'http://localhost.evil.example', 'http://127.evil.example', 'null']) {
    const socket = new WebSocket(url, ['binary'], { origin });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('403');
  }
  await web.close();
});

it('there is a bound on viewers, and one that goes makes room', async () => {
  const dialled = await Promise.all(Array.from({ length: 32 }, () => dial(server.address.port)));
  await Promise.all(dialled.map(({ viewer }) => viewer.greet()));
  const refused = once(server, 'refused');
  const late = await dial(server.address.port);
  expect((await refused)[1]).toBe('there are 32 viewers already');
  await late.ended;
  const left = once(server, 'left');
  dialled[0]?.socket.destroy();
  await left;
  const next = await dial(server.address.port);
  await next.viewer.greet();
  for (const { socket } of [...dialled, next]) socket.destroy();
});

it('a viewer that takes nothing stops nobody else', async () => {
  const surface = show(device.display, 1920, 1080, 1);
  const lazy = await dial(server.address.port);
  await lazy.viewer.greet();
  lazy.socket.pause();
  for (let count = 0; count < 1000; count++) lazy.viewer.request(false);
  const { viewer, socket } = await dial(server.address.port);
  await viewer.greet();
  viewer.setEncodings(ZRLE);
  viewer.request(false);
  for (let colour = 2; colour < 5; colour++) {
    await viewer.update();
    viewer.request(true);
    paint(device.display, surface, colour);
  }
  await viewer.update();
  expect(viewer.pixels[0]).toBe(4);
  lazy.socket.destroy();
  socket.destroy();
});

it.each([
  ['GET / HTTP/1.1\r\n', 'it greets with "GET / HTTP/1', 'expected a version of RFB'],
  ['RFB 002.001\n', 'it speaks RFB 2.1', 'expected 3.3 or later'],
])('a greeting that is none ends the connection: %j', async (text, ...reason) => {
  const refused = once(server, 'refused');
  const { socket, ended } = await dial(server.address.port);
  socket.write(text);
  const [, said] = (await refused) as [string, string];
  for (const part of reason) expect(said).toContain(part);
  await ended;
});

it.each([
  [[9], 'it sent a message of type 9, which is none'],
  [[2, 0, 0xff, 0xff], 'it names 65535 encodings, expected at most 1024'],
  [[0, 0, 0, 0, 7, ...Array.from({ length: 15 }, () => 0)], 'a pixel format has 7 bits a pixel'],
])('a message that is none ends the connection: %j', async (bytes, reason) => {
  const refused = once(server, 'refused');
  const { viewer, socket, ended } = await dial(server.address.port);
  await viewer.greet();
  socket.write(Buffer.from(bytes));
  expect((await refused)[1]).toContain(reason);
  await ended;
});

it('keys, pointers and texts of any length are taken and thrown away', async () => {
  const { viewer, socket } = await dial(server.address.port);
  await viewer.greet();
  socket.write(Buffer.from([4, 1, 0, 0, 0, 0, 0, 65, 5, 0, 0, 1, 0, 2]));
  socket.write(Buffer.from([6, 0, 0, 0, 0, 0x10, 0, 0]));
  for (let piece = 0; piece < 16; piece++) socket.write(Buffer.alloc(0x1_0000));
  viewer.request(false);
  await viewer.update();
  socket.destroy();
});

it('whatever comes, the next viewer is served', { timeout: 60_000 }, async () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.constantFrom(
      Buffer.from('RFB 003.008\n'),
      Buffer.from([1]),
      Buffer.from([1, 1]),
      Buffer.from([3, 0, 0, 0, 0, 0, 255, 255, 255, 255]),
      Buffer.from([3, 1, 255, 255, 255, 255, 0, 0, 0, 0]),
      Buffer.from([2, 0, 0, 2, 0, 0, 0, 16, 0, 0, 0, 0]),
      Buffer.from([2, 0, 0, 0]),
      Buffer.from([0, 0, 0, 0, 8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
      Buffer.from([6, 0, 0, 0, 255, 255, 255, 255]),
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.boolean(), async (pieces, isValid) => {
      const socket = connect(server.address.port, '127.0.0.1');
      socket.on('error', () => socket.destroy());
      socket.resume();
      await once(socket, 'connect');
      if (isValid) socket.write(Buffer.from('RFB 003.008\n\x01\x01', 'latin1'));
      for (const each of pieces) if (!socket.destroyed) socket.write(each);
      await new Promise((resolve) => socket.end(() => resolve(undefined)));
      socket.destroy();
    }),
    { numRuns: 150 },
  );
  const { viewer, socket } = await dial(server.address.port);
  await viewer.greet();
  viewer.request(false);
  await viewer.update();
  socket.destroy();
});

it('a wrong option is said, and an address in use', async () => {
  await expect(serveVnc(device.display, { port: 70_000 })).rejects.toThrow('port is 70000, expected an integer in 0..65535');
  await expect(serveVnc(device.display, { port: 0, password: '' })).rejects.toThrow('password is empty');
  await expect(serveVnc(device.display, { port: server.address.port })).rejects.toThrow('EADDRINUSE');
});
