/**
 * The stand-in of Apple's frameworks, as native/apple/standin/standin.h has it; and the bridge that runs on it, for devices that are made afterwards.
 *
 * Invariant: useStandin() comes before anything loads the bridge, and a process has one macOS.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const FOLDER = join(ROOT, 'dist', 'native', 'standin');

/** Builds a flavour of it if it is older than its sources; why there is none on this machine, or undefined. */
export function whyNoStandin(flavour: 'plain' | 'asan' | 'tsan' = 'plain'): string | undefined {
  const script = join(ROOT, 'test', 'native', 'apple', 'build.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, flavour], { cwd: ROOT, encoding: 'utf8' });
  if (status === 0) return undefined;
  if (status === 2) return stderr.trim();
  throw new RangeError(`the stand-in can't be built: ${stderr}`);
}

export const MACOS = ['13', '15.4', '26', '27'] as const;
export type Macos = (typeof MACOS)[number];

export const Value = {
  refuseEvery: 0,
  encodeDelayMicroseconds: 1,
  managed: 2,
  announceEveryFrame: 3,
  vsync: 4,
  readsWait: 5,
  nil: 6,
  throws: 7,
  early: 8,
  hang: 9,
} as const;

export interface Standin {
  /** The model of guest memory that the bridge uses. */
  readonly memory: 'tasks' | 'ranges';
  set(value: (typeof Value)[keyof typeof Value], to: number): void;
  /** Objects of the stand-in's that are alive in this process. */
  alive(): number;
}

/** The library of that macOS's framework. */
export const frameworkOf = (macos: Macos, folder = FOLDER): string => join(folder, `pg-${Math.round(Number(macos) * 10)}.so`);

/** Has the bridge of this process be the one on that macOS. `memory`: the model that is used where there are two. */
export function useStandin(macos: Macos, memory?: 'tasks' | 'ranges'): Standin {
  process.env.APPLE_GFX_BRIDGE = join(FOLDER, 'libpvg_bridge_apple.so');
  process.env.STANDIN_FRAMEWORK = frameworkOf(macos);
  if (memory) process.env.APPLE_GFX_MEMORY = memory;
  const library = koffi.load(join(FOLDER, 'libstandin.so'));
  const set = library.func('void standin_set(uint32_t value, int64_t to)');
  const alive = library.func('int64_t standin_alive(void)');
  return { memory: memory ?? (macos === '27' ? 'ranges' : 'tasks'), set: (value, to) => set(value, to), alive: () => Number(alive()) };
}
