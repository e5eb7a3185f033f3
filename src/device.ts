/**
 * The front door: a device with its memory, accesses, interrupts and displays.
 *
 * Invariant: all of it may be used from the thread that created it; `attachment` takes the guest's side to others.
 */
import { EventEmitter } from 'node:events';
import type { Supervisor } from '../actors/supervisor.js';
import type { Report } from '../actors/wiring.js';
import { flag, integer, registerWord, registerWords } from './base/arguments.js';
import { assert, BridgeError } from './base/errors.js';
import { MAX_REGION_SLOTS } from './base/limits.js';
import { cellsView, ramView } from './bridge/native.js';
import { PvgStatus, PvgWindow } from './bridge/pvg.js';
import { describePci, type PciDescription } from './device/pci.js';
import { attachmentOf } from './device-attachment.js';
import { type AdvanceOptions, DeviceClock } from './device-clock.js';
import type { DeviceEvents } from './device-events.js';
import type { DeviceParts } from './device-parts.js';
import { type ActorRing, DeviceTrace, TraceControl, type TraceHistoryEvent } from './device-trace.js';
import { type CursorImage, DeviceDisplay } from './display.js';
import { RegionReferences } from './memory/references.js';
import type { Revision } from './revisions/revision.js';
import { REVISIONS } from './revisions/revisions.js';
import type { GuestDevice, GuestDeviceOptions } from './runtime/guest-device.js';
import { GuestMemories } from './runtime/guest-memories.js';
import type { GuestMemory, GuestMemoryOptions } from './runtime/guest-memory.js';
import { InterruptWatch } from './runtime/interrupt-watch.js';
import { Counters, type CursorState, InterruptLines } from './runtime/shared.js';
import type { Surface, SurfaceSnapshot } from './runtime/surface.js';
import type { VcpuAttachment } from './runtime/vcpu.js';
import type { SavedDescription, SavedDevice } from './saved-device.js';
import { type DeviceStatistics, statisticsOf } from './statistics.js';

/** How a device is saved. */
export interface SaveOptions {
  /** False: without guest memory, which createDevice({ restore, memory }) is to be given then. Default true. */
  readonly memory?: boolean;
  /** Called when PVG is at rest and writes nothing any more, while the device's memory is still there: for GuestMemory.takeDirtyPages(). */
  readonly beforeClose?: () => void;
}

/** A running device; made by createDevice(). */
export class Device extends EventEmitter<DeviceEvents> {
  /** Its interrupt lines, or MSI vectors: how often each was raised, in memory that any thread may look at and wait on. */
  readonly interrupts: InterruptLines;
  /** Its displays, by their ports. */
  readonly displays: readonly DeviceDisplay[];
  /** The policies it runs under. */
  readonly revision: Revision;
  /** Whose PVG is behind it: Apple's framework, or the software one. */
  readonly bridge: 'apple' | 'soft';
  /** The expansion ROM's image, a power of two long (pci variant); null if none was given. */
  readonly optionRom: Uint8Array | null;
  /** What a VMM puts into the configuration space; null in the mmio variant. */
  readonly pci: PciDescription | null;
  /** Which trace events are printed, to be changed at any time. */
  readonly traceEvents: TraceControl;
  private readonly parts: DeviceParts;
  private readonly counters: Counters;
  private readonly memories: GuestMemories;
  private added: readonly GuestMemory[] = [];
  private readonly time: DeviceClock;
  private readonly traced = new DeviceTrace((line, origin) => this.emit('trace', line, origin));

