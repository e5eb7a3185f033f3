/**
 * Modules of tests for what doesn't read TypeScript: worker threads and processes of their own.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

/** Makes one file of a module and all it imports; its URL. */
export function bundled(path: string): string {
  const outfile = join(mkdtempSync(join(tmpdir(), 'apple-gfx-')), 'module.mjs');
  buildSync({ entryPoints: [path], outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20' });
  return pathToFileURL(outfile).href;
}
