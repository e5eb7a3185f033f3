// SPDX-License-Identifier: Apache-2.0
//
// bundle.mjs - puts what a thread runs into one file: dist/bundles/NAME/FILE.cjs, made from the modules that the TypeScript compiler left in dist/.
//
// A thread of Node's has to find, read and link each of its modules anew; of forty small ones that takes longer than all they do until the
// first frame. CommonJS, since it spares a thread the loader of ES modules. The modules stay in dist/ beside the bundles, for embedders
// and tests.
//
// Invariants: a bundle lies two folders below dist/, as every module does that looks for a file by import.meta.url, so that the same
// relative path is right in both. Packages are not put in. A bundle appears under its name by a rename.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Which module each bundle begins with. */
const ENTRIES = {
  'bql/thread': 'actors/bql/thread.js',
  'render-queue/thread': 'actors/render-queue/thread.js',
  'background-queue/thread': 'actors/background-queue/thread.js',
  'watchdog/thread': 'actors/watchdog/thread.js',
  'vcpu/thread': 'actors/vcpu/thread.js',
  'vfio-user/thread': 'actors/vfio-user/thread.js',
  'cli/main': 'src/cli/command.js',
};

const options = {
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'linked',
  logLevel: 'warning',
  write: false,
  // The banner stands before esbuild's own 'use strict', which would be none there.
  banner: { js: "'use strict'; const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.url': 'moduleUrl' },
};

/** What a file that is a command begins with: "#!". */
const HASH = 0x23;

/** Makes the bundles of a dist folder. Throws if a module is missing or wrong. */
export async function bundle(dist) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    ...options,
    entryPoints: Object.entries(ENTRIES).map(([out, module]) => ({ out, in: join(dist, module) })),
    outdir: join(dist, 'bundles'),
    outExtension: { '.js': '.cjs' },
  });
  for (const { path, contents } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    // The command can be run as soon as it is there, also where a package manager made it so once and it is built anew.
    writeFileSync(`${path}.${process.pid}.tmp`, contents, { mode: contents[0] === HASH ? 0o755 : 0o644 });
    renameSync(`${path}.${process.pid}.tmp`, path);
  }
}