  /** Use createDevice(). @internal */
  constructor(parts: DeviceParts) {
    super();
    const { bridge, supervisor, options } = parts;
    const { wiring } = supervisor;
    this.parts = parts;
    this.optionRom = parts.optionRom;
    this.pci = describePci(wiring, parts.optionRom);
    this.revision = REVISIONS[wiring.revision];
    this.bridge = bridge.pvg_bridge_name() === 'apple' ? 'apple' : 'soft';
    this.counters = new Counters(wiring.counters);
    this.memories = new GuestMemories({
      bridge,
      group: wiring.group,
      device: wiring.device,
      variant: options.variant,
      map: supervisor,
      onError: (text) => this.emit('guestError', text),
      references: new RegionReferences(cellsView(bridge, wiring.map, MAX_REGION_SLOTS)),
      nextId: Math.max(...wiring.regions.map(({ id }) => id)) + 1,
      count: wiring.regions.length,
    });
    for (const [index, region] of parts.given.entries()) this.memories.adopt(region, options.memory[index]?.source);
    this.time = new DeviceClock(bridge, supervisor, options.clock);
    this.interrupts = new InterruptLines(wiring.interrupts);
    this.displays = wiring.displays.map(
      (display, number) =>
        new DeviceDisplay({
          bridge,
          pvg: wiring.device,
          number,
          serial: parts.serials[number] ?? 0,
          wiring: display,
          modes: options.displayModes[number] ?? [],
          requestUpdate: (screendump) => supervisor.requestUpdate(number, screendump),
        }),
    );
    this.traceEvents = new TraceControl(bridge, wiring);
    this.forwardFirstDisplay();
    supervisor.on('report', (report) => this.onReport(report));
    const watch = new InterruptWatch(this.interrupts, (vector, count) => this.emit('interrupt', vector, count));
    this.on('newListener', (event) => {
      if (event === 'trace') queueMicrotask(() => this.traced.replay());
      if (event === 'interrupt') watch.start();
    });
    supervisor.on('closed', (reason) => {
      watch.stop();
      this.emit('closed', reason);
    });
  }

  /** What a vCPU on any thread needs: `new Vcpu(attachment)`. Structured-cloneable. */
  get attachment(): VcpuAttachment {
    return attachmentOf(this.parts.supervisor.wiring, this.parts);
  }

  /**
   * Bytes [offset, offset + length) of the device's own RAM, shared with the guest; none if it was made with `ramBytes: 0`. Reads zeros once the
   * device is closed. Throws ArgumentError for bytes outside of it.
   */
  ram(offset = 0, length?: number): Uint8Array {
    const room = this.parts.options.ramBytes - integer('offset', offset, 0, this.parts.options.ramBytes);
    const bytes = integer('length', length ?? room, 0, room);
    return bytes === 0 ? new Uint8Array(0) : ramView(this.parts.bridge, this.parts.ramHandle, offset, bytes);
  }

  /** Guest-physical address of the gfx register window. */
  get windowBase(): number {
    return this.parts.options.windowBase;
  }

  /** Guest-physical address of the iosfc register window; null in the pci variant. */
  get iosfcBase(): number | null {
    const region = this.parts.supervisor.wiring.regions.find((each) => each.kind === 'mmio' && each.window === PvgWindow.iosfc);
    return region?.gpa ?? null;
  }

  /** Memory that was given or added and is on the guest's memory map now, in that order; the device's own RAM is none of it. */
  get memory(): readonly GuestMemory[] {
    return this.memories.list;
  }

  /**
   * Adds RAM or ROM to the guest's memory map, also while the guest runs; resolves when the device sees it.
   * Throws ArgumentError for a wrong option.
   */
  addMemory(options: GuestMemoryOptions): Promise<GuestMemory> {
    return this.memories.add(options);
  }

  /** Puts another device's registers on the guest's memory map: PVG reads them through `read` (device.md 4.2). Throws ArgumentError. */
  addDevice(options: GuestDeviceOptions): Promise<GuestDevice> {
    return this.memories.addDevice(options);
  }

  /** Display 0, which every device has. */
  get display(): DeviceDisplay {
    const [display] = this.displays;
    assert(display !== undefined, 'a device has at least one display');
    return display;
  }

  /** Where the console's picture is; null before the first mode. */
  get surface(): Surface | null {
    return this.display.surface;
  }

  /** Where display 0 shows the cursor. */
  get cursor(): CursorState {
    return this.display.cursor;
  }

  /** The cursor's image, null before the guest set one; `cursor.position` says where. */
  get cursorImage(): CursorImage | null {
    return this.display.cursorImage;
  }

