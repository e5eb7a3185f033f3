/**
 * apple-gfx as a library: `createDevice()` and what it returns.
 */
export {
  AppleGfxError,
  ArgumentError,
  BridgeError,
  DefectError,
  DeviceClosedError,
  MigrationError,
  SavedStateError,
  type SavedStateFault,
} from './base/errors.js';
export { type CursorImage, createDevice, Device, type DeviceStatistics } from './device.js';
export { type DisplayMode, parseMode, parseModes } from './device/display-mode.js';
export type { MigrationBlocker } from './device/migration.js';
export type { DeviceOptions } from './device/options.js';
export { GuestMemory, type GuestMemoryOptions } from './runtime/guest-memory.js';
export { Counters, CursorState, InterruptLines, Surface } from './runtime/shared.js';
export { formatLogLine, type TraceOrigin } from './trace/log.js';
export { Vcpu, type VcpuAttachment } from './runtime/vcpu.js';
