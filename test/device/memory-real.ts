/**
 * The real side of the memory model: the device on its threads, with native memory, and a guest that carries commands out.
 *
 * What PVG sees is looked at with its own eyes: a task's words are drawn as pixels, what readMemory brought is the cursor's image, and a
 * surface's first word stands in the mapper's table. Sequences share a device, which is brought to its start before each. It knows
 * nothing of what should come out.
 */
import { createDevice, type Device, type GuestMemory, type RevisionName } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import {
  ARENA,
  type Command,
  type Outcome,
  PAGE,
  pattern,
  RAM,
  STAGE,
  STEP,
  type SurfaceRequest,
  TASK_LENGTH,
} from '../reference/memory-model.js';
import { pair, RawGuest, wordOfPixel } from './raw-guest.js';
import { type MapperEntry, RawMapper } from './raw-mapper.js';

const MODE = { width: 64, height: 48, rateHz: 60 };
const MAPPER = { ring: 0x70_0000, capacity: 16, table: 0x80_0000 };
/** How many surfaces sequences play with. */
export const SURFACES = 6;
/** How long a picture that doesn't change is waited for before the device is asked whether it has halted. */
const PATIENCE_MS = 500;

type Doing<K extends Command['do']> = Extract<Command, { do: K }>;
const wordsOf = (bytes: Uint8Array): Uint32Array => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

/** A piece that a sequence has plugged; `words` is null if it is another device's registers. */
interface Plugged {
  readonly words: Uint32Array | null;
  readonly remove: () => Promise<void>;
}

/** What the actors say of themselves. */
export interface Counts {
  readonly tasks: number;
  readonly iosfcMappings: number;
  readonly regions: readonly { readonly name: string; readonly references: number }[];
}

export class RealMemory {
  private readonly guest: RawGuest;
  private readonly mapper: RawMapper;
  private pieces: Plugged[] = [];
  private readonly tasks = new Set<number>();
  private stamp = 0;
  private frames = 0;
  /** How often each surface had been mapped before the sequence. */
  private mappedBefore: number[] = [];

  private constructor(
    private readonly device: Device,
    private readonly stage: GuestMemory,
  ) {
    this.guest = new RawGuest(device);
    this.mapper = new RawMapper(device, MAPPER);
  }

  static async open(revision: RevisionName): Promise<RealMemory> {
    const device = await createDevice({ revision, modes: [MODE], vsync: false, ramBytes: RAM.bytes, ramBase: RAM.gpa });
    const real = new RealMemory(device, await device.addMemory({ gpa: STAGE.gpa, bytes: STAGE.bytes }));
    wordsOf(device.ram(ARENA.gpa - RAM.gpa)).forEach((_, index, words) => {
      words[index] = pattern(0, ARENA.gpa - RAM.gpa + 4 * index);
    });
    await real.mapper.start();
    return real;
  }

  close(): Promise<void> {
    return this.device.close();
  }

  /** Nothing plugged, no task, nothing poked; the guest drives the device anew. */
  async begin(): Promise<void> {
    const arena = wordsOf(this.device.ram(ARENA.gpa - RAM.gpa));
    for (let at = 0; at < arena.length; at += STEP / 4) arena[at] = pattern(0, ARENA.gpa - RAM.gpa + 4 * at);
    this.mappedBefore = Array.from({ length: SURFACES }, (_, surface) => this.mapper.line(surface).times);
    await this.reset();
  }

  /** Takes away what a sequence has plugged, when all else is undone, and says what the actors still hold. */
  async end(): Promise<Counts> {
    await this.device.reset();
    const counts = await this.counts();
    for (const { remove } of this.pieces) await remove();
    this.pieces = [];
    return counts;
  }

  private async counts(): Promise<Counts> {
    return (await this.device.internals.inspect('bql')) as unknown as Counts;
  }

  /** The regions on the map: what they are, and their references. */
  async regions(): Promise<readonly { readonly kind: string; readonly references: number }[]> {
    const { regions } = (await this.device.internals.inspect('bql')) as unknown as Counts;
    return regions.map(({ name, references }) => ({ kind: name.replace(/ .*/, ''), references }));
  }

  /** The first word of each piece that the sequence has plugged, as the embedder sees it. */
  get firstWords(): readonly (number | null)[] {
    return this.pieces.map(({ words }) => words?.[0] ?? null);
  }

  run(command: Command): Promise<Outcome> {
    switch (command.do) {
      case 'create':
        return this.create(command.task);
      case 'destroy':
        return this.destroy(command.task);
      case 'map':
        return this.map(command);
      case 'unmap':
        this.guest.control(L.OP_UNMAP, ++this.stamp, command.task, 0, ...pair(command.at), ...pair(command.length));
        return this.kick();
      case 'read':
        return this.read(command);
      case 'surfaces':
        return this.surfaces(command.requests);
      case 'moveRing':
        return nothing(this.mapper.moveRing());
      case 'moveTable':
        return nothing(this.mapper.moveTable());
      case 'reset':
        return nothing(this.reset());
      case 'plug':
        return nothing(this.plug(command));
      case 'unplug':
        return nothing(this.pieces.at(-command.bank)?.remove());
      case 'poke':
        return nothing(this.poke(command));
      case 'look':
        return this.look();
    }
  }

  private async reset(): Promise<void> {
    await this.device.reset();
    await this.guest.start();
    this.tasks.clear();
    this.stamp = 0;
  }

