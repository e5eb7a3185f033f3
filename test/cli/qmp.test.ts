/**
 * `run --qmp`: who manages it stops the guest, lets it go on, resets it and ends it; and what is in the way of that is said.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseQmp } from '../../src/cli/qmp.js';
import { TestClient } from '../embed/qmp/client.js';

const cli = 'dist/src/cli/main.js';
const folder = mkdtempSync(join(tmpdir(), 'qmp-'));

it('is parsed as QEMU has it, but that a run neither connects to anybody nor waits', () => {
  expect(parseQmp('unix:/tmp/a')).toBe('/tmp/a');
  expect(parseQmp('unix:a,,b,server=on,wait=off')).toBe('a,b');
  expect(parseQmp('unix:a,,,server,nowait')).toBe('a,');
  for (const wrong of ['', 'unix:', 'tcp:localhost:1', 'unix:a,wait=on', 'unix:a,server=off', 'unix:a,b']) {
    expect(() => parseQmp(wrong)).toThrow('expected unix:PATH');
  }
});

/** Starts a run that draws until it is ended, and waits until it listens. */
async function start(path: string, ...more: string[]): Promise<{ exited: Promise<unknown[]>; kill: (signal: NodeJS.Signals) => void }> {
  const args = [cli, 'run', '--mode', '400x300@60', '--vsync', 'off', '--qmp', `unix:${path},server=on,wait=off`, ...more];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  while (!said.includes(`QMP on unix:${path}`)) await once(child.stderr, 'data');
  return { exited, kill: (signal) => void child.kill(signal) };
}

it('stops the guest between two frames, lets it go on, resets it, and ends it', async () => {
  const path = join(folder, 'a');
  const { exited } = await start(path, '--seconds', '60');
  const client = await TestClient.ready(path);
  const interrupts = async (): Promise<unknown> => (await client.execute('human-monitor-command', { 'command-line': 'info irq' })).return;
  const untilMoved = async (): Promise<void> => {
    const before = await interrupts();
    while ((await interrupts()) === before) await new Promise(setImmediate);
  };
  await untilMoved();
  await client.execute('stop');
  expect(client.events).toMatchObject([{ event: 'STOP' }]);
  expect((await client.execute('query-status')).return).toEqual({ status: 'paused', running: false });
  // Frames that it has handed over are still shown; then all is quiet.
  let before: unknown;
  for (let quiet = 0; quiet < 20; ) {
    const now = await interrupts();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  // It brings the device up again, and rests again before it draws.
  expect((await client.execute('system_reset')).return).toEqual({});
  expect((await client.execute('query-status')).return).toEqual({ status: 'paused', running: false });
  await client.execute('stop');
  await client.execute('cont');
  await client.execute('cont');
  expect((await client.execute('query-status')).return).toEqual({ status: 'running', running: true });
  expect(client.events.map(({ event }) => event)).toEqual(['STOP', 'RESET', 'RESUME']);
  await untilMoved();
  await client.execute('system_reset');
  // The guest sets its mode anew, with interrupts before its first frame: until that is shown there is no picture.
  let dumped: Awaited<ReturnType<typeof client.execute>>;
  do dumped = await client.execute('screendump', { filename: join(folder, 'shot.png'), format: 'png' });
  while (dumped.error?.desc === 'display 0 has shown nothing yet');
  expect(dumped.return).toEqual({});
  await client.execute('quit');
  expect(await client.next()).toMatchObject({ event: 'SHUTDOWN', data: { reason: 'host-qmp-quit' } });
  expect(await exited).toEqual([0, null]);
  expect(existsSync(path)).toBe(false);
});

it('a guest that rests is ended by a signal, and clients hear why', async () => {
  const path = join(folder, 'b');
  const { exited, kill } = await start(path, '--seconds', '60');
  const client = await TestClient.ready(path);
  await client.execute('stop');
  kill('SIGTERM');
  expect(await client.next()).toMatchObject({ event: 'SHUTDOWN', data: { guest: false, reason: 'host-signal' } });
  expect(await exited).toEqual([130, null]);
});

it('a run that comes to its end says that its guest has', async () => {
  const path = join(folder, 'c');
  const { exited } = await start(path, '--seconds', '1');
  const client = await TestClient.ready(path);
  expect(await client.next()).toMatchObject({ event: 'SHUTDOWN', data: { guest: true, reason: 'guest-shutdown' } });
  expect(await exited).toEqual([0, null]);
});

it('what can’t be a socket ends the run at once, and is left as it is', () => {
  const path = join(folder, 'file');
  writeFileSync(path, '');
  const { status, stderr } = spawnSync(process.execPath, [cli, 'run', '--qmp', `unix:${path}`], { encoding: 'utf8' });
  expect(stderr).toContain(`QMP: path ${path} exists and is no socket`);
  expect(status).toBe(2);
  expect(existsSync(path)).toBe(true);
});
