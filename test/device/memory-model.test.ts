/**
 * Tasks and their memory against a model of a page's worth of code: the same answers, the same bytes seen by PVG.
 *
 * The real device on real threads and real memory runs each random sequence. What PVG sees through a task is looked at with its own
 * eyes: each page's first word is drawn as a pixel.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createDevice, type Device, type GuestMemory } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import { RawGuest, until } from './raw-guest.js';

/** MEMORY_MODEL_RUNS=10000 makes an evening of it. */
const RUNS = Number(process.env.MEMORY_MODEL_RUNS ?? 150);
const PAGE = 0x4000;
const HIGH = 0x1_0000_0000;
/** Pages of a task that the sequences play with; one more holds the drawing commands. */
const PAGES = 6;
const TASKS = [2, 3, 4];
const RAM_PAGES = 12;
const PIECE_PAGES = 3;
const pair = (value: number): [number, number] => [value % 2 ** 32, Math.floor(value / 2 ** 32)];

/** Where a page comes from: a page of the device's RAM, one of the piece that comes and goes, or nowhere. */
type Source = { readonly from: 'ram' | 'piece' | 'hole'; readonly page: number };
type Command =
  | { readonly do: 'create'; readonly task: number }
  | { readonly do: 'destroy'; readonly task: number }
  | { readonly do: 'map'; readonly task: number; readonly at: number; readonly sources: readonly Source[] }
  | { readonly do: 'unmap'; readonly task: number; readonly at: number; readonly count: number }
  | { readonly do: 'plug' }
  | { readonly do: 'unplug' };

const task = fc.constantFrom(...TASKS);
const source = fc.oneof(
  { weight: 5, arbitrary: fc.record({ from: fc.constant('ram' as const), page: fc.nat(RAM_PAGES - 1) }) },
  { weight: 3, arbitrary: fc.record({ from: fc.constant('piece' as const), page: fc.nat(PIECE_PAGES - 1) }) },
  { weight: 1, arbitrary: fc.constant({ from: 'hole' as const, page: 0 }) },
);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('create' as const), task }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('destroy' as const), task }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('map' as const),
      task,
      at: fc.nat(PAGES - 1),
      sources: fc.array(source, { maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('unmap' as const), task, at: fc.nat(PAGES - 1), count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('plug' as const, 'unplug' as const) }) },
);

const ramTag = (page: number): number => 0xff_10_00_00 + page;
const pieceTag = (page: number): number => 0xff_20_00_00 + page;

/** What should happen. A page holds the tag of what is mapped there, or 0. */
class Model {
  readonly tasks = new Map<number, number[]>();
  plugged = false;

  /** The fault that the command ends with, 0 if none. */
  run(command: Command): number {
    if (command.do === 'plug' || command.do === 'unplug') {
      this.plugged = command.do === 'plug';
      return 0;
    }
    const pages = this.tasks.get(command.task);
    if (command.do === 'create') {
      if (pages) return L.FAULT_TASK;
      this.tasks.set(command.task, Array<number>(PAGES).fill(0));
      return 0;
    }
    if (!pages) return L.FAULT_TASK;
    if (command.do === 'destroy') {
      this.tasks.delete(command.task);
      return 0;
    }
    if (command.do === 'unmap') {
      pages.fill(0, command.at, command.at + command.count);
      return 0;
    }
    // A piece that fails leaves its page as it was, and those after it are mapped all the same.
    let fault = 0;
    command.sources.forEach(({ from, page }, index) => {
      if (from === 'ram') pages[command.at + index] = ramTag(page);
      else if (from === 'piece' && this.plugged) pages[command.at + index] = pieceTag(page);
      else fault = L.FAULT_MEMORY;
    });
    return fault;
  }
}

/** The same on the real device. */
class Real {
  private piece: GuestMemory | null = null;
  private stamp = 0;

  constructor(
    private readonly device: Device,
    private readonly guest: RawGuest,
  ) {}

  async begin(): Promise<void> {
    await this.piece?.remove();
    this.piece = null;
    await this.device.reset();
    await this.guest.start();
    this.stamp = 0;
  }