  private async create(task: number): Promise<Outcome> {
    this.guest.control(L.OP_DEFINE_TASK, ++this.stamp, task, 0, ...pair(TASK_LENGTH));
    this.guest.control(L.OP_MAP, ++this.stamp, task, 0, ...pair(0), 1, 0, ...pair(STAGE.gpa + task * PAGE), ...pair(PAGE));
    const outcome = await this.kick();
    if (outcome.fault === 0) this.tasks.add(task);
    return outcome;
  }

  private async destroy(task: number): Promise<Outcome> {
    this.guest.control(L.OP_DELETE_TASK, ++this.stamp, task);
    const outcome = await this.kick();
    if (outcome.fault === 0) this.tasks.delete(task);
    return outcome;
  }

  private map({ task, at, readOnly, pieces }: Doing<'map'>): Promise<Outcome> {
    const words = pieces.flatMap(({ gpa, length }) => [...pair(gpa), ...pair(length)]);
    this.guest.control(L.OP_MAP, ++this.stamp, task, readOnly ? L.MAP_READ_ONLY : 0, ...pair(at), pieces.length, 0, ...words);
    return this.kick();
  }

  /** A packet that was carried out leaves its stamp behind; of one that was not, the device says why. */
  private async kick(): Promise<Outcome> {
    await this.guest.kick();
    if (this.guest.stamp(0) === this.stamp) return { fault: 0 };
    const fault = (await this.guest.fault()) >>> 16;
    await this.guest.clearFault();
    this.stamp = 0;
    return { fault };
  }

  private async read(bitmap: Doing<'read'>): Promise<Outcome> {
    const image = new Promise<Uint32Array>((resolve) => this.device.once('cursor', ({ pixels }) => resolve(pixels)));
    this.guest.cursor(bitmap, ++this.stamp);
    const outcome = await this.kick();
    if (outcome.fault === 0) return { fault: 0, words: [...(await image)].map(wordOfPixel) };
    this.device.removeAllListeners('cursor');
    return outcome;
  }

  private async surfaces(requests: readonly SurfaceRequest[]): Promise<Outcome> {
    const results = await this.mapper.request(requests.map(entryOf));
    const surfaces = requests.map((request, index) => {
      const surface = 'map' in request ? request.map : request.unmap;
      const line = this.mapper.line(surface);
      return { ok: results[index] ?? false, line: { ...line, times: line.times - (this.mappedBefore[surface] ?? 0) } };
    });
    return { surfaces };
  }

  private async plug({ kind, gpa, bytes, priority }: Doing<'plug'>): Promise<void> {
    const number = this.pieces.length + 1;
    if (kind === 'device') {
      const { remove } = await this.device.addDevice({ gpa, bytes, priority, read: (offset) => pattern(number, offset) });
      this.pieces.push({ words: null, remove });
      return;
    }
    const memory = await this.device.addMemory({ gpa, bytes, kind, priority });
    const words = wordsOf(memory.bytes);
    for (let at = 0; at < words.length; at++) words[at] = pattern(number, 4 * at);
    this.pieces.push({ words, remove: () => memory.remove() });
  }

  private poke({ bank, step, value }: Doing<'poke'>): undefined {
    const words = bank === 0 ? wordsOf(this.device.ram(ARENA.gpa - RAM.gpa)) : this.pieces.at(-bank)?.words;
    if (words) words[(step * STEP) / 4] = value;
  }

  /** Draws the first word of each step of each task, a row for each, and in the corner the number of the frame. */
  private async look(): Promise<Outcome> {
    const { guest } = this;
    const tasks = [...this.tasks].sort();
    const corner = (0xff00_0000 | ++this.frames) >>> 0;
    guest.poke(0x30_0000 + guest.scratch, L.DRAW_FILL, 32, 0, 0, 1, 1, corner, 0);
    guest.child(L.OP_EXEC, 0, 1, 32, ...pair(guest.scratch));
    for (const task of tasks) this.draw(task);
    guest.child(L.OP_SWAP, 0, 0, 0);
    await guest.doorbell();
    const pixels = await this.picture(corner);
    const steps = (TASK_LENGTH - PAGE) / STEP;
    return { tasks: tasks.map((task) => [...pixels.subarray(task * MODE.width, task * MODE.width + steps)]) };
  }

  private draw(task: number): void {
    const commands: number[] = [];
    for (let step = 0; step < (TASK_LENGTH - PAGE) / STEP; step++) {
      commands.push(L.DRAW_COPY, 40, step, task, 1, 1, 4, 0, ...pair(PAGE + step * STEP));
    }
    wordsOf(this.stage.bytes).set(commands, (task * PAGE) / 4);
    this.guest.child(L.OP_EXEC, 0, task, 4 * commands.length, ...pair(0));
  }

  /** The picture with that word in its corner. */
  private async picture(corner: number): Promise<Uint32Array> {
    const { surface } = this.device;
    for (;;) {
      const seen = surface?.sequence ?? 0;
      const shot = surface?.snapshot();
      if (shot?.pixels[0] === corner) return shot.pixels;
      if (surface?.wait(seen, PATIENCE_MS) !== seen) continue;
      const fault = await this.guest.fault();
      if (fault !== 0) throw new Error(`drawing what tasks show ended in fault 0x${fault.toString(16)}`);
    }
  }
}

function entryOf(request: SurfaceRequest): MapperEntry {
  if ('unmap' in request) return { opcode: L.IOSFC_OP_UNMAP, surface: request.unmap, gpa: 0, length: 0, flags: 0 };
  const { map: surface, gpa, length, readOnly } = request;
  return { opcode: L.IOSFC_OP_MAP, surface, gpa, length, flags: readOnly ? L.IOSFC_READ_ONLY : 0 };
}

async function nothing(done: Promise<void> | undefined): Promise<Outcome> {
  await done;
  return {};
}
