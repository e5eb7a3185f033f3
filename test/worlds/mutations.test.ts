/**
 * Every fault that is put into a production file of `hardened` is found by the worlds of the device, within the default budget.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, expect, it } from 'vitest';
import { MUTATIONS, type Mutation } from './mutations.js';
import type { search } from './search.js';

/** Bundles lie in the project, so that they find its packages. */
const folder = mkdtempSync(resolve('dist', 'mutations-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The search, with a production file that is not as it should be. */
async function mutated(mutation: Mutation | null, number: number): Promise<typeof search> {
  const outfile = join(folder, `${number}.mjs`);
  const file = mutation === null ? '' : resolve(mutation.file);
  const text = mutation === null ? '' : readFileSync(file, 'utf8');
  if (mutation !== null) expect(text.split(mutation.from), `the text of "${mutation.name}" in ${mutation.file}`).toHaveLength(2);
  await build({
    ...{ entryPoints: [resolve('test/worlds/search.ts')], outfile, bundle: true, format: 'esm', platform: 'node', packages: 'external' },
    plugins: [
      {
        name: 'mutation',
        setup: ({ onLoad }) =>
          onLoad({ filter: /\.ts$/ }, ({ path }) =>
            path === file && mutation !== null ? { contents: text.replace(mutation.from, () => mutation.to), loader: 'ts' } : undefined,
          ),
      },
    ],
  });
  return ((await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as { search: typeof search }).search;
}

it('finds nothing in the files as they are', async () => {
  const search = await mutated(null, 0);
  expect(search()).toBeNull();
});

it.each(MUTATIONS.map((mutation, index) => ({ mutation, index, name: mutation.name })))('$name: is found', async ({ mutation, index }) => {
  const search = await mutated(mutation, index + 1);
  expect(search()).not.toBeNull();
});
