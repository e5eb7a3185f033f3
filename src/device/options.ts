/**
 * What an embedder may choose, checked: every wrong value gives one ArgumentError that names it.
 *
 * What it does not do: look anything up. Files are read, serials counted and GPUs chosen by whoever makes the device.
 */
import { flag, integer, list, object, text } from '../base/arguments.js';
import { ArgumentError } from '../base/errors.js';
import { MAX_DISPLAYS, MAX_POLL_MICROSECONDS, MAX_RAM_BYTES, MAX_VECTORS, POLL_MICROSECONDS } from '../base/limits.js';
import { BRIDGE_CHOICES, type BridgeChoice } from '../bridge/pvg.js';
import { checkModes, type DisplayMode } from './display-mode.js';
import type { MigrationBlocker } from './migration.js';
import { checkOptionRomBytes } from './option-rom.js';
import { MAX_DISPLAY_SERIAL } from './serials.js';
import type { GuestMemoryOptions } from '../runtime/guest-memory.js';
import { DEFAULT_REVISION, REVISIONS } from '../revisions/revisions.js';
import { REVISION_NAMES, type Revision, type RevisionName } from '../revisions/revision.js';

/** Options of createDevice(); all have defaults. */
export interface DeviceOptions {
  /** Which of QEMU's two devices: `mmio` (arm64 guests, 16 KiB pages) or `pci` (x86-64 guests, 4 KiB pages, MSI). Default `mmio`. */
  readonly variant?: 'mmio' | 'pci';
  /** The design of the device's threading (threading.md 3). Default `hardened`. */
  readonly revision?: RevisionName;
  /** The device's own guest RAM in bytes, a multiple of 16 KiB; 0: it has none. Default 256 MiB. */
  readonly ramBytes?: number;
  /** Guest-physical address of the RAM's first byte. Default 0x40000000 for mmio, 0 for pci. */
  readonly ramBase?: number;
  /** Guest memory that is on the map from the start, before a `restore` goes on; at most 1024 pieces with what is added later. Default none. */
  readonly memory?: readonly GuestMemoryOptions[];
  /**
   * Guest-physical address of the gfx register window, a multiple of 16 KiB outside RAM. Default 0x30000000 for mmio, 0xc0000000 for
   * pci, or behind RAM if RAM is there.
   */
  readonly windowBase?: number;
  /** Modes offered to the guest, preferred first; 1..128. Default 1920×1080, 1440×1080 and 1280×1024 at 60 Hz; the last two in revisions up to v5. */
  readonly modes?: readonly DisplayMode[];
  /** True: frames are flipped at the mode's rate; false: as they come. Default true. */
  readonly vsync?: boolean;
  /**
   * Of the software PVG: `virtual`: its time, and so its vertical blanks, stands still but for Device.advanceClock(). Default `real`.
   */
  readonly clock?: 'real' | 'virtual';
  /** MSI vectors of the pci variant, 1..64. Default 32. */
  readonly vectors?: number;
  /** Displays, each with a port of its own, 1..8. Default 1. */
  readonly displays?: number;
  /**
   * Modes of each display, where they differ; an empty list: nothing is plugged in at that port until DeviceDisplay.setModes() is called.
   * Default: `modes` for each.
   */
  readonly displayModes?: readonly (readonly DisplayMode[])[];
  /**
   * What the guest knows the displays by, one number for each: distinct, 1..2^32−1. A guest ignores a display whose serial another
   * one has, in whichever device, and remembers layouts by it. Default: counted from 1 over all devices that were made on this thread.
   */
  readonly displaySerials?: readonly number[];
  /** The pci variant's option ROM, 1 byte to 16 MiB: its bytes, or the path of a file. It is padded with zeros to a power of two. Default none. */
  readonly optionRom?: Uint8Array | string;
  /** False: save() is refused and the migration blocker stands, as with a PVG that can't be suspended. Default true. */
  readonly savable?: boolean;
  /**
   * Told when the first device that can't be saved is about to be made and when the last of them is gone, so that the VMM doesn't
   * migrate in between. Default none.
   */
  readonly migrationBlocker?: MigrationBlocker;
  /**
   * True: nobody looks at the displays but who says so by DeviceDisplay.attachViewer(), update() or screendump(), and frames that nobody
   * looks at are not copied into the surface. Default false.
   */
  readonly headless?: boolean;
  /** What Device.save() gave: the device goes on from there. Options that it says already may be left out, and must not contradict it. */
  readonly restore?: Uint8Array;
  /** Trace events to switch on, as globs (`apple_gfx_*`; with `-` in front: off), in order; lines arrive as `trace` events. Default none. */
  readonly trace?: readonly string[];
  /** True: each thread keeps its latest trace events, for Device.traceHistory(). Default true. */
  readonly traceRing?: boolean;
  /** True: among those events is each message that an actor takes, so that the history says in which order messages were delivered (deliveriesOf()). Default false. */
  readonly traceDeliveries?: boolean;
  /**
   * True: the rings hold all that can be noted (machines' moves, messages posted and taken, encodes, batches), with exact times, for recordDevice()
   * and those who show a device; needs `traceRing`. It costs each thread some tens of nanoseconds an event. Default false.
   */
  readonly traceDetail?: boolean;
  /**
   * Which PVG is behind the device: Apple's ParavirtualizedGraphics.framework (macOS), the software one, or, by default, the first of these that
   * there is. A process has one.
   */
  readonly bridge?: BridgeChoice;
  /**
   * How long threads that wait may poll before they sleep, in microseconds, 0..1000. They do so only while it has been worth it lately; on a
   * single core that is to let others run once, however long this is. 0 saves processor time at the price of latency. Default 100.
   */
  readonly pollMicroseconds?: number;
  /** Of the software PVG: every n-th encode is refused (0: none). */
  readonly refuseEvery?: number;
  /** Of the software PVG: what an encode takes at least, in microseconds, at most 1 000 000. */
  readonly encodeDelayMicroseconds?: number;
  /** Of the software PVG: textures have a RAM and a VRAM copy. Default false. */
  readonly managedTextures?: boolean;
  /** Of the software PVG: every present of the guest's is announced as a new frame, whether the last was fetched or not. Default false. */
  readonly announceEveryFrame?: boolean;
  /** Of the software PVG: a read of the gfx window waits until all work that the guest has kicked off is done. Default false. */
  readonly readsWait?: boolean;
}

