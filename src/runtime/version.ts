/**
 * This package's version, as its package.json says. The file is three folders above this module in dist/, and above a bundle that has it.
 */
import { createRequire } from 'node:module';

export const VERSION = (createRequire(import.meta.url)('../../../package.json') as { readonly version: string }).version;
