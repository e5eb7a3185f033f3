/**
 * Compiles the bridge for Apple's targets, against our declarations and stub headers, and prints as JSON which symbols it leaves to others: by target.
 * Exit code 2: there is no clang here.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Missing } from '../../qemu/missing.mjs';
import { findTools } from './tools.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const TARGETS = ['arm64-apple-macos11', 'x86_64-apple-macos11'];
const FLAGS = [
  ...['-nostdlibinc', '-Inative', '-Inative/apple/standin/include', '-isystem', 'test/native/apple/stubs', '-std=gnu11', '-O2'],
  ...['-fblocks', '-fobjc-exceptions', '-fexceptions', '-fvisibility=hidden', '-Wall', '-Wextra', '-Werror', '-c'],
];

class CompilerError extends Error {}

const LC_SYMTAB = 2;
const HEADER_BYTES = 32;
const SYMBOL_BYTES = 16;
const N_EXT = 1;
const N_TYPE = 0x0e;

/** External symbols of a Mach-O object: those it has, and those it wants. */
function symbolsOf(bytes) {
  const found = { defined: [], undefined: [] };
  let at = HEADER_BYTES;
  for (let commands = bytes.readUInt32LE(16); commands > 0; commands--) {
    const [command, size] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    if (command === LC_SYMTAB) {
      const [symbols, count, names] = [8, 12, 16].map((offset) => bytes.readUInt32LE(at + offset));
      for (let place = symbols; place < symbols + SYMBOL_BYTES * count; place += SYMBOL_BYTES) {
        const start = names + bytes.readUInt32LE(place);
        const type = bytes[place + 4];
        if ((type & N_EXT) === 0) continue;
        const name = bytes.toString('latin1', start, bytes.indexOf(0, start));
        ((type & N_TYPE) === 0 ? found.undefined : found.defined).push(name);
      }
    }
    at += size;
  }
  return found;
}

function compile(tools, target, folder) {
  const sources = readdirSync(join(root, 'native', 'apple')).filter((name) => name.endsWith('.m'));
  const symbols = sources.map((name) => {
    const object = join(folder, `${target}-${name}.o`);
    const args = ['-target', target, ...FLAGS, `native/apple/${name}`, '-o', object];
    const { status, stderr } = spawnSync(tools.clang, args, { cwd: root, encoding: 'utf8', env: { ...process.env, ...tools.environment } });
    if (status !== 0) throw new CompilerError(`${name} for ${target}: ${stderr}`);
    return symbolsOf(readFileSync(object));
  });
  const defined = new Set(symbols.flatMap((each) => each.defined));
  return [...new Set(symbols.flatMap((each) => each.undefined))].filter((name) => !defined.has(name)).sort();
}

const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-targets-'));
try {
  const tools = await findTools((text) => console.error(text));
  console.log(JSON.stringify(Object.fromEntries(TARGETS.map((target) => [target, compile(tools, target, folder)]))));
} catch (error) {
  console.error(`test/native/apple/targets.mjs: ${error.message}`);
  process.exitCode = error instanceof Missing ? 2 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
