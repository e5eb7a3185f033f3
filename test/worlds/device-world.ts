/**
 * The whole device in one thread, deterministic: the production behaviours, the scripted PVG, memory and mailboxes as arrays.
 *
 * It starts what createDevice() starts, in the same shape, and a scheduler says who runs. Invariant: nothing runs but by the scheduler's
 * choice, so what an embedder or a guest does here is filed, and done when its process gets its turn.
 */
import { BqlBehaviour } from '../../actors/bql/behaviour.js';
import { Message, messageName } from '../../actors/messages.js';
import { RenderQueueBehaviour } from '../../actors/render-queue/behaviour.js';
import { modeChangeWaits, ownAnswersOf, routesOf } from '../../actors/routes.js';
import type { MailboxHandles } from '../../actors/wiring.js';
import { BACKGROUND_WORKERS, MAX_BACKGROUND_WORKERS } from '../../src/base/limits.js';
import type { UpcallClassName } from '../../src/bridge/pvg.js';
import { ScriptedPvg, type ScriptedPvgOptions } from '../../src/bridge/scripted-pvg.js';
import { type Revision, type RevisionName, usesRenderQueue } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { type Body, BodyProcess, type Process, ProcessSystem, roundRobin, type Scheduler } from '../../src/runtime/process.js';
import { Counters, CursorState, InterruptLines } from '../../src/runtime/shared.js';
import { Tracer } from '../../src/trace/tracer.js';
import { BqlProcess, backgroundWorker, isBusy, OwnThreadProcess, RenderProcess } from './actors.js';
import { accessWords, processor, type WorldAccess } from './guest.js';
import { ModelMailboxes } from './mailboxes.js';
import { ModelMemory } from './memory.js';
import { type AddedMemory, type Answered, RAM_BASE, WorldMemoryMap } from './memory-map.js';
import { OwnThreadBehaviour } from './own-thread.js';
import { type WorldDisplay, WorldPort } from './port.js';

export interface WorldOptions extends Pick<ScriptedPvgOptions, 'refuseEvery' | 'managedTextures' | 'entryLocks'> {
  readonly revision: RevisionName;
  readonly variant?: 'mmio' | 'pci';
  /** Default: the processes take turns. */
  readonly scheduler?: Scheduler;
  readonly ramBytes?: number;
  /** The mode that the host prefers. */
  readonly preferred?: { readonly width: number; readonly height: number };
  readonly displays?: number;
  readonly vectors?: number;
  /** Trace events to switch on, as globs. */
  readonly trace?: readonly string[];
}

export class DeviceWorld {
  readonly revision: Revision;
  readonly memory = new ModelMemory();
  readonly mailboxes = new ModelMailboxes();
  readonly counters = new Counters();
  readonly interrupts = new InterruptLines();
  readonly displays: readonly WorldDisplay[];
  readonly guestErrors: string[] = [];
  readonly lines: string[] = [];
  readonly pvg: ScriptedPvg;
  readonly map: WorldMemoryMap;
  readonly system: ProcessSystem;
  readonly bql: BqlProcess;
  readonly render: RenderProcess | null;
  /** PVG's own thread, of a revision that has it look things up. */
  readonly ownThread: OwnThreadProcess | null;
  private readonly handles: MailboxHandles;
  /** What the scripted PVG's own thread is asked through. */
  private readonly ownMailbox: number;
  private readonly tracer: Tracer;
  private readonly workers: BodyProcess[] = [];
  /** vCPUs, the embedder, a reset. */
  private readonly others = new Map<string, BodyProcess>();
  private readonly waiting = new Map<number, Answered>();
  private nextToken = 1;

