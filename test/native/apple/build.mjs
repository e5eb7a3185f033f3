/**
 * Builds the bridge to Apple's PVG with the stand-in of the frameworks: from the very files that are built on a Mac.
 *
 *   node test/native/apple/build.mjs [plain|asan|tsan]     dist/native/standin/ (or standin-asan/, standin-tsan/)
 *
 *   libpvg_bridge_apple.so   the bridge; STANDIN_FRAMEWORK names the framework that it loads
 *   pg-130.so ... pg-270.so  the framework of macOS 13, 15.4, 26, 27, with the software PVG in it
 *   libstandin.so            Metal, libdispatch and blocks
 *
 * Invariant: what is there is whole and as new as its sources, or is made anew under a lock's folder name and renamed. Exit code 2: the tools aren't
 * here, and it says which.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Missing } from '../../qemu/missing.mjs';
import { findTools } from './tools.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const MACOS = [130, 154, 260, 270];
const FLAVOURS = {
  plain: ['-O2'],
  asan: ['-O1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
  tsan: ['-O1', '-fsanitize=thread'],
};
const C = ['-std=gnu11', '-g', '-pthread', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra', '-Werror', '-Inative'];
const OBJECTIVE_C = [
  ...['-fobjc-runtime=gcc', '-fblocks', '-fobjc-exceptions', '-fexceptions', '-fconstant-string-class=NSConstantString'],
  ...['-DGNUSTEP', '-DGNUSTEP_BASE_LIBRARY=1', '-DGNU_RUNTIME=1', '-D_NATIVE_OBJC_EXCEPTIONS'],
];
const LIBRARIES = ['-lBlocksRuntime', '-lgnustep-base', '-lobjc', '-ldl'];
const STANDIN = 'native/apple/standin';

const files = (folder, ending) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`);

const newestOf = (folder) =>
  Math.max(
    ...readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(root, folder, name)).mtimeMs),
  );

class CompilerError extends Error {}

/** Compiler runs, as many at once as there are cores; the first failure ends it. */
class Compiler {
  #tools;
  #flags;
  constructor(tools, flags) {
    this.#tools = tools;
    this.#flags = flags;
  }

  async run(args) {
    const child = spawn(this.#tools.clang, [...this.#flags, ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...this.#tools.environment },
    });
    const status = await new Promise((resolve) => {
      child.once('error', () => resolve(null));
      child.once('exit', resolve);
    });
    if (status !== 0) throw new CompilerError(`clang failed: ${args.join(' ')}`);
  }

  /** Each of `jobs` is a source, an object and further flags. */
  async compile(jobs) {
    const waiting = [...jobs];
    const work = async () => {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        const objc = job.source.endsWith('.m') ? OBJECTIVE_C : [];
        await this.run([...objc, ...(job.flags ?? []), '-c', job.source, '-o', job.object]);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, work));
    return jobs.map(({ object }) => object);
  }
}

/** Headers in folders that have nothing else in them: the compilers' own must not be found there. */
function linkHeaders(tools, folder) {
  mkdirSync(folder);
  symlinkSync(tools.objc, join(folder, 'objc'));
  symlinkSync(tools.blocks, join(folder, 'Block.h'));
  return ['-isystem', folder, `-I${STANDIN}/include`, '-isystem', tools.gnustep];
}

