/**
 * Ends devices in every way, many times: `node test/shutdown.mjs [--runs N] [case…]` (default 3 runs of every case).
 *
 * For each run: the exit code is what it should be, the process ended in time and by no signal of its own making, and
 * /dev/shm has what it had before.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** A run that takes longer hangs: twenty devices with their threads take some seconds on a quiet machine, several times that on a busy one. */
const TIMEOUT_MS = 90_000;
const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const caseFile = (name) => [file('./shutdown-cases.mjs'), name];

/** What to start, the exit code it should have, and the signal it is sent once it draws. */
const cases = {
  sigint: {
    args: [
      file('../dist/src/cli/main.js'),
      'run',
      '--frames',
      '100000',
      '--mode',
      '640x480@60',
      '--vsync',
      'off',
      '--trace',
      'apple_gfx_new_frame',
    ],
    code: 130,
    signal: 'SIGINT',
  },
  exit: { args: caseFile('exit'), code: 7 },
  'crash-bql': { args: caseFile('crash-bql'), code: 0 },
  'crash-render-queue': { args: caseFile('crash-render-queue'), code: 0 },
  'crash-background-queue': { args: caseFile('crash-background-queue'), code: 0 },
  'close-during-access': { args: caseFile('close-during-access'), code: 0 },
  twenty: { args: caseFile('twenty'), code: 0 },
};

function once({ args, code, signal }) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    let signalled = false;
    const timer = setTimeout(() => {
      text += '\n(did not end in time)';
      child.kill('SIGKILL');
    }, TIMEOUT_MS);
    const hear = (chunk) => {
      text = (text + chunk).slice(-4000);
      if (signal && !signalled && text.includes('apple_gfx_new_frame')) {
        signalled = true;
        child.kill(signal);
      }
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('close', (got, killedBy) => {
      clearTimeout(timer);
      resolve(got === code ? null : `exit code ${got}, signal ${killedBy}, expected code ${code}\n${text}`);
    });
  });
}

const { values, positionals } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, help: { type: 'boolean' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !(name in cases));
if (values.help || unknown.length > 0 || !(Number(values.runs) >= 1)) {
  if (unknown.length > 0) process.stderr.write(`no case ${unknown.join(', ')}\n`);
  process.stderr.write(`usage: node test/shutdown.mjs [--runs N] [case…]\ncases: ${Object.keys(cases).join(', ')}\n`);
  process.exit(values.help ? 0 : 2);
}
const before = readdirSync('/dev/shm').sort().join();
let failures = 0;
for (const [name, test] of Object.entries(cases)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  let good = 0;
  for (let index = 0; index < Number(values.runs); index++) {
    const problem = await once(test);
    if (problem === null) good++;
    else process.stdout.write(`${name}: ${problem}\n`);
  }
  process.stdout.write(`${name}: ${good} of ${values.runs}\n`);
  failures += Number(values.runs) - good;
}
const after = readdirSync('/dev/shm').sort().join();
if (after !== before) {
  process.stdout.write(`/dev/shm has changed: ${before} → ${after}\n`);
  failures++;
}
process.exitCode = failures === 0 ? 0 : 1;
