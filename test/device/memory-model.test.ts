/**
 * The device's memory side against a reference model: the same answers, the same bytes seen by PVG, the same references.
 *
 * Random sequences of what guests and embedders do run on the real device, on real threads and real memory, and on the model
 * (test/reference/memory-model.ts). MEMORY_MODEL_RUNS=10000 makes some minutes of it, MEMORY_MODEL_REVISION chooses another revision, and a
 * failure prints what repeats it.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { REVISIONS, type RevisionName } from '../../dist/src/index.js';
import { loadBridge } from '../../src/bridge/native.js';
import {
  ARENA,
  type Command,
  type MemoryKind,
  MemoryModel,
  PAGE,
  type Piece,
  STEP,
  STRANGER,
  type SurfaceRequest,
  TASK_LENGTH,
} from '../reference/memory-model.js';
import { RealMemory, SURFACES } from './memory-real.js';

const RUNS = Number(process.env.MEMORY_MODEL_RUNS ?? 400);
const REVISION = (process.env.MEMORY_MODEL_REVISION ?? 'hardened') as RevisionName;
const HOST_PAGE = loadBridge().pvg_page_size();
const { MEMORY_MODEL_SEED: SEED, MEMORY_MODEL_PATH: PATH, MEMORY_MODEL_REPLAY: REPLAY } = process.env;
const MAX_COMMANDS = 40;

/** A whole number of pages or steps, now and then with bytes on top that fit nothing. */
const ragged = (arbitrary: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.tuple(arbitrary, fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.constantFrom(4, 0x800))).map(([whole, more]) => whole + more);
const steps = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max }).map((count) => count * STEP);
const pages = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max }).map((count) => count * PAGE);
/** Places where little is mapped: nothing at all, and the device's registers. */
const elsewhere = fc.constantFrom(0x7_0000_0000, 0x3000_0000);
const inArena = pages(0, 11).map((at) => ARENA.gpa + at);
const place = fc.oneof(
  { weight: 6, arbitrary: inArena },
  { weight: 2, arbitrary: ragged(steps(47)).map((at) => ARENA.gpa + at) },
  { weight: 1, arbitrary: elsewhere },
);
const length = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(PAGE, PAGE, 2 * PAGE, 3 * PAGE) },
  { weight: 2, arbitrary: ragged(steps(9)) },
);
const ownTask = fc.constantFrom(2, 3, 4);
const task = fc.oneof({ weight: 30, arbitrary: ownTask }, fc.constant(STRANGER));
const surface = fc.nat(SURFACES - 1);
const readOnly = fc.boolean();

const piece: fc.Arbitrary<Piece> = fc.record({ gpa: place, length });
const request: fc.Arbitrary<SurfaceRequest> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ map: surface, gpa: place, length: fc.oneof(length, fc.integer({ min: 0, max: 5 })), readOnly }) },
  { weight: 2, arbitrary: fc.record({ unmap: surface }) },
);
const inTask = ragged(steps((TASK_LENGTH - PAGE) / STEP)).map((at) => PAGE + at);
/** Near the ends of pages, where what is seen changes. */
const readFrom = fc.tuple(pages(0, 12), fc.integer({ min: -40, max: 8 })).map(([at, more]) => ARENA.gpa + Math.max(0, at + more));
const stride = (width: number): fc.Arbitrary<number> =>
  fc.oneof(fc.constantFrom(4 * width, 4 * width + 3), fc.constantFrom(STEP, STEP - 4, PAGE, PAGE + 4));