  /** What it has done so far, in numbers; made anew each time it is asked for. */
  get statistics(): DeviceStatistics {
    const { bridge, supervisor } = this.parts;
    return statisticsOf({ bridge, pvg: supervisor.wiring.device, counters: this.counters, displays: this.displays });
  }

  /**
   * The latest trace events of the device's actors, whether switched on or not, by time: what a thread did up to when it last went to
   * wait. Empty with `traceRing: false`.
   */
  traceHistory(): readonly TraceHistoryEvent[] {
    return this.traced.history();
  }

  /** Whether all that PVG has presented so far is shown, on every display. */
  get upToDate(): boolean {
    return this.displays.every((display) => display.upToDate);
  }

  /** The rings that traceHistory() reads. @internal */
  get traceRings(): readonly ActorRing[] {
    return this.traced.all;
  }

  /** Reads 4 bytes at a byte offset of the gfx window. Rejects with ArgumentError if that is none, with DeviceClosedError if the device ends first. */
  async mmioRead(offset: number): Promise<number> {
    return (await this.access(0, PvgWindow.gfx, 4, offset)).value;
  }

  /** Writes 4 bytes at a byte offset of the gfx window. */
  async mmioWrite(offset: number, value: number): Promise<void> {
    await this.access(1, PvgWindow.gfx, 4, offset, registerWord(value));
  }

  /** Reads 8 bytes of the iosfc window; 0 in the pci variant. */
  async iosfcRead(offset: number): Promise<bigint> {
    const { value, high } = await this.access(0, PvgWindow.iosfc, 8, offset);
    return (BigInt(high) << 32n) | BigInt(value);
  }

  /** Writes 8 bytes of the iosfc window. */
  async iosfcWrite(offset: number, value: bigint): Promise<void> {
    const { low, high } = registerWords(value);
    await this.access(1, PvgWindow.iosfc, 8, offset, low, high);
  }

  private access(
    operation: 0 | 1,
    window: number,
    size: 4 | 8,
    offset: number,
    low = 0,
    high = 0,
  ): Promise<{ value: number; high: number }> {
    integer('register offset', offset, 0, Number.MAX_SAFE_INTEGER);
    return this.parts.supervisor.access({ operation, window, size, offset, low, high });
  }

  /** Asks for an update of display 0's picture and waits for it (QEMU's gfx_update). */
  update(): Promise<void> {
    return this.display.update();
  }

  /** Display 0's picture as the guest drew it last; null before the first frame. */
  screendump(): Promise<SurfaceSnapshot | null> {
    return this.display.screendump();
  }

  /** What a virtual clock shows, in nanoseconds; null on a real one. */
  get clock(): bigint | null {
    return this.time.now;
  }

  /** When the next vertical blank of any display comes by a virtual clock; null if none will, or on a real one. */
  get nextVsync(): bigint | null {
    return this.time.nextVsync;
  }

  /** When something next happens by itself, by a virtual clock: a blank, or the end of an encode that takes its time; null as above. */
  get nextDeadline(): bigint | null {
    return this.time.nextDeadline;
  }

  /** Moves a virtual clock on (docs/qtest.md says what has happened then) and gives what it shows. Rejects with ArgumentError, also on a real one. */
  advanceClock(nanoseconds: bigint | number, options?: AdvanceOptions): Promise<bigint> {
    return this.time.advance(nanoseconds, options);
  }

  /** Resets PVG, at any time; resolves when it is quiet. */
  reset(): Promise<void> {
    return this.parts.supervisor.reset();
  }

