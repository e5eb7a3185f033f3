/**
 * A device on real threads whose guest does in each round what the scenario of runScenario() says, and the log of it.
 *
 * Everything that a round needs is laid down before it begins, so that the processors only ring: what happens in which order is then up to the
 * threads. A round begins and ends with a device that has nothing left to do.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { loadBridge } from '../../dist/src/bridge/native.js';
import { createDevice, type Device } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { COUNTERS, Counters } from '../../src/runtime/shared.js';
import { deliveriesOf, type DeliveredBatch } from '../../src/trace/deliveries.js';
import { registerOf, tagOf } from '../../src/worlds/guest.js';
import { pair, RawGuest, until, wordOfPixel } from '../device/raw-guest.js';
import { FIRST_TASK, MODES, ORDERS, PRESENTS, type Round, SECOND_TASK, SPARE_REGISTER } from './run-scenario.js';

const RAM_BYTES = 16 * 2 ** 20;
const DISPLAY_PAGE = 0xa0_0000;
const BITMAP = 0xa8_0000;
const MAPPER = 0xc0_0000;
const MAPPER_TABLE = MAPPER + 0x1_0000;
const MAPPER_ENTRIES = 64;
const MAPPED = 0x60_0000;
const SURFACE = 0x64_0000;

/** What is left when a run is over, in the terms of both sides. */
export interface RunEnd {
  readonly registers: readonly number[];
  readonly tasks: number;
  readonly iosfcMappings: number;
  /** Taken on RAM, and not given back. */
  readonly references: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly picture: { readonly width: number; readonly height: number; readonly present: number };
  readonly cursor: { readonly image: number; readonly shown: boolean; readonly x: number; readonly y: number };
  readonly frames: unknown;
  /** Answers to updates. */
  readonly dones: number;
  readonly lock: unknown;
}

export interface RealRound {
  readonly deliveries: readonly DeliveredBatch[];
  readonly presents: number;
  readonly end: RunEnd;
}

interface Inspection {
  readonly tasks: number;
  readonly iosfcMappings: number;
  readonly regions: readonly { readonly id: number; readonly references: number }[];
  readonly frames: readonly { readonly pipeline: unknown }[];
  readonly bottomHalves: readonly number[];
  readonly sections: readonly number[];
  readonly nestedWaits: number;
  readonly held: boolean;
}

type VcpuStep = readonly ['read' | 'write' | 'writeIosfc' | 'poke' | 'spin', number, number?];

export class RealRun {
  private readonly guest: RawGuest;
  private readonly cells = new Int32Array(new SharedArrayBuffer(4));
  private readonly threads: readonly Worker[];
  private readonly counters: Counters;
  private readonly bridge = loadBridge();
  private produced = 0;
  /** Answers to updates so far. */
  private dones = 0;
  /** How many have been run. */
  rounds = 0;
  /** It is left in a state in which no other round begins: an older revision's fault. */
  isSpent = false;

  private constructor(readonly device: Device) {
    this.guest = new RawGuest(device);
    device.internals.on('report', ({ report }) => {
      if (report === 'updateDone') this.dones++;
    });
    this.counters = new Counters(device.internals.wiring.counters);
    const file = new URL('vcpu-script.mjs', import.meta.url);
    const workerData = { attachment: device.attachment, cells: this.cells };
    this.threads = [0, 1].map(() => new Worker(file, { workerData }));
  }

  static async open(revision: RevisionName): Promise<RealRun> {
    // Blanks come often, since the cursor is looked at then.
    const modes = MODES.map((mode) => ({ ...mode, rateHz: 2000 }));
    const device = await createDevice({ variant: 'mmio', revision, ramBytes: RAM_BYTES, modes, vsync: false, traceDeliveries: true });
    const run = new RealRun(device);
    await run.begin();
    return run;
  }

  async close(): Promise<void> {
    Atomics.store(this.cells, 0, -1);
    Atomics.notify(this.cells, 0);
    await Promise.all(this.threads.map((thread) => once(thread, 'exit')));
    await this.device.close();
  }

