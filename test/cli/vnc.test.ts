/**
 * `run --display vnc=`: viewers see every display of the guest, and what is in the way of that is said.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseVnc } from '../../src/cli/vnc.js';
import { dial, ZRLE } from '../embed/rfb/client.js';

const cli = 'dist/src/cli/main.js';

it('is parsed as QEMU has it, but that nothing but this machine is let in unless an address says so', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'vnc-')), 'password');
  writeFileSync(path, 'geheim\n');
  expect(parseVnc('vnc=:1')).toEqual({ host: '127.0.0.1', number: 1, webSocketPort: null, password: null });
  expect(parseVnc('vnc=[::1]:7,websocket')).toEqual({ host: '::1', number: 7, webSocketPort: 5707, password: null });
  expect(parseVnc(`vnc=0.0.0.0:0,websocket=8000,password-file=${path}`)).toEqual({
    ...{ host: '0.0.0.0', number: 0, webSocketPort: 8000, password: 'geheim' },
  });
});

/** A VNC display number that nobody else has, with room for another one behind it. */
async function freeNumber(): Promise<number> {
  for (let number = 40; number < 99; number++) {
    const servers = [5900, 5901].map((port) => createServer().listen(port + number, '127.0.0.1'));
    const free = await Promise.all(
      servers.map((server) =>
        once(server, 'listening').then(
          () => true,
          () => false,
        ),
      ),
    );
    await Promise.all(servers.map((server) => new Promise((resolve) => (server.listening ? server.close(resolve) : resolve(undefined)))));
    if (free.every((each) => each)) return number;
  }
  throw new RangeError('no VNC display number is free');
}

it('a viewer of each display sees what the guest draws', async () => {
  const number = await freeNumber();
  const args = [cli, 'run', '--seconds', '60', '--displays', '2', '--mode', '640x480@60', '--display', `vnc=127.0.0.1:${number}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  while (said.split('VNC on').length < 3) await once(child.stderr, 'data');
  for (const display of [0, 1]) {
    const { viewer, socket } = await dial(5900 + number + display);
    await viewer.greet();
    expect([viewer.width, viewer.height, viewer.name]).toEqual([640, 480, `apple-gfx, display ${display}`]);
    viewer.setEncodings(ZRLE);
    viewer.request(false);
    do {
      await viewer.update();
      viewer.request(true);
    } while (new Set(viewer.pixels).size < 100);
    socket.destroy();
  }
  child.kill('SIGINT');
  expect(await exited).toEqual([130, null]);
  expect(said).toMatch(/viewer 127\.0\.0\.1:\d+ came\n/);
});

it('a port in use ends the run at once, with what is in the way', async () => {
  const number = await freeNumber();
  const other = createServer().listen(5900 + number, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const { status, stderr } = spawnSync(process.execPath, [cli, 'run', '--display', `vnc=127.0.0.1:${number}`], { encoding: 'utf8' });
  expect(stderr).toContain(`VNC for display 0: listen EADDRINUSE: address already in use 127.0.0.1:${port}`);
  expect(status).toBe(2);
  other.close();
});