  /**
   * Brings the device to rest, closes it, and gives its state with its guest memory, for createDevice({ restore }); with `memory: false` without,
   * for a VMM that moves memory itself, and then createDevice({ restore }) has to be given the `memory`. Stop the vCPUs first: an
   * access that PVG has not begun is not carried out. Rejects with BridgeError if this PVG can't be saved, and then the device goes on; with
   * SavedStateError if memory that was removed is still mapped by the guest, or can't be part of a saved state.
   */
  async save({ memory = true, beforeClose }: SaveOptions = {}): Promise<Uint8Array> {
    const { bridge, supervisor, options, ramHandle } = this.parts;
    if (!options.savable) throw new BridgeError(PvgStatus.unsupported, 'the device was made with savable: false');
    const { checkSavable, describeDisplay, writeDevice } = await import('./saved-device.js');
    const pieces = this.memories.saved();
    if (flag('memory', memory)) checkSavable(pieces);
    const leave = this.displays.map((display) => display.viewForSave());
    const pvg = await supervisor.suspend().catch((error: unknown) => {
      for (const each of leave) each();
      throw error;
    });
    await supervisor.settled();
    beforeClose?.();
    const { variant, ramBytes, ramBase, windowBase, vectors, clock } = options;
    const description: SavedDescription = {
      ...{ variant, ramBytes, ramBase, windowBase, vectors, clock },
      msi: { enabled: this.interrupts.msiEnabled, vectors: this.interrupts.msiVectors },
      displays: this.displays.map(({ number }) => describeDisplay(this, number)),
      memory: pieces.map(({ gpa, length, kind, priority }) => ({ gpa, bytes: length, kind, priority })),
      withMemory: memory,
    };
    const rams = [{ ram: ramHandle, bytes: ramBytes }, ...pieces.map(({ ram, length }) => ({ ram, bytes: length }))];
    const bytes = writeDevice(this, { bridge, description, rams: memory ? rams : [], pvg });
    await supervisor.saved();
    return bytes;
  }

  /** Goes on from a saved device; createDevice() calls it before the device serves accesses. Throws SavedStateError and BridgeError. @internal */
  async restore(saved: SavedDevice): Promise<void> {
    const { bridge, supervisor, ramHandle: ram } = this.parts;
    const { restoreDisplay, restoreMemory } = await import('./restored-device.js');
    this.added = await restoreMemory(saved, { bridge, ram, memories: this.memories });
    for (const [number, display] of saved.description.displays.entries()) restoreDisplay(this.displays[number], saved, display);
    const { msi } = saved.description;
    this.interrupts.setMsiEnabled(msi.enabled, msi.vectors);
    await supervisor.resume(saved.pvg);
  }

  /** Memory that a restored device had been given while it ran, and which was made anew. */
  get restoredMemory(): readonly GuestMemory[] {
    return this.added;
  }

  /** `realizing`, `running`, `resetting`, `saving`, `closing` or `closed`. */
  get lifeCycle(): string {
    return this.parts.supervisor.lifeCycle;
  }

  /** The threads behind it, for tests and tools. @internal */
  get internals(): Supervisor {
    return this.parts.supervisor;
  }

  /** Ends the device: what waits is rejected, threads and memory are given back. Idempotent. */
  close(): Promise<void> {
    return this.parts.supervisor.close();
  }

  /** As close(), for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private forwardFirstDisplay(): void {
    this.display.on('update', () => this.emit('update'));
    this.display.on('surface', (surface) => this.emit('surface', surface));
    this.display.on('cursor', (cursor) => this.emit('cursor', cursor));
  }

  private readDevicePiece(wanted: Extract<Report, { readonly report: 'readDevicePiece' }>): void {
    const { bridge, supervisor } = this.parts;
    this.memories.devices.readBytes(wanted.region, wanted, (bytes) => {
      const { upcall, at, job } = wanted;
      const ok = bytes !== null && bridge.pvg_upcall_supply(supervisor.wiring.device, upcall, at, bytes, bytes.length) === PvgStatus.ok;
      supervisor.answerDevice(job, ok ? 0 : null);
    });
  }

  private onReport(report: Report): void {
    switch (report.report) {
      case 'surface':
      case 'cursor':
      case 'update':
        this.displays[report.display]?.onReport(report);
        return;
      case 'readDevice':
        return this.memories.devices.read(report.region, report.offset, (value) => this.parts.supervisor.answerDevice(report.job, value));
      case 'readDevicePiece':
        return this.readDevicePiece(report);
      case 'trace':
      case 'traceRing':
        return this.traced.onReport(report);
      case 'guestError':
        this.emit('guestError', report.text);
    }
  }
}
