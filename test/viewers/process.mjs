/**
 * Programs of others: whether they are there, run to their end, and ended with all that they started.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const PATIENCE_MS = 60_000;

/** A viewer, or what it needs, isn't on this machine. */
export class MissingError extends Error {}

/** The path of the first program that is there. Throws MissingError. */
export function find(names, debianPackage) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = name.includes('/') ? name : join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // The next one.
      }
    }
  }
  throw new MissingError(`there is no ${names.join(' or ')} (Debian's package ${debianPackage})`);
}

/** Starts a program in a process group of its own; `said`: what it has written, `stop()` ends all of the group. */
export function start(file, args, env = {}) {
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const program = { child, said: '', stop: async () => undefined };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      program.said = (program.said + text).slice(-20_000);
    });
  }
  program.ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  program.stop = async () => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
    await program.ended;
  };
  return program;
}

/** Runs a program to its end. Throws with its last words if it fails or hangs. */
export async function run(file, args, env = {}) {
  const program = start(file, args, env);
  const timer = setTimeout(program.stop, PATIENCE_MS);
  const code = await program.ended;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`${file} ended with ${code}: ${program.said.trim().slice(-500)}`);
  return program.said;
}