  /** Runs a round, which is to be that of the number behind `rounds`. */
  async run(round: Round): Promise<RealRound> {
    this.rounds = round.number;
    const { device, cells, threads } = this;
    await this.prepare(round);
    const before = await this.look();
    const counted = this.count();
    const presents = device.display.presents.presented;
    const lines = [0, 1].map((line) => device.interrupts.count(line));
    await this.mark();
    const { dones } = this;
    const accesses = this.counters.get('accesses');
    const read = Promise.all(threads.map((thread) => once(thread, 'message')));
    this.steps(round).forEach((steps, vcpu) => {
      threads[vcpu]?.postMessage(steps);
    });
    Atomics.store(cells, 0, round.number);
    Atomics.notify(cells, 0);
    const first = device.update();
    spin(round.delays[4] ?? 0);
    const updates = [first, device.screendump()];
    const registers = (await read).map(([[value]]) => Number(value));
    await until(() => device.display.presents.presented === presents + PRESENTS && [0, 1].every((line) => device.interrupts.count(line) > (lines[line] ?? 0)));
    await until(() => device.cursor.place.x === round.x && device.cursor.place.y === round.y && device.cursor.shown === round.shown);
    await this.quiet();
    const ended = await this.end(before, counted, presents);
    const isOwed = JSON.stringify(ended.frames).includes('requested');
    this.isSpent = isOwed || isStalled(ended.frames);
    const count = this.counters.get('accesses') - accesses;
    if (!isOwed) await Promise.all(updates);
    else for (const update of updates) update.catch(() => undefined);
    // Answers to accesses come behind those to updates.
    await this.mark();
    const counters = { ...ended.counters, accesses: count };
    return { deliveries: this.logged(), presents, end: { ...ended, registers, dones: this.dones - dones, counters } };
  }

  private async begin(): Promise<void> {
    const { device, guest } = this;
    guest.poke(DISPLAY_PAGE + L.DISPLAY_CURSOR, 0xffff_ffff, 1);
    await guest.start();
    guest.control(L.OP_SHARED_STATE, 0, 0, guest.gpa(DISPLAY_PAGE) / guest.page);
    await guest.kick();
    await device.iosfcWrite(L.IOSFC_RING_CAPACITY, BigInt(MAPPER_ENTRIES));
    await device.iosfcWrite(L.IOSFC_TABLE, BigInt(guest.gpa(MAPPER_TABLE)));
    await device.iosfcWrite(L.IOSFC_RING_BASE, BigInt(guest.gpa(MAPPER)));
    this.entry(L.IOSFC_OP_MAP, 9);
    this.entry(L.IOSFC_OP_UNMAP, 9);
    await device.iosfcWrite(L.IOSFC_PRODUCER, BigInt(this.produced));
  }

  /** Takes back what the last round left, and lays down what this one needs. */
  private async prepare(round: Round): Promise<void> {
    const { device, guest } = this;
    if (round.number > 1) {
      guest.control(L.OP_DELETE_TASK, 0, FIRST_TASK);
      await guest.kick();
      this.entry(L.IOSFC_OP_UNMAP, 2);
      await device.iosfcWrite(L.IOSFC_PRODUCER, BigInt(this.produced));
    }
    await device.mmioWrite(L.REG_GPU_STATUS, L.GPU_STATUS_STAMP);
    await device.iosfcWrite(L.IOSFC_STATUS, BigInt(L.IOSFC_STATUS_DONE));
    await device.mmioWrite(SPARE_REGISTER, wordOfPixel(0xff00_0000 + round.image));
    this.packets(round);
    await guest.announce();
    for (let index = 0; index < PRESENTS; index++) {
      const place = guest.scratch + 32 * index;
      guest.poke(0x30_0000 + place, L.DRAW_FILL, 32, 0, 0, 16_384, 16_384, 0xff00_0000 + round.number, 0);
      guest.child(L.OP_EXEC, 0, 1, 32, place, 0);
      guest.child(L.OP_SWAP, 0, 0, 0);
    }
    guest.announceChild();
    this.entry(L.IOSFC_OP_MAP, 1);
    this.entry(L.IOSFC_OP_MAP, 2);
    this.entry(L.IOSFC_OP_UNMAP, 1);
    await device.update();
    await this.quiet();
  }

  /** What the kick is about. */
  private packets({ number, image }: Round): void {
    const { guest, device } = this;
    const { page } = guest;
    const map = (task: number, at: number): void =>
      guest.control(L.OP_MAP, 0, task, 0, ...pair(at * page), 1, 0, ...pair(guest.gpa(MAPPED + at * page)), ...pair(page));
    guest.poke(BITMAP, wordOfPixel(0xff00_0000 + image));
    guest.control(L.OP_ONLINE_ACK, number, 0);
    guest.control(L.OP_DEFINE_TASK, 0, FIRST_TASK, 0, ...pair(2 * page));
    map(FIRST_TASK, 0);
    guest.control(L.OP_DEFINE_TASK, 0, SECOND_TASK, 0, ...pair(2 * page));
    map(SECOND_TASK, 0);
    map(FIRST_TASK, 1);
    const gpa = device.revision.reentrantAccesses ? device.windowBase + SPARE_REGISTER : guest.gpa(BITMAP);
    guest.cursor({ gpa, width: 1, height: 1, stride: 4 });
    guest.control(L.OP_UNMAP, 0, FIRST_TASK, 0, ...pair(page), ...pair(page));
    guest.control(L.OP_DELETE_TASK, 0, SECOND_TASK);
  }

