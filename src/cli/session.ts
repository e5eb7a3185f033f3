/**
 * One run: a device, and the demonstration guest on a vCPU thread.
 *
 * Invariant: whatever ends the run, the device is closed and the vCPU's thread has ended before finish() resolves.
 */
import { Worker } from 'node:worker_threads';
import type { VcpuData, VcpuReport } from '../../actors/vcpu/thread.js';
import { AppleGfxError, DeviceClosedError } from '../base/errors.js';
import { THREAD_YOUNG_MIB } from '../base/limits.js';
import { createDevice } from '../create-device.js';
import type { Device } from '../device.js';
import type { DisplayMode } from '../device/display-mode.js';
import type { DeviceOptions } from '../device/options.js';

/** The guest ended by an error of its own. */
export class GuestError extends AppleGfxError {
  constructor(message: string) {
    super('ERR_GUEST', message);
  }
}

export interface Session {
  readonly device: Device;
  /** Resolves when the guest has drawn its frames or was stopped; rejects with GuestError or what the device died of. */
  readonly ended: Promise<void>;
  /** Asks the guest to stop after the frame it draws. */
  stop(): void;
  /** Closes the device and waits for the guest's thread. */
  finish(): Promise<void>;
}

/** How often a console asks for an update, where nothing is rendered unless it does. */
const REFRESH_MS = 16;

function refreshAll(device: Device): void {
  // An update that the end of the device rejects is of no interest any more.
  for (const display of device.displays) display.update().catch(() => undefined);
}

/** What a session is to be. */
export interface SessionOptions {
  readonly device: DeviceOptions;
  /** The guest's mode; null: what the device prefers, or the restored guest has. */
  readonly mode: DisplayMode | null;
  /** Frames to draw; undefined: until stopped. */
  readonly frames: number | undefined;
}

/** Starts a device and a guest on it; of a restored device, the guest goes on that was saved with it. */
export async function startSession({ device: options, mode, frames }: SessionOptions): Promise<Session> {
  const device = await createDevice({ ...options, ...(mode && { modes: [mode] }) });
  const refresh = device.revision.frames === 'insideUpdate' ? setInterval(() => refreshAll(device), REFRESH_MS) : undefined;
  const stop = new SharedArrayBuffer(4);
  const program = { mode: mode ?? undefined, frames, resume: options.restore !== undefined };
  const workerData: VcpuData = { attachment: device.attachment, program, stop };
  const worker = new Worker(new URL('../../actors/vcpu/thread.js', import.meta.url), {
    workerData,
    name: 'apple-gfx vcpu',
    resourceLimits: { maxYoungGenerationSizeMb: THREAD_YOUNG_MIB },
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const ended = new Promise<void>((resolve, reject) => {
    device.once('closed', (reason) => reject(reason ?? new DeviceClosedError()));
    worker.once('error', reject);
    worker.once('message', (report: VcpuReport) => {
      if (!('error' in report)) resolve();
      // Of a device that has ended under the guest, the device itself says why.
      else if (!report.closed) reject(new GuestError(report.error));
    });
  });
  return {
    device,
    ended,
    stop: () => void Atomics.store(new Int32Array(stop), 0, 1),
    async finish() {
      Atomics.store(new Int32Array(stop), 0, 1);
      clearInterval(refresh);
      await device.close();
      await exited;
    },
  };
}
