/**
 * Makes a device: checks the options, makes what its threads share, starts them, and gives everything back if that fails.
 *
 * Invariant: either createDevice() resolves with a running device, or nothing of it is left.
 */
import { readFile } from 'node:fs/promises';
import { ownTraces } from '../actors/own-traces.js';
import { modeChangeWaits, ownAnswersOf, routesOf } from '../actors/routes.js';
import { Supervisor } from '../actors/supervisor.js';
import type { DisplayWiring, MailboxHandles, Wiring } from '../actors/wiring.js';
import { object } from './base/arguments.js';
import { ArgumentError, describeError } from './base/errors.js';
import {
  BACKGROUND_MAILBOX_CAPACITY,
  BQL_MAILBOX_CAPACITY,
  MAX_REGION_SLOTS,
  RENDER_MAILBOX_CAPACITY,
  UPDATE_MAILBOX_CAPACITY,
} from './base/limits.js';
import { encodeConfig, encodeModes, encodeRanges, type RamRangeConfig } from './bridge/device-config.js';
import { findGpu } from './bridge/gpus.js';
import { cellsView, checked, checkedHandle, loadBridge, type PvgBridge } from './bridge/native.js';
import { PvgCause, PvgWindow, UpcallClass, type UpcallClassName, Wake } from './bridge/pvg.js';
import { Device } from './device.js';
import { migrationBlock, type MigrationHold } from './device/migration.js';
import { padOptionRom } from './device/option-rom.js';
import { type CheckedOptions, checkOptions, type DeviceOptions } from './device/options.js';
import { displaySerials } from './device/serials.js';
import { FlatView } from './memory/flat-view.js';
import { RegionReferences } from './memory/references.js';
import type { BackedRegion, MemoryRegion, MmioRegion } from './memory/region.js';
import { REVISIONS } from './revisions/revisions.js';
import { Board } from './runtime/board.js';
import { makeRegion, type RegionParts } from './runtime/guest-memories.js';
import { Counters, CursorState, InterruptLines, ShownFrames, Viewers } from './runtime/shared.js';
import type { SavedDevice } from './saved-device.js';
import { TraceSwitches } from './trace/switches.js';

/** What every display is called, and how large it is in millimetres (device.md 3). */
const DISPLAY_NAME = 'QEMU display';
const DISPLAY_MM = [400, 300];
/** The iosfc window lies so far behind the gfx window, which is shorter. */
const IOSFC_OFFSET = 0x8_0000;
const FIRST_REGION = 1;
/** The mode that revisions up to v5 begin in, whatever the list says. */
const FIXED_MODE = { width: 1440, height: 1080 };

function makeMailboxes(bridge: PvgBridge, group: number, poll: number): MailboxHandles {
  const make = (capacity: number, pollMicroseconds: number): number =>
    checkedHandle(bridge, 'make a mailbox', bridge.pvg_mailbox_create(group, capacity, pollMicroseconds));
  return {
    bql: make(BQL_MAILBOX_CAPACITY, poll),
    render: make(RENDER_MAILBOX_CAPACITY, 0),
    background: make(BACKGROUND_MAILBOX_CAPACITY, poll),
    watchdog: make(1, 0),
    update: make(UPDATE_MAILBOX_CAPACITY, 0),
  };
}

interface PvgParts {
  readonly bridge: PvgBridge;
  readonly group: number;
  readonly options: CheckedOptions;
  readonly serials: readonly number[];
  readonly mailboxes: MailboxHandles;
  readonly ranges: readonly RamRangeConfig[];
  readonly map: number;
  readonly traceSwitches: TraceSwitches;
}

