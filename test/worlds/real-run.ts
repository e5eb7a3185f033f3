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
import { tagOf } from '../../src/worlds/access-tags.js';
import { registerOf } from '../../src/worlds/guest.js';
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
/** Where one processor tells the other that it has set the mode. */
const FLAG = 0x68_0000;

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
  /** How often the BQL actor waited inside how many accesses. */
  readonly waits: Readonly<Record<string, number>>;
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

type VcpuStep = readonly ['read' | 'write' | 'writeIosfc' | 'poke' | 'until' | 'spin', number, number?];

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
    const { device } = this;
    await this.prepare(round);
    const before = await this.look();
    const presents = device.display.presents.presented;
    await this.mark();
    const counted = this.count();
    const { dones } = this;
    const [registers, updates] = await this.ring(round, presents);
    const counters = Object.fromEntries(Object.entries(this.count()).map(([name, count]) => [name, count - (counted[name] ?? 0)]));
    const { frames } = await this.look();
    const isOwed = JSON.stringify(frames).includes('requested');
    // An older revision may owe an answer for ever.
    this.isSpent = isOwed;
    if (!isOwed) await Promise.all(updates);
    else for (const update of updates) update.catch(() => undefined);
    // What the actors report comes before their answers to accesses.
    await this.mark();
    const { deliveries, waits } = this.logged();
    return { deliveries, presents, end: { ...(await this.end(before, presents)), registers, counters, waits, dones: this.dones - dones } };
  }

  /** Has everything happen, and waits until it has: what the processors read, and the updates that were asked for. */
  private async ring(round: Round, presents: number): Promise<[number[], Promise<unknown>[]]> {
    const { device, cells, threads } = this;
    const lines = [0, 1].map((line) => device.interrupts.count(line));
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
    const isRaised = (line: number): boolean => device.interrupts.count(line) > (lines[line] ?? 0);
    await until(() => device.display.presents.presented === presents + PRESENTS && isRaised(0) && isRaised(1));
    const { cursor } = device;
    await until(() => cursor.place.x === round.x && cursor.place.y === round.y && cursor.shown === round.shown);
    await this.quiet();
    return [registers, updates];
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
  private steps({ number, mode, x, y, shown, delays, framesBehind }: Round): readonly (readonly VcpuStep[])[] {
    const [kick = 0, change = 0, doorbell = 0, surfaces = 0] = delays;
    const frames: VcpuStep = framesBehind ? ['until', FLAG, number] : ['spin', doorbell];
    return [
      [
        ['write', registerOf(0), tagOf(0, 0)],
        ['spin', kick],
        ['write', ORDERS.kick, 1],
        ['spin', change],
        ['write', ORDERS.mode, mode],
        ['poke', FLAG, number],
        ['read', registerOf(0)],
      ],
      [
        ['poke', DISPLAY_PAGE + L.DISPLAY_CURSOR, (y << 16) | x],
        ['poke', DISPLAY_PAGE + L.DISPLAY_CURSOR_SHOW, shown ? 1 : 0],
        frames,
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
    await until(async () => pending() === 0 && (await this.look()).frames.every((each) => each.pipeline === 'idle') && pending() === 0);
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

  /** What actors took between the last two marks, and how often the BQL actor waited how deep. */
  private logged(): { readonly deliveries: readonly DeliveredBatch[]; readonly waits: Readonly<Record<string, number>> } {
    const history = this.device.traceHistory();
    const all = deliveriesOf(history);
    const isMark = ({ messages }: DeliveredBatch): boolean =>
      messages.some(({ kind, detail }) => kind === 'access' && detail === L.REG_VERSION);
    const marks = all.flatMap((batch, index) => (isMark(batch) ? [index] : []));
    const isAnswer = ({ actor, messages }: DeliveredBatch): boolean => actor === 'bql' && messages.some(({ kind }) => kind === 'jobDone');
    const answered = all.findIndex((batch, index) => index > (marks.at(-3) ?? 0) && isAnswer(batch));
    const deliveries = all.slice(answered + 1, marks.at(-2));
    const [begin = 0, end = 0] = [deliveries[0]?.nanoseconds, deliveries.at(-1)?.nanoseconds];
    const waits: Record<string, number> = {};
    for (const { name, nanoseconds, args } of history) {
      if (name !== 'agfx_bql_wait_began' || nanoseconds < begin || nanoseconds > end) continue;
      waits[`depth ${args.depth}`] = (waits[`depth ${args.depth}`] ?? 0) + 1;
    }
    return { deliveries, waits };
  }

  private async end(before: Inspection, presents: number): Promise<Omit<RunEnd, 'registers' | 'counters' | 'waits' | 'dones'>> {
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
