/**
 * pvg_bridge.h's structures as bytes: struct pvg_config, pvg_ram_range[], pvg_display_mode[].
 */
import type { DisplayMode } from '../device/options.js';
import { BRIDGE_VERSION } from './native.js';

/** The fields of struct pvg_config after the version, in its order. */
export const CONFIG_FIELDS = [
  'group',
  'upcall_mailbox',
  'display_mailbox',
  'completion_mailbox',
  'mode_change_waits',
  'page_shift',
  'vectors',
  'display_serial',
  'vsync',
  'refuse_every',
  'encode_delay_us',
  'managed_textures',
] as const;

export function encodeConfig(config: Record<(typeof CONFIG_FIELDS)[number], number>): Uint32Array {
  return Uint32Array.from([BRIDGE_VERSION, ...CONFIG_FIELDS.map((field) => config[field]), 0]);
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
