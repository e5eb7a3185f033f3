/**
 * The device as a world of the explorer: production behaviours and machines, the PVG model, and what must hold (threading.md 4).
 *
 * It puts together what createDevice() puts together, for one revision and one scenario. Invariant: no device logic is here; every decision
 * about the device is taken in actors/ and src/device/, every choice by the search.
 */
import { BqlBehaviour } from '../../actors/bql/behaviour.js';
import { RenderQueueBehaviour } from '../../actors/render-queue/behaviour.js';
import { modeChangeWaits, routesOf } from '../../actors/routes.js';
import type { MailboxHandles } from '../../actors/wiring.js';
import { PvgWindow, Upcall } from '../bridge/pvg.js';
import type { PvgRecord } from '../bridge/records.js';
import type { Inbox } from '../explorer/inbox.js';
import { defineWorld, type World, type WorldBuilder } from '../explorer/world.js';
import { RegionReferences } from '../memory/references.js';
import type { BackedRegion, MemoryRegion } from '../memory/region.js';
import { type Revision, type RevisionName, usesRenderQueue } from '../revisions/revision.js';
import { REVISIONS } from '../revisions/revisions.js';
import { FIRST_REPLIES, identify } from './access-tags.js';
import { BqlActor, encodeOf, RenderActor, WorkerActor } from './actors.js';
import { ConsoleActor, EmbedderActor, type GuestAccess, ResetActor, VcpuActor } from './guest.js';
import { ModelMemory } from './memory.js';
import { OwnThread } from './own-thread.js';
import { type WorldConsole, WorldPort } from './port.js';
import { declareProperties } from './properties.js';
import { type PvgFreedom, PvgModel } from './pvg-model.js';
import type { PvgScript } from './pvg-steps.js';
import { Carrier } from './carrier.js';
import { DisplayThread, GpuThread, ScriptThread } from './pvg-threads.js';
import { Tally } from './tally.js';

/** Who does what. */
export interface Scenario {
  readonly name: string;
  readonly summary: string;
  /** What each processor does. */
  readonly vcpus?: readonly (readonly GuestAccess[])[];
  /** Its processors carry accesses into PVG themselves, without the BQL, as those of a VMM in another process do. Default false. */
  readonly unlocked?: boolean;
  /** Threads of PVG's. */
  readonly scripts?: readonly PvgScript[];
  readonly freedom?: PvgFreedom;
  /** Updates that the console asks for: whether each is a screendump. */
  readonly updates?: readonly boolean[];
  readonly reset?: boolean;
  /** The embedder takes the second RAM off the map. */
  readonly removesRam?: boolean;
  /** The display's mode at the beginning, in device and PVG. */
  readonly mode?: { readonly width: number; readonly height: number };
  readonly workers?: number;
  /** Between PVG's refusal of an encode and the telling of it others may run, as on threads; without it, both are one step. */
  readonly tellsLater?: boolean;
  /** What the device counts is part of the state, for who compares it. */
  readonly counts?: boolean;
}

const HANDLES: MailboxHandles = { bql: 1, render: 2, background: 3, watchdog: 0, update: 4 };

/** Where things are in guest-physical memory. */
export const RAM_GPA = 0x4000_0000;
export const RAM_BYTES = 0x10_0000;
export const REMOVABLE_GPA = 0x5000_0000;
export const WINDOW_GPA = 0x3000_0000;
const RAM_ID = 1;
const REMOVABLE_ID = 2;

/** Fields of the device's and the worlds' objects that hold no state: constants, and functions that have none. */
const STATELESS = [
  'port',
  'revision',
  'policies',
  'table',
  'effects',
  'onGone',
  'touch',
  'fail',
  'destroy',
  'identify',
  'world',
  'host',
  'w',
  'scenario',
  'parts',
  'script',
  'say',
  'workedOut',
  'tally',
  'onLock',
];
/** And those that hold only what does not change as long as the memory map does not. */
const MAP_FIELDS = ['view', 'hosts', 'removedHosts', 'removed'];

/** A scenario as a world, in a revision. */
export function deviceWorld(scenario: Scenario, revision: RevisionName): World {
  return worldOf(scenario, revision, (w) => new DeviceWorld(w, scenario, REVISIONS[revision]).declare());
}

/** As deviceWorld(), for who makes the DeviceWorld himself, to look at it. */
export function worldOf(scenario: Scenario, revision: RevisionName, setup: (w: WorldBuilder) => void): World {
  const { name, summary } = scenario;
  return defineWorld(`${name}@${revision}`, setup, {
    summary,
    maxSteps: 1000,
    open: scenario.removesRam ? STATELESS : [...STATELESS, ...MAP_FIELDS],
  });
}

