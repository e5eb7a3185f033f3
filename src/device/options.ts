/**
 * What an embedder may choose, checked: every wrong value gives one ArgumentError that names it.
 */
import { ArgumentError } from '../base/errors.js';
import { MAX_DISPLAY_MODES, MAX_RAM_BYTES, MAX_VECTORS } from '../base/limits.js';
import { REVISION_NAMES, type RevisionName } from '../revisions/revision.js';
import { DEFAULT_REVISION, REVISIONS } from '../revisions/revisions.js';

/** A display mode; rate in hertz. */
export interface DisplayMode {
  readonly width: number;
  readonly height: number;
  readonly rateHz: number;
}

/** Options of createDevice(); all have defaults. */
export interface DeviceOptions {
  /** Which of QEMU's two devices: `mmio` (arm64 guests, 16 KiB pages) or `pci` (x86-64 guests, 4 KiB pages, MSI). Default `mmio`. */
  readonly variant?: 'mmio' | 'pci';
  /** The design of the device's threading (threading.md 3). Default `hardened`. */
  readonly revision?: RevisionName;
  /** Guest RAM in bytes, a multiple of 16 KiB. Default 256 MiB. */
  readonly ramBytes?: number;
  /** Guest-physical address of the RAM's first byte. Default 0x40000000 for mmio, 0 for pci. */
  readonly ramBase?: number;
  /**
   * Guest-physical address of the gfx register window, a multiple of 16 KiB outside RAM. Default 0x30000000 for mmio, 0xc0000000 for
   * pci, or behind RAM if RAM is there.
   */
  readonly windowBase?: number;
  /** Modes offered to the guest, preferred first; 1..128. Default 1440×1080 and 1280×1024 at 60 Hz. */
  readonly modes?: readonly DisplayMode[];
  /** True: frames are flipped at the mode's rate; false: as they come. Default true. */
  readonly vsync?: boolean;
  /** MSI vectors of the pci variant, 1..64. Default 32. */
  readonly vectors?: number;
  /** Trace events to switch on, as globs (`apple_gfx_*`; with `-` in front: off), in order; lines arrive as `trace` events. Default none. */
  readonly trace?: readonly string[];
  /** Of the software PVG: every n-th encode is refused (0: none). */
  readonly refuseEvery?: number;
  /** Of the software PVG: what an encode takes at least, in microseconds, at most 1 000 000. */
  readonly encodeDelayMicroseconds?: number;
  /** Displays there are, 1..8. Default 1. */
  readonly displays?: number;
  readonly displaySerials?: readonly number[];
  readonly gpu?: number;
  /** Of the software PVG: each present is a new frame to the host. */
  readonly announceEveryFrame?: boolean;
  /** Of the software PVG: a read of the gfx window waits until no kick is in progress. */
  readonly readsWait?: boolean;
  /** Of the software PVG: textures have a RAM and a VRAM copy. */
  readonly managedTextures?: boolean;
}

export type CheckedOptions = Required<DeviceOptions>;

const TWO_MODES: readonly DisplayMode[] = [
  { width: 1440, height: 1080, rateHz: 60 },
  { width: 1280, height: 1024, rateHz: 60 },
];
const DEFAULT_MODES = { two: TWO_MODES, three: [{ width: 1920, height: 1080, rateHz: 60 }, ...TWO_MODES] };

function integer(name: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new ArgumentError(`${name} is ${value}, expected an integer in ${low}..${high}`);
  }
  return value;
}

/** Parses `<width>x<height>@<Hz>`; the rate may be left out and is then 60. Throws ArgumentError. */
export function parseMode(text: string): DisplayMode {
  const match = /^(\d{1,6})x(\d{1,6})(?:@(\d{1,6}))?$/.exec(text);
  if (!match) throw new ArgumentError(`display mode "${text}" is not <width>x<height>@<Hz>, for example 1440x1080@60`);
  const mode = { width: Number(match[1]), height: Number(match[2]), rateHz: Number(match[3] ?? 60) };
  return checkMode(mode);
}