function makePvg({ bridge, group, options, serials, mailboxes, ranges, map, traceSwitches }: PvgParts): number {
  const revision = REVISIONS[options.revision];
  const routes = routesOf(revision, mailboxes);
  const config = encodeConfig({
    group,
    mailboxes: Object.keys(UpcallClass).map((name) => routes[name as UpcallClassName]),
    wake: Wake[revision.wakes],
    mode_change_waits: modeChangeWaits(revision) ? 1 : 0,
    page_shift: options.variant === 'mmio' ? 14 : 12,
    vectors: options.vectors,
    iosfc: options.variant === 'mmio' ? 1 : 0,
    gpu: findGpu(bridge),
    ports: options.displays,
    display_serials: serials,
    display_name: [...new Uint32Array(new TextEncoder().encode(DISPLAY_NAME.padEnd(16, '\0')).buffer)],
    display_mm: DISPLAY_MM,
    vsync: options.vsync ? 1 : 0,
    refuse_every: options.refuseEvery,
    encode_delay_us: options.encodeDelayMicroseconds,
    managed_textures: options.managedTextures ? 1 : 0,
    announce_every_frame: options.announceEveryFrame ? 1 : 0,
    reads_wait: options.readsWait ? 1 : 0,
    poll_us: options.pollMicroseconds,
    map,
    ...ownAnswersOf(revision),
    own_traces: ownTraces(traceSwitches.names),
    virtual_clock: options.clock === 'virtual' ? 1 : 0,
  });
  return checkedHandle(bridge, 'make a PVG device', bridge.pvg_device_create(config, encodeRanges(ranges), ranges.length));
}

/** The device's own RAM as a region; null if it has none. */
function makeRam(bridge: PvgBridge, options: CheckedOptions, group: number, references: RegionReferences): BackedRegion | null {
  const { ramBase: gpa, ramBytes: length } = options;
  if (length === 0) return null;
  const slot = references.claim();
  if (slot === null) throw new ArgumentError('no memory region can be made');
  const ram = checkedHandle(bridge, `guest RAM of ${length} bytes`, bridge.pvg_ram_create(group, length));
  const hostAddress = Number(bridge.pvg_ram_address(ram));
  return { kind: 'ram', id: FIRST_REGION, name: 'ram', priority: 0, hostAddress, gpa, length, ramOffset: 0, ram, slot };
}

/** The memory that the device is given, beside `own` regions of its own RAM. Throws as makeRegion() does, and says of which piece. */
function makeGiven(parts: RegionParts, options: CheckedOptions, own: number): readonly BackedRegion[] {
  const windows = options.variant === 'pci' ? 1 : 2;
  return options.memory.map((piece, index) => {
    try {
      return makeRegion(parts, piece, { id: FIRST_REGION + 1 + windows + index, count: own + windows + index });
    } catch (error) {
      throw error instanceof ArgumentError ? new ArgumentError(`memory[${index}]: ${error.message}`) : error;
    }
  });
}

/** The guest's RAM as it is seen, for a PVG that has to be told where it is. */
function ramRanges(regions: readonly BackedRegion[]): readonly RamRangeConfig[] {
  return new FlatView(regions).ranges.flatMap(({ gpa, end, offset, region }) =>
    region.kind === 'ram' ? [{ gpa, length: end - gpa, ramOffset: region.ramOffset + offset, ram: region.ram }] : [],
  );
}

/** RAM and the register windows. */
function makeRegions(bridge: PvgBridge, device: number, options: CheckedOptions, memory: BackedRegion | null): readonly MemoryRegion[] {
  const own = memory === null ? [] : [memory];
  const window = (name: string, id: number, gpa: number, number: 0 | 1): MmioRegion => ({
    kind: 'mmio',
    id,
    name,
    priority: 1,
    gpa,
    length: checked(bridge, `the ${name} window`, bridge.pvg_mmio_length(device, number)),
    window: number,
  });
  const gfx = window('gfx', FIRST_REGION + 1, options.windowBase, PvgWindow.gfx);
  if (options.variant === 'pci') return [...own, gfx];
  return [...own, gfx, window('iosfc', FIRST_REGION + 2, options.windowBase + IOSFC_OFFSET, PvgWindow.iosfc)];
}

