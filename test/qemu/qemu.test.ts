/**
 * A Linux guest in a real QEMU drives the device, as `npm run test:qemu` has it: where QEMU was fetched before, or may be (.ci/run says so).
 *
 * What is checked stands in scenarios.mjs, a line each. Where it can't run it is skipped, with the reason.
 */
import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';

const TIMEOUT_MS = 600_000;

interface Ending {
  readonly status: number | null;
  readonly output: string;
}

function run(...args: readonly string[]): Promise<Ending> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['test/qemu/run.mjs', ...args]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        output += bytes.toString();
      });
    }
    child.once('close', (status) => resolve({ status, output }));
  });
}

it('a guest in a real QEMU draws what the reference renderer draws, behind an IOMMU and without; the server outlives unplugging and a killed QEMU', {
  timeout: TIMEOUT_MS,
}, async ({ skip }) => {
  const { status, output } = await run(...(process.env.APPLE_GFX_FETCH_QEMU ? [] : ['--no-fetch']));
  const cannot = /^test:qemu can't run here: .*$/m.exec(output)?.[0];
  if (status === 2 && cannot !== undefined) skip(cannot);
  expect(output).not.toMatch(/^FAILED/m);
  for (const line of [
    /^ok iommu: the picture is the reference's: frame 600/m,
    /^ok the device is unplugged/m,
    /^ok plugged in again: the picture is the reference's/m,
    /^ok iommu: QEMU has nothing to complain of/m,
    /^ok QEMU is killed while the guest draws/m,
    /^ok lspci -vv shows the device/m,
    /^ok the guest reads the ROM/m,
    /^ok plain: the picture is the reference's: frame 600/m,
    /^ok the server ends on SIGTERM/m,
  ]) {
    expect(output).toMatch(line);
  }
  expect(status).toBe(0);
});

it('says what is wrong with its arguments', async () => {
  const { status, output } = await run('--only', 'nothing');
  expect(status).toBe(2);
  expect(output).toMatch(/^there is no scenario 'nothing', only iommu, plain, end$/m);
});
