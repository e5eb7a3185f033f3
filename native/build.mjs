// SPDX-License-Identifier: Apache-2.0
//
// build.mjs - builds the native library and what the benchmark needs of it, and the threads' bundles; with --if-needed everything in dist/.
//
//   node native/build.mjs                                  dist/native/libpvg_bridge.so (on a Mac .dylib, and libpvg_bridge_apple.dylib),
//                                                          dist/native/bench/ (not on a Mac), and of TypeScript that is compiled
//                                                          dist/bundles/ (bundle.mjs), dist/page/ (page.mjs) and dist/charts/ (charts.mjs)
//   node native/build.mjs --if-needed                      TypeScript as well, if any source is newer than dist/
//   node native/build.mjs --package                        everything, from nothing: what npm packs
//   node native/build.mjs --bundles [folder]              the bundles and the page only, of dist/ or of a copy of it
//   node native/build.mjs --test-native [plain|asan|tsan [name [argument…]]]
//                                                          builds and runs test/native/*_test.c, or one of them
//
// Each C file is compiled once, and the same objects are linked four times: the library; the library with the benchmark's native callers in
// it (bench/libpvg_bridge.so); and two programs without Node, the benchmark's twin (bench/twin) and the vfio-user server that ours is measured
// with (bench/vfio_server). So these and what they are compared with can't differ in a flag.
//
// Invariants: whatever is made appears under its name by a rename, so that a process that loads or runs it meanwhile sees the old or the new
// one. An object, and dist/.stamp for a whole build, carries the time at which its making STARTED, so that a file saved meanwhile counts
// as newer. An object is made anew if its source, any header, or the compiler's command is newer; it isn't known which headers it reads.
// Nothing that is made names a folder of this machine. In an installed package, which has no TypeScript, the first form makes the library.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';
import { layOutCharts } from './charts.mjs';
import { buildPage } from './page.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.stamp');
const isMac = process.platform === 'darwin';
const ending = isMac ? 'dylib' : 'so';
const library = join(root, 'dist', 'native', `libpvg_bridge.${ending}`);
/** The bridge to Apple's PVG, which is on Macs alone. */
const appleLibrary = join(root, 'dist', 'native', `libpvg_bridge_apple.${ending}`);
const benchFolder = join(root, 'dist', 'native', 'bench');
const compiler = process.env.CC || 'cc';
const common = ['-std=gnu11', '-g', '-Wall', '-Wextra', '-pthread'];
/** As usual, CFLAGS come last. */
const ownFlags = (process.env.CFLAGS ?? '').split(/\s+/).filter((flag) => flag !== '');
/** What the product is made of: where its objects are, and with which flags they are made. */
const product = {
  folder: join(root, 'dist', 'native', 'objects'),
  flags: [
    ...common,
    '-O2',
    '-fPIC',
    '-fvisibility=hidden',
    '-Inative',
    '-include',
    isMac ? 'native/darwin/darwin.h' : 'native/glibc.h',
    `-ffile-prefix-map=${root}=.`,
    ...ownFlags,
  ],
};
// Calls among its own functions go straight there, not by a table that somebody might have put other functions into.
const sharedFlags = isMac
  ? [...common, '-dynamiclib', '-undefined', 'error']
  : [...common, '-shared', '-Wl,-z,nodelete', '-Wl,-Bsymbolic-functions', '-Wl,-z,now'];