/** Options with their defaults filled in; null where there is no value until the device is made. */
export interface CheckedOptions
  extends Required<Omit<DeviceOptions, 'modes' | 'displaySerials' | 'optionRom' | 'migrationBlocker' | 'restore'>> {
  readonly displaySerials: readonly number[] | null;
  /** The embedder gave modes, rather than the default. */
  readonly modesGiven: boolean;
  readonly optionRom: Uint8Array | string | null;
  readonly migrationBlocker: MigrationBlocker | null;
}

type Variant = CheckedOptions['variant'];

const TWO_MODES: readonly DisplayMode[] = [
  { width: 1440, height: 1080, rateHz: 60 },
  { width: 1280, height: 1024, rateHz: 60 },
];
const DEFAULT_MODES = { two: TWO_MODES, three: [{ width: 1920, height: 1080, rateHz: 60 }, ...TWO_MODES] };

/** No window is longer than this; the one that PVG has is shorter. */
const WINDOW_ROOM = 2 ** 20;

function meetsRam(windowBase: number, ramBase: number, ramBytes: number): boolean {
  return ramBytes > 0 && windowBase < ramBase + ramBytes && ramBase < windowBase + WINDOW_ROOM;
}

function defaultWindow(variant: Variant, ramBase: number, ramBytes: number): number {
  const usual = variant === 'mmio' ? 0x3000_0000 : 0xc000_0000;
  return meetsRam(usual, ramBase, ramBytes) ? Math.ceil((ramBase + ramBytes) / WINDOW_ROOM) * WINDOW_ROOM : usual;
}

function checkPlaces(options: DeviceOptions, variant: Variant): Pick<CheckedOptions, 'ramBytes' | 'ramBase' | 'windowBase'> {
  const ramBytes = integer('ramBytes', options.ramBytes ?? 256 * 2 ** 20, 0, MAX_RAM_BYTES);
  const ramBase = integer('ramBase', options.ramBase ?? (variant === 'mmio' ? 0x4000_0000 : 0), 0, 2 ** 48);
  if (ramBytes % 16_384 !== 0 || ramBase % 16_384 !== 0) throw new ArgumentError('ramBytes and ramBase must be multiples of 16384');
  const windowBase = integer('windowBase', options.windowBase ?? defaultWindow(variant, ramBase, ramBytes), 0, 2 ** 49);
  if (windowBase % 16_384 !== 0) throw new ArgumentError(`windowBase is 0x${windowBase.toString(16)}, expected a multiple of 16384`);
  if (meetsRam(windowBase, ramBase, ramBytes)) throw new ArgumentError(`windowBase 0x${windowBase.toString(16)} lies in guest RAM`);
  return { ramBytes, ramBase, windowBase };
}

function checkDisplays(
  options: DeviceOptions,
  revision: Revision,
): Pick<CheckedOptions, 'displayModes' | 'modesGiven' | 'displays' | 'displaySerials'> {
  const modes = checkModes(options.modes ?? DEFAULT_MODES[revision.defaultModes]);
  const displays = integer('displays', options.displays ?? 1, 1, MAX_DISPLAYS);
  const displaySerials = options.displaySerials ?? null;
  if (displaySerials !== null) {
    list('displaySerials', displaySerials);
    if (displaySerials.length !== displays) {
      throw new ArgumentError(`displaySerials has ${displaySerials.length} entries, expected one for each of ${displays} displays`);
    }
    for (const [index, serial] of displaySerials.entries()) {
      integer(`displaySerials[${index}]`, serial, 1, MAX_DISPLAY_SERIAL);
      if (displaySerials.indexOf(serial) < index) throw new ArgumentError(`displaySerials has ${serial} twice, expected distinct numbers`);
    }
  }
  const displayModes = options.displayModes ?? Array.from({ length: displays }, () => modes);
  if (list('displayModes', displayModes).length !== displays) {
    throw new ArgumentError(`displayModes has ${displayModes.length} lists, expected one for each of ${displays} displays`);
  }
  for (const modesOf of displayModes) if (list('a list of displayModes', modesOf).length > 0) checkModes(modesOf);
  const modesGiven = options.modes !== undefined || options.displayModes !== undefined;
  return { displayModes, modesGiven, displays, displaySerials };
}

