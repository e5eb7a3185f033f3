/**
 * A saved device: what a running one writes, and how another goes on from it.
 *
 * Invariant: a file is checked as a whole, against its own digest and against what a device can be, before anything is made from it; a
 * restore that fails leaves nothing behind. Guest memory is part of it unless it was saved without; whoever holds vCPUs saves those.
 */
import { SavedStateError } from './base/errors.js';
import { MAX_RAM_BYTES, MAX_REGIONS } from './base/limits.js';
import { type PvgBridge, ramView } from './bridge/native.js';
import type { Device } from './device.js';
import type { DisplayMode } from './device/display-mode.js';
import type { DeviceOptions } from './device/options.js';
import type { CursorImage } from './display.js';
import { type Fields, fieldsOf } from './runtime/saved-fields.js';
import { sourceOf } from './runtime/saved-state.js';
import { SavedStateReader } from './runtime/saved-state-reader.js';
import { SavedStateWriter } from './runtime/saved-state-writer.js';

/** Version of the description below. */
const VERSION = 2;
/** The last version whose states always had their memory in them, and didn't say so. */
const ALWAYS_WITH_MEMORY = 1;
const MAX_CURSOR_BYTES = 4 * 512 * 512;

/** A display as it was. */
export interface SavedDisplay {
  readonly serial: number;
  readonly modes: readonly DisplayMode[];
  /** Size of its surface, null if it had none. */
  readonly mode: { readonly width: number; readonly height: number } | null;
  readonly present: number;
  readonly cursor: { readonly shown: boolean; readonly x: number; readonly y: number };
  readonly image: Omit<CursorImage, 'pixels'> | null;
}

/** Memory that was added to the running device. */
export interface SavedMemory {
  readonly gpa: number;
  readonly bytes: number;
  readonly kind: 'ram' | 'rom' | 'deviceRam';
  readonly priority: number;
}

/** What a saved device says of itself. */
export interface SavedDescription {
  readonly variant: 'mmio' | 'pci';
  readonly ramBytes: number;
  readonly ramBase: number;
  readonly windowBase: number;
  readonly vectors: number;
  /** What a virtual clock shows is PVG's to say. */
  readonly clock: 'real' | 'virtual';
  readonly msi: { readonly enabled: boolean; readonly vectors: number };
  readonly displays: readonly SavedDisplay[];
  readonly memory: readonly SavedMemory[];
  /** Whether what was in all that memory is there too. */
  readonly withMemory: boolean;
}

/** A saved device that was found whole. */
export class SavedDevice {
  readonly description: SavedDescription;
  private readonly reader: SavedStateReader;

  /** Throws SavedStateError for what is no saved device, is damaged, or is newer than this version can read. */
  constructor(bytes: Uint8Array) {
    this.reader = new SavedStateReader(sourceOf(bytes));
    this.description = parse(fieldsOf(this.reader.description, 'the description'));
  }

  /**
   * The options of the device to make: the saved ones, and the given ones that say nothing else. Throws SavedStateError if an
   * option that is given contradicts the saved device.
   */
  options(given: DeviceOptions): DeviceOptions {
    const { variant, ramBytes, ramBase, windowBase, vectors, clock, displays, withMemory } = this.description;
    if (!withMemory && given.memory === undefined) {
      throw new SavedStateError('mismatch', 'the device was saved without its memory, which has to be given as `memory`');
    }
    const saved = {
      variant,
      // Without its contents, RAM is like other memory that is given.
      ...(withMemory ? { ramBytes, ramBase } : { ramBytes: given.ramBytes ?? 0 }),
      windowBase,
      ...(variant === 'pci' ? { vectors } : {}),
      clock,
      displays: displays.length,
      displaySerials: displays.map(({ serial }) => serial),
      displayModes: displays.map(({ modes }) => modes),
    };
    if (given.modes !== undefined) throw new SavedStateError('mismatch', 'modes are given, and the saved device has its own');
    for (const [name, value] of Object.entries(saved)) {
      const wanted = given[name as keyof DeviceOptions];
      if (wanted !== undefined && JSON.stringify(wanted) !== JSON.stringify(value)) {
        throw new SavedStateError('mismatch', `${name} is ${JSON.stringify(wanted)}, the saved device has ${JSON.stringify(value)}`);
      }
    }
    return { ...given, ...saved };
  }

  /** PVG's own state. */
  get pvg(): Uint8Array {
    return this.reader.blob('pvg');
  }

  /** Puts guest RAM, or a piece that was added, back; `name` as memoryName() gives it. */
  fill(bridge: PvgBridge, ram: number, name: string, length: number): void {
    this.reader.memory(name, length, (offset, content) => ramView(bridge, ram, offset, content.length).set(content));
  }

  /** A display's pixels; null if it showed none. */
  pixels(number: number): Uint8Array | null {
    const mode = this.description.displays[number]?.mode;
    return mode ? this.reader.blob(`surface/${number}`, 4 * mode.width * mode.height) : null;
  }

  cursorImage(number: number): CursorImage | null {
    const image = this.description.displays[number]?.image;
    if (!image) return null;
    const bytes = this.reader.blob(`cursor/${number}`, MAX_CURSOR_BYTES);
    if (bytes.length !== 4 * image.width * image.height) {
      throw new SavedStateError('mismatch', `the cursor of display ${number} has ${bytes.length} bytes`);
    }
    return { ...image, pixels: new Uint32Array(bytes.slice().buffer) };
  }
}

