// SPDX-License-Identifier: Apache-2.0
//
// load-rig.mjs - rig.ts for scripts, which Node runs without vitest.
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

/** The class Rig. */
export async function loadRig() {
  const bundle = new URL(`.rig-${process.pid}.mjs`, import.meta.url);
  await build({
    entryPoints: [new URL('rig.ts', import.meta.url).pathname],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile: bundle.pathname,
    logLevel: 'error',
  });
  try {
    const { Rig } = await import(bundle.href);
    return Rig;
  } finally {
    rmSync(bundle);
  }
}
