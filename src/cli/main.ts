#!/usr/bin/env node
/**
 * `node dist/src/cli/main.js` is `apple-gfx`: the bundle of command.ts, which loads in a fraction of the time that its modules take.
 */
import { createRequire } from 'node:module';

createRequire(import.meta.url)('../../bundles/cli/main.cjs');
