/**
 * apple-gfx as a library: `createDevice()` and what it returns.
 */
export {
  AppleGfxError,
  ArgumentError,
  BridgeError,
  DeadlockError,
  DefectError,
  DeviceClosedError,
  ListenError,
  MigrationError,
  SavedStateError,
  type SavedStateFault,
} from './base/errors.js';
export { createDevice } from './create-device.js';
export type { AdvanceOptions } from './device-clock.js';
export { Device, type SaveOptions } from './device.js';
export type { DeviceEvents } from './device-events.js';
export { TraceControl, type TraceEventState, type TraceHistoryEvent } from './device-trace.js';
export { type DeliveredBatch, deliveriesOf, type Delivery } from './trace/deliveries.js';
export { type DisplayMode, parseMode, parseModes } from './device/display-mode.js';
export type { MigrationBlocker } from './device/migration.js';
export type { DeviceOptions } from './device/options.js';
export type { PciDescription } from './device/pci.js';
export { type CursorImage, DeviceDisplay, type DisplayEvents } from './display.js';
export {
  type AccessEntry,
  type DisplayReach,
  type FramePath,
  REVISION_NAMES,
  type Revision,
  type RevisionName,
  type UpcallReach,
} from './revisions/revision.js';
export { REVISIONS } from './revisions/revisions.js';
export type { GuestDevice, GuestDeviceOptions } from './runtime/guest-device.js';
export { GuestMemory, type GuestMemoryOptions, type RemoveOptions } from './runtime/guest-memory.js';
export type { GuestMemorySource } from './runtime/memory-source.js';
export { Counters, CursorState, InterruptLines, ShownFrames } from './runtime/shared.js';
export { Surface, SURFACE_TILE, type SurfaceSnapshot } from './runtime/surface.js';
export { SurfaceReader } from './runtime/surface-reader.js';
export type { DeviceStatistics } from './statistics.js';
export { Vcpu, type VcpuAttachment } from './runtime/vcpu.js';
export { formatLogLine, type TraceOrigin } from './trace/log.js';
export type { TraceEvent } from './trace/tracer.js';