async function make(tools, flavour, folder) {
  const headers = linkHeaders(tools, join(folder, 'headers'));
  const compiler = new Compiler(tools, [...C, ...headers, ...FLAVOURS[flavour]]);
  const place = (name) => join(folder, name);
  const jobsOf = (sources, prefix, flags = []) =>
    sources.map((source) => ({ source, flags, object: place(`${prefix}${basename(source)}.o`) }));
  const include = ['-include', 'native/glibc.h'];
  const system = ['control', 'blocks', 'dispatch', 'metal'].map((name) => `${STANDIN}/${name}.m`);
  const framework = ['descriptors', 'device', 'display', 'memory', 'events'].map((name) => `${STANDIN}/${name}.m`);
  const jobs = {
    system: jobsOf(system, 'system-'),
    shared: jobsOf(files('native', '.c'), 'c-', include),
    soft: jobsOf(files('native/soft', '.c'), 'soft-', [...include, '-include', `${STANDIN}/redirect.h`]),
    bridge: jobsOf(files('native/apple', '.m'), 'bridge-', ['-DPVG_FRAMEWORK=getenv("STANDIN_FRAMEWORK")']),
  };
  const guises = MACOS.map((macos) => ({ macos, jobs: jobsOf(framework, `pg-${macos}-`, [`-DSTANDIN_MACOS=${macos}`]) }));
  await compiler.compile([...Object.values(jobs).flat(), ...guises.flatMap((guise) => guise.jobs)]);
  const objects = (list) => list.map(({ object }) => object);
  const paths = tools.libraries.flatMap((path) => [`-L${path}`, `-Wl,-rpath,${path}`]);
  const link = [
    '-shared',
    '-Wl,-z,nodelete',
    '-Wl,-Bsymbolic-functions',
    '-Wl,--disable-new-dtags',
    '-Wl,-rpath,$ORIGIN',
    `-L${folder}`,
    ...paths,
  ];
  await compiler.run([
    ...link.filter((flag) => !flag.includes('symbolic')),
    ...objects(jobs.system),
    '-o',
    place('libstandin.so'),
    ...LIBRARIES,
  ]);
  writeFileSync(place('pg.map'), '{ global: PG*; local: *; };\n');
  const after = ['-lstandin', ...LIBRARIES];
  for (const { macos, jobs: own } of guises) {
    const from = [...objects(own), ...objects(jobs.shared), ...objects(jobs.soft)];
    await compiler.run([...link, `-Wl,--version-script=${place('pg.map')}`, ...from, '-o', place(`pg-${macos}.so`), ...after]);
  }
  await compiler.run([...link, ...objects(jobs.bridge), ...objects(jobs.shared), '-o', place('libpvg_bridge_apple.so'), ...after]);
  await makeTest(compiler, folder, { paths, after });
}

/** Without Node, whose own threads a sanitizer would have to know. */
async function makeTest(compiler, folder, { paths, after }) {
  const include = ['-Itest/native', `-I${STANDIN}`];
  const bridge = [`-L${folder}`, '-Wl,-rpath,$ORIGIN', ...paths, '-l:libpvg_bridge_apple.so', ...after];
  const build = (name, program, rest) => compiler.run([...include, `test/native/apple/${name}.c`, '-o', join(folder, program), ...rest]);
  await build('bridge_test', 'bridge_test', bridge);
  await build('frames_test', 'frames_test', bridge);
  await build('frames_test', 'frames_soft', [...files('native', '.c'), ...files('native/soft', '.c')]);
}

/** Builds what is older than its sources; the folder. */
export async function buildStandin(flavour, say) {
  if (!Object.hasOwn(FLAVOURS, flavour)) throw new RangeError(`unknown flavour "${flavour}": plain, asan or tsan`);
  const tools = await findTools(say);
  const name = flavour === 'plain' ? 'standin' : `standin-${flavour}`;
  const folder = join(root, 'dist', 'native', name);
  const stamp = join(folder, '.stamp');
  const newest = Math.max(newestOf('native'), newestOf('test/native/apple'));
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newest) return folder;
  const started = Date.now() / 1000;
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.`);
  try {
    await make(tools, flavour, unfinished);
    writeFileSync(join(unfinished, '.stamp'), '');
    utimesSync(join(unfinished, '.stamp'), started, started);
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(await buildStandin(process.argv[2] ?? 'plain', (text) => console.error(text)));
  } catch (error) {
    console.error(`test/native/apple/build.mjs: ${error.message}`);
    process.exit(error instanceof Missing ? 2 : 1);
  }
}
