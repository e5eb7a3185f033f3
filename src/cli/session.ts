/**
 * One run: a device, and the demonstration guest on a vCPU thread.
 *
 * Invariant: whatever ends the run, the device is closed and the vCPU's thread has ended before finish() resolves.
 */
import { Worker } from 'node:worker_threads';
import type { VcpuData, VcpuReport } from '../../actors/vcpu/thread.js';
import { DeviceClosedError } from '../base/errors.js';
import { THREAD_YOUNG_MIB } from '../base/limits.js';
import { makeDevice } from '../create-device.js';
import type { Device } from '../device.js';
import type { DisplayMode } from '../device/display-mode.js';
import type { DeviceOptions } from '../device/options.js';
import { GuestOrders } from '../runtime/guest-orders.js';
import { threadFile } from '../runtime/thread-file.js';
import { GuestError } from './guest-error.js';
import { GuestMachine } from './guest-machine.js';

export interface Session {
  readonly device: Device;
  /** Resolves when the guest has drawn its frames or was stopped; rejects with GuestError or what the device died of. */
  readonly ended: Promise<void>;
  /** The guest and its device, to be paused and reset; null if the run has no guest of its own. */
  readonly machine: GuestMachine | null;
  /** Asks the guest to stop after the frame it draws. */
  stop(): void;
  /** Closes the device and waits for the guest's thread. */
  finish(): Promise<void>;
}

/** Threads that the first frame doesn't need start so much later than the guest at most, in milliseconds. */
const LATE_THREADS_MS = 500;
/** How often it is looked whether the first frame is there. */
const LATE_LOOK_MS = 20;
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

interface Guest {
  readonly worker: Worker;
  readonly exited: Promise<void>;
  /** Resolves when the guest has ended; rejects with GuestError, or what its thread died of. */
  readonly ended: Promise<void>;
}

/** Starts the guest's thread, which then waits for its VcpuData. */
function startGuest(): Guest {
  const worker = new Worker(threadFile('vcpu'), {
    name: 'apple-gfx vcpu',
    resourceLimits: { maxYoungGenerationSizeMb: THREAD_YOUNG_MIB },
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (report: VcpuReport) => {
      if (!('error' in report)) resolve();
      // Of a device that has ended under the guest, the device itself says why.
      else if (!report.closed) reject(new GuestError(report.error));
    });
  });
  // Who waits for the session hears of it.
  ended.catch(() => undefined);
  return { worker, exited, ended };
}

/** Makes the device, without the threads that the first frame doesn't need unless they are to take trace events; ends the guest if that fails. */
async function makeDeviceFor({ worker, exited }: Guest, { device: options, mode }: SessionOptions): Promise<Device> {
  try {
    return await makeDevice({ ...options, ...(mode && { modes: [mode] }) }, { lateThreads: (options.trace ?? []).length === 0 });
  } catch (error) {
    await worker.terminate();
    await exited;
    throw error;
  }
}

/**
 * Starts the threads that the first frame doesn't need once it has been there for a moment, so that they neither take its time nor that of a run
 * which ends with it; returns what keeps them from being started.
 */
function startLateThreads(device: Device): () => void {
  const latest = performance.now() + LATE_THREADS_MS;
  let isThere = false;
  const look = setInterval(() => {
    if (isThere || performance.now() >= latest) {
      clearInterval(look);
      device.internals.startLateThreads();
    }
    isThere = device.statistics.framesRendered > 0;
  }, LATE_LOOK_MS);
  return () => clearInterval(look);
}

/** Starts a device and a guest on it; of a restored device, the guest goes on that was saved with it. */
export async function startSession(session: SessionOptions): Promise<Session> {
  const { device: options, mode, frames } = session;
  // First, so that its thread loads its code beside this one.
  const guest = startGuest();
  const device = await makeDeviceFor(guest, session);
  const refresh = device.revision.frames === 'insideUpdate' ? setInterval(() => refreshAll(device), REFRESH_MS) : undefined;
  const stopLate = startLateThreads(device);
  const orders = new GuestOrders();
  const ended = Promise.race([
    guest.ended,
    new Promise<void>((_, reject) => device.once('closed', (reason) => reject(reason ?? new DeviceClosedError()))),
  ]);
  const program = { mode: mode ?? undefined, frames, resume: options.restore !== undefined };
  const data: VcpuData = { attachment: device.attachment, program, orders: orders.memory };
  guest.worker.postMessage(data);
  return {
    device,
    ended,
    machine: new GuestMachine(device, orders, ended),
    stop: () => orders.give('stop'),
    async finish() {
      orders.give('stop');
      clearInterval(refresh);
      stopLate();
      await device.close();
      await guest.exited;
    },
  };
}