function checkOptionRom(rom: Uint8Array | string | null, variant: Variant): Uint8Array | string | null {
  if (rom === null) return null;
  if (variant !== 'pci') throw new ArgumentError(`optionRom is given for variant "${variant}", only "pci" has one`);
  if (rom instanceof Uint8Array) checkOptionRomBytes(rom.length);
  else if (typeof rom !== 'string' || rom === '') throw new ArgumentError("optionRom is neither bytes nor a file's path");
  return rom;
}

/** The list is; each piece is checked when it is added. */
function checkMemory(memory: readonly GuestMemoryOptions[]): readonly GuestMemoryOptions[] {
  if (!Array.isArray(memory)) throw new ArgumentError('memory is no list');
  for (const [index, piece] of memory.entries()) {
    if (typeof piece !== 'object' || piece === null) throw new ArgumentError(`memory[${index}] is ${String(piece)}, expected an object`);
  }
  return memory;
}

function checkBlocker(blocker: MigrationBlocker | null): MigrationBlocker | null {
  if (blocker !== null && !(typeof blocker.block === 'function' && typeof blocker.unblock === 'function')) {
    throw new ArgumentError('migrationBlocker needs the methods block(reason) and unblock()');
  }
  return blocker;
}

function checkClock(clock: 'real' | 'virtual'): 'real' | 'virtual' {
  if (clock !== 'real' && clock !== 'virtual') throw new ArgumentError(`clock is "${String(clock)}", expected "real" or "virtual"`);
  return clock;
}

function checkDetail({ traceRing = true, traceDetail = false }: DeviceOptions): boolean {
  if (flag('traceDetail', traceDetail) && !traceRing) throw new ArgumentError('traceDetail is true and traceRing false, expected both');
  return traceDetail;
}

function checkBridge(bridge: BridgeChoice): BridgeChoice {
  if (!BRIDGE_CHOICES.includes(bridge))
    throw new ArgumentError(`bridge is "${String(bridge)}", expected one of ${BRIDGE_CHOICES.join(', ')}`);
  return bridge;
}

/** Fills defaults in and checks every value. */
export function checkOptions(options: DeviceOptions): CheckedOptions {
  object('options', options);
  const variant = options.variant ?? 'mmio';
  if (variant !== 'mmio' && variant !== 'pci') throw new ArgumentError(`variant is "${String(variant)}", expected "mmio" or "pci"`);
  const revision = options.revision ?? DEFAULT_REVISION;
  if (!REVISION_NAMES.includes(revision)) {
    throw new ArgumentError(`revision is "${String(revision)}", expected one of ${REVISION_NAMES.join(', ')}`);
  }
  return {
    variant,
    ...checkPlaces(options, variant),
    memory: checkMemory(options.memory ?? []),
    revision,
    ...checkDisplays(options, REVISIONS[revision]),
    vsync: flag('vsync', options.vsync ?? true),
    clock: checkClock(options.clock ?? 'real'),
    vectors: variant === 'mmio' ? 1 : integer('vectors', options.vectors ?? 32, 1, MAX_VECTORS),
    optionRom: checkOptionRom(options.optionRom ?? null, variant),
    migrationBlocker: checkBlocker(options.migrationBlocker ?? null),
    headless: flag('headless', options.headless ?? false),
    savable: flag('savable', options.savable ?? true),
    trace: list('trace', options.trace ?? []).map((glob, index) => text(`trace[${index}]`, glob)),
    traceRing: flag('traceRing', options.traceRing ?? true),
    traceDeliveries: flag('traceDeliveries', options.traceDeliveries ?? false),
    traceDetail: checkDetail(options),
    bridge: checkBridge(options.bridge ?? 'auto'),
    pollMicroseconds: integer('pollMicroseconds', options.pollMicroseconds ?? POLL_MICROSECONDS, 0, MAX_POLL_MICROSECONDS),
    refuseEvery: integer('refuseEvery', options.refuseEvery ?? 0, 0, 2 ** 31),
    encodeDelayMicroseconds: integer('encodeDelayMicroseconds', options.encodeDelayMicroseconds ?? 0, 0, 1_000_000),
    managedTextures: flag('managedTextures', options.managedTextures ?? false),
    announceEveryFrame: flag('announceEveryFrame', options.announceEveryFrame ?? false),
    readsWait: flag('readsWait', options.readsWait ?? false),
  };
}
