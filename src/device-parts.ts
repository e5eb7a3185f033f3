/**
 * What a device is made of, handed from createDevice() to its constructor.
 *
 * Types only.
 */
import type { Supervisor } from '../actors/supervisor.js';
import type { PvgBridge } from './bridge/native.js';
import type { CheckedOptions } from './device/options.js';
import type { BackedRegion } from './memory/region.js';

/** What createDevice() puts together. */
export interface DeviceParts {
  readonly bridge: PvgBridge;
  readonly supervisor: Supervisor;
  readonly options: CheckedOptions;
  readonly ramHandle: number;
  /** The regions of the option `memory`, in its order, which are on the map. */
  readonly given: readonly BackedRegion[];
  /** What the guest knows the displays by. */
  readonly serials: readonly number[];
  /** The option ROM, padded; null if there is none. */
  readonly optionRom: Uint8Array | null;
}
