// SPDX-License-Identifier: Apache-2.0
//
// build.mjs - builds the native library, and with --if-needed everything in dist/.
//
//   node native/build.mjs                                  the library
//   node native/build.mjs --if-needed                      TypeScript and library, if any source is newer than dist/
//   node native/build.mjs --test-native [plain|asan|tsan [name [argument…]]]
//                                                          builds and runs test/native/*_test.c, or one of them
//
// Invariant: the library appears under its name by a rename, so that a process that loads it meanwhile sees the
// old or the new one. dist/.stamp carries the time at which the last whole build STARTED, so that a file saved
// during a build counts as newer. It doesn't track headers or objects: the library is compiled as a whole.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.stamp');
const library = join(root, 'dist', 'native', 'libpvg_bridge.so');
const compiler = process.env.CC || 'cc';
const common = ['-std=gnu11', '-g', '-Wall', '-Wextra', '-pthread'];
const flavours = {
  plain: ['-O2'],
  asan: ['-O1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
  tsan: ['-O1', '-fsanitize=thread'],
};

function stop(message) {
  console.error(`native/build.mjs: ${message}`);
  process.exit(1);
}

function filesIn(folder, ending) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(path, name));
}

function librarySources() {
  return [...filesIn('native', '.c'), ...filesIn('native/soft', '.c')];
}

/** Runs the compiler; its own messages go to the terminal as they are. */
function compile(args) {
  // CC may hold arguments, as in CC="ccache gcc".
  const [command, ...first] = compiler.trim().split(/\s+/);
  const result = spawnSync(command, [...first, ...args], { stdio: 'inherit', cwd: root });
  if (result.error?.code === 'ENOENT') {
    stop(
      `no C compiler: tried "${command}"${process.env.CC ? ' (from CC)' : ''}; install gcc (Debian: apt install gcc libc6-dev) or set CC`,
    );
  }
  if (result.error) stop(`can't run "${command}": ${result.error.message}`);
  if (result.status !== 0) stop(`"${command}" failed (${result.status ?? result.signal})`);
}

function buildLibrary() {
  mkdirSync(dirname(library), { recursive: true });
  const unfinished = `${library}.${process.pid}.tmp`;
  // The temporary file goes away however the compiler ends.
  process.once('exit', () => rmSync(unfinished, { force: true }));
  const shared = ['-O2', '-fPIC', '-fvisibility=hidden', '-shared', '-Wl,-z,nodelete', '-Wl,-z,now'];
  compile([...common, ...shared, '-Inative', ...librarySources(), '-o', unfinished]);
  renameSync(unfinished, library);
}

/** The newest modification time at or below a path; folders count, since theirs tell of removed files. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(status.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function touchStamp(started) {
  closeSync(openSync(stamp, 'a'));
  utimesSync(stamp, started / 1000, started / 1000);
}

function buildIfNeeded(started) {
  const sources = ['src', 'actors', 'native', 'tsconfig.json', 'package.json'].map((name) => newest(join(root, name)));
  if (existsSync(library) && existsSync(stamp) && statSync(stamp).mtimeMs > Math.max(...sources)) return;
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(tsc)) stop('node_modules is missing or incomplete: run "npm ci --ignore-scripts" first');
  const result = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { stdio: 'inherit', cwd: root });
  if (result.status !== 0) stop('the TypeScript compiler failed');
  buildLibrary();
  touchStamp(started);
}

function runTest(program, programArgs, wrapped) {
  const command = wrapped ? 'setarch' : program;
  const wrapper = wrapped ? [process.arch === 'arm64' ? 'aarch64' : 'x86_64', '-R', program] : [];
  const result = spawnSync(command, [...wrapper, ...programArgs], { encoding: 'utf8', cwd: root, timeout: 900_000 });
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? result.error.message : ''}`;
  // TSan wants its shadow memory where address space randomisation may have put something else.
  if (!wrapped && output.includes('unexpected memory mapping')) return runTest(program, programArgs, true);
  return { passed: result.status === 0, output };
}

function testNative(flavour, only, programArgs) {
  const flags = flavours[flavour];
  if (flags === undefined) stop(`unknown flavour "${flavour}": plain, asan or tsan`);
  const sources = filesIn('test/native', only === undefined ? '_test.c' : `${only}.c`);
  if (sources.length === 0) stop(`there is no test "${only}" in test/native`);
  const folder = join(root, 'dist', 'native', flavour);
  mkdirSync(folder, { recursive: true });
  let failures = 0;
  for (const source of sources) {
    const name = source.slice(source.lastIndexOf('/') + 1, -2);
    const program = join(folder, name);
    // A warning fails the tests only: a compiler newer than this project must still build the library.
    compile([...common, '-Werror', ...flags, '-Inative', '-Itest/native', source, ...librarySources(), '-o', program]);
    const { passed, output } = runTest(program, programArgs, false);
    console.log(`${passed ? 'ok    ' : 'FAILED'} ${flavour} ${name}`);
    if (output !== '') console.log(output.trimEnd());
    if (!passed) failures++;
  }
  process.exit(failures === 0 ? 0 : 1);
}

const started = Date.now();
const [mode, ...rest] = process.argv.slice(2);
if (mode === '--test-native') {
  testNative(rest[0] ?? 'plain', rest[1], rest.slice(2));
} else if (mode === '--if-needed') {
  buildIfNeeded(started);
} else if (mode === undefined) {
  buildLibrary();
  if (existsSync(join(root, 'dist', 'src'))) touchStamp(started);
} else {
  stop(`unknown argument "${mode}": --if-needed, --test-native [plain|asan|tsan [name [argument…]]] or nothing`);
}
