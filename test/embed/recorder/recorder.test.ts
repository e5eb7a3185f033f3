/**
 * A recording of a device has every event of every thread, machines' moves that the machines allow, the pictures, and how it ended.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { MACHINES } from '../../../actors/machines.js';
import { createDevice, type Device } from '../../../dist/src/index.js';
import { type ChunkSink, DeviceRecorder, monotonicNow } from '../../../dist/src/embed/recorder/device-recorder.js';
import { FileRecorder } from '../../../dist/src/embed/recorder/file-recorder.js';
import { FrameMaker } from '../../../dist/src/embed/recorder/frame-maker.js';
import { LiveSource } from '../../../dist/src/embed/recorder/live-source.js';
import { compileTable } from '../../../src/runtime/machine-compiler.js';
import { sourceOf } from '../../../src/runtime/machine-definition.js';
import type { Step } from '../../../src/runtime/machine-table.js';
import { MACHINE_NAMES } from '../../../src/trace/events.js';
import { ChunkDecoder, decodeFrame } from '../../../src/trace/recording/decoder.js';
import { FileDecoder } from '../../../src/trace/recording/file-decoder.js';
import { TraceStore } from '../../../src/trace/recording/trace-store.js';

const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-recorder-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MODE = { width: 320, height: 200, rateHz: 60 };
const make = (): Promise<Device> => createDevice({ variant: 'mmio', ramBytes: 2 ** 20, modes: [MODE], traceDetail: true });

/** A sink that is a store. */
function storing(): { readonly sink: ChunkSink; readonly store: TraceStore; readonly isEnded: () => boolean } {
  const store = new TraceStore();
  const decoder = new ChunkDecoder();
  let isEnded = false;
  const take = (bytes: Uint8Array): void => {
    for (const chunk of decoder.push(bytes)) store.apply(chunk);
  };
  const ended = (): void => {
    isEnded = true;
  };
  return { sink: { preamble: take, piece: take, ended }, store, isEnded: () => isEnded };
}

function readStore(path: string): TraceStore {
  const store = new TraceStore();
  for (const chunk of new FileDecoder().push(readFileSync(path))) store.apply(chunk);
  return store;
}

