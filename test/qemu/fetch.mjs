/**
 * A QEMU that knows vfio-user, a kernel, busybox and lspci for its guest: Debian's packages, unpacked into a cache folder and used from there.
 *
 * Nothing is installed: QEMU runs by the dynamic loader and with the libraries that it came with. Invariant: the folder of that key is whole
 * or isn't there; whoever makes it first gives it its name by a rename, and later ones use it. What it doesn't do: bring it up to date, which a new
 * KEY does, or removing the folder.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { Apt } from './apt.mjs';
import { Missing } from './missing.mjs';

/** Raised whenever what is fetched, or where it lies, changes. */
const KEY = 'trixie-1';
const STABLE = 'trixie';
const BACKPORTS = 'trixie-backports';
const PACKAGES = ['qemu-system-x86', 'busybox-static', 'pciutils'];
const KERNEL = 'linux-image-cloud-amd64';
/** In the order in which the guest loads them; what a kernel has built in has no file. */
const MODULES = ['irqbypass', 'vfio', 'vfio_iommu_type1', 'vfio-pci-core', 'vfio-pci'];
const OLDEST_QEMU = [10, 1];

const cacheFolder = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'apple-gfx', 'qemu');

function unpack(archive, folder) {
  const { error, status, stderr } = spawnSync('dpkg-deb', ['--extract', archive, folder], { encoding: 'utf8' });
  if (error) throw new Missing(`there is no dpkg-deb to unpack packages with: ${error.message}`);
  if (status !== 0) throw new Missing(`${basename(archive)} can't be unpacked: ${stderr.trim()}`);
}

function unpackKernel(archive, scratch, folder) {
  unpack(archive, scratch);
  mkdirSync(join(folder, 'modules'), { recursive: true });
  const files = readdirSync(scratch, { recursive: true, encoding: 'utf8' });
  const image = files.find((path) => /(^|\/)vmlinuz/.test(path));
  if (!image) throw new Missing(`${basename(archive)} has no kernel in it`);
  copyFileSync(join(scratch, image), join(folder, 'vmlinuz'));
  for (const path of files) {
    const [name, ending] = basename(path).split('.ko');
    if (ending !== undefined && MODULES.includes(name)) copyFileSync(join(scratch, path), join(folder, 'modules', basename(path)));
  }
}

async function make(folder, say) {
  const apt = new Apt(join(folder, 'apt'), [STABLE, BACKPORTS], say);
  await apt.update();
  const archives = await apt.fetch(BACKPORTS, PACKAGES);
  const kernel = await apt.fetchAlone(STABLE, await apt.dependency(STABLE, KERNEL, /^linux-image-\d/));
  say('unpacking');
  for (const archive of archives) unpack(archive, join(folder, 'root'));
  for (const archive of kernel) unpackKernel(archive, join(folder, 'scratch'), join(folder, 'kernel'));
  for (const path of ['apt', 'scratch', 'root/usr/share/doc', 'root/usr/share/man', 'root/usr/share/locale', 'root/var']) {
    rmSync(join(folder, path), { recursive: true, force: true });
  }
}

/** What the folder holds, as commands and files. */
function describe(folder) {
  const root = join(folder, 'root');
  const loader = join(root, 'usr', 'lib64', 'ld-linux-x86-64.so.2');
  const launch = [loader, '--library-path', join(root, 'usr', 'lib', 'x86_64-linux-gnu')];
  const data = ['qemu', 'seabios'].flatMap((name) => ['-L', join(root, 'usr', 'share', name)]);
  const modules = join(folder, 'kernel', 'modules');
  const files = existsSync(modules) ? readdirSync(modules) : [];
  return {
    folder,
    /** A command line without its arguments. */
    qemu: [...launch, join(root, 'usr', 'bin', 'qemu-system-x86_64'), ...data],
    kernel: join(folder, 'kernel', 'vmlinuz'),
    modules: MODULES.flatMap((name) => files.filter((file) => file.startsWith(`${name}.ko`)).map((file) => join(modules, file))),
    busybox: join(root, 'usr', 'bin', 'busybox'),
    loader,
    launch,
    lspci: join(root, 'usr', 'bin', 'lspci'),
  };
}

function check(parts) {
  const [command, ...args] = parts.qemu;
  const { status, stdout, stderr } = spawnSync(command, [...args, '--version'], { encoding: 'utf8' });
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  if (status !== 0 || major === undefined) throw new Missing(`the QEMU that was fetched doesn't run: ${(stderr ?? '').trim()}`);
  const [wantedMajor, wantedMinor] = OLDEST_QEMU;
  if (major < wantedMajor || (Number(major) === wantedMajor && minor < wantedMinor))
    throw new Missing(`vfio-user needs QEMU ${OLDEST_QEMU.join('.')}, and ${BACKPORTS} has ${major}.${minor}`);
  return { ...parts, version: stdout.split('\n')[0] };
}

/** Fetches what isn't there yet, if it may. Throws Missing where that can't be; `say` is told what takes time. */
export async function fetchParts(say, mayFetch = true) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Missing(
      `the guest is an x86-64 Linux, with programs of this machine's in it, and this is ${process.platform} on ${process.arch}`,
    );
  const cache = cacheFolder();
  const folder = join(cache, KEY);
  if (!existsSync(folder)) {
    if (!mayFetch) throw new Missing('QEMU was not fetched yet: "npm run test:qemu" does that');
    mkdirSync(cache, { recursive: true });
    say(`QEMU, a kernel, busybox and lspci for the guest come from Debian, about 80 MB, into ${folder}`);
    const unfinished = mkdtempSync(join(cache, `${KEY}.`));
    try {
      await make(unfinished, say);
      check(describe(unfinished));
      renameSync(unfinished, folder);
    } catch (error) {
      // Somebody else was faster: what is there is as good.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  return check(describe(folder));
}
