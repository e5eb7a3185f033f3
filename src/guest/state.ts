/**
 * All that the driver remembers, in guest RAM, as a real kernel's memory would have it: a guest whose RAM was saved can be continued.
 *
 * Invariant: between two calls of the driver the block says what the device has been given, whatever the device has done with it
 * so far. It counts as valid only once the device is up: the magic is written last. It holds numbers, no addresses
 * (placement.ts computes those), and whatever it holds is checked before it is used, since RAM that comes from a file may be
 * anybody's. What it doesn't do: remember what the device itself keeps in RAM, such as stamps that came and mapped surfaces.
 */
import { GuestDriverError } from './errors.js';
import * as L from './layout.js';
import type { GuestMachine } from './machine.js';
import type { GuestMemory } from './memory.js';
import { type Placement, placementOf, RING_LENGTH, type Shape, STATE_OFFSET } from './placement.js';

/** 'AGFX', lowest byte first. */
const MAGIC = 0x5846_4741;
/** Raised whenever a field, or where anything lies in RAM, changes. */
const STATE_VERSION = 1;
/** Frames of one display that may be in the device at once. */
export const AHEAD = 2;
/** The most displays there can be. */
export const DISPLAYS_MAX = 8;
const SIDE_MAX = 16_384;

/**
 * The block's words: what it is; the machine it belongs to; the last frame that was begun; bytes put into the control ring; entries
 * put into the IOSurface mapper's ring.
 */
const WORDS = [
  'magic',
  'version',
  'size',
  'pageShift',
  'ramBaseLow',
  'ramBaseHigh',
  'displays',
  'iosfc',
  'frame',
  'controlWritten',
  'iosfcProduced',
] as const;
/** A display's: the mode's size, bytes put into its child ring, its last swap's stamp, events that were taken and not dealt with. */
const DISPLAY_WORDS = ['width', 'height', 'written', 'stamp', 'events'] as const;

const SIZE = 4 * (WORDS.length + DISPLAYS_MAX * DISPLAY_WORDS.length);

/** Named words of the block. */
class Words<Name extends string> {
  constructor(
    private readonly memory: GuestMemory,
    private readonly at: number,
    private readonly names: readonly Name[],
  ) {}

  get(name: Name): number {
    return this.memory.read32(this.at + 4 * this.names.indexOf(name));
  }

  set(name: Name, value: number): void {
    this.memory.write32(this.at + 4 * this.names.indexOf(name), value);
  }
}

export type DisplayState = Words<(typeof DISPLAY_WORDS)[number]>;

/** Whether serial number `stamp` is at or beyond `target`. */
export const reached = (stamp: number, target: number): boolean => ((stamp - target) | 0) >= 0;

const damaged = (what: string): GuestDriverError => new GuestDriverError(`the guest's RAM can't be gone on from: ${what}`);

export class DriverState {
  readonly words: Words<(typeof WORDS)[number]>;
  readonly displays: readonly DisplayState[];
  readonly placement: Placement;

  private constructor(
    private readonly memory: GuestMemory,
    shape: Shape,
  ) {
    this.words = new Words(memory, STATE_OFFSET, WORDS);
    this.placement = placementOf(shape);
    this.displays = this.placement.displays.map((_, port) => {
      const at = STATE_OFFSET + 4 * (WORDS.length + port * DISPLAY_WORDS.length);
      return new Words(memory, at, DISPLAY_WORDS);
    });
    if (this.placement.end > memory.length)
      throw new GuestDriverError(`the guest needs ${this.placement.end} bytes of RAM, it has ${memory.length}`);
  }

  /** A new block for a driver that begins anew; it is not valid before complete(). */
  static create(memory: GuestMemory, machine: GuestMachine, displays: number): DriverState {
    const state = new DriverState(memory, { page: 2 ** machine.pageShift, displays, iosfc: machine.hasIosfc });
    memory.clear(STATE_OFFSET, SIZE);
    const identity = identityOf(memory, machine, displays);
    for (const [name, value] of identity) if (name !== 'magic') state.words.set(name, value);
    return state;
  }

  /** The block of the driver that this RAM was last used by. Throws GuestDriverError if it is none, another machine's, or damaged. */
  static open(memory: GuestMemory, machine: GuestMachine): DriverState {
    if (memory.length < STATE_OFFSET + SIZE) throw damaged(`it has only ${memory.length} bytes`);
    const words = new Words(memory, STATE_OFFSET, WORDS);
    const displays = words.get('displays');
    for (const [name, value] of identityOf(memory, machine, displays)) {
      const found = words.get(name);
      if (found !== value) throw damaged(`its ${name} is 0x${found.toString(16)}, not 0x${value.toString(16)}`);
    }
    if (displays < 1 || displays > DISPLAYS_MAX) throw damaged(`it counts ${displays} displays`);
    const state = new DriverState(memory, { page: 2 ** machine.pageShift, displays, iosfc: machine.hasIosfc });
    if (words.get('controlWritten') % 4 !== 0) throw damaged(`its control ring holds ${words.get('controlWritten')} bytes`);
    for (const port of state.displays.keys()) state.checkDisplay(port);
    return state;
  }

  /** From here on the block is valid. */
  complete(): void {
    this.words.set('magic', MAGIC);
  }

  private checkDisplay(port: number): void {
    const { memory, placement } = this;
    const [words, place] = [this.displays[port], placement.displays[port]];
    if (!words || !place) return;
    const [width, height, written, stamp] = [words.get('width'), words.get('height'), words.get('written'), words.get('stamp')];
    const sane = width >= 1 && width <= SIDE_MAX && height >= 1 && height <= SIDE_MAX;
    if (!sane) throw damaged(`display ${port} is ${width}x${height}`);
    if (written % 4 !== 0 || memory.load(place.child) !== written)
      throw damaged(`display ${port}'s ring holds ${memory.load(place.child)} bytes, not ${written}`);
    if ((words.get('events') & ~L.DISPLAY_EVENT_MODES) !== 0)
      throw damaged(`display ${port} has events 0x${words.get('events').toString(16)}`);
    const came = memory.load(placement.shared + L.SHARED_STAMP + 4 * fifoOf(port));
    if ((stamp - came) >>> 0 > AHEAD) throw damaged(`display ${port} has asked for frame ${stamp}, and frame ${came} has come`);
    const read = memory.load(placement.shared + L.SHARED_READ + 4 * fifoOf(port));
    if ((written - read) >>> 0 > RING_LENGTH) throw damaged(`${read} bytes of display ${port}'s ring were read, of ${written}`);
  }
}

/** The child FIFO of a display. */
export const fifoOf = (port: number): number => port + 1;

/** The words that say what the block is and whose. */
function identityOf(memory: GuestMemory, machine: GuestMachine, displays: number): [(typeof WORDS)[number], number][] {
  const base = memory.gpa(0);
  return [
    ['magic', MAGIC],
    ['version', STATE_VERSION],
    ['size', SIZE],
    ['pageShift', machine.pageShift],
    ['ramBaseLow', base % 2 ** 32],
    ['ramBaseHigh', Math.floor(base / 2 ** 32)],
    ['displays', displays],
    ['iosfc', machine.hasIosfc ? 1 : 0],
  ];
}
