/**
 * Carries one register access into PVG, on whatever thread the revision says; blocks until PVG has processed it.
 *
 * Invariant: what PVG refuses is a failed result, never an exception.
 */
import type { PvgBridge } from '../bridge/native.js';
import { PvgStatus } from '../bridge/pvg.js';

export interface PvgAccess {
  /** 0 read, 1 write. */
  readonly operation: number;
  readonly window: number;
  readonly size: number;
  readonly offset: number;
  readonly value: number;
  readonly high: number;
}

const halves = new Uint32Array(2);

export function carryIntoPvg(bridge: PvgBridge, device: number, access: PvgAccess): { ok: boolean; value: number; high: number } {
  const { operation, window, size, offset, value, high } = access;
  if (operation === 1) {
    const word = high === 0 ? value : (BigInt(high) << 32n) | BigInt(value);
    return { ok: bridge.pvg_mmio_write(device, window, offset, word) === PvgStatus.ok, value: 0, high: 0 };
  }
  halves.fill(0);
  const ok = bridge.pvg_mmio_read(device, window, offset, halves) === PvgStatus.ok;
  return { ok, value: halves[0] ?? 0, high: size === 8 ? (halves[1] ?? 0) : 0 };
}