export class DeviceWorld {
  readonly pvg: PvgModel;
  readonly memory: ModelMemory;
  readonly references = new RegionReferences(new ArrayBuffer(4 * 8));
  readonly console: WorldConsole = {
    isRealized: false,
    picture: null,
    cursor: { image: 0, shown: true, x: 0xffff, y: 0xffff },
    requested: 0,
    dones: 0,
    isAwaited: false,
  };
  readonly vcpus: VcpuActor[] = [];
  readonly scripts: ScriptThread[] = [];
  readonly bql: BqlBehaviour;
  readonly render: RenderQueueBehaviour | null;
  readonly own: OwnThread;
  /** What the device has counted, by the counters' names. */
  readonly counts: Map<string, number> | null;
  reset: ResetActor | null = null;
  readonly tally = new Tally();
  readonly inboxes: Record<'bql' | 'render' | 'background' | 'update', Inbox<PvgRecord>>;
  private readonly replies = new Map<number, Inbox<PvgRecord>>();
  private readonly regions: readonly MemoryRegion[];
  private readonly fate = { outcome: 0 };
  private readonly toTell: PvgRecord[] = [];
  private readonly fail: (property: string, text: string) => void;

  constructor(
    private readonly w: WorldBuilder,
    readonly scenario: Scenario,
    readonly revision: Revision,
  ) {
    this.fail = (property, text) => w.fail(property, text);
    const inbox = (name: string): Inbox<PvgRecord> => w.inbox<PvgRecord>(name);
    this.inboxes = { bql: inbox('bql'), render: inbox('render'), background: inbox('background'), update: inbox('update') };
    this.replies.set(0, inbox('embedder'));
    (scenario.vcpus ?? []).forEach((_, number) => {
      this.replies.set(FIRST_REPLIES + number, inbox(`vcpu${number}`));
    });
    this.memory = new ModelMemory(this.fail);
    this.counts = scenario.counts === true ? new Map() : null;
    this.regions = this.makeRegions();
    this.pvg = this.makePvg();
    const port = this.makePort('bql');
    const { references, regions, tally } = this;
    const tracesActors = scenario.counts === true;
    this.bql = new BqlBehaviour({ revision, regions, references, displays: 1, port, onLock: tally.onLock, tracesActors });
    this.own = new OwnThread(revision, this.bql.device.space, this.makePort('PVG'));
    this.render = usesRenderQueue(revision) ? this.makeRender() : null;
  }

  /** Messages in the fullest mailbox. */
  get longest(): number {
    const { bql, render, background, update } = this.inboxes;
    return Math.max(bql.length, render.length, background.length, update.length);
  }

  /** Declares processes and properties. */
  declare(): void {
    const { w, scenario, revision, inboxes, pvg, bql: behaviour, tally, fail } = this;
    const { scripts = [], vcpus = [], updates = [], workers = 2, tellsLater = false, unlocked = false } = scenario;
    this.setFirstMode();
    this.console.isRealized = true;
    w.state(this);
    const gpu = scripts.length + 1;
    const { removesRam = false } = scenario;
    const threads = {
      pvg,
      fail,
      mapsFail: removesRam,
      isDone: (name: string) => this.scripts.find((thread) => thread.script.name === name)?.isDone ?? true,
      use: this.memory.use.bind(this.memory),
      useAddress: this.memory.useAddress.bind(this.memory),
    };
    scripts.forEach((script, index) => {
      this.scripts.push(new ScriptThread(script, index + 1, threads));
    });
    const { bql, update } = inboxes;
    const carrier = (): Carrier => new Carrier(pvg, this.scripts);
    const { background: inbox } = inboxes;
    const workerActors = Array.from(
      { length: workers },
      (_, number) => new WorkerActor({ name: `worker${number}`, inbox, bql, pvg, carrier: carrier(), identify, tally, tellsLater }),
    );
    w.actor('bql', new BqlActor({ staff: workerActors, behaviour, revision, inbox: bql, update, pvg, carrier: carrier(), identify, fail }));
    if (this.render)
      w.actor('render', new RenderActor({ behaviour: this.render, inbox: inboxes.render, bql, toTell: this.toTell, pvg, fate: this.fate }));
    const staff = workerActors.map((worker) => w.actor(worker.name, worker));
    w.interchangeable(...staff);
    vcpus.forEach((accesses, number) => {
      const handle = FIRST_REPLIES + number;
      const replies = this.repliesOf(handle);
      const vcpu = new VcpuActor({ number, accesses, bql, replies, handle, pvg, carrier: carrier(), tally, unlocked, fail });
      this.vcpus.push(vcpu);
      w.actor(`vcpu${number}`, vcpu);
    });
    for (const thread of this.scripts) w.actor(thread.script.name, thread);
    const display = new DisplayThread(pvg, gpu + 1);
    w.actor('display', display);
    w.actor('gpu', new GpuThread(pvg, gpu));
    const owner = revision.frames === 'renderQueueOwned' ? inboxes.render : bql;
    if (updates.length > 0) w.actor('console', new ConsoleActor([...updates], owner, this.console));
    if (scenario.reset) this.declareReset(display, gpu + 2);
    if (scenario.removesRam) this.declareEmbedder();
    declareProperties(w, this);
  }

