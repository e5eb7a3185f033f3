// SPDX-License-Identifier: Apache-2.0
//
// page.mjs - makes the visualiser's page: dist/page/index.html, app.js and app.css, of src/visualiser/page.
//
// Invariants: the page needs nothing but these three files, no package and no other server. Everything is minified, and beside each file lies
// what a browser gets of it, compressed (.gz), so that no server compresses anything. A file appears under its name by a rename.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Makes the page of a source folder into a dist folder. Throws if a module is missing or wrong. */
export async function buildPage(source, dist) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: { app: join(source, 'main.tsx') },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
    outdir: join(dist, 'page'),
  });
  mkdirSync(join(dist, 'page'), { recursive: true });
  for (const { path, contents } of outputFiles) publish(path, contents);
  publish(join(dist, 'page', 'index.html'), readFileSync(join(source, 'index.html')));
}

function publish(path, contents) {
  for (const [name, bytes] of [
    [path, contents],
    [`${path}.gz`, gzipSync(contents, { level: 9 })],
  ]) {
    writeFileSync(`${name}.${process.pid}.tmp`, bytes);
    renameSync(`${name}.${process.pid}.tmp`, name);
  }
}