function checkMode(mode: DisplayMode): DisplayMode {
  integer("a display mode's width", mode.width, 1, 16_384);
  integer("a display mode's height", mode.height, 1, 16_384);
  if (!(mode.rateHz >= 1 && mode.rateHz <= 65_535))
    throw new ArgumentError(`a display mode's rate is ${mode.rateHz} Hz, expected 1..65535`);
  return mode;
}

/** Throws ArgumentError for a list that is too long or empty, or has a wrong mode. */
export function checkModes(modes: readonly DisplayMode[]): readonly DisplayMode[] {
  integer('the number of display modes', modes.length, 1, MAX_DISPLAY_MODES);
  for (const mode of modes) checkMode(mode);
  return modes;
}

/** No window is longer than this; the one that PVG has is shorter. */
const WINDOW_ROOM = 2 ** 20;

function meetsRam(windowBase: number, ramBase: number, ramBytes: number): boolean {
  return windowBase < ramBase + ramBytes && ramBase < windowBase + WINDOW_ROOM;
}

function defaultWindow(variant: 'mmio' | 'pci', ramBase: number, ramBytes: number): number {
  const usual = variant === 'mmio' ? 0x3000_0000 : 0xc000_0000;
  return meetsRam(usual, ramBase, ramBytes) ? Math.ceil((ramBase + ramBytes) / WINDOW_ROOM) * WINDOW_ROOM : usual;
}

/** Fills defaults in and checks every value. */
export function checkOptions(options: DeviceOptions): CheckedOptions {
  const variant = options.variant ?? 'mmio';
  if (variant !== 'mmio' && variant !== 'pci') throw new ArgumentError(`variant is "${String(variant)}", expected "mmio" or "pci"`);
  const revision = options.revision ?? DEFAULT_REVISION;
  if (!REVISION_NAMES.includes(revision)) {
    throw new ArgumentError(`revision is "${String(revision)}", expected one of ${REVISION_NAMES.join(', ')}`);
  }
  const modes = checkModes(options.modes ?? DEFAULT_MODES[REVISIONS[revision].defaultModes]);
  const ramBytes = integer('ramBytes', options.ramBytes ?? 256 * 2 ** 20, 16_384, MAX_RAM_BYTES);
  const ramBase = integer('ramBase', options.ramBase ?? (variant === 'mmio' ? 0x4000_0000 : 0), 0, 2 ** 48);
  if (ramBytes % 16_384 !== 0 || ramBase % 16_384 !== 0) throw new ArgumentError('ramBytes and ramBase must be multiples of 16384');
  const windowBase = integer('windowBase', options.windowBase ?? defaultWindow(variant, ramBase, ramBytes), 0, 2 ** 49);
  if (windowBase % 16_384 !== 0) throw new ArgumentError(`windowBase is 0x${windowBase.toString(16)}, expected a multiple of 16384`);
  if (meetsRam(windowBase, ramBase, ramBytes)) throw new ArgumentError(`windowBase 0x${windowBase.toString(16)} lies in guest RAM`);
  return {
    variant,
    ramBytes,
    ramBase,
    windowBase,
    modes,
    vsync: options.vsync ?? true,
    vectors: variant === 'mmio' ? 1 : integer('vectors', options.vectors ?? 32, 1, MAX_VECTORS),
    revision,
    displays: integer('displays', options.displays ?? 1, 1, 8),
    displaySerials: options.displaySerials ?? [1],
    gpu: 0,
    announceEveryFrame: options.announceEveryFrame ?? false,
    readsWait: options.readsWait ?? false,
    trace: options.trace ?? [],
    refuseEvery: integer('refuseEvery', options.refuseEvery ?? 0, 0, 2 ** 31),
    encodeDelayMicroseconds: integer('encodeDelayMicroseconds', options.encodeDelayMicroseconds ?? 0, 0, 1_000_000),
    managedTextures: options.managedTextures ?? false,
  };
}
