/**
 * The front door: a device with its memory, accesses, interrupts and display.
 *
 * Invariant: all of it may be used from the thread that created it; `attachment` takes the guest's side to others.
 */
import { EventEmitter } from 'node:events';
import { Message } from '../actors/messages.js';
import { Supervisor } from '../actors/supervisor.js';
import type { Report, Wiring } from '../actors/wiring.js';
import { BACKGROUND_MAILBOX_CAPACITY, BQL_MAILBOX_CAPACITY, RENDER_MAILBOX_CAPACITY, SPIN_MICROSECONDS } from './base/limits.js';
import { encodeConfig, encodeModes, encodeRanges } from './bridge/device-config.js';
import { checked, checkedHandle, loadBridge, type PvgBridge, ramView } from './bridge/native.js';
import { PvgCause, PvgWindow } from './bridge/pvg.js';
import type { Cursor } from './device/effects.js';
import { type CheckedOptions, checkOptions, type DeviceOptions } from './device/options.js';
import { displaySerials } from './device/serials.js';
import type { BackedRegion, MmioRegion } from './memory/region.js';
import { GuestMemories, type GuestMemory, type GuestMemoryOptions } from './runtime/guest-memory.js';
import { Counters, CursorState, InterruptLines, Surface } from './runtime/shared.js';
import type { TraceOrigin } from './trace/log.js';
import type { VcpuAttachment } from './runtime/vcpu.js';

/** A cursor image: 0xAARRGGBB words, straight alpha. */
export type CursorImage = Cursor;

/** Counts since the device was made. */
export interface DeviceStatistics {
  readonly mmioAccesses: number;
  readonly framesRendered: number;
  /** Of the guest's presents up to the one shown last, those that were never shown: dropped here, or replaced inside PVG. */
  readonly framesDropped: number;
  readonly framesPresented: number;
  /** Frames rendered a second, from the first to the last; 0 before the second. */
  readonly framesPerSecond: number;
  readonly refusedEncodes: number;
  readonly interrupts: number;
  readonly guestErrors: number;
  readonly bqlHoldMicroseconds: number;
}

interface DeviceEvents {
  /** The console was given a full update. */
  update: [];
  /** A mode was set: the new surface. */
  surface: [Surface];
  cursor: [CursorImage];
  /** A trace line, `name args`, and where and when it happened. Lines from before the first listener come right after it was added. */
  trace: [string, TraceOrigin];
  /** What the guest did wrong, in words. */
  guestError: [string];
  /** The device has ended: null if close() was called, else why. */
  closed: [Error | null];
  /** EventEmitter's own: somebody begins to listen. */
  newListener: [event: string | symbol, listener: (...values: unknown[]) => void];
}

/** Ids of memory regions count from here. */
const FIRST_REGION = 1;
/** Trace lines kept for the first listener; a device that nobody listens to must not grow. */
const EARLY_LINES = 256;

/** A running device; made by createDevice(). */
export class Device extends EventEmitter<DeviceEvents> {
  readonly interrupts: InterruptLines;
  readonly cursor: CursorState;
  private readonly counters: Counters;
  private readonly memories: GuestMemories;
  private currentSurface: Surface | null = null;
  private early: [string, TraceOrigin][] = [];
  private currentCursor: CursorImage | null = null;

  /** Use createDevice(). */
  constructor(
    private readonly bridge: PvgBridge,
    private readonly supervisor: Supervisor,
    private readonly options: CheckedOptions,
    private readonly ramHandle: number,
  ) {
    super();
    const { wiring } = supervisor;
    this.counters = new Counters(wiring.counters);
    this.memories = new GuestMemories(bridge, wiring.group, supervisor, FIRST_REGION + wiring.regions.length, wiring.regions.length);
    this.interrupts = new InterruptLines(wiring.interrupts);
    this.cursor = new CursorState(wiring.cursor);
    supervisor.on('report', (report) => this.onReport(report));
    this.on('newListener', (event) => {
      if (event === 'trace') queueMicrotask(() => this.replayEarly());
    });
    supervisor.on('closed', (reason) => this.emit('closed', reason));
  }

