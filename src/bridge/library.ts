/**
 * Which native library has the bridge: the software PVG's, which every system has, or the one to Apple's PVG, on macOS.
 *
 * Invariant: a process has one, which its threads find by the variable that also lets somebody name another library. What it doesn't do: load it.
 */
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BridgeError } from '../base/errors.js';
import { type BridgeChoice, PvgStatus } from './pvg.js';

/** Names another bridge library than one that was built here. */
const LIBRARY_VARIABLE = 'APPLE_GFX_BRIDGE';

/** From dist/src/bridge/ and dist/bundles/NAME/ in a build, and from src/bridge/ when a unit test imports the source. */
const LIBRARY_PLACES = ['../../native/', '../../dist/native/'];
const BUILD_PLACES = ['../../../native/build.mjs', '../../native/build.mjs'];

const ENDING = process.platform === 'darwin' ? 'dylib' : 'so';
const LIBRARIES = { soft: `libpvg_bridge.${ENDING}`, apple: `libpvg_bridge_apple.${ENDING}` } as const;

function findFile(places: readonly string[]): string | undefined {
  return places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));
}

/** What to do about a library that is not there or not for this machine, in words. */
export function howToBuild(): string {
  if (process.platform !== 'linux' && process.platform !== 'darwin')
    return `the device needs Linux or macOS, and this is ${process.platform}`;
  const script = findFile(BUILD_PLACES) ?? 'native/build.mjs';
  const near = relative(process.cwd(), script);
  return `build it here, which needs a C compiler and no network: node ${near.startsWith('..') ? script : near}`;
}

function findLibrary(kind: keyof typeof LIBRARIES): string | undefined {
  return findFile(LIBRARY_PLACES.map((place) => place + LIBRARIES[kind]));
}

function libraryPath(kind: keyof typeof LIBRARIES): string {
  const path = findLibrary(kind);
  if (path === undefined)
    throw new BridgeError(PvgStatus.unsupported, `the native bridge ${LIBRARIES[kind]} is not there: ${howToBuild()}`);
  return path;
}

/** The libraries that may be loaded, the best first; never none. Throws BridgeError where that can't be had. */
export function libraryPaths(choice: BridgeChoice): readonly string[] {
  const given = process.env[LIBRARY_VARIABLE];
  if (given) {
    if (existsSync(given)) return [resolve(given)];
    throw new BridgeError(PvgStatus.unsupported, `${LIBRARY_VARIABLE} names the native bridge ${given}, which is not there`);
  }
  const isMac = process.platform === 'darwin';
  if (choice === 'apple' && !isMac) {
    const text = `bridge is "apple", and Apple's ParavirtualizedGraphics.framework is a part of macOS: this is ${process.platform}`;
    throw new BridgeError(PvgStatus.unsupported, text);
  }
  if (choice === 'apple') return [libraryPath('apple')];
  const apple = choice === 'auto' && isMac ? findLibrary('apple') : undefined;
  return apple === undefined ? [libraryPath('soft')] : [apple, libraryPath('soft')];
}

/** Has the threads that this process starts from now on load the same. */
export function rememberLibrary(path: string): void {
  if (path !== findLibrary('soft') || process.platform === 'darwin') process.env[LIBRARY_VARIABLE] = path;
}