/** How often each event was noted, over all threads. */
function countsOf(store: TraceStore): Map<string, number> {
  const counts = new Map<string, number>();
  for (const log of store.threads) {
    expect(log.lost).toBe(0);
    for (let index = log.first; index < log.end; index++) {
      const name = store.eventName(log.event(index));
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

describe('a recording of a device', () => {
  it('has what every thread noted, and every machine moves as it may', async () => {
    const device = await make();
    const { sink, store, isEnded } = storing();
    const recorder = new DeviceRecorder(device, sink);
    for (let times = 0; times < 20; times++) await device.mmioRead(0x1034);
    await device.mmioWrite(0x121c, 0);
    await device.reset();
    await device.close();
    expect(isEnded()).toBe(true);
    recorder.end('again');
    expect(store.end?.reason).toBe('closed');
    expect(store.end?.statistics.mmioAccesses).toBe(21);
    const counts = countsOf(store);
    for (const name of ['apple_gfx_read', 'agfx_job_submitted', 'agfx_job_completed']) expect(counts.get(name)).toBeGreaterThanOrEqual(20);
    expect(counts.get('agfx_batch_ended')).toBeGreaterThanOrEqual(counts.get('agfx_batch_taken') ?? 0);
    expect(store.notes.map(({ text }) => text)).toEqual(expect.arrayContaining(['running', 'closed']));
    expect(new Set(store.threads.map(({ thread }) => thread.actor))).toEqual(
      new Set(['supervisor', 'bql', 'render-queue', 'background-queue', 'pvg']),
    );
    checkMoves(store);
  });

  it('needs a device that notes all that can be noted', async () => {
    const device = await createDevice({ variant: 'mmio', ramBytes: 2 ** 20 });
    expect(() => new DeviceRecorder(device, storing().sink)).toThrow('traceDetail');
    await device.close();
    await expect(createDevice({ traceDetail: true, traceRing: false })).rejects.toThrow(
      'traceDetail is true and traceRing false, expected both',
    );
  });
});

/** Every move is one of the machine's: from the state before, by the event, to the state behind. */
function checkMoves(store: TraceStore): void {
  expect(store.header?.machines.map(({ name }) => name)).toEqual([...MACHINE_NAMES]);
  const started = store.eventNumber('agfx_machine_started');
  const moved = store.eventNumber('agfx_machine_moved');
  let moves = 0;
  for (const log of store.threads) {
    const states = new Map<string, number>();
    for (let index = log.first; index < log.end; index++) {
      const [machine = 0, instance = 0, third = 0, fourth = 0] = [0, 1, 2, 3].map((k) => log.arg(index, k));
      const key = `${machine} ${instance}`;
      if (log.event(index) === started) states.set(key, third);
      if (log.event(index) !== moved) continue;
      moves++;
      const { name, definition } = MACHINES[machine] as (typeof MACHINES)[number];
      const before = states.get(key) ?? -1;
      expect(before, `${name} ${instance} moved and had not begun`).toBeGreaterThanOrEqual(0);
      expect(targetsOf(definition, before, third), `${name}: from ${before} by ${third}`).toContain(fourth);
      states.set(key, fourth);
    }
  }
  expect(moves).toBeGreaterThan(100);
}

/** Where an event may lead, whatever guards say. */
function targetsOf(definition: (typeof MACHINES)[number]['definition'], state: number, event: number): Set<number> {
  const { cells, width } = compileTable(sourceOf(definition));
  const targets = new Set<number>();
  const walk = (step: Step | null | undefined): void => {
    if (!step) return;
    if (step.test === null && step.next === null) targets.add(step.state);
    for (const each of [step.yes, step.no, step.next]) walk(each);
  };
  walk(cells[state * width + event]);
  return targets;
}

describe('a file', () => {
  it('has the whole recording, with pictures that are the surface’s', async () => {
    const path = join(folder, 'whole.agfx');
    const device = await make();
    const file = await FileRecorder.create(path);
    const recorder = new DeviceRecorder(device, file);
    await device.mmioWrite(0x121c, 0);
    await device.update();
    const { surface } = device;
    expect(surface).not.toBeNull();
    surface?.beginWrite();
    surface?.pixels.fill(0xff12_3456);
    surface?.endWrite(1);
    file.addFrames(device);
    await new Promise((resolve) => setTimeout(resolve, 300));
    recorder.end('enough');
    await file.close();
    const store = readStore(path);
    expect(store.end?.reason).toBe('enough');
    const [frame] = store.frames;
    expect([frame?.width, frame?.height, frame?.isWhole, frame?.present]).toEqual([320, 200, true, 1]);
    const pixels = inflateRawSync(frame?.deflated ?? new Uint8Array());
    expect(pixels.length).toBe(4 * 320 * 200);
    expect(pixels.readUInt32LE(4 * 777)).toBe(0xff12_3456);
    await device.close();
  });

  it('of the last seconds is written when something goes wrong, and has what is needed to read it', async () => {
    const path = join(folder, 'last.agfx');
    const file = await FileRecorder.create(path, { lastSeconds: 1 });
    const { sink, store } = storing();
    const device = await make();
    const recorder = new DeviceRecorder(device, {
      preamble: (chunk) => {
        file.preamble(chunk);
        sink.preamble(chunk);
      },
      piece: (chunk) => file.piece(chunk),
      ended: () => file.ended(),
    });
    await device.mmioRead(0x1034);
    // An actor answers before it shows what it noted; by its next answer it has.
    await device.mmioRead(0x1034);
    recorder.look();
    expect(statSync(path).size).toBe(0);
    file.dump();
    await file.close();
    const read = readStore(path);
    expect(read.header).toEqual(store.header);
    expect(countsOf(read).get('apple_gfx_read')).toBeGreaterThanOrEqual(1);
    await device.close();
  });

  it('that can’t be written is refused at once', async () => {
    await expect(FileRecorder.create(join(folder, 'no', 'such'))).rejects.toThrow('ENOENT');
  });
});

describe('pictures', () => {
  it('tell what changed since the one before, and all of it to who has none', async () => {
    const device = await make();
    const maker = new FrameMaker(device.display);
    expect(await maker.make(-1, monotonicNow)).toBeNull();
    await device.mmioWrite(0x121c, 0);
    const surface = device.surface;
    const sequence = surface?.beginWrite() ?? 0;
    surface?.pixels.fill(7, 320 * 70 + 70, 320 * 70 + 71);
    surface?.tiles.fill(sequence, surface.tilesAcross + 1, surface.tilesAcross + 2);
    surface?.endWrite(1);
    const first = await maker.make(-1, monotonicNow);
    expect(decodeFrame(first?.chunk.subarray(8) ?? new Uint8Array())).toMatchObject({
      isWhole: true,
      rectangles: [{ x: 0, y: 0, width: 320, height: 200 }],
    });
    expect(await maker.make(first?.sequence ?? 0, monotonicNow)).toBeNull();
    const again = surface?.beginWrite() ?? 0;
    surface?.tiles.fill(again, surface.tilesAcross + 1, surface.tilesAcross + 2);
    surface?.endWrite(2);
    const [one, two] = await Promise.all([maker.make(first?.sequence ?? 0, monotonicNow), maker.make(first?.sequence ?? 0, monotonicNow)]);
    expect(one).toBe(two);
    const frame = decodeFrame(one?.chunk.subarray(8) ?? new Uint8Array());
    expect(frame).toMatchObject({ isWhole: false, present: 2, rectangles: [{ x: 64, y: 64, width: 64, height: 64 }] });
    expect(inflateRawSync(frame.deflated).readUInt32LE(4 * (64 * 6 + 6))).toBe(7);
    await device.close();
  });
});

describe('a live source', () => {
  it('numbers its pieces, says when there are more, and ends with the device', async () => {
    const device = await make();
    const source = new LiveSource(device, { title: 'a test' });
    let told = 0;
    const off = source.onChange(() => told++);
    await device.mmioRead(0x1034);
    await device.close();
    off();
    expect(told).toBeGreaterThan(0);
    expect(source.isComplete).toBe(true);
    const store = new TraceStore();
    const decoder = new ChunkDecoder();
    const pieces = Array.from({ length: source.end - source.first }, (_, index) => source.read(source.first + index) ?? new Uint8Array());
    for (const bytes of [...source.preamble, ...pieces]) for (const chunk of decoder.push(bytes)) store.apply(chunk);
    expect(countsOf(store).get('apple_gfx_read')).toBe(1);
    expect(source.read(source.end)).toBeNull();
    source.watched(true);
    source.watched(false);
  });
});