  async run(command: Command): Promise<number> {
    const { guest } = this;
    switch (command.do) {
      case 'plug':
        this.piece ??= await this.plug();
        return 0;
      case 'unplug':
        await this.piece?.remove();
        this.piece = null;
        return 0;
      case 'create':
        guest.control(L.OP_DEFINE_TASK, 0, command.task, 0, (PAGES + 1) * PAGE, 0);
        guest.control(L.OP_MAP, 0, command.task, 0, PAGES * PAGE, 0, 1, 0, guest.gpa(this.commandsOf(command.task)), 0, PAGE, 0);
        break;
      case 'destroy':
        guest.control(L.OP_DELETE_TASK, 0, command.task);
        break;
      case 'map': {
        const pieces = command.sources.flatMap((each) => [...pair(this.gpaOf(each)), PAGE, 0]);
        guest.control(L.OP_MAP, 0, command.task, 0, command.at * PAGE, 0, command.sources.length, 0, ...pieces);
        break;
      }
      case 'unmap':
        guest.control(L.OP_UNMAP, 0, command.task, 0, command.at * PAGE, 0, command.count * PAGE, 0);
        break;
    }
    await guest.kick();
    const fault = await guest.fault();
    if (fault !== 0) await guest.restart();
    return fault >>> 16;
  }

  /** What PVG sees in the pages of a task. */
  async look(number: number): Promise<number[]> {
    const { guest, device } = this;
    const commands: number[] = [L.DRAW_FILL, 32, 0, 0, 64, 48, 0xff_00_00_01 + number, 0];
    for (let page = 0; page < PAGES; page++) commands.push(L.DRAW_COPY, 40, page, 0, 1, 1, 4, 0, ...pair(page * PAGE));
    guest.poke(this.commandsOf(number), ...commands);
    guest.child(L.OP_EXEC, 0, number, 4 * commands.length, PAGES * PAGE, 0);
    guest.child(L.OP_SWAP, ++this.stamp, 0, 0);
    await guest.doorbell();
    await until(() => guest.stamp(1) === this.stamp);
    await until(() => device.upToDate);
    const shot = device.surface?.snapshot();
    expect(shot?.pixels[64]).toBe(0xff_00_00_01 + number);
    return [...(shot?.pixels.subarray(0, PAGES) ?? [])];
  }

  private async plug(): Promise<GuestMemory> {
    const piece = await this.device.addMemory({ gpa: HIGH, bytes: PIECE_PAGES * PAGE });
    const view = new DataView(piece.bytes.buffer, piece.bytes.byteOffset, piece.bytes.byteLength);
    for (let page = 0; page < PIECE_PAGES; page++) view.setUint32(page * PAGE, pieceTag(page), true);
    return piece;
  }

  private commandsOf(task: number): number {
    return 0x60_0000 + task * PAGE;
  }

  private gpaOf({ from, page }: Source): number {
    if (from === 'hole') return 0x7_0000_0000;
    return from === 'ram' ? this.guest.gpa(0x50_0000 + page * PAGE) : HIGH + page * PAGE;
  }
}

const fits = (command: Command): boolean => {
  if (command.do === 'map') return command.at + command.sources.length <= PAGES;
  return command.do !== 'unmap' || command.at + command.count <= PAGES;
};

it('tasks do what the model does, and references return to their start', { timeout: 60_000 + 1000 * RUNS }, async () => {
  const device = await createDevice({ modes: [{ width: 64, height: 48, rateHz: 60 }], vsync: false, ramBytes: 16 * 2 ** 20 });
  const guest = new RawGuest(device);
  const real = new Real(device, guest);
  for (let page = 0; page < RAM_PAGES; page++) guest.poke(0x50_0000 + page * PAGE, ramTag(page));
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(command.filter(fits), { minLength: 1, maxLength: 20 }), async (commands) => {
        await real.begin();
        const model = new Model();
        for (const each of commands) expect(await real.run(each)).toBe(model.run(each));
        for (const [number, pages] of model.tasks) expect(await real.look(number)).toEqual(pages);
        await device.reset();
        const { regions } = (await device.internals.inspect('bql')) as { regions: { references: number }[] };
        expect(regions.map(({ references }) => references)).toEqual(regions.map(() => 0));
      }),
      { numRuns: RUNS },
    );
  } finally {
    await device.close();
  }
});
