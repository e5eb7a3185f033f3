/**
 * A frame that the guest drew arrives in a viewer as the independent renderer has it, by each encoding, with and without a cursor of the viewer's own.
 *
 * Viewers that others wrote: `npm run test:viewers`.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDevice, type Device, Vcpu } from '../../../dist/src/index.js';
import { serveVnc, type VncServer } from '../../../dist/src/embed/rfb/server.js';
import { drawFrames, shown } from '../../guest/drawing.js';
import { renderFrame, renderScreenshot } from '../../reference/renderer.js';
import { CURSOR_ALPHA, dial, POINTER, RAW, ZRLE } from './client.js';

const [FRAME, WIDTH, HEIGHT] = [45, 800, 601];
let device: Device;
let server: VncServer;
beforeAll(async () => {
  device = await createDevice({ variant: 'pci', modes: [{ width: WIDTH, height: HEIGHT, rateHz: 60 }], vsync: false, ramBytes: 2 ** 25 });
  server = await serveVnc(device.display, { port: 0 });
  drawFrames(new Vcpu(device.attachment), FRAME);
  await shown(device);
});
afterAll(async () => {
  await server.close();
  await device.close();
});

it.each([
  ['raw, the cursor in it', [RAW], renderScreenshot],
  ['ZRLE, the cursor in it', [ZRLE], renderScreenshot],
  ['raw, without the cursor', [RAW, CURSOR_ALPHA, POINTER], renderFrame],
  ['ZRLE, without the cursor', [ZRLE, CURSOR_ALPHA, POINTER], renderFrame],
] as const)('%s', async (_, encodings, render) => {
  const { viewer, socket } = await dial(server.address.port);
  await viewer.greet();
  viewer.setEncodings(...encodings);
  viewer.request(false);
  expect((await viewer.update()).encodings).toContain(encodings[0]);
  expect([viewer.width, viewer.height]).toEqual([WIDTH, HEIGHT]);
  const wanted = render(FRAME, WIDTH, HEIGHT);
  const wrong = viewer.pixels.findIndex((word, at) => word !== ((wanted[at] ?? 0) & 0xff_ffff));
  expect(wrong).toBe(-1);
  socket.destroy();
});