/** The blob of guest RAM (null) or of the n-th piece that was added. */
export function memoryName(piece: number | null): string {
  return piece === null ? 'ram' : `memory/${piece}`;
}

/** Throws SavedStateError if a piece is larger than what a saved state can hold. */
export function checkSavable(pieces: readonly { readonly gpa: number; readonly length: number }[]): void {
  for (const { gpa, length } of pieces) {
    if (length <= MAX_RAM_BYTES) continue;
    throw new SavedStateError(
      'limit',
      `memory at 0x${gpa.toString(16)} has ${length} bytes, a saved state holds at most ${MAX_RAM_BYTES} of each`,
    );
  }
}

/** What saveDevice() is told besides the device. */
export interface SaveParts {
  readonly bridge: PvgBridge;
  readonly description: SavedDescription;
  /** RAM handles, none of a device that is saved without memory: the device's own, 0 if it has none, then those of the pieces that were added. */
  readonly rams: readonly { readonly ram: number; readonly bytes: number }[];
  readonly pvg: Uint8Array;
}

/** The bytes of a device that is at rest. */
export function writeDevice(device: Device, { bridge, description, rams, pvg }: SaveParts): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new SavedStateWriter((bytes) => void parts.push(bytes), { appleGfx: VERSION, ...description });
  writer.blob('pvg', pvg);
  for (const display of device.displays) {
    const shot = display.surface?.snapshot() ?? null;
    const bytes = display.surface?.bytes;
    if (bytes) writer.blob(`surface/${display.number}`, shot ? new Uint8Array(shot.pixels.buffer) : bytes);
    const pixels = display.cursorImage?.pixels;
    if (pixels) writer.blob(`cursor/${display.number}`, new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength));
  }
  rams.forEach(({ ram, bytes }, index) => {
    if (ram !== 0)
      writer.memory(memoryName(index === 0 ? null : index - 1), bytes, (offset, length) => ramView(bridge, ram, offset, length));
  });
  writer.end();
  // An array of its own, not a Buffer, whose slice() would share it.
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A display as it is. */
export function describeDisplay(device: Device, number: number): SavedDisplay {
  const display = device.displays[number];
  if (!display) throw new SavedStateError('mismatch', `there is no display ${number}`);
  const { serial, modes, surface, cursor, cursorImage } = display;
  return {
    serial,
    modes,
    mode: surface && { width: surface.width, height: surface.height },
    present: display.shown.lastPresent,
    cursor: { shown: cursor.shown, ...cursor.place },
    image: cursorImage && { width: cursorImage.width, height: cursorImage.height, hotX: cursorImage.hotX, hotY: cursorImage.hotY },
  };
}

function parse(fields: Fields): SavedDescription {
  const version = fields.integer('appleGfx', 1, 2 ** 31);
  if (version !== VERSION && version !== ALWAYS_WITH_MEMORY) {
    throw new SavedStateError('newer', `its description is of version ${version}, this one reads ${VERSION}`);
  }
  const msi = fields.object('msi');
  return {
    variant: fields.choice('variant', ['mmio', 'pci']),
    ramBytes: fields.integer('ramBytes', 0, Number.MAX_SAFE_INTEGER),
    ramBase: fields.integer('ramBase', 0, Number.MAX_SAFE_INTEGER),
    windowBase: fields.integer('windowBase', 0, Number.MAX_SAFE_INTEGER),
    vectors: fields.integer('vectors', 1, 64),
    clock: version === ALWAYS_WITH_MEMORY ? 'real' : fields.choice('clock', ['real', 'virtual']),
    msi: { enabled: msi.boolean('enabled'), vectors: msi.integer('vectors', 0, 64) },
    displays: fields.list('displays', 1, 8).map(parseDisplay),
    withMemory: version === ALWAYS_WITH_MEMORY || fields.boolean('withMemory'),
    memory: fields.list('memory', 0, MAX_REGIONS).map((memory) => ({
      gpa: memory.integer('gpa', 0, Number.MAX_SAFE_INTEGER),
      bytes: memory.integer('bytes', 1, Number.MAX_SAFE_INTEGER),
      kind: memory.choice('kind', ['ram', 'rom', 'deviceRam']),
      priority: memory.integer('priority', 0, 1000),
    })),
  };
}

function parseDisplay(display: Fields): SavedDisplay {
  const size = (fields: Fields, most: number): { width: number; height: number } => ({
    width: fields.integer('width', 1, most),
    height: fields.integer('height', 1, most),
  });
  const cursor = display.object('cursor');
  const mode = display.optional('mode');
  const image = display.optional('image');
  return {
    serial: display.integer('serial', 0, 2 ** 32 - 1),
    modes: display.list('modes', 0, 128).map((each) => ({ ...size(each, 65_535), rateHz: each.number('rateHz', 0, 65_535) })),
    mode: mode && size(mode, 16_384),
    present: display.integer('present', 0, Number.MAX_SAFE_INTEGER),
    cursor: { shown: cursor.boolean('shown'), x: cursor.integer('x', 0, 0xffff), y: cursor.integer('y', 0, 0xffff) },
    image: image && { ...size(image, 512), hotX: image.integer('hotX', 0, 2 ** 32 - 1), hotY: image.integer('hotY', 0, 2 ** 32 - 1) },
  };
}
