/**
 * A rig with the scripted PVG: the device in one thread. Each step is the script of an access, which is run to its end.
 */
import type { Glyph, ScriptStep, ThreadScript } from '../../src/bridge/scripted-steps.js';
import * as L from '../../src/guest/layout.js';
import { type PendingOperation, roundRobin, type Scheduler } from '../../src/runtime/process.js';
import { DeviceWorld } from '../worlds/device-world.js';
import { WINDOW_BASE } from '../worlds/memory-map.js';
import type { WorldDisplay } from '../worlds/port.js';
import { peekWord, pokeWords } from './words.js';
import {
  type MemoryOptions,
  MODES,
  type Pending,
  RAM_BYTES,
  type Rig,
  type RigAccess,
  type RigCursor,
  type RigMemory,
  type RigOptions,
  type RigSource,
  type RigStatistics,
  type RigStep,
  type RigSurface,
  type StepResult,
} from './rig.js';

const KICK = { write: true, window: 0, size: 4, offset: L.REG_MAIN_KICK, value: 1 } as const;
const MAPPER = { write: true, window: 1, size: 8, offset: L.IOSFC_PRODUCER, value: 1 } as const;
const OTHER_DEVICE = 0x2000_0000;

/** The thread of PVG's that does such a step. */
function threadOf(step: ScriptStep): string {
  if (step.do === 'map' || step.do === 'unmap') return `task ${step.task % 2}`;
  return step.do.startsWith('iosfc') ? 'iosfc' : 'control';
}

export class ScriptedRig implements Rig {
  readonly page = 0x4000;
  readonly windowBase = WINDOW_BASE;
  readonly firstMode: { readonly width: number; readonly height: number } | null;
  readonly holdsGpu = true;
  surfaces = 0;
  images = 0;
  private readonly world: DeviceWorld;
  private readonly turns = roundRobin();
  private gpuHeld: boolean;
  /** The embedder answers only when nobody else can go on. */
  private embedderLast = false;
  private lastSurface: WorldDisplay['surface'];
  private lastImage: WorldDisplay['image'] = null;

  readonly given: RigMemory[] = [];
  /** What is given, until it is there. */
  private readonly wanted: MemoryOptions[];

  constructor(options: RigOptions) {
    this.wanted = [...(options.given ?? [])];
    const { revision, variant = 'mmio', refuseEvery = 0, managedTextures = false } = options;
    this.gpuHeld = options.slowGpu ?? false;
    const scheduler: Scheduler = (choices) => this.choose(choices);
    const [preferred] = MODES;
    this.world = new DeviceWorld({
      ...{ revision, variant, refuseEvery, managedTextures, scheduler, preferred },
      ramBytes: RAM_BYTES,
      trace: ['apple_gfx_*'],
    });
    this.world.pvg.setRegister({ window: 0, offset: L.REG_VERSION }, L.VERSION_VALUE);
    this.lastSurface = this.display.surface;
    this.firstMode = this.surface && { width: this.surface.width, height: this.surface.height };
  }

  /** As a guest begins: the first mode is set. */
  async begin(): Promise<void> {
    const [mode] = MODES;
    for (const memory of this.wanted.splice(0)) this.given.push(await this.addMemory(memory));
    await this.run({ do: 'modeChange', port: 0, ...mode });
    await this.until('the first mode is set', () => this.surface?.width === mode.width && this.pendingEvents === 0);
  }

  get revision() {
    return this.world.revision;
  }

  async run(step: RigStep): Promise<StepResult> {
    return this.carryOut(step);
  }

  async runAtOnce(steps: readonly RigStep[]): Promise<boolean> {
    const threads = [...new Set(steps.map(threadOf))];
    const script = threads.map((thread) => ({ thread, steps: steps.filter((step) => threadOf(step) === thread) }));
    return this.script(script).isOk;
  }

  async glyph(glyph: Glyph): Promise<void> {
    this.carryOut({ do: 'cursorGlyph', port: 0, ...glyph });
  }

  async access({ write, window, size, offset, value = 0, high = 0 }: RigAccess): Promise<{ value: number; high: number }> {
    const answered = this.world.access({ write, window, size: size as 4 | 8, offset, value, high });
    this.runUntil('the access is answered', () => answered.answer !== null);
    return answered.answer ?? { value: 0, high: 0 };
  }

  gpa(offset: number): number {
    return this.world.gpa(offset);
  }

  poke(offset: number, ...words: number[]): void {
    pokeWords(this.world.ram, offset, words);
  }

  async addMemory({ gpa, bytes, kind = 'ram' }: MemoryOptions): Promise<RigMemory> {
    const { world } = this;
    const { id, ram } = world.addMemory(gpa, bytes, kind);
    this.runUntil('the memory is there', () => world.embedder.isDone);
    return {
      id,
      gpa,
      poke: (offset, ...words) => pokeWords(world.memory.ram(ram), offset, words),
      peek: (offset) => peekWord(world.memory.ram(ram), offset),
      remove: async () => {
        world.removeRegion(id);
        this.runUntil('the memory is gone', () => world.embedder.isDone);
      },
    };
  }

  async addDevice({ gpa, bytes, read }: { gpa: number; bytes: number; read: (offset: number) => number | null }): Promise<void> {
    this.world.addDevice(gpa, bytes, read);
    this.runUntil('the device is there', () => this.world.embedder.isDone);
  }

