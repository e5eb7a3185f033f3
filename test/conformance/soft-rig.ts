/**
 * A rig with the native software PVG: the built device, on real threads and real memory.
 */
import { loadBridge } from '../../dist/src/bridge/native.js';
import type { CursorImage, Device, GuestDevice, GuestMemory } from '../../dist/src/index.js';
import type { Glyph } from '../../src/bridge/scripted-steps.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import * as L from '../../src/guest/layout.js';
import { until } from '../device/raw-guest.js';
import {
  type MemoryModel,
  type MemoryOptions,
  MODES,
  type Pending,
  type Rig,
  type RigAccess,
  type RigCursor,
  type RigMemory,
  type RigOptions,
  type RigStatistics,
  type RigStep,
  type RigSurface,
  type StepResult,
} from './rig.js';
import { SoftGuest } from './soft-guest.js';
import { peekWord, pokeWords } from './words.js';

const OTHER_DEVICE = 0x2000_0000;
/** When a test that can't go well any more gives up. */
const PATIENCE_MS = 10_000;

export class SoftRig implements Rig {
  readonly page: number;
  readonly lines: string[] = [];
  readonly guestErrors: string[] = [];
  readonly firstMode: { readonly width: number; readonly height: number } | null;
  readonly holdsGpu = false;
  surfaces = 0;
  updates = 0;
  images = 0;
  private readonly listeners = {
    trace: (line: string): unknown => this.lines.push(line),
    guestError: (text: string): unknown => this.guestErrors.push(text),
    surface: (): unknown => this.surfaces++,
    update: (): unknown => this.updates++,
    cursor: (): unknown => this.images++,
  };
  /** Counts when the rig was opened: the device may have been used before. */
  private readonly before: { readonly statistics: RigStatistics; readonly interrupts: readonly number[] };
  /** What was put onto the memory map. */
  private readonly added: Pick<GuestDevice, 'remove'>[] = [];
  private givenMemory: readonly RigMemory[] = [];
  private ranges = 0;
  private readonly bridge = loadBridge();
  private readonly guest: SoftGuest;

  constructor(
    private readonly device: Device,
    private readonly options: RigOptions & { readonly memory: MemoryModel },
    /** Takes the device back, in whatever state it is. */
    private readonly giveBack: () => Promise<void>,
  ) {
    this.guest = new SoftGuest(device);
    this.before = { statistics: device.statistics, interrupts: [0, 1].map((line) => device.interrupts.count(line)) };
    this.page = this.guest.page;
    this.firstMode = this.surface && { width: this.surface.width, height: this.surface.height };
    for (const [event, listener] of Object.entries(this.listeners)) device.on(event as 'trace', listener);
  }

  async begin(): Promise<void> {
    const [mode] = MODES;
    await this.guest.begin();
    await until(() => this.surface?.width === mode.width && this.pendingEvents === 0);
    // The answer comes behind everything that the device had to say until then.
    await this.device.mmioRead(L.REG_VERSION);
    const given = this.device.memory.filter((_, index) => index < (this.options.given?.length ?? 0));
    this.givenMemory = await Promise.all(given.map((memory) => this.rigMemory(memory)));
  }

  get revision() {
    return REVISIONS[this.options.revision];
  }

  get windowBase(): number {
    return this.device.windowBase;
  }

  async run(step: RigStep): Promise<StepResult> {
    return step.do === 'readMemory' ? this.readMemory(step.gpa, step.length) : { ok: await this.guest.carryOut(step) };
  }

  runAtOnce(steps: readonly RigStep[]): Promise<boolean> {
    return this.guest.carryOutAtOnce(steps);
  }

  async glyph(glyph: Glyph): Promise<void> {
    await this.guest.glyph(glyph);
  }

  access({ write, window, size, offset, value = 0, high = 0 }: RigAccess): Promise<{ readonly value: number; readonly high: number }> {
    return this.device.internals.access({ operation: write ? 1 : 0, window, size, offset, low: value, high });
  }

  gpa(offset: number): number {
    return this.guest.raw.gpa(offset);
  }

  poke(offset: number, ...words: number[]): void {
    this.guest.raw.poke(offset, ...words);
  }

  async addMemory(options: MemoryOptions): Promise<RigMemory> {
    const memory = await this.device.addMemory(options);
    this.added.push(memory);
    return this.rigMemory(memory);
  }

  get given(): readonly RigMemory[] {
    return this.givenMemory;
  }

  async addDevice(options: { gpa: number; bytes: number; read: (offset: number) => number | null }): Promise<void> {
    this.added.push(await this.device.addDevice(options));
  }

  look(task: number, offset: number): Promise<number> {
    return this.guest.look(task, offset);
  }

  async lookSurface(surface: number): Promise<number> {
    return this.guest.mapper.look(surface);
  }

  async references(region: number): Promise<number> {
    return (await this.regions()).find(({ id }) => id === region)?.references ?? 0;
  }

  /** The bridge has a table of ranges for the whole process: others take what is left of it. */
  exhaustRanges(exhausted: boolean): void {
    const { bridge } = this;
    if (this.ranges !== 0) bridge.pvg_group_destroy(this.ranges);
    this.ranges = 0;
    if (!exhausted) return;
    this.ranges = bridge.pvg_group_create();
    while (bridge.pvg_range_create(this.ranges, bridge.pvg_page_size()) !== 0);
  }