function makeDisplays(bridge: PvgBridge, device: number, options: CheckedOptions, saved: SavedDevice | null): readonly DisplayWiring[] {
  const { firstMode } = REVISIONS[options.revision];
  return Array.from({ length: options.displays }, (_, port) => {
    const modes = options.displayModes[port] ?? [];
    if (modes.length > 0) {
      checked(bridge, 'set the display modes', bridge.pvg_display_set_modes(device, port, encodeModes(modes), modes.length));
    }
    const first = firstMode === 'fixed' ? FIXED_MODE : firstMode === 'preferred' ? (modes[0] ?? null) : null;
    const initialMode = saved ? (saved.description.displays[port]?.mode ?? null) : first;
    const cursor = new CursorState();
    cursor.setShown(true);
    cursor.moveTo(0xffff, 0xffff);
    const viewers = new Viewers();
    // The embedder itself, who may look at any time.
    if (!options.headless) viewers.add();
    return {
      cursor: cursor.memory,
      shown: new ShownFrames().memory,
      viewers: viewers.memory,
      initialMode: initialMode && { width: initialMode.width, height: initialMode.height },
      modes,
      textureUsage: checked(bridge, "a texture's usage", bridge.pvg_display_minimum_texture_usage(device, port)),
    };
  });
}

/** Serials of the displays: as given, else one constant or numbers of their own, by the revision. */
function serialsOf(options: CheckedOptions): readonly number[] {
  const { displays, displaySerials: given, revision } = options;
  if (given === null && REVISIONS[revision].serials === 'constant') return Array.from({ length: displays }, (_, port) => 1 + port);
  return displaySerials.take(displays, given);
}

interface Made {
  readonly wiring: Wiring;
  readonly ram: number;
  readonly given: readonly BackedRegion[];
  readonly serials: readonly number[];
}

function makeWiring(bridge: PvgBridge, group: number, options: CheckedOptions, saved: SavedDevice | null): Made {
  const map = checkedHandle(bridge, 'make a memory map', bridge.pvg_map_create(group));
  const references = new RegionReferences(cellsView(bridge, map, MAX_REGION_SLOTS));
  const memory = makeRam(bridge, options, group, references);
  const given = makeGiven({ bridge, group, variant: options.variant, references }, options, memory === null ? 0 : 1);
  const mailboxes = makeMailboxes(bridge, group, options.pollMicroseconds);
  const serials = serialsOf(options);
  const traceSwitches = TraceSwitches.of(options.trace);
  const ranges = ramRanges(memory === null ? given : [memory, ...given]);
  const device = makePvg({ bridge, group, options, serials, mailboxes, ranges, map, traceSwitches });
  const board = new Board();
  board.setCreator(bridge.pvg_thread_id());
  const wiring: Wiring = {
    group,
    device,
    revision: options.revision,
    mailboxes,
    variant: options.variant,
    vectors: options.vectors,
    regions: [...makeRegions(bridge, device, options, memory), ...given],
    map,
    counters: new Counters().memory,
    interrupts: new InterruptLines().memory,
    board: board.memory,
    displays: makeDisplays(bridge, device, options, saved),
    modesGiven: options.modesGiven,
    traceSwitches: traceSwitches.memory,
    traceRing: options.traceRing,
    traceDeliveries: options.traceDeliveries,
    traceDetail: options.traceDetail,
    pollMicroseconds: options.pollMicroseconds,
  };
  return { wiring, ram: memory?.ram ?? 0, given, serials };
}

/** Loaded by who restores only, as what it needs (compression, digests) takes long to load. */
async function readSaved(bytes: Uint8Array): Promise<SavedDevice> {
  if (!(bytes instanceof Uint8Array)) throw new ArgumentError(`restore is ${String(bytes)}, expected the bytes of a saved device`);
  const { SavedDevice } = await import('./saved-device.js');
  return new SavedDevice(bytes);
}

