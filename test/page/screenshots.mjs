// SPDX-License-Identifier: Apache-2.0
//
// screenshots.mjs - makes docs/pictures/page-VIEW-THEME.png: every view of the page, in both themes, of a run that it records.
//
//   npm run docs:screenshots [-- [--out folder] [--size 1280x800] [--file recording] [view…]]
//
// A view that is shown best with something chosen, or at another moment than the last, says so in PARAMETERS.
//
// Invariant: what it shows is a run's own recording, made by the command as anybody makes it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: join(root, 'docs', 'pictures') },
    size: { type: 'string', default: '1280x800' },
    file: { type: 'string' },
  },
});
const [width, height] = values.size.split('x').map(Number);

/** Parameters in the address of a view, for its picture. */
const PARAMETERS = {
  // Fault 2 of docs/faults.md: an update that is never answered.
  explore:
    '?world=frames&revision=v5&property=L3&step=18&schedule=s1z/frames@v5/nY7BCoQwEEN_SKa7eutpf6XtBCmWqU7tin8v6LIgHgRPIeSRpK8os-2ojuxmEMcyJrean16DJesAfVlFQPyCvAtDr7kKNwXC5KfUPMyMn5LtiNVF2b1CGPqfOuxOXZjzy8_bhCwlJ9hTeXtXvgE',
};
/** How long a view may take to arrange itself, in milliseconds. */
const SETTLE_MS = 1500;

/** The rig is TypeScript, for the tests. */
async function loadRig(folder) {
  const outfile = join(root, 'dist', 'page-rig.mjs');
  await build({
    entryPoints: [join(root, 'test', 'page', 'rig.ts')],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outfile,
  });
  return import(`${pathToFileURL(outfile)}?${folder}`);
}

function record(file) {
  const args = ['run', '--frames', '120', '--mode', '1280x800@60', '--record', file];
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist', 'bundles', 'cli', 'main.cjs'), ...args], { encoding: 'utf8' });
  if (status !== 0) throw new TypeError(`apple-gfx ${args.join(' ')} ended with ${status}: ${stderr}`);
}

const folder = mkdtempSync(join(tmpdir(), 'screenshots-'));
try {
  const file = values.file ?? join(folder, 'run.agfxrec');
  if (values.file === undefined) record(file);
  const { Rig } = await loadRig(folder);
  const { serveDashboard } = await import('../../dist/src/visualiser/server/dashboard.js');
  const { openFileSource } = await import('../../dist/src/visualiser/server/file-source.js');
  const source = await openFileSource(file);
  const { exploreCatalogue, explorePart } = await import('../../dist/src/cli/explore-catalogue.js');
  const dashboard = await serveDashboard({ source, modules: [explorePart(exploreCatalogue(), false)] });
  const rig = await Rig.start();
  mkdirSync(values.out, { recursive: true });
  for (const theme of ['light', 'dark']) {
    const page = await rig.open(dashboard.url, { width, height, theme, isStranger: true });
    await page.locator('.status-word', { hasText: 'file' }).waitFor();
    const names = await page.locator('.tab').evaluateAll((tabs) => tabs.map((tab) => tab.hash.slice(2)));
    for (const name of names.filter((each) => positionals.length === 0 || positionals.includes(each))) {
      await page.evaluate(`location.hash = '#/${name}${PARAMETERS[name] ?? ''}'`);
      await page.waitForTimeout(SETTLE_MS);
      const path = join(values.out, `page-${name}-${theme}.png`);
      await page.screenshot({ path });
      console.log(path);
    }
    await page.close();
  }
  await rig.close();
  await dashboard.close();
  await source.close();
} finally {
  rmSync(folder, { recursive: true });
}
