/**
 * Debian's packages by the machine's own apt, without touching what is installed and without being root.
 *
 * The mirror, the proxy and the keys are those that apt is set up with; the suites, the lists and the archives are ours, in a folder of their
 * own, and apt believes that nothing is installed yet. Invariant: nothing outside that folder is written. What it doesn't do: unpack.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Missing } from './missing.mjs';

const KEYRINGS = ['/usr/share/keyrings/debian-archive-keyring.gpg', '/usr/share/keyrings/debian-archive-keyring.pgp'];
/** What Debian calls suites besides their code names. */
const ALIASES = ['stable', 'oldstable', 'testing', 'unstable', 'sid'];
const LOOK_MS = 1000;
const MEGABYTE = 1e6;

function release() {
  if (!existsSync('/etc/os-release')) return {};
  const pairs = readFileSync('/etc/os-release', 'utf8').matchAll(/^(\w+)="?([^"\n]*)"?$/gm);
  return Object.fromEntries([...pairs].map(([, name, value]) => [name, value]));
}

/** The mirrors of Debian that apt is set up with, as apt itself reads its sources. */
function mirrors() {
  const { ID, VERSION_CODENAME } = release();
  if (ID !== 'debian')
    throw new Missing(`QEMU is fetched from the Debian mirror that apt is set up with, and this is ${ID ?? 'no Debian'}`);
  const { error, status, stdout, stderr } = spawnSync('apt-get', ['--no-release-info', 'indextargets', 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  if (error) throw new Missing(`there is no apt to fetch QEMU with: ${error.message}`);
  if (status !== 0) throw new Missing(`apt doesn't tell its mirrors: ${stderr.trim()}`);
  const found = stdout.split('\n\n').flatMap((stanza) => {
    const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
    return field('Component') === 'main' && [VERSION_CODENAME, ...ALIASES].includes(field('Release')) ? [field('Repo-URI')] : [];
  });
  if (found.length === 0) throw new Missing('apt is set up with no mirror of Debian to fetch QEMU from');
  return [...new Set(found)];
}

/** How many bytes lie in a folder and below. */
function weigh(folder) {
  const sizes = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(
    (name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

export class Apt {
  #folder;
  #say;

  /** `folder` is empty; `say` is told how far a download is. */
  constructor(folder, suites, say) {
    this.#folder = folder;
    this.#say = say;
    for (const path of ['state/lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, 'state', 'status'), '');
    const keyring = KEYRINGS.find(existsSync);
    const options = keyring ? ` [signed-by=${keyring}]` : '';
    // Several mirrors are several places for the same packages.
    const lines = mirrors().flatMap((mirror) => suites.map((suite) => `deb${options} ${mirror} ${suite} main\n`));
    writeFileSync(join(folder, 'sources.list'), lines.join(''));
    writeFileSync(join(folder, 'apt.conf'), this.#configuration());
  }

  /** Read behind the machine's own: hooks and pins of this machine are about what is installed here. */
  #configuration() {
    const hooks = ['APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success', 'DPkg::Pre-Invoke'];
    return [
      ...[...hooks, 'DPkg::Post-Invoke', 'DPkg::Pre-Install-Pkgs', 'APT::Default-Release'].map((name) => `#clear ${name};`),
      `Dir::Etc::sourcelist "${join(this.#folder, 'sources.list')}";`,
      'Dir::Etc::sourceparts "/dev/null";',
      'Dir::Etc::preferences "/dev/null";',
      'Dir::Etc::preferencesparts "/dev/null";',
      `Dir::State "${join(this.#folder, 'state')}";`,
      `Dir::State::status "${join(this.#folder, 'state', 'status')}";`,
      `Dir::Cache "${join(this.#folder, 'cache')}";`,
      'Dir::Cache::archives "archives";',
      'Dir::Cache::pkgcache "pkgcache.bin";',
      'Dir::Cache::srcpkgcache "srcpkgcache.bin";',
      `Dir::Log "${this.#folder}";`,
      'APT::Architecture "amd64";',
      'APT::Keep-Downloaded-Packages "true";',
      'Acquire::Languages "none";',
      'Acquire::Retries "2";',
    ].join('\n');
  }

  async update() {
    this.#say('reading the lists of packages');
    await this.#run('apt-get', ['update', '--error-on=any']);
  }

  /** Downloads packages of a suite and all that they depend on; returns the files. */
  async fetch(suite, names) {
    await this.#run('apt-get', ['install', '--yes', '--download-only', '--no-install-recommends', `--target-release=${suite}`, ...names]);
    return this.#archives();
  }

  /** Downloads one package of that name alone; returns the file. */
  async fetchAlone(suite, name) {
    const before = new Set(this.#archives());
    await this.#run('apt-get', ['download', `--target-release=${suite}`, name]);
    return this.#archives().filter((path) => !before.has(path));
  }

  /** The first package that `name` depends on whose name looks like that. */
  async dependency(suite, name, looks) {
    const text = await this.#run('apt-cache', ['depends', `--target-release=${suite}`, name]);
    const found = [...text.matchAll(/Depends: (\S+)/g)].map(([, each]) => each).find((each) => looks.test(each));
    if (!found) throw new Missing(`${name} of ${suite} depends on nothing like ${looks}`);
    return found;
  }

  #archives() {
    const folder = join(this.#folder, 'cache', 'archives');
    return readdirSync(folder)
      .filter((name) => name.endsWith('.deb'))
      .map((name) => join(folder, name));
  }

  async #run(command, args) {
    const archives = join(this.#folder, 'cache', 'archives');
    const child = spawn(command, [`--config-file=${join(this.#folder, 'apt.conf')}`, '--quiet=2', ...args], {
      cwd: archives,
      env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    });
    let [output, text] = ['', ''];
    child.stdout.on('data', (bytes) => {
      text += bytes;
    });
    child.stderr.on('data', (bytes) => {
      output += bytes;
    });
    let told = 0;
    const timer = setInterval(() => {
      const megabytes = Math.floor(weigh(archives) / MEGABYTE);
      if (megabytes > told) this.#say(`${megabytes} MB so far`);
      told = Math.max(told, megabytes);
    }, LOOK_MS);
    const status = await new Promise((resolve) => {
      child.once('error', (error) => {
        output += error.message;
        resolve(null);
      });
      child.once('close', resolve);
    });
    clearInterval(timer);
    if (status !== 0) {
      const errors = output.split('\n').filter((line) => line.startsWith('E:'));
      throw new Missing(`"${command} ${args.join(' ')}" failed: ${(errors.length > 0 ? errors : [output.trim()]).join(' ')}`);
    }
    return text;
  }
}
