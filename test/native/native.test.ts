/**
 * The native tests, in C and without Node: as they are, and with the sanitizers where the compiler has them. The fuzz
 * test is the one of test/native/fuzz_test.c: a million packets and register accesses plainly, fewer with a sanitizer.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const NAMES = [
  'mailbox_test',
  'polling_test',
  'memory_map_test',
  'answers_test',
  'guest_memory_test',
  'ram_import_test',
  'soft_pvg_test',
  'soft_faults_test',
  'displays_test',
  'pixels_test',
  'upcall_test',
  'waits_test',
  'iosfc_test',
  'iosfc_faults_test',
  'mappings_test',
  'suspend_test',
  'suspend_ends_test',
  'clock_test',
  'state_test',
  'socket_test',
  'signals_test',
  'fuzz_test',
];

const root = new URL('../..', import.meta.url).pathname;

/** Whether the compiler makes programs with that sanitizer; some systems have it in a package of its own. */
function links(flag: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-'));
  try {
    const source = join(folder, 'empty.c');
    writeFileSync(source, 'int main(void) { return 0; }\n');
    const [command = 'cc', ...args] = (process.env.CC || 'cc').trim().split(/\s+/);
    return spawnSync(command, [...args, flag, source, '-o', join(folder, 'empty')]).status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the native library', () => {
  it.for([
    { flavour: 'plain', flag: '-O2' },
    { flavour: 'asan', flag: '-fsanitize=address,undefined' },
    { flavour: 'tsan', flag: '-fsanitize=thread' },
  ])('passes its own tests, $flavour', { timeout: 900_000 }, ({ flavour, flag }, { skip }) => {
    if (!links(flag)) skip(`this compiler makes no programs with ${flag}`);
    const result = spawnSync(process.execPath, ['native/build.mjs', '--test-native', flavour], { cwd: root, encoding: 'utf8' });
    expect(result.stdout + result.stderr).not.toContain('FAILED');
    expect(result.status).toBe(0);
    for (const name of NAMES) {
      expect(result.stdout).toContain(`${flavour} ${name}`);
    }
  });
});
