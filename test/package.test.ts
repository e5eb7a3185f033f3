/**
 * The package as somebody installs it: packed, unpacked into a folder of its own, and used there by its name.
 *
 * Its dependencies are links to ours, so no network is needed; that npm installs it too is tried by hand. What is packed is what was built.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-package-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Packs what was built, unpacks it where npm would, and links what it depends on; gives the paths of its files. */
function install(): readonly string[] {
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
  const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
  const place = join(folder, 'node_modules', 'apple-gfx');
  mkdirSync(place, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', place, '--strip-components', '1']);
  // Of what is there for development only: types of Node.js, and vitest, which whoever imports apple-gfx/explorer/vitest has.
  for (const name of [...Object.keys(manifest.dependencies), 'vitest', '@types/node']) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(resolve('node_modules', name), link);
  }
  return files.map(({ path }) => path);
}

const files = install();
const installed = (path: string): string => join(folder, 'node_modules', 'apple-gfx', path);
// What is compiled there is not to be fast, but soon there.
const env = { ...process.env, CFLAGS: '-O0 -g0' };
const run = (...args: string[]) => spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder, env });
const block = (file: string, language: string): string =>
  new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(readFileSync(file, 'utf8'))?.[1] ?? '';

const entries = Object.entries(manifest.exports).flatMap(([path, target]) =>
  typeof target === 'string' ? [] : [{ name: `apple-gfx${path.slice(1)}`, ...target }],
);