  private entry(opcode: number, surface: number): void {
    const { guest } = this;
    const at = MAPPER + L.IOSFC_ENTRY_SIZE * (this.produced % MAPPER_ENTRIES);
    guest.poke(at, opcode, surface, ...pair(guest.gpa(SURFACE)), ...pair(guest.page), 0, 0);
    this.produced++;
  }

  /** What the processors do. */
  private steps({ mode, x, y, shown, delays }: Round): readonly (readonly VcpuStep[])[] {
    const [kick = 0, change = 0, doorbell = 0, surfaces = 0] = delays;
    return [
      [
        ['write', registerOf(0), tagOf(0, 0)],
        ['spin', kick],
        ['write', ORDERS.kick, 1],
        ['spin', change],
        ['write', ORDERS.mode, mode],
        ['read', registerOf(0)],
      ],
      [
        ['poke', DISPLAY_PAGE + L.DISPLAY_CURSOR, (y << 16) | x],
        ['poke', DISPLAY_PAGE + L.DISPLAY_CURSOR_SHOW, shown ? 1 : 0],
        ['spin', doorbell],
        ['write', ORDERS.doorbell, 1],
        ['write', registerOf(1), tagOf(1, 1)],
        ['spin', surfaces],
        ['writeIosfc', ORDERS.surfaces, this.produced],
        ['read', registerOf(1)],
      ],
    ];
  }

  private async look(): Promise<Inspection> {
    return (await this.device.internals.inspect('bql')) as unknown as Inspection;
  }

  /** Waits until the device has dealt with all that PVG had to tell. */
  private async quiet(): Promise<void> {
    const { device } = this;
    const pending = (): number => this.bridge.pvg_display_pending_events(device.internals.wiring.device, 0);
    await until(async () => pending() === 0 && (await this.look()).frames.every((each) => each.pipeline === 'idle' || isStalled(each)) && pending() === 0);
  }

  /**
   * Two accesses that no round makes, by which rounds are told apart in the log. Before each the render queue is asked about itself, behind all that it
   * has to do. What a thread did before it was asked for the first time it has published when it answers the second.
   */
  private async mark(): Promise<void> {
    const { device } = this;
    for (let time = 0; time < 2; time++) {
      if (device.internals.has('render-queue')) await device.internals.inspect('render-queue');
      await device.mmioRead(L.REG_VERSION);
    }
  }

  private count(): Readonly<Record<string, number>> {
    return Object.fromEntries(COUNTERS.map((name) => [name, this.counters.get(name)]));
  }

  /** What actors took between the last two marks. */
  private logged(): readonly DeliveredBatch[] {
    const all = deliveriesOf(this.device.traceHistory());
    const marks = all.flatMap(({ messages }, index) => (messages.some(({ kind, detail }) => kind === 'access' && detail === L.REG_VERSION) ? [index] : []));
    const begin = marks.at(-3) ?? 0;
    const answered = all.findIndex(({ actor, messages }, index) => index > begin && actor === 'bql' && messages.some(({ kind }) => kind === 'jobDone'));
    return all.slice(answered + 1, marks.at(-2));
  }

  private async end(before: Inspection, counted: Readonly<Record<string, number>>, presents: number): Promise<Omit<RunEnd, 'registers' | 'dones'>> {
    const { device } = this;
    const now = await this.look();
    const references = ({ regions }: Inspection): number => regions.find(({ id }) => id === 1)?.references ?? 0;
    const { surface, cursor, cursorImage } = device;
    const shown = surface?.present ?? 0;
    const { bottomHalves, sections, nestedWaits, held } = now;
    return {
      tasks: now.tasks - before.tasks,
      iosfcMappings: now.iosfcMappings - before.iosfcMappings,
      references: references(now) - references(before),
      counters: Object.fromEntries(Object.entries(this.count()).map(([name, count]) => [name, count - (counted[name] ?? 0)])),
      picture: { width: surface?.width ?? 0, height: surface?.height ?? 0, present: shown > 0 ? shown - presents : 0 },
      cursor: { image: (cursorImage?.pixels[0] ?? 0) & 0xff, shown: cursor.shown, ...cursor.place },
      frames: now.frames,
      lock: [held, { bottomHalves, sections, nestedWaits }],
    };
  }
}

/** Lets microseconds pass, with the thread's event loop at rest. */
function spin(microseconds: number): void {
  const end = performance.now() + microseconds / 1000;
  while (performance.now() < end);
}

/** Whether a frame is pending that nobody renders. */
function isStalled(frames: unknown): boolean {
  return JSON.stringify(frames).includes('stalled');
}