/** Migration is blocked while a device lives that can't be saved; null if nobody has to be told. */
function holdMigration(bridge: PvgBridge, { savable, migrationBlocker }: CheckedOptions): MigrationHold | null {
  const canSave = savable && bridge.pvg_bridge_can_suspend() === 1;
  return canSave || migrationBlocker === null ? null : migrationBlock.hold(migrationBlocker);
}

/** A path that is longer is none that a system has. */
const MAX_PATH_BYTES = 4096;

/** Where the option ROM is that the PVG brings along, for the variant that has one. */
function ownOptionRom(bridge: PvgBridge, variant: CheckedOptions['variant']): string | null {
  if (variant !== 'pci') return null;
  const path = new Uint8Array(MAX_PATH_BYTES);
  const length = checked(bridge, 'find the option ROM', bridge.pvg_option_rom(path, path.length));
  return length === 0 || length > path.length ? null : new TextDecoder().decode(path.subarray(0, length));
}

async function readOptionRom(bridge: PvgBridge, options: CheckedOptions): Promise<Uint8Array | null> {
  const optionRom = options.optionRom ?? ownOptionRom(bridge, options.variant);
  if (optionRom === null) return null;
  if (typeof optionRom !== 'string') return padOptionRom(optionRom);
  try {
    return padOptionRom(await readFile(optionRom));
  } catch (error) {
    throw new ArgumentError(`optionRom ${optionRom}: ${describeError(error)}`);
  }
}

interface StartOptions {
  readonly saved: SavedDevice | null;
  readonly lateThreads: boolean;
}

/** Starts the threads of a device; gives everything back if that fails. */
async function start(bridge: PvgBridge, options: CheckedOptions, { saved, lateThreads }: StartOptions): Promise<Device> {
  const optionRom = await readOptionRom(bridge, options);
  const group = checkedHandle(bridge, 'make a device', bridge.pvg_group_create());
  let supervisor: Supervisor;
  let made: Made;
  try {
    made = makeWiring(bridge, group, options, saved);
    supervisor = new Supervisor(bridge, made.wiring);
  } catch (error) {
    bridge.pvg_group_close(group, PvgCause.closed);
    bridge.pvg_group_destroy(group);
    throw error;
  }
  const device = new Device({ bridge, supervisor, options, ramHandle: made.ram, given: made.given, serials: made.serials, optionRom });
  try {
    if (!lateThreads) supervisor.startLateThreads();
    await supervisor.ready();
    if (saved) await device.restore(saved);
    supervisor.realized();
  } catch (error) {
    await supervisor.close();
    throw error;
  }
  return device;
}

/**
 * Makes a device and starts its threads; resolves when it serves accesses. A failure leaves nothing behind.
 * Throws ArgumentError for a wrong option, SavedStateError for a `restore` that can't be used, MigrationError if the VMM refuses to
 * block migration, BridgeError if the native bridge is missing or refuses.
 */
export function createDevice(options: DeviceOptions = {}): Promise<Device> {
  return makeDevice(options, { lateThreads: false });
}

/**
 * As createDevice(). With `lateThreads` the caller starts the watchdog and all but one worker of the background queue, soon and whatever happens
 * (`internals.startLateThreads()`): until then no deadlock is found, and an access that needs a second worker waits.
 */
export async function makeDevice(options: DeviceOptions, { lateThreads }: { readonly lateThreads: boolean }): Promise<Device> {
  object('options', options);
  const saved = options.restore === undefined ? null : await readSaved(options.restore);
  const checkedOptions = checkOptions(saved ? saved.options(options) : options);
  const bridge = loadBridge(checkedOptions.bridge);
  const hold = holdMigration(bridge, checkedOptions);
  try {
    const device = await start(bridge, checkedOptions, { saved, lateThreads });
    device.once('closed', () => hold?.release());
    return device;
  } catch (error) {
    hold?.release();
    throw error;
  }
}