  constructor(private readonly options: WorldOptions) {
    const { variant = 'mmio', ramBytes = 4 * 2 ** 20, displays = 1, refuseEvery = 0, managedTextures = false, entryLocks = {} } = options;
    this.revision = REVISIONS[options.revision];
    this.handles = this.makeMailboxes();
    this.ownMailbox = this.mailboxes.create('own thread');
    this.tracer = new Tracer(options.trace ?? [], (line) => this.lines.push(line), { kindName: messageName });
    this.displays = Array.from({ length: displays }, newDisplay);
    const routes = this.makeRoutes();
    this.pvg = new ScriptedPvg({
      ...{ refuseEvery, managedTextures, entryLocks, ports: displays },
      modeChangeWaits: modeChangeWaits(this.revision),
      post: (name, record) => this.mailboxes.post(routes[name], record),
    });
    this.system = new ProcessSystem(() => this.processes, options.scheduler ?? roundRobin());
    this.map = new WorldMemoryMap({ memory: this.memory, actors: () => this.mapActors }, { variant, ramBytes });

    const port = this.makePort(variant);
    const { revision, mailboxes, handles } = this;
    const parts = { revision, regions: this.map.list, references: this.map.references, port };
    const behaviour = new BqlBehaviour({ ...parts, displays, tracesActors: true });
    this.bql = new BqlProcess(behaviour, (call) => port.block(call), mailboxes, handles.bql);
    this.render = usesRenderQueue(revision) ? this.makeRender(port, displays) : null;
    this.ownThread = this.looksUpItself ? new OwnThreadProcess(new OwnThreadBehaviour(parts), mailboxes, this.ownMailbox) : null;
    this.growWorkers(BACKGROUND_WORKERS);
    this.setFirstModes();
  }

  /** Everybody, in the order in which a round robin takes them. */
  get processes(): readonly Process[] {
    const actors = [this.bql, this.render, this.ownThread].filter((process) => process !== null);
    return [...actors, ...this.workers, ...this.others.values(), ...this.pvg.processes];
  }

  /** Guest-physical address of a byte of RAM. */
  gpa(offset: number): number {
    return RAM_BASE + offset;
  }

  /** RAM's bytes. */
  get ram(): Uint8Array {
    return this.memory.ram(this.map.ram);
  }

  /** An access of the embedder's, which is answered to it. */
  access(access: WorldAccess): Answered {
    return this.ask(this.handles.bql, { kind: Message.access, words: accessWords(access, 0), reserved: access.high ?? 0 });
  }

  /** Has a vCPU make accesses, one after the other; `values` is what they are answered. */
  vcpu(name: string, accesses: readonly WorldAccess[]): { readonly process: BodyProcess; readonly values: readonly number[] } {
    const values: number[] = [];
    const { pvg, mailboxes, handles } = this;
    const process = this.process(name);
    process.start(processor({ pvg, mailboxes, bql: handles.bql, replies: mailboxes.create(name) }, accesses, values));
    return { process, values };
  }

  /** The console asks for an update. */
  requestUpdate(display: number, screendump = false): void {
    const owner = this.revision.frames === 'renderQueueOwned' ? this.handles.render : this.handles.bql;
    this.mailboxes.post(owner, { kind: Message.updateRequested, words: [display, screendump ? 1 : 0] });
  }

  /** PVG is reset, on a thread of its own, which is done then. */
  reset(): BodyProcess {
    return this.start('reset', this.pvg.reset());
  }

  /** Memory that the embedder adds: its bytes are there at once, and the device sees it when the embedder is done. */
  addMemory(gpa: number, bytes: number, kind: 'ram' | 'rom' = 'ram', priority = 0): AddedMemory {
    const { id, ram, body } = this.map.addMemory(gpa, bytes, kind, priority);
    this.start('embedder', body);
    return { id, ram };
  }

  addDevice(gpa: number, bytes: number, read: (offset: number) => number | null): void {
    this.start('embedder', this.map.addDevice(gpa, bytes, read));
  }

  /** Takes a region off the device's maps; the embedder is done then. */
  removeRegion(id: number): void {
    this.start('embedder', this.map.remove(id));
  }

  /** Who adds and removes memory and answers reads of other devices' registers. */
  get embedder(): BodyProcess {
    return this.process('embedder');
  }

  private start(name: string, body: Body): BodyProcess {
    const process = this.process(name);
    process.start(body);
    return process;
  }

  private process(name: string): BodyProcess {
    const process = this.others.get(name) ?? new BodyProcess(name);
    this.others.set(name, process);
    return process;
  }

  private get mapActors() {
    const mailboxes = this.ownThread ? [this.handles.bql, this.ownMailbox] : [this.handles.bql];
    return mailboxes.map((mailbox) => (record: Parameters<DeviceWorld['ask']>[1]) => this.ask(mailbox, record));
  }