  get statistics(): RigStatistics {
    const now = this.device.statistics;
    const { statistics: then } = this.before;
    return {
      mmioAccesses: now.mmioAccesses - then.mmioAccesses,
      framesRendered: now.framesRendered - then.framesRendered,
      refusedEncodes: now.refusedEncodes - then.refusedEncodes,
      interrupts: now.interrupts - then.interrupts,
      guestErrors: now.guestErrors - then.guestErrors,
    };
  }

  interrupts(line: number): number {
    return this.device.interrupts.count(line) - (this.before.interrupts[line] ?? 0);
  }

  setMsiEnabled(enabled: boolean): void {
    this.device.interrupts.setMsiEnabled(enabled);
  }

  get surface(): RigSurface | null {
    return this.device.surface;
  }

  get cursor(): RigCursor {
    const { cursor, cursorImage } = this.device;
    return { image: cursorImage, shown: cursor.shown, place: cursor.place };
  }

  get pendingEvents(): number {
    return this.bridge.pvg_display_pending_events(this.device.internals.wiring.device, 0);
  }

  update(): Pending {
    return pendingUntil(this.device.update());
  }

  async pipeline(): Promise<{ readonly pipeline: unknown; readonly freshness: unknown }> {
    const { frames } = (await this.device.internals.inspect('bql')) as { frames: { pipeline: unknown; freshness: unknown }[] };
    const [state] = frames;
    if (!state) throw new RangeError('a device has at least one display');
    return state;
  }

  /** The GPU lets go by itself. */
  releaseGpu(): void {}

  framesShownInsideAccess(colour: number): Promise<number> {
    return this.options.memory === 'tasks' ? this.framesShownInsideRead(colour) : this.framesShownWhileBusy(colour);
  }

  reset(): Pending {
    return pendingUntil(this.device.reset());
  }

  async until(_what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    await until(condition);
  }

  async close(): Promise<void> {
    this.exhaustRanges(false);
    if (this.device.lifeCycle === 'running') {
      await this.guest.mapper.unmapAll();
      for (const each of this.added) await each.remove();
    }
    await this.giveBack();
    for (const [event, listener] of Object.entries(this.listeners)) this.device.off(event as 'trace', listener);
  }

  private async framesShownInsideRead(colour: number): Promise<number> {
    const { guest } = this;
    const before = this.statistics.framesRendered;
    let shown = 0;
    let stamp = 0;
    const read = (): number => {
      // This runs on the thread that the frame doesn't need, and it holds the read up, and so the access.
      spinUntil(() => guest.raw.stamp(1) === stamp && this.pendingEvents === 0);
      if (this.revision.displayEvents === 'bh') spinUntil(() => this.statistics.framesRendered > before);
      shown = this.statistics.framesRendered - before;
      return 0;
    };
    await this.addDevice({ gpa: OTHER_DEVICE, bytes: 0x4000, read });
    stamp = await guest.drawFor(colour, guest.nextStamp);
    await guest.read(OTHER_DEVICE, 1, 1, () => guest.stampPacket());
    return shown;
  }

  /** Looks until the access is over, of which PVG's last stamp tells: what was seen when that was not there yet was inside it. */
  private async framesShownWhileBusy(colour: number): Promise<number> {
    const { guest } = this;
    const before = this.statistics.framesRendered;
    let seen: number | null = null;
    const stamp = await guest.drawFor(colour, guest.nextStamp);
    const last = guest.nextStamp + 1;
    const access = pendingUntil(guest.keepBusy());
    await until(() => {
      const shown = this.statistics.framesRendered - before;
      const isOver = access.isDone || guest.raw.stamp(0) === last;
      if (!isOver && guest.raw.stamp(1) === stamp) seen = shown;
      return isOver;
    });
    await until(() => access.isDone);
    if (seen === null) throw new RangeError('the access was over before the frame came');
    return seen;
  }

  private async rigMemory(memory: GuestMemory): Promise<RigMemory> {
    const { gpa } = memory;
    return {
      id: (await this.regions()).find((region) => region.gpa === gpa)?.id ?? 0,
      gpa,
      poke: (offset, ...words) => pokeWords(memory.bytes, offset, words),
      peek: (offset) => peekWord(memory.bytes, offset),
      remove: () => memory.remove(),
    };
  }

  private async regions(): Promise<readonly { readonly id: number; readonly gpa: number; readonly references: number }[]> {
    const { regions } = (await this.device.internals.inspect('bql')) as { regions: { id: number; gpa: number; references: number }[] };
    return regions;
  }

  /** What PVG reads becomes a cursor's image, which the device converts; it is converted back. */
  private async readMemory(gpa: number, length: number): Promise<StepResult> {
    const words = length / 4;
    const width = Math.min(words, 512);
    const { images } = this;
    if (!(await this.guest.read(gpa, width, words / width))) return { ok: false };
    await until(() => this.images > images);
    return { ok: true, bytes: bytesOf(this.device.cursorImage) };
  }
}

function pendingUntil(promise: Promise<unknown>): Pending {
  const pending = { isDone: false };
  void promise.then(() => {
    pending.isDone = true;
  });
  return pending;
}

/** Looks again and again, with the thread's event loop at rest; a test that goes well sees it come true. */
function spinUntil(condition: () => boolean): void {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition() && performance.now() < deadline);
}

function bytesOf(image: CursorImage | null): Uint8Array {
  return Uint8Array.from(
    [...(image?.pixels ?? [])].flatMap((argb) => [argb >>> 16, argb >>> 8, argb, argb >>> 24].map((byte) => byte & 0xff)),
  );
}