const read = fc
  .tuple(readFrom, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 8 }))
  .chain(([gpa, width, height]) => stride(width).map((bytes): Command => ({ do: 'read', gpa, width, height, stride: bytes })));

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('create' as const), task: ownTask }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('destroy' as const), task }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('map' as const), task, at: inTask, readOnly, pieces: fc.array(piece, { maxLength: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unmap' as const), task, at: inTask, length }) },
  { weight: 4, arbitrary: read },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('surfaces' as const), requests: fc.array(request, { minLength: 1, maxLength: 4 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('moveRing' as const, 'moveTable' as const, 'look' as const, 'reset' as const) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('plug' as const),
      kind: fc.constantFrom<MemoryKind[]>('ram', 'ram', 'ram', 'rom', 'rom', 'deviceRam', 'device'),
      gpa: inArena,
      bytes: pages(1, 4),
      priority: fc.integer({ min: 0, max: 2 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('unplug' as const), bank: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('poke' as const), bank: fc.nat(3), step: fc.nat(23), value: fc.nat(2 ** 31 - 1) }) },
);

const inHex = (_key: string, value: unknown): unknown => (typeof value === 'number' && value > 9 ? `0x${value.toString(16)}` : value);

/** One command on both sides: what comes of it is compared, and so are all references. */
class Step implements fc.AsyncCommand<MemoryModel, RealMemory> {
  constructor(private readonly command: Command) {}

  check(model: Readonly<MemoryModel>): boolean {
    return model.allows(this.command);
  }

  async run(model: MemoryModel, real: RealMemory): Promise<void> {
    expect(await real.run(this.command)).toEqual(model.run(this.command));
    expect(await real.regions()).toEqual(model.regions);
    expect(real.firstWords).toEqual(model.firstWords);
  }

  toString(): string {
    return JSON.stringify(this.command, inHex);
  }
}

/** How every sequence ends: all is looked at once more, and then undone. */
const LAST: readonly Command[] = [
  { do: 'look' },
  { do: 'surfaces', requests: Array.from({ length: SURFACES }, (_, unmap) => ({ unmap })) },
  { do: 'reset' },
  { do: 'moveRing' },
  { do: 'moveTable' },
];

/** Runs sequences on one device, until one fails: what it holds then would be found in the next. */
class Runner {
  private real: RealMemory | null = null;

  async run(commands: Iterable<fc.AsyncCommand<MemoryModel, RealMemory>>): Promise<void> {
    const real = this.real ?? (await RealMemory.open(REVISION));
    this.real = real;
    try {
      await this.runOn(real, commands);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.real?.close();
    this.real = null;
  }

  private async runOn(real: RealMemory, commands: Iterable<fc.AsyncCommand<MemoryModel, RealMemory>>): Promise<void> {
    const model = new MemoryModel(REVISIONS[REVISION], HOST_PAGE);
    await real.begin();
    await fc.asyncModelRun(() => ({ model, real }), commands);
    for (const each of LAST) await new Step(each).run(model, real);
    const { tasks, iosfcMappings, regions } = await real.end();
    expect({ tasks, iosfcMappings }).toEqual({ tasks: 0, iosfcMappings: 0 });
    expect(regions.filter(({ references }) => references !== 0)).toEqual([]);
  }
}

const given = {
  ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  ...(PATH === undefined ? {} : { path: PATH }),
};

/** A failure says how to see it again. */
function report<T>(run: fc.RunDetails<T>): void {
  if (!run.failed) return;
  const [, replay = ''] = /replayPath="([^"]*)"/.exec(fc.stringify(run.counterexample)) ?? [];
  const repeat = `MEMORY_MODEL_REVISION=${REVISION} MEMORY_MODEL_SEED=${run.seed} MEMORY_MODEL_PATH=${run.counterexamplePath} MEMORY_MODEL_REPLAY='${replay}'`;
  const command = `${repeat} npx vitest run --config test/vitest.config.ts test/device/memory-model.test.ts`;
  throw new Error(`${fc.defaultReportMessage(run)}\nAgain: ${command}`, { cause: run.errorInstance });
}

it(`${RUNS} sequences: the model's answers, bytes and references (${REVISION})`, { timeout: 60_000 + 1000 * RUNS }, async () => {
  expect(REVISIONS[REVISION]?.taskReferences, 'MEMORY_MODEL_REVISION is none whose tasks hold references').toBe(true);
  const runner = new Runner();
  const replayed = REPLAY === undefined ? {} : { replayPath: REPLAY };
  const sequence = fc.commands([command.map((each) => new Step(each))], { maxCommands: MAX_COMMANDS, size: 'max', ...replayed });
  try {
    await fc.assert(
      fc.asyncProperty(sequence, (commands) => runner.run(commands)),
      { numRuns: RUNS, ...given, reporter: report },
    );
  } finally {
    await runner.close();
  }
});
