/**
 * `run --qtest`: a client takes the guest's part, beside a monitor, until that or a signal ends the run.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TestClient } from '../embed/qmp/client.js';
import { QtestTestClient } from '../embed/qtest/client.js';

const cli = 'dist/src/cli/main.js';
const folder = mkdtempSync(join(tmpdir(), 'qtest-'));

/** Starts a run and waits until it listens. */
async function start(path: string, ...more: string[]): Promise<{ exited: Promise<unknown[]>; kill: (signal: NodeJS.Signals) => void }> {
  const args = [cli, 'run', '--qtest', `unix:${path},server=on,wait=off`, ...more];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  while (!said.includes(`qtest on unix:${path}`)) await once(child.stderr, 'data');
  return { exited, kill: (signal) => void child.kill(signal) };
}

it('has no guest of its own, stands still until the clock is moved, and ends with the monitor’s quit', async () => {
  const path = join(folder, 'a');
  const [monitor, log] = [join(folder, 'monitor'), join(folder, 'log')];
  const { exited } = await start(path, '--mode', '400x300@50', '--qmp', `unix:${monitor}`, '--qtest-log', log);
  const client = await QtestTestClient.dial(path);
  expect(Number(await client.ok('readl 0x30001034'))).toBe(0x1_0001);
  expect(await client.ask('clock_step')).toBe('FAIL cannot advance the clock to the next deadline: there is none');
  await client.ok('writel 0x3000121c 0');
  expect(await client.ok('clock_step')).toBe('20000000');
  const qmp = await TestClient.ready(monitor);
  const commands = (await qmp.execute('query-commands')).return as { name: string }[];
  expect(commands.map(({ name }) => name)).not.toContain('stop');
  expect((await qmp.execute('system_reset')).return).toEqual({});
  expect([await client.ok('readl 0x3000121c'), await client.ok('clock_step 5')]).toEqual(['0x00000000ffffffff', '20000005']);
  await qmp.execute('quit');
  expect(await exited).toEqual([0, null]);
  expect(await client.answer()).toBeNull();
  expect([existsSync(path), existsSync(monitor)]).toEqual([false, false]);
  expect(readFileSync(log, 'utf8')).toMatch(
    /^\[I 0\.0{6}\] OPENED\n\[R \+\d+\.\d{6}\] readl 0x30001034\n\[S \+\d+\.\d{6}\] OK 0x0000000000010001\n/,
  );
});

it('ends with a signal, and as wrong usage where there can’t be a socket', async () => {
  const path = join(folder, 'b');
  const { exited, kill } = await start(path);
  kill('SIGTERM');
  expect(await exited).toEqual([130, null]);
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, '');
  const { status, stderr } = spawnSync(process.execPath, [cli, 'run', '--qtest', `unix:${path}`], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, expect.stringContaining(`qtest: path ${path} exists and is no socket`)]);
});
