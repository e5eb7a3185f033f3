#!/usr/bin/env node
/**
 * The program `apple-gfx`: runs the command line (command.ts) from its bundle, which loads in a fraction of the time that its modules take.
 */
import { createRequire } from 'node:module';

const { main } = createRequire(import.meta.url)('../../bundles/cli/command.cjs') as typeof import('./command.js');
await main();
