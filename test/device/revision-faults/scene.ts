/**
 * What the tests of the revisions' faults share: a small device in a revision, its guests, and ways to wait for what happens.
 *
 * Every scenario runs on the revision that has the fault and on `hardened`. Nothing here judges what it sees, and nothing is timed: what is to
 * happen is waited for, as long as it takes; what is not to happen is looked for until the actors have nothing more to do.
 */
import { Worker } from 'node:worker_threads';
import { createDevice, type Device, type DeviceOptions, type RevisionName, type Vcpu } from '../../../dist/src/index.js';
import * as L from '../../../src/guest/layout.js';
import { RawGuest, until } from '../raw-guest.js';

export const MODES = [
  { width: 64, height: 48, rateHz: 60 },
  { width: 80, height: 60, rateHz: 60 },
];

export interface Scene {
  readonly device: Device;
  readonly guest: RawGuest;
  /** Trace lines so far, if any were asked for. */
  readonly log: string[];
}

/** Plays a scenario on a device of its own, which is closed afterwards whatever came of it. */
export async function play<T>(revision: RevisionName, options: DeviceOptions, scenario: (scene: Scene) => Promise<T>): Promise<T> {
  const device = await createDevice({ revision, modes: MODES, vsync: false, ramBytes: 32 * 2 ** 20, ...options });
  const log: string[] = [];
  device.on('trace', (line) => log.push(line));
  try {
    return await scenario({ device, guest: new RawGuest(settledAccesses(device)), log });
  } finally {
    await device.close();
  }
}

/**
 * The device for a guest that makes no access before the last one shows: where nobody waits for writes, the guest has to look. Of a kick it sees
 * that its packets were taken, not that they are done.
 */
function settledAccesses(device: Device): ConstructorParameters<typeof RawGuest>[0] {
  if (device.revision.gfxWrite !== 'posted') return device;
  return {
    attachment: device.attachment,
    ram: () => device.ram(),
    mmioRead: (offset) => device.mmioRead(offset),
    async mmioWrite(offset, value) {
      const written = offset === L.REG_MAIN_KICK ? await device.mmioRead(L.REG_FIFO_WRITTEN) : value;
      const shownBy = offset === L.REG_MAIN_KICK ? L.REG_FIFO_READ : offset;
      await device.mmioWrite(offset, value);
      if (offset !== L.REG_CHILD_DOORBELL) await until(async () => (await device.mmioRead(shownBy)) === written);
    },
  };
}

type VcpuMethod = 'read32' | 'write32' | 'read64' | 'write64' | 'readIosfc64' | 'writeIosfc64';
type Call = { [M in VcpuMethod]: readonly [M, ...Parameters<Vcpu[M]>] }[VcpuMethod];

/** What a vCPU's thread ended with. */
export type VcpuEnd = { readonly values: readonly unknown[] } | { readonly error: { readonly code: string; readonly message: string } };

/** A vCPU on a thread of its own, which makes the same accesses again and again. */
export class VcpuThread {
  /** Its last round's values, or what an access threw. */
  readonly ended: Promise<VcpuEnd>;
  private readonly cells = new Int32Array(new SharedArrayBuffer(8));

  constructor({ attachment }: Device, accesses: readonly Call[]) {
    const worker = new Worker(new URL('./vcpu-thread.mjs', import.meta.url), { workerData: { attachment, accesses, cells: this.cells } });
    this.ended = new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  }

  get rounds(): number {
    return Atomics.load(this.cells, 1);
  }

  /** Ends it after the round that it is in. */
  stop(): Promise<VcpuEnd> {
    Atomics.store(this.cells, 0, 1);
    return this.ended;
  }
}

/** What a promise was rejected with, or `completed`. */
export function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'completed',
    (error: unknown) => error,
  );
}

/** What the BQL actor says of itself. */
export interface BqlInspection {
  readonly bottomHalves: readonly number[];
  readonly sections: readonly number[];
  readonly nestedWaits: number;
  readonly frames: readonly { readonly pipeline: unknown; readonly freshness: unknown }[];
}

export async function inspectBql(device: Device): Promise<BqlInspection> {
  return (await device.internals.inspect('bql')) as unknown as BqlInspection;
}

/** Waits until many questions to the actors found nothing new. */
export async function quiet(device: Device): Promise<void> {
  let before = '';
  for (let turns = 0; turns < 50; turns++) {
    const { framesRendered, framesPresented, refusedEncodes, upcalls } = device.statistics;
    const counts = [framesRendered, framesPresented, refusedEncodes, upcalls];
    const now = JSON.stringify([await inspectBql(device), await device.internals.inspect('render-queue'), counts]);
    if (now !== before) turns = 0;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Plays a round again and again until it shows what it is about; how many rounds that took, or null if none of so many did. */
export async function roundsUntil(most: number, round: (number: number) => Promise<boolean>): Promise<number | null> {
  for (let number = 1; number <= most; number++) if (await round(number)) return number;
  return null;
}

const RING = 0x80_0000;
const TABLE = 0x90_0000;
const CAPACITY = 8;

/** The guest's side of the IOSurface mapper: its registers and its ring, word by word. */
export class MapperRing {
  private produced = 0;
  private readonly memory: DataView;

  constructor(private readonly device: Device) {
    const ram = device.ram();
    this.memory = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  }

  /** Says where ring and table are; nothing is mapped yet. */
  async start(): Promise<void> {
    const { device } = this;
    const { ramBase } = device.attachment;
    await device.iosfcWrite(L.IOSFC_RING_BASE, BigInt(ramBase + RING));
    await device.iosfcWrite(L.IOSFC_RING_CAPACITY, BigInt(CAPACITY));
    await device.iosfcWrite(L.IOSFC_TABLE, BigInt(ramBase + TABLE));
  }

  /** Puts an entry into the ring; returns what the producer has to be for it. */
  put(opcode: number, surface: number, gpa: number, length: number): bigint {
    const at = RING + L.IOSFC_ENTRY_SIZE * (this.produced % CAPACITY);
    const words = [opcode, surface, gpa % 2 ** 32, Math.floor(gpa / 2 ** 32), length, 0, 0, 0];
    words.forEach((word, index) => {
      this.memory.setUint32(at + 4 * index, word, true);
    });
    this.produced++;
    return BigInt(this.produced);
  }

  /** Puts an entry into the ring and tells the mapper; the entry's result. */
  async request(opcode: number, surface: number, gpa: number, length: number): Promise<number> {
    await this.device.iosfcWrite(L.IOSFC_PRODUCER, this.put(opcode, surface, gpa, length));
    return this.memory.getUint32(RING + L.IOSFC_ENTRY_SIZE * ((this.produced - 1) % CAPACITY) + 28, true);
  }
}