  private ask(mailbox: number, record: { readonly kind: number; readonly words: readonly number[]; readonly reserved: number }): Answered {
    const id = this.nextToken++;
    const answered: Answered = { answer: null };
    this.waiting.set(id, answered);
    this.mailboxes.post(mailbox, { ...record, id });
    return answered;
  }

  private reply(token: number, value: number, high: number): void {
    const waiting = this.waiting.get(token);
    if (waiting) waiting.answer = { value, high };
    this.waiting.delete(token);
  }

  private growWorkers(count: number): void {
    while (this.workers.length < Math.min(count, MAX_BACKGROUND_WORKERS)) {
      const worker = new BodyProcess(`worker ${this.workers.length + 1}`);
      const { pvg, mailboxes, handles, tracer } = this;
      worker.start(backgroundWorker({ pvg, mailboxes, background: handles.background, bql: handles.bql, tracer }));
      this.workers.push(worker);
    }
  }

  private *answerRead(job: number, region: number, offset: number): Body {
    const run = (): void => {
      const value = this.map.readDevice(region, offset);
      this.mailboxes.post(this.handles.bql, { kind: Message.jobDone, id: job, words: [value === null ? 0 : 1, value ?? 0] });
    };
    yield { mode: 'send', object: 'mailbox bql', text: `answer a read of its register 0x${offset.toString(16)}`, run };
  }

  private makeMailboxes(): MailboxHandles {
    const make = (name: string): number => this.mailboxes.create(name);
    return {
      bql: make('bql'),
      render: make('render'),
      background: make('background'),
      watchdog: 0,
      update: make('update'),
    };
  }

  private get looksUpItself(): boolean {
    return Object.values(ownAnswersOf(this.revision)).some((policy) => policy !== 0);
  }

  /** As on real threads, but that a scripted PVG can only ask its own thread as it asks an actor. */
  private makeRoutes(): Readonly<Record<UpcallClassName, number>> {
    const own = ownAnswersOf(this.revision);
    const routes = routesOf(this.revision, this.handles);
    return {
      ...routes,
      task: own.own_tasks ? this.ownMailbox : routes.task,
      read: own.own_reads ? this.ownMailbox : routes.read,
      iosfc: own.own_iosfc ? this.ownMailbox : routes.iosfc,
    };
  }

  private makePort(variant: 'mmio' | 'pci'): WorldPort {
    const { revision, system, pvg, memory, mailboxes, handles, counters, interrupts, displays, guestErrors } = this;
    return new WorldPort({
      ...{ revision, variant, vectors: this.options.vectors ?? 32, system, pvg, memory, mailboxes, handles },
      ...{ managedTextures: this.options.managedTextures ?? false, counters, interrupts, displays, guestErrors },
      tracer: this.tracer,
      reply: (token, value, high) => this.reply(token, value, high),
      readDevice: (job, region, offset) => void this.start('embedder', this.answerRead(job, region, offset)),
      growWorkers: () => this.growWorkers(this.workers.filter(isBusy).length + 1),
    });
  }

  private makeRender(port: WorldPort, displays: number): RenderProcess {
    const { revision, pvg, mailboxes, handles } = this;
    const behaviour = new RenderQueueBehaviour({
      ...{ revision, device: port, displays, tracesActors: true },
      port: {
        tellBql: (kind, frame, display, words) => mailboxes.post(handles.bql, { kind, id: frame, reserved: display, words }),
        encode: ({ display, frame, texture, managed }) => pvg.encodeNow({ port: display, frame, texture, synchronize: managed }),
      },
    });
    return new RenderProcess({ behaviour, revision, pvg, mailboxes, mailbox: handles.render });
  }

  private setFirstModes(): void {
    const { firstMode, frames } = this.revision;
    if (firstMode === 'none') return;
    const { width, height } = firstMode === 'fixed' ? { width: 1440, height: 1080 } : (this.options.preferred ?? { width: 64, height: 48 });
    const owners = frames === 'renderQueueOwned' ? this.render?.behaviour.displays : this.bql.behaviour.device.displays;
    for (const display of owners ?? []) display.frames.setMode(width, height);
  }
}

function newDisplay(): WorldDisplay {
  const cursor = new CursorState();
  cursor.setShown(true);
  cursor.moveTo(0xffff, 0xffff);
  return { surface: null, cursor, image: null, updates: 0, dones: 0, lastPresent: 0 };
}