  /** What a vCPU on any thread needs: `new Vcpu(attachment)`. Structured-cloneable. */
  get attachment(): VcpuAttachment {
    const { wiring } = this.supervisor;
    return {
      group: wiring.group,
      bqlMailbox: wiring.bqlMailbox,
      accessKind: Message.access,
      ram: this.ramHandle,
      ramBase: this.options.ramBase,
      ramBytes: this.options.ramBytes,
      pageShift: this.options.variant === 'mmio' ? 14 : 12,
      interrupts: wiring.interrupts,
    };
  }

  /** Bytes [offset, offset + length) of guest RAM, shared with the guest. Reads zeros once the device is closed. */
  ram(offset = 0, length = this.options.ramBytes - offset): Uint8Array {
    return ramView(this.bridge, this.ramHandle, offset, length);
  }

  /** Guest-physical address of the gfx register window. */
  get windowBase(): number {
    return this.options.windowBase;
  }

  /**
   * Adds RAM or ROM to the guest's memory map, also while the guest runs; resolves when the device sees it.
   * Throws ArgumentError for a wrong option.
   */
  addMemory(options: GuestMemoryOptions): Promise<GuestMemory> {
    return this.memories.add(options);
  }

  /** Where the console's picture is; null before the first mode. */
  get surface(): Surface | null {
    return this.currentSurface;
  }

  /** The cursor's image, null before the guest set one; `cursor.position` says where. */
  get cursorImage(): CursorImage | null {
    return this.currentCursor;
  }

  get statistics(): DeviceStatistics {
    const presents = new BigUint64Array(2);
    this.bridge.pvg_display_present_counts(this.supervisor.wiring.device, 0, presents);
    const rendered = this.counters.get('framesRendered');
    return {
      mmioAccesses: this.counters.get('accesses'),
      framesRendered: rendered,
      framesDropped: Math.max(0, this.counters.lastPresent - rendered),
      framesPresented: Number(presents[0] ?? 0n),
      framesPerSecond: rendered > 1 ? (rendered - 1) / this.counters.shownSeconds : 0,
      refusedEncodes: this.counters.get('refusals'),
      interrupts: this.counters.get('interrupts'),
      guestErrors: this.counters.get('guestErrors'),
      bqlHoldMicroseconds: this.counters.holdMicroseconds,
    };
  }

  /** Whether all that PVG has presented so far is shown: its last frame, its cursor. False on a device that shows no more frames. */
  get upToDate(): boolean {
    const { device } = this.supervisor.wiring;
    const presents = new BigUint64Array(2);
    const cursor = new Uint32Array(2);
    if (this.bridge.pvg_display_pending_events(device, 0) !== 0) return false;
    this.bridge.pvg_display_present_counts(device, 0, presents);
    this.bridge.pvg_display_cursor_position(device, 0, cursor);
    const shown = this.cursor.place;
    return this.counters.lastPresent >= Number(presents[0] ?? 0n) && shown.x === cursor[0] && shown.y === cursor[1];
  }

  /** Reads 4 bytes at a byte offset of the gfx window. Rejects with DeviceClosedError if the device ends first. */
  async mmioRead(offset: number): Promise<number> {
    return (await this.supervisor.access({ operation: 0, size: 4, offset, low: 0, high: 0 })).value;
  }

  /** Writes 4 bytes at a byte offset of the gfx window. */
  async mmioWrite(offset: number, value: number): Promise<void> {
    await this.supervisor.access({ operation: 1, size: 4, offset, low: value >>> 0, high: 0 });
  }

  /** Asks for an update of the picture and waits for it (QEMU's gfx_update). */
  update(): Promise<void> {
    return this.supervisor.requestUpdate();
  }

  /** Resets PVG, at any time; resolves when it is quiet. */
  reset(): Promise<void> {
    return this.supervisor.reset();
  }

  /** `realizing`, `running`, `resetting`, `closing` or `closed`. */
  get lifeCycle(): string {
    return this.supervisor.lifeCycle;
  }

  /** The threads behind it, for tests and tools. */
  get internals(): Supervisor {
    return this.supervisor;
  }