describe('the files of the package', () => {
  it('are modules with their types, bundles, the page, the library, what builds it, the benchmark and documents, and no others', () => {
    const wanted = [
      /^dist\/(src|actors)\/[\w./-]+\.(js|d\.ts)$/,
      /^dist\/bundles\/[\w-]+\/\w+\.cjs$/,
      /^dist\/charts\/machines\.json$/,
      /^dist\/page\/(index\.html|app\.js|app\.css)(\.gz)?$/,
      /^dist\/native\/(libpvg_bridge\.so|bench\/libpvg_bridge\.so|bench\/twin|bench\/vfio_server)$/,
      /^native\/((apple|bench|darwin|soft)\/)?\w+\.[chm]$/,
      /^native\/(build|bundle|charts|page)\.mjs$/,
      /^test\/bench\/[\w./-]+\.mjs$/,
      /^docs\/[\w-]+\.md$/,
      /^docs\/pictures\/[\w-]+\.svg$/,
      /^(package\.json|README\.md|ARCHITECTURE\.md|CHANGELOG\.md|LICENSE)$/,
    ];
    expect(files.filter((path) => !wanted.some((pattern) => pattern.test(path)))).toEqual([]);
    expect(wanted.filter((pattern) => !files.some((path) => pattern.test(path)))).toEqual([]);
  });

  it('are all that exports, commands and threads name', () => {
    const named = [...entries.flatMap((entry) => [entry.types, entry.default]), ...Object.values(manifest.bin)];
    const threads = ['bql', 'render-queue', 'background-queue', 'watchdog', 'vcpu'].map((name) => `dist/bundles/${name}/thread.cjs`);
    const others = ['dist/src/explorer/thread.js', 'dist/src/worlds/compare-thread.js', 'native/build.mjs', 'test/bench/rows/start.mjs'];
    for (const path of [...named.map((each) => each.replace(/^\.\//, '')), ...threads, ...others]) expect(files).toContain(path);
  });

  it('name no folder of the machine that packed them', () => {
    const here = Buffer.from(resolve('.'));
    expect(files.filter((path) => readFileSync(installed(path)).includes(here))).toEqual([]);
  });

  it('run nothing when they are installed', () => {
    expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  });

  it.runIf(process.arch === 'x64')('have a library that loads wherever Node.js 20 runs: with glibc 2.28', () => {
    const versions = readFileSync(installed('dist/native/libpvg_bridge.so'), 'latin1').matchAll(/GLIBC_2\.(\d+)/g);
    expect(Math.max(...[...versions].map(([, minor]) => Number(minor)))).toBeLessThanOrEqual(28);
  });
});

describe('what the package exports', () => {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    module: ts.ModuleKind.NodeNext,
    strict: true,
    noEmit: true,
    types: ['node'],
  };
  const user = join(folder, 'user.mts');
  writeFileSync(user, entries.map(({ name }, index) => `export * as entry${index} from '${name}';`).join('\n'));
  const program = ts.createProgram([user], options);
  const ours = program.getSourceFiles().filter(({ fileName }) => fileName === user || /\/apple-gfx\/dist\//.test(fileName));

  it('is there by its names', () => {
    const names = entries.map(({ name }) => `'${name}'`);
    // Outside of vitest, vitest can't be imported.
    const importing = names.filter((name) => !name.includes('vitest')).map((name) => `await import(${name})`);
    const { stdout, stderr } = run(
      '--input-type=module',
      '-e',
      `console.log(JSON.stringify([${importing}].map((each) => Object.keys(each).length > 0)))`,
    );
    expect([JSON.parse(stdout), stderr]).toEqual([importing.map(() => true), '']);
    expect(run('-p', "require('apple-gfx/package.json').name").stdout.trim()).toBe('apple-gfx');
  });

  it('has types, for Node.js and for bundlers', () => {
    const texts = ours.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]);
    expect(texts.map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)).toEqual([]);
    const forBundlers: ts.CompilerOptions = { ...options, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
    for (const { name, types } of entries) {
      expect(ts.resolveModuleName(name, user, forBundlers, ts.sys).resolvedModule?.resolvedFileName).toBe(installed(types));
    }
  });

  it('says what each export and each of its members is', () => {
    const checker = program.getTypeChecker();
    const silent: string[] = [];
    const look = (symbol: ts.Symbol, path: string): void => {
      const declarations = symbol.declarations ?? [];
      if (declarations.some((each) => ts.getJSDocTags(each).some(({ tagName }) => tagName.text === 'internal'))) return;
      if (symbol.getDocumentationComment(checker).length === 0) silent.push(path);
      for (const declaration of declarations) {
        if (!ts.isClassDeclaration(declaration) && !ts.isInterfaceDeclaration(declaration)) continue;
        for (const member of declaration.members) {
          const own = member.name && checker.getSymbolAtLocation(member.name);
          const hidden = ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected);
          if (own !== undefined && !hidden) look(own, `${path}.${own.name}`);
        }
      }
    };
    for (const { name, types } of entries) {
      const file = ours.find(({ fileName }) => fileName === installed(types));
      const module = file && checker.getSymbolAtLocation(file);
      for (const each of module ? checker.getExportsOfModule(module) : []) {
        look(each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each, `${name}: ${each.name}`);
      }
    }
    expect(silent).toEqual([]);
  });
});

describe('an installed package', () => {
  it("runs the README's example", () => {
    writeFileSync(join(folder, 'example.mjs'), block('README.md', 'js'));
    const { stdout, stderr } = run('example.mjs');
    expect([stdout.slice(0, 8), stderr]).toEqual(['10001 0 ', '']);
    expect(stdout).toContain('1440');
  });

  it('has a command that runs a guest, and explores a world of the user’s', () => {
    const command = installed(manifest.bin['apple-gfx'] ?? '');
    expect(run(command, 'run', '--frames', '3')).toMatchObject({ status: 0 });
    writeFileSync(join(folder, 'bank.mjs'), block('docs/explorer.md', 'js'));
    expect(run(command, 'explore', 'bank.mjs')).toMatchObject({ status: 1, stdout: expect.stringContaining('breaks "deadlock"') });
  });

  it('says how to build a library that is not for this machine or not there, and builds it', () => {
    const library = installed('dist/native/libpvg_bridge.so');
    const build = join('node_modules', 'apple-gfx', 'native', 'build.mjs');
    rmSync(library);
    expect(run('example.mjs').stderr).toContain(
      `libpvg_bridge.so is not there: build it here, which needs a C compiler and no network: node ${build}`,
    );
    writeFileSync(library, 'built for another machine');
    expect(run('example.mjs').stderr).toMatch(
      /libpvg_bridge\.so can't be loaded on \S+ \(.+\): build it here, .*: node node_modules\/apple-gfx/,
    );
    expect(run(build)).toMatchObject({ status: 0, stderr: '' });
    expect(run('example.mjs')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^10001 0 /) });
  });
});
