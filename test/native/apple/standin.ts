/**
 * The stand-in of Apple's frameworks, as native/apple/standin/standin.h has it; and the bridge that runs on it, for devices that are made afterwards.
 *
 * Invariant: useStandin() comes before anything loads the bridge, and a process has one macOS.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';

export const FOLDER = fileURLToPath(new URL('../../../dist/native/standin', import.meta.url));

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
  set(value: (typeof Value)[keyof typeof Value], to: number): void;
  /** Objects of the stand-in's that are alive in this process. */
  alive(): number;
}

/** Has the bridge of this process be the one on that macOS. `memory`: the model that is used where there are two. */
export function useStandin(macos: Macos, memory?: 'tasks' | 'ranges'): Standin {
  const version = String(Math.round(Number(macos) * 10));
  process.env.APPLE_GFX_BRIDGE = join(FOLDER, 'libpvg_bridge_apple.so');
  process.env.STANDIN_FRAMEWORK = join(FOLDER, `pg-${version}.so`);
  if (memory) process.env.APPLE_GFX_MEMORY = memory;
  const library = koffi.load(join(FOLDER, 'libstandin.so'));
  const set = library.func('void standin_set(uint32_t value, int64_t to)');
  const alive = library.func('int64_t standin_alive(void)');
  return { set: (value, to) => set(value, to), alive: () => Number(alive()) };
}