  private declareReset(display: DisplayThread, thread: number): void {
    const { pvg, scripts } = this;
    const destroy = (range: number): void => {
      pvg.post('task', thread, { kind: Upcall.destroyTask, id: pvg.open(thread, Upcall.destroyTask), words: [range] });
    };
    this.reset = new ResetActor({ pvg, thread, scripts, display, destroy });
    this.w.actor('reset', this.reset);
  }

  private declareEmbedder(): void {
    const { references, memory, inboxes } = this;
    const region = this.regions.find(({ id }) => id === REMOVABLE_ID) as BackedRegion;
    this.w.actor('embedder', new EmbedderActor({ region, references, memory, bql: inboxes.bql, replies: this.repliesOf(0), handle: 0 }));
  }

  private repliesOf(handle: number): Inbox<PvgRecord> {
    return this.replies.get(handle) as Inbox<PvgRecord>;
  }

  private makeRegions(): MemoryRegion[] {
    const ram = (name: string, id: number, gpa: number): BackedRegion => {
      const handle = this.memory.createRam();
      const slot = this.references.claim() ?? 0;
      const hostAddress = this.memory.ramAddress(handle);
      return { kind: 'ram', id, name, gpa, length: RAM_BYTES, priority: 0, ram: handle, ramOffset: 0, hostAddress, slot };
    };
    const window: MemoryRegion = { kind: 'mmio', id: 3, name: 'gfx', gpa: WINDOW_GPA, length: 0x4000, priority: 1, window: PvgWindow.gfx };
    return [ram('ram', RAM_ID, RAM_GPA), ram('removable', REMOVABLE_ID, REMOVABLE_GPA), window];
  }

  private makePvg(): PvgModel {
    const { w, revision, inboxes, scenario } = this;
    const parts = {
      registers: w.object('registers'),
      display: w.object('display'),
      lock: w.object('PVG lock'),
      upcalls: w.object('upcalls'),
    };
    const routes = routesOf(revision, HANDLES);
    const inboxOf = [null, inboxes.bql, inboxes.render, inboxes.background, inboxes.update];
    return new PvgModel({
      ...{
        parts,
        freedom: scenario.freedom ?? {},
        modeChangeWaits: modeChangeWaits(revision),
        modeChangeTo: revision.modeChanges === 'renderQueue' ? 'render' : 'bql',
        fail: this.fail,
      },
      touch: (kind, part) => w.touch(kind, part),
      post: (name, record) => {
        if (!this.own.answers(name, record)) inboxOf[routes[name]]?.post(record);
      },
    });
  }

  private makePort(actor: 'bql' | 'render queue' | 'PVG'): WorldPort {
    const { revision, pvg, memory, console, counts, inboxes, replies, tally, fail } = this;
    return new WorldPort(actor, { revision, pvg, memory, console, counts, inboxes, replies, tally, fail });
  }

  private makeRender(): RenderQueueBehaviour {
    const { revision, pvg, inboxes, toTell, scenario } = this;
    return new RenderQueueBehaviour({
      ...{ revision, displays: 1, device: this.makePort('render queue') },
      port: {
        tellBql: (kind, frame, display, words) => {
          const record = { kind, id: frame, words, thread: 0, reserved: display };
          if (scenario.tellsLater) toTell.push(record);
          else inboxes.bql.post(record);
        },
        encode: encodeOf(pvg, this.fate),
      },
    });
  }

  private setFirstMode(): void {
    const { mode } = this.scenario;
    if (!mode) return;
    this.pvg.mode = mode;
    const owner = this.revision.frames === 'renderQueueOwned' ? this.render?.displays[0] : this.bql.device.displays[0];
    owner?.frames.setMode(mode.width, mode.height);
  }
}