  /** Ends the device: what waits is rejected, threads and memory are given back. Idempotent. */
  close(): Promise<void> {
    return this.supervisor.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private replayEarly(): void {
    const lines = this.early;
    this.early = [];
    for (const [line, origin] of lines) this.emit('trace', line, origin);
  }

  private onReport(report: Report): void {
    switch (report.report) {
      case 'surface':
        this.currentSurface = new Surface(report.width, report.height, report.memory);
        this.emit('surface', this.currentSurface);
        return;
      case 'cursor':
        this.currentCursor = report;
        this.emit('cursor', report);
        return;
      case 'update':
        this.emit('update');
        return;
      case 'trace':
        if (!this.emit('trace', report.line, report.origin) && this.early.length < EARLY_LINES) {
          this.early.push([report.line, report.origin]);
        }
        return;
      case 'guestError':
        this.emit('guestError', report.text);
    }
  }
}

function makeWiring(bridge: PvgBridge, group: number, options: CheckedOptions): { wiring: Wiring; ram: number } {
  const ram = checkedHandle(bridge, `guest RAM of ${options.ramBytes} bytes`, bridge.pvg_ram_create(group, options.ramBytes));
  const mailbox = (capacity: number, spin: number): number =>
    checkedHandle(bridge, 'make a mailbox', bridge.pvg_mailbox_create(group, capacity, spin));
  const bqlMailbox = mailbox(BQL_MAILBOX_CAPACITY, SPIN_MICROSECONDS);
  const renderMailbox = mailbox(RENDER_MAILBOX_CAPACITY, 0);
  const backgroundMailbox = mailbox(BACKGROUND_MAILBOX_CAPACITY, SPIN_MICROSECONDS);
  const range = { gpa: options.ramBase, length: options.ramBytes, ramOffset: 0, ram };
  const config = encodeConfig({
    group,
    upcall_mailbox: bqlMailbox,
    display_mailbox: backgroundMailbox,
    completion_mailbox: renderMailbox,
    mode_change_waits: 1,
    page_shift: options.variant === 'mmio' ? 14 : 12,
    vectors: options.vectors,
    display_serials: displaySerials.take(options.displays, options.displaySerials),
    vsync: options.vsync ? 1 : 0,
    refuse_every: options.refuseEvery,
    encode_delay_us: options.encodeDelayMicroseconds,
    managed_textures: options.managedTextures ? 1 : 0,
  });
  const device = checkedHandle(bridge, 'make a PVG device', bridge.pvg_device_create(config, encodeRanges([range]), 1));
  checked(bridge, 'set the display modes', bridge.pvg_display_set_modes(device, 0, encodeModes(options.modes), options.modes.length));
  const region: BackedRegion = {
    kind: 'ram',
    id: FIRST_REGION,
    name: 'ram',
    priority: 0,
    hostAddress: Number(bridge.pvg_ram_address(ram)),
    ...range,
  };
  const window: MmioRegion = {
    kind: 'mmio',
    id: FIRST_REGION + 1,
    name: 'gfx',
    priority: 1,
    gpa: options.windowBase,
    length: checked(bridge, 'the gfx window', bridge.pvg_mmio_length(device, PvgWindow.gfx)),
    window: PvgWindow.gfx,
  };
  const first = options.modes[0] ?? { width: 1440, height: 1080 };
  const cursor = new CursorState();
  cursor.setShown(true);
  cursor.moveTo(0xffff, 0xffff);
  const wiring: Wiring = {
    group,
    device,
    bqlMailbox,
    renderMailbox,
    backgroundMailbox,
    variant: options.variant,
    vectors: options.vectors,
    regions: [region, window],
    counters: new Counters().memory,
    interrupts: new InterruptLines().memory,
    cursor: cursor.memory,
    trace: options.trace,
    initialMode: { width: first.width, height: first.height },
  };
  return { wiring, ram };
}

/**
 * Makes a device and starts its threads; resolves when it serves accesses.
 * Throws ArgumentError for a wrong option, BridgeError if the native bridge is missing or refuses.
 */
export async function createDevice(options: DeviceOptions = {}): Promise<Device> {
  const checkedOptions = checkOptions(options);
  const bridge = loadBridge();
  const group = checkedHandle(bridge, 'make a device', bridge.pvg_group_create());
  let supervisor: Supervisor;
  let ram: number;
  try {
    const made = makeWiring(bridge, group, checkedOptions);
    ram = made.ram;
    supervisor = new Supervisor(bridge, made.wiring);
  } catch (error) {
    bridge.pvg_group_close(group, PvgCause.closed);
    bridge.pvg_group_destroy(group);
    throw error;
  }
  const device = new Device(bridge, supervisor, checkedOptions, ram);
  await supervisor.realized();
  return device;
}