/** What the bridge to Apple's PVG is made with besides: its framework is looked up when it runs, so that the library loads without it. */
const appleFlags = ['-fblocks', '-fobjc-exceptions', '-fno-objc-arc'];
const appleFrameworks = ['-framework', 'Foundation', '-framework', 'Metal'];
const flavours = {
  plain: ['-O2'],
  asan: ['-O1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
  tsan: ['-O1', '-fsanitize=thread'],
};
/** Files that are not finished; they go away however the build ends. */
const unfinished = new Set();
process.once('exit', () => {
  for (const path of unfinished) rmSync(path, { force: true });
});

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

/** What needs Linux; native/darwin/darwin.c has these functions on a Mac. */
const LINUX_ONLY = ['signals.c', 'socket.c', 'own_mappings.c', 'ram_import.c'];

/** What every PVG's library has. */
function sharedSources() {
  const sources = filesIn('native', '.c').filter((path) => !isMac || !LINUX_ONLY.includes(basename(path)));
  return isMac ? [...sources, ...filesIn('native/darwin', '.c')] : sources;
}

function librarySources() {
  return [...sharedSources(), ...filesIn('native/soft', '.c')];
}

const appleSources = () => filesIn('native/apple', '.m');

/** What a program is made of beside the library; the benchmark's other sources are in its library and in the twin. */
const isTwin = (source) => basename(source).startsWith('twin');
const isServer = (source) => basename(source).startsWith('vfio_');

// CC may hold arguments, as in CC="ccache gcc".
const [command, ...firstArguments] = compiler.trim().split(/\s+/);

function checkCompiler({ error, status, signal }) {
  if (error?.code === 'ENOENT') {
    stop(
      `no C compiler: tried "${command}"${process.env.CC ? ' (from CC)' : ''}; install gcc (Debian: apt install gcc libc6-dev) or set CC`,
    );
  }
  if (error) stop(`can't run "${command}": ${error.message}`);
  if (status !== 0) stop(`"${command}" failed (${status ?? signal})`);
}

/** Runs the compiler; its own messages go to the terminal as they are. */
function compile(args) {
  checkCompiler(spawnSync(command, [...firstArguments, ...args], { stdio: 'inherit', cwd: root }));
}

/** As compile(), beside others, to a file that appears when it is whole and carries the time at which it was begun. */
async function produce(path, args) {
  const started = Date.now() / 1000;
  const temporary = `${path}.${process.pid}.tmp`;
  unfinished.add(temporary);
  const child = spawn(command, [...firstArguments, ...args, '-o', temporary], { stdio: 'inherit', cwd: root });
  checkCompiler(
    await new Promise((resolve) => {
      child.once('error', (error) => resolve({ error }));
      child.once('exit', (status, signal) => resolve({ status, signal }));
    }),
  );
  utimesSync(temporary, started, started);
  renameSync(temporary, path);
  unfinished.delete(temporary);
}

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const objectOf = (source, { folder } = product) => join(folder, `${source.slice(root.length + 1).replaceAll('/', '-')}.o`);

/** Objects that another compiler or other flags have made are of no use. */
function forgetForeignObjects({ folder, flags }) {
  const record = join(folder, 'command');
  const now = [compiler, ...flags].join(' ');
  if (existsSync(record) && readFileSync(record, 'utf8') === now) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(record, now);
}

/** Makes the objects that are older than what they are made from, as many at once as there are cores. */
async function compileObjects(sources, kind = product) {
  forgetForeignObjects(kind);
  const headers = ['native', 'native/soft', 'native/apple', 'native/darwin', 'native/bench'].flatMap((folder) => filesIn(folder, '.h'));
  const newestHeader = Math.max(...headers.map(modified));
  const waiting = sources.filter((source) => modified(objectOf(source, kind)) <= Math.max(modified(source), newestHeader));
  const work = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      const further = source.endsWith('.m') ? appleFlags : [];
      await produce(objectOf(source, kind), [...kind.flags, ...further, '-c', source]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

/** On a Mac there are two libraries, and no benchmark: its twin and its server are Linux's. */
async function buildNativeOnMac() {
  await compileObjects([...librarySources(), ...appleSources()]);
  const objects = (sources) => sources.map((source) => objectOf(source));
  await Promise.all([
    produce(library, [...sharedFlags, ...objects(librarySources())]),
    produce(appleLibrary, [...sharedFlags, ...objects([...sharedSources(), ...appleSources()]), ...appleFrameworks]),
  ]);
}

async function buildNative() {
  if (isMac) return buildNativeOnMac();
  const benchSources = filesIn('native/bench', '.c');
  const sources = [...librarySources(), ...benchSources];
  mkdirSync(benchFolder, { recursive: true });
  await compileObjects(sources);
  const objects = librarySources().map((source) => objectOf(source));
  const objectsOf = (chosen) => benchSources.filter(chosen).map((source) => objectOf(source));
  const callers = objectsOf((source) => !isTwin(source) && !isServer(source));
  await Promise.all([
    produce(library, [...sharedFlags, ...objects]),
    produce(join(benchFolder, basename(library)), [...sharedFlags, ...objects, ...callers]),
    produce(join(benchFolder, 'twin'), [...common, ...objects, ...callers, ...objectsOf(isTwin)]),
    produce(join(benchFolder, 'vfio_server'), [...common, ...objects, ...objectsOf(isServer)]),
  ]);
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

/** Compiles the TypeScript beside other work. */
async function buildTypeScript() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(tsc)) stop('node_modules is missing or incomplete: run "npm ci --ignore-scripts" first');
  const child = spawn(process.execPath, [tsc, '-p', 'tsconfig.json'], { stdio: 'inherit', cwd: root });
  const status = await new Promise((resolve) => {
    child.once('exit', resolve);
  });
  if (status !== 0) stop('the TypeScript compiler failed');
  await buildBundles();
}

async function buildBundles(dist = join(root, 'dist')) {
  try {
    await Promise.all([bundle(dist), buildPage(join(root, 'src', 'visualiser', 'page'), dist), layOutCharts(dist)]);
  } catch (error) {
    stop(
      error.code === 'ERR_MODULE_NOT_FOUND'
        ? `a package is missing: run "npm ci --ignore-scripts" first (${error.message})`
        : `bundles, page or charts can't be made: ${error.message}`,
    );
  }
}

/** What was removed from the sources is packed with nobody's package. */
async function buildPackage(started) {
  const machine = `${process.platform}-${process.arch}`;
  if (machine !== 'linux-x64') stop(`a package has the library for linux-x64 in it, and this is ${machine}: pack it there`);
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  await Promise.all([buildTypeScript(), buildNative()]);
  touchStamp(started);
}

async function buildIfNeeded(started) {
  const sources = ['src', 'actors', 'native', 'tsconfig.json', 'package.json'].map((name) => newest(join(root, name)));
  const bench = isMac ? [] : [basename(library), 'twin', 'vfio_server'];
  const made = [
    library,
    ...(isMac ? [appleLibrary] : []),
    ...bench.map((name) => join(benchFolder, name)),
    join(root, 'dist', 'bundles', 'cli', 'main.cjs'),
    join(root, 'dist', 'page', 'index.html'),
    join(root, 'dist', 'charts', 'machines.json'),
    stamp,
  ];
  if (made.every(existsSync) && statSync(stamp).mtimeMs > Math.max(...sources)) return;
  await Promise.all([buildTypeScript(), buildNative()]);
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

async function testNative(flavour, only, programArgs) {
  const flags = flavours[flavour];
  if (flags === undefined) stop(`unknown flavour "${flavour}": plain, asan or tsan`);
  const sources = filesIn('test/native', only === undefined ? '_test.c' : `${only}.c`);
  if (sources.length === 0) stop(`there is no test "${only}" in test/native`);
  const folder = join(root, 'dist', 'native', flavour);
  mkdirSync(folder, { recursive: true });
  // A warning fails the tests only: a compiler newer than this project must still build the library.
  const strict = [...common, '-Werror', ...flags, '-Inative'];
  const kind = { folder: join(folder, 'objects'), flags: strict };
  await compileObjects(librarySources(), kind);
  const objects = librarySources().map((source) => objectOf(source, kind));
  let failures = 0;
  for (const source of sources) {
    const name = source.slice(source.lastIndexOf('/') + 1, -2);
    const program = join(folder, name);
    compile([...strict, '-Itest/native', source, ...objects, '-o', program]);
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
  await testNative(rest[0] ?? 'plain', rest[1], rest.slice(2));
} else if (mode === '--if-needed') {
  await buildIfNeeded(started);
} else if (mode === '--package') {
  await buildPackage(started);
} else if (mode === '--bundles') {
  await buildBundles(rest[0]);
} else if (mode === undefined) {
  // An installed package has its bundles, and neither TypeScript nor esbuild to make others.
  const compiled = existsSync(join(root, 'src')) && existsSync(join(root, 'dist', 'src'));
  await Promise.all([buildNative(), compiled && buildBundles()]);
  if (compiled) touchStamp(started);
} else {
  stop(
    `unknown argument "${mode}": --if-needed, --package, --bundles [folder], --test-native [plain|asan|tsan [name [argument…]]] or nothing`,
  );
}