  async look(task: number, offset: number): Promise<number> {
    const word = this.world.memory.look(this.world.pvg.tasks.get(task)?.range ?? 0, offset);
    if (word === null) throw new RangeError(`PVG has no task ${task}, or it ends before 0x${offset.toString(16)}`);
    return word;
  }

  async lookSurface(surface: number): Promise<number> {
    const word = this.world.memory.lookAtHost(this.world.pvg.surfaces.get(surface) ?? 0);
    if (word === null) throw new RangeError(`surface ${surface} is not mapped`);
    return word;
  }

  async references(region: number): Promise<number> {
    return this.world.map.referencesOf(region);
  }

  exhaustRanges(exhausted: boolean): void {
    this.world.memory.rangesLeft = exhausted ? 0 : Number.POSITIVE_INFINITY;
  }

  get lines(): readonly string[] {
    return this.world.lines;
  }

  get guestErrors(): readonly string[] {
    return this.world.guestErrors;
  }

  get statistics(): RigStatistics {
    const { counters } = this.world;
    return {
      mmioAccesses: counters.get('accesses'),
      framesRendered: counters.get('framesRendered'),
      refusedEncodes: counters.get('refusals'),
      interrupts: counters.get('interrupts'),
      guestErrors: counters.get('guestErrors'),
    };
  }

  interrupts(line: number): number {
    return this.world.interrupts.count(line);
  }

  setMsiEnabled(enabled: boolean): void {
    this.world.interrupts.setMsiEnabled(enabled);
  }

  get surface(): RigSurface | null {
    return this.display.surface;
  }

  get cursor(): RigCursor {
    const { image, cursor } = this.display;
    return { image, shown: cursor.shown, place: cursor.place };
  }

  get pendingEvents(): number {
    const { displays, upcalls } = this.world.pvg;
    return displays.queue.length + upcalls.count;
  }

  update(): Pending {
    const display = this.display;
    const { dones } = display;
    this.world.requestUpdate(0);
    return {
      get isDone() {
        return display.dones > dones;
      },
    };
  }

  get updates(): number {
    return this.display.updates;
  }

  async pipeline(): Promise<{ pipeline: unknown; freshness: unknown }> {
    return this.world.bql.behaviour.display(0).frames.state as { pipeline: unknown; freshness: unknown };
  }

  releaseGpu(): void {
    this.gpuHeld = false;
  }

  async framesShownInsideAccess(colour: number): Promise<number> {
    const before = this.statistics.framesRendered;
    let shown = 0;
    const read = (): number => {
      shown = this.statistics.framesRendered - before;
      return 0;
    };
    await this.addDevice({ gpa: OTHER_DEVICE, bytes: this.page, read });
    this.embedderLast = true;
    this.script([
      { thread: 'control', steps: [{ do: 'readMemory', gpa: OTHER_DEVICE, length: 4 }] },
      { thread: 'channel 1', steps: [{ do: 'newFrame', port: 0, colour }] },
    ]);
    this.embedderLast = false;
    return shown;
  }

  reset(): Pending {
    return this.world.reset();
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) if (!this.step()) throw this.never(what);
  }

  async close(): Promise<void> {
    this.world.pvg.stop();
  }

  private get display(): WorldDisplay {
    const [display] = this.world.displays;
    if (!display) throw new RangeError('a world has at least one display');
    return display;
  }

  private carryOut(step: ScriptStep): StepResult {
    const [outcome] = this.script([{ thread: threadOf(step), steps: [step] }]).outcomes;
    return { ok: outcome?.ok ?? false, ...(outcome?.bytes && { bytes: outcome.bytes }) };
  }

  /** Runs a script inside an access to its end. */
  private script(script: readonly ThreadScript[]) {
    const access = script[0]?.thread === 'iosfc' ? MAPPER : KICK;
    const run = this.world.pvg.load(access, script);
    const answered = this.world.access(access);
    this.runUntil('the access is answered', () => answered.answer !== null && run.isDone);
    return run;
  }

  private runUntil(what: string, condition: () => boolean): void {
    while (!condition()) if (!this.step()) throw this.never(what);
  }

  private step(): boolean {
    const ran = this.world.system.step();
    if (this.display.surface !== this.lastSurface) this.surfaces++;
    if (this.display.image !== this.lastImage) this.images++;
    this.lastSurface = this.display.surface;
    this.lastImage = this.display.image;
    return ran;
  }

  private never(what: string): Error {
    return new RangeError(`it never comes that ${what}: ${this.world.system.report()}`);
  }

  /** In turn, but for whom the test holds back. */
  private choose(choices: readonly PendingOperation[]): number | null {
    const free = choices.filter(
      ({ process }) => !(this.gpuHeld && process === 'pvg gpu') && !(this.embedderLast && process === 'embedder'),
    );
    const among = free.length > 0 ? free : choices.filter(({ process }) => this.embedderLast && process === 'embedder');
    if (among.length === 0) return null;
    const chosen = among[this.turns(among) ?? 0];
    return chosen === undefined ? null : choices.indexOf(chosen);
  }
}

/** Every rig is a world of its own. */
export class ScriptedRigs implements RigSource {
  readonly memory = 'tasks';

  async open(options: RigOptions): Promise<Rig> {
    const rig = new ScriptedRig(options);
    await rig.begin();
    return rig;
  }

  async end(): Promise<void> {}
}
