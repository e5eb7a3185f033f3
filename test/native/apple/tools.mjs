/**
 * What the stand-in of Apple's frameworks is built with: clang with its sanitizers, GNUstep, the Objective-C runtime and the one of blocks. They are the
 * machine's, if it has all of them, or Debian's packages, unpacked into a cache folder and used from there (APPLE_GFX_FETCH_STANDIN=1 allows
 * that; `fetched` as its value takes them even if the machine has its own).
 *
 * Invariant: the folder is whole or isn't there; nothing is installed. What it doesn't do: compile.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { Apt } from '../../qemu/apt.mjs';
import { Missing } from '../../qemu/missing.mjs';

/** Raised whenever what is fetched changes. */
const KEY = '1';
const TRIPLE = 'x86_64-linux-gnu';
const CLANG = 14;
const GCC = 12;
const SUITE = 'bookworm';
const PACKAGES = [
  `clang-${CLANG}`,
  `libclang-common-${CLANG}-dev`,
  `libclang-rt-${CLANG}-dev`,
  `libobjc-${GCC}-dev`,
  'libgnustep-base-dev',
  'libblocksruntime-dev',
];

function describe(root) {
  const library = join(root, 'usr', 'lib', TRIPLE);
  const llvm = join(root, 'usr', 'lib', `llvm-${CLANG}`);
  return {
    root,
    clang: join(llvm, 'bin', 'clang'),
    /** Where the programs that were fetched find their libraries. */
    environment: root === '/' ? {} : { LD_LIBRARY_PATH: [library, join(llvm, 'lib')].join(':') },
    gnustep: join(root, 'usr', 'include', 'GNUstep'),
    blocks: join(root, 'usr', 'include', 'Block.h'),
    objc: join(root, 'usr', 'lib', 'gcc', TRIPLE, String(GCC), 'include', 'objc'),
    // GNUstep's is in none of the folders that are named after the machine.
    libraries: [library, join(root, 'usr', 'lib'), join(root, 'usr', 'lib', 'gcc', TRIPLE, String(GCC))],
    sanitizers: existsSync(join(llvm, 'lib', 'clang')) ? findSanitizers(join(llvm, 'lib', 'clang')) : false,
  };
}

const findSanitizers = (folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((name) => /libclang_rt\.tsan-x86_64\.a$/.test(name));

const isWhole = (tools) => [tools.clang, tools.gnustep, tools.blocks, join(tools.objc, 'runtime.h')].every(existsSync) && tools.sanitizers;

function unpack(archive, folder) {
  const { error, status, stderr } = spawnSync('dpkg-deb', ['--extract', archive, folder], { encoding: 'utf8' });
  if (error) throw new Missing(`there is no dpkg-deb to unpack packages with: ${error.message}`);
  if (status !== 0) throw new Missing(`${basename(archive)} can't be unpacked: ${stderr.trim()}`);
}

async function fetchTools(say) {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'apple-gfx', 'standin');
  const folder = join(cache, `${SUITE}-${KEY}`);
  if (existsSync(folder)) return describe(folder);
  mkdirSync(cache, { recursive: true });
  say(`clang ${CLANG} and GNUstep come from Debian into ${folder}`);
  const unfinished = mkdtempSync(join(cache, `${SUITE}.`));
  try {
    const apt = new Apt(join(unfinished, 'apt'), [SUITE], say);
    await apt.update();
    for (const archive of await apt.fetch(SUITE, PACKAGES)) unpack(archive, unfinished);
    for (const path of ['apt', 'usr/share', 'var', 'etc']) rmSync(join(unfinished, path), { recursive: true, force: true });
    if (!isWhole(describe(unfinished))) throw new Missing('what was fetched lacks a part of the tools');
    renameSync(unfinished, folder);
  } catch (error) {
    // Somebody else was faster: what is there is as good.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return describe(folder);
}

/** The tools, which are fetched where that is allowed. Throws Missing where there are none; `say` is told what takes time. */
export async function findTools(say) {
  const allowed = process.env.APPLE_GFX_FETCH_STANDIN;
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Missing('the stand-in of the frameworks is for Linux on x86-64');
  const own = describe('/');
  if (isWhole(own) && allowed !== 'fetched') return own;
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  if (!release.includes(`VERSION_CODENAME=${SUITE}`))
    throw new Missing(`the stand-in is built with the packages of Debian ${SUITE}, and this isn't that`);
  if (!allowed) throw new Missing('clang and GNUstep are not here: APPLE_GFX_FETCH_STANDIN=1 fetches them from Debian');
  return fetchTools(say);
}
