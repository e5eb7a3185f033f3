// SPDX-License-Identifier: Apache-2.0
//
// page.mjs - makes the visualiser's page: dist/page/index.html, app.js and app.css, of src/visualiser/page.
//
// Invariants: the page needs nothing but these three files, no package and no other server. Everything is minified, and beside each file lies
// what a browser gets of it, compressed (.gz), so that no server compresses anything. A file appears under its name by a rename. What takes
// seconds, the last bytes of minifying and compressing, isn't done again for the same sources (dist/.page says for which it was done).
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Reading a property counts as something that happens: whoever reads a signal follows it, even if nothing is done with its value. */
const TERSER = { module: true, ecma: 2022, compress: { passes: 2, pure_getters: false } };
/** Zopfli finds next to nothing in further ones. */
const ZOPFLI = { numiterations: 15 };

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
  const files = new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]));
  files.set('index.html', readFileSync(join(source, 'index.html')));
  await publishAll(files, dist);
}

async function publishAll(files, dist) {
  const record = join(dist, '.page');
  const hash = createHash('sha256').update(JSON.stringify([TERSER, ZOPFLI]));
  for (const contents of files.values()) hash.update(contents);
  const made = hash.digest('hex');
  const names = [...files.keys()].flatMap((name) => [name, `${name}.gz`]);
  const isMade = names.every((name) => existsSync(join(dist, 'page', name)));
  if (isMade && existsSync(record) && readFileSync(record, 'utf8') === made) return;
  const { minify } = await import('terser');
  const { gzipAsync } = await import('@gfx/zopfli');
  mkdirSync(join(dist, 'page'), { recursive: true });
  for (const [name, contents] of files) {
    const bytes = name.endsWith('.js') ? Buffer.from((await minify(Buffer.from(contents).toString(), TERSER)).code) : contents;
    publish(join(dist, 'page', name), bytes);
    publish(join(dist, 'page', `${name}.gz`), await gzipAsync(bytes, ZOPFLI));
  }
  publish(record, made);
}

function publish(path, bytes) {
  writeFileSync(`${path}.${process.pid}.tmp`, bytes);
  renameSync(`${path}.${process.pid}.tmp`, path);
}
