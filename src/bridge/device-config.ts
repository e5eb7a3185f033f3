/**
 * pvg_bridge.h's structures as bytes: struct pvg_config, pvg_ram_range[], pvg_display_mode[].
 */
import type { DisplayMode } from '../device/display-mode.js';
import { BRIDGE_VERSION } from './native.js';
import { MAX_PORTS, UpcallClass } from './pvg.js';

/** The fields of struct pvg_config after the version, in its order; the number is how many words each has. */
export const CONFIG_FIELDS = {
  group: 1,
  mailboxes: Object.keys(UpcallClass).length,
  wake: 1,
  mode_change_waits: 1,
  page_shift: 1,
  vectors: 1,
  iosfc: 1,
  gpu: 1,
  ports: 1,
  display_serials: MAX_PORTS,
  display_name: 4,
  display_mm: 2,
  vsync: 1,
  refuse_every: 1,
  encode_delay_us: 1,
  managed_textures: 1,
  announce_every_frame: 1,
  reads_wait: 1,
  poll_us: 1,
  map: 1,
  own_tasks: 1,
  own_reads: 1,
  own_iosfc: 1,
  own_traces: 1,
  virtual_clock: 1,
} as const;

export type PvgConfig = {
  readonly [F in keyof typeof CONFIG_FIELDS]: (typeof CONFIG_FIELDS)[F] extends 1 ? number : readonly number[];
};

export function encodeConfig(config: PvgConfig): Uint32Array {
  const words = Object.entries(CONFIG_FIELDS).flatMap(([field, length]) => {
    const given = [config[field as keyof PvgConfig]].flat();
    return Array.from({ length }, (_, index) => given[index] ?? 0);
  });
  return Uint32Array.from([BRIDGE_VERSION, ...words, 0]);
}

export interface RamRangeConfig {
  readonly gpa: number;
  readonly length: number;
  readonly ramOffset: number;
  readonly ram: number;
}

export function encodeRanges(ranges: readonly RamRangeConfig[]): BigUint64Array {
  return BigUint64Array.from(ranges.flatMap((range) => [range.gpa, range.length, range.ramOffset, range.ram].map(BigInt)));
}

export function encodeModes(modes: readonly DisplayMode[]): Uint32Array {
  return Uint32Array.from(modes.flatMap((mode) => [mode.width, mode.height, Math.round(mode.rateHz * 1000), 0]));
}
