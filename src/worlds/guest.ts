/**
 * Those outside the device: the guest's processors, the console, the embedder, and whoever resets the device.
 *
 * Invariant: each does what its script says and waits as its thread would.
 */
import { Message } from '../../actors/messages.js';
import { assert } from '../base/errors.js';
import type { PvgRecord } from '../bridge/records.js';
import type { Actor, Pending } from '../explorer/actor.js';
import type { Inbox } from '../explorer/inbox.js';
import { Kind } from '../explorer/operation.js';
import type { SharedObject } from '../explorer/shared-object.js';
import type { RegionReferences } from '../memory/references.js';
import { identify, tagOf } from './access-tags.js';
import type { ModelMemory } from './memory.js';
import { whole } from './port.js';
import type { PvgModel } from './pvg-model.js';
import type { Carrier } from './carrier.js';
import type { DisplayThread, ScriptThread } from './pvg-threads.js';
import type { Tally } from './tally.js';

/** An access of a guest's: to the register of its own, or a write to another one, by which it tells PVG to do something. */
export type GuestAccess = 'read' | 'write' | { readonly order: number };

const FIRST_REGISTER = 0x1000;

/** A processor's own register. */
export function registerOf(vcpu: number): number {
  return FIRST_REGISTER + 4 * vcpu;
}

function nameOf(access: GuestAccess | undefined): string {
  return access === undefined ? 'nothing' : typeof access === 'object' ? `order 0x${access.order.toString(16)}` : access;
}

export interface VcpuParts {
  readonly number: number;
  readonly accesses: readonly GuestAccess[];
  readonly bql: Inbox<PvgRecord>;
  readonly replies: Inbox<PvgRecord>;
  /** Handle of the reply mailbox. */
  readonly handle: number;
  readonly pvg: PvgModel;
  readonly carrier: Carrier;
  readonly tally: Tally;
  /** It carries its accesses into PVG itself, and the device's lock has no part in them (VcpuOptions.unlocked). */
  readonly unlocked: boolean;
  fail(property: string, text: string): void;
}

export class VcpuActor implements Actor {
  /** Accesses that were answered. */
  done = 0;
  private state: 'ready' | 'waiting' | 'entering' = 'ready';
  private written = 0;
  /** The access that the thread carries into PVG itself. */
  private entered: PvgRecord | null = null;

  private readonly carrier: Carrier;
  private readonly say = (): string => this.nextStep();

  constructor(private readonly parts: VcpuParts) {
    this.carrier = parts.carrier;
  }

  get isDone(): boolean {
    return this.done === this.parts.accesses.length;
  }

  /** Number of the access that is not answered yet, from 1 on; 0: there is none. */
  get inProgress(): number {
    return this.state === 'ready' ? 0 : this.done + 1;
  }

  watches(): readonly SharedObject[] {
    const { replies, pvg } = this.parts;
    return [replies.target, pvg.parts.registers, pvg.parts.lock];
  }

  look(next: Pending): void {
    const { bql, replies, pvg, carrier } = this.parts;
    next.describe = this.say;
    if (this.state === 'entering') {
      const can = carrier.isInside ? carrier.canLeave : carrier.canEnter;
      if (can) next.ready(Kind.update, pvg.parts.registers);
      else next.blocked(Kind.awaitReply, pvg.parts.registers);
    } else if (this.state === 'waiting') {
      if (replies.length > 0) next.ready(Kind.receive, replies.target);
      else next.blocked(Kind.awaitReply, replies.target);
    } else if (this.isDone) next.idle();
    else next.ready(Kind.send, bql.target);
  }

  /** A reply is taken together with the next access: nobody else sees the taking. */
  run(): void {
    if (this.state === 'entering') return this.goInside();
    if (this.state === 'waiting') {
      if (!this.take() || this.isDone) return;
    }
    this.access();
    if (this.parts.unlocked) this.goInside();
  }

  waitsFor(): readonly string[] {
    return this.state === 'entering' || (this.parts.unlocked && this.state === 'ready') ? this.carrier.waitsFor : ['bql'];
  }

  describe(): string {
    const { accesses } = this.parts;
    return this.isDone ? 'done' : `${this.state} with ${nameOf(accesses[this.done])} ${this.done + 1} of ${accesses.length}`;
  }

  private nextStep(): string {
    const { accesses, carrier } = this.parts;
    const now = nameOf(accesses[this.done]);
    if (this.state === 'entering') return carrier.isInside ? 'return from PVG' : `enter PVG to ${now}`;
    if (this.state === 'ready') return now;
    const next = accesses[this.done + 1];
    return next === undefined ? `see the ${now} answered` : `see the ${now} answered, ${nameOf(next)}`;
  }

  private access(): void {
    const { number, accesses, bql, handle, tally } = this.parts;
    const access = accesses[this.done] ?? 'read';
    const operation = access === 'read' ? 0 : 1;
    const tag = tagOf(number, this.done);
    if (access === 'write') this.written = tag;
    const offset = typeof access === 'object' ? access.order : registerOf(number);
    const words = [operation, 0, 4, offset, tag, handle];
    if (this.parts.unlocked) {
      this.entered = whole({ kind: Message.enterPvg, id: this.done + 1, words });
      this.state = 'entering';
      return;
    }
    bql.post(whole({ kind: Message.access, id: this.done + 1, words }));
    tally.post(number);
    this.state = 'waiting';
  }

  /** Whether it can go on with its next access. */
  private take(): boolean {
    const { replies } = this.parts;
    const reply = replies.take();
    assert(reply !== undefined, 'a vCPU took what was not there');
    if (reply.kind === Message.enterPvg) {
      this.entered = reply;
      this.state = 'entering';
      return false;
    }
    this.answered(reply.id, reply.words[0] ?? 0);
    return true;
  }

  private answered(id: number, value: number): void {
    const { number, accesses, fail } = this.parts;
    if (id !== this.done + 1) fail('P4', `vcpu ${number} gets the answer to its access ${id - 1}, and waits for ${this.done}`);
    if (accesses[this.done] === 'read' && value !== this.written) {
      fail('P5', `vcpu ${number} reads ${value} from a register that it wrote ${this.written} to`);
    }
    this.state = 'ready';
    this.done++;
  }

  private goInside(): void {
    const { number, carrier, bql, tally } = this.parts;
    const record = this.entered;
    assert(record !== null, 'a vCPU is inside PVG with nothing');
    const [operation = 0, , , offset = 0, value = 0] = record.words;
    if (!carrier.isInside) {
      const { vcpu, index } = identify(record.words);
      carrier.enter({ write: operation === 1, offset, value }, vcpu, index);
      return;
    }
    this.entered = null;
    if (this.parts.unlocked) return this.answered(record.id, carrier.leave());
    bql.post(whole({ kind: Message.accessReturned, id: record.id, words: [1, carrier.leave(), 0] }));
    tally.post(number);
    this.state = 'waiting';
  }
}

/** The console: asks for updates. */
export class ConsoleActor implements Actor {
  private readonly say = (): string => (this.requests[0] === true ? 'ask for a screendump' : 'ask for an update');

  constructor(
    /** Left to ask: whether each is a screendump. */
    private readonly requests: boolean[],
    private readonly owner: Inbox<PvgRecord>,
    private readonly console: { requested: number; isAwaited: boolean },
  ) {}

  watches(): readonly SharedObject[] {
    return [];
  }

  look(next: Pending): void {
    next.describe = this.say;
    if (this.requests.length > 0) next.ready(Kind.send, this.owner.target);
    else next.idle();
  }

  run(): void {
    const screendump = this.requests.shift() === true;
    this.console.requested++;
    this.console.isAwaited = true;
    this.owner.post(whole({ kind: Message.updateRequested, words: [0, screendump ? 1 : 0] }));
  }

  describe(): string {
    return `${this.requests.length} updates to ask for`;
  }
}

/** Takes a region off the memory map, and its memory away once nobody has a reference. */
export class EmbedderActor implements Actor {
  private state: 'ready' | 'waiting' | 'done' = 'ready';
  private readonly say = (): string => (this.state === 'ready' ? 'take RAM off the map' : 'see RAM taken off the map');

  constructor(
    private readonly parts: {
      readonly region: { readonly id: number; readonly slot: number; readonly ram: number };
      readonly references: RegionReferences;
      readonly memory: ModelMemory;
      readonly bql: Inbox<PvgRecord>;
      readonly replies: Inbox<PvgRecord>;
      readonly handle: number;
    },
  ) {}

  watches(): readonly SharedObject[] {
    return [this.parts.replies.target];
  }

  look(next: Pending): void {
    const { bql, replies } = this.parts;
    next.describe = this.say;
    if (this.state === 'ready') next.ready(Kind.send, bql.target);
    else if (this.state === 'done') next.idle();
    else if (replies.length > 0) next.ready(Kind.receive, replies.target);
    else next.blocked(Kind.awaitReply, replies.target);
  }

  run(): void {
    const { region, references, memory, bql, replies } = this.parts;
    if (this.state === 'ready') {
      bql.post(whole({ kind: Message.regionRemoved, id: 1, reserved: region.id }));
      this.state = 'waiting';
      return;
    }
    replies.take();
    if (references.remove(region.slot)) memory.destroyRam(region.ram);
    this.state = 'done';
  }

  waitsFor(): readonly string[] {
    return ['bql'];
  }

  describe(): string {
    return this.state === 'done' ? 'has removed the region' : 'removes a region';
  }
}

const RESET_STEPS = {
  ready: 'begin the reset',
  quieting: 'see PVG quiet, destroy tasks',
  asked: 'see a task destroyed',
  draining: 'see the GPU idle, end the reset',
  done: '',
} as const;

/** pvg_device_reset: accesses are completed, tasks destroyed by upcalls, frames forgotten. */
export class ResetActor implements Actor {
  private state: 'ready' | 'quieting' | 'asked' | 'draining' | 'done' = 'ready';
  private readonly say = (): string => RESET_STEPS[this.state];

  constructor(
    private readonly parts: {
      readonly pvg: PvgModel;
      readonly thread: number;
      readonly scripts: readonly ScriptThread[];
      readonly display: DisplayThread;
      /** Asks for a task to be destroyed. */
      readonly destroy: (range: number) => void;
    },
  ) {}

  get isDone(): boolean {
    return this.state === 'done';
  }

  watches(): readonly SharedObject[] {
    const { upcalls, display, registers } = this.parts.pvg.parts;
    return [upcalls, display, registers];
  }

  look(next: Pending): void {
    const { pvg, thread } = this.parts;
    next.describe = this.say;
    if (this.isDone) return next.idle();
    const can = this.state === 'ready' || this.canGoOn();
    if (can) next.ready(Kind.update, pvg.parts.upcalls);
    else next.blocked(Kind.awaitReply, this.state === 'asked' && pvg.cell(thread).id !== 0 ? pvg.parts.upcalls : pvg.parts.registers);
  }

  run(): void {
    const { pvg, thread } = this.parts;
    for (const part of [pvg.parts.upcalls, pvg.parts.display, pvg.parts.registers]) pvg.touch(Kind.update, part);
    switch (this.state) {
      case 'ready':
        pvg.refusing = true;
        this.state = 'quieting';
        return;
      case 'quieting':
        pvg.events.length = 0;
        return this.destroyNext();
      case 'asked':
        pvg.cell(thread).id = 0;
        return this.destroyNext();
      case 'draining':
        pvg.restart();
        this.state = 'done';
    }
  }

  waitsFor(): readonly string[] {
    const { pvg, thread, scripts, display } = this.parts;
    if (this.state === 'asked' && !pvg.cell(thread).answered) return ['bql'];
    if (this.state === 'draining') return ['gpu'];
    const active = scripts.filter(({ isActive }) => isActive).map(({ script }) => script.name);
    if (this.state === 'asked') return active;
    return [...active, ...(display.isAsking ? ['display'] : []), ...(pvg.inside > 0 ? ['bql'] : [])];
  }

  describe(): string {
    return this.state;
  }

  private canGoOn(): boolean {
    const { pvg, thread, scripts, display } = this.parts;
    if (this.state === 'draining') return pvg.encodes.length === 0;
    // An access that comes in meanwhile may make tasks of its own: none is destroyed while somebody uses it.
    if (scripts.some(({ isActive }) => isActive)) return false;
    return this.state === 'asked' ? pvg.cell(thread).answered : pvg.inside === 0 && !display.isAsking;
  }

  private destroyNext(): void {
    const { pvg, thread, destroy } = this.parts;
    const [entry] = pvg.tasks;
    if (entry === undefined) {
      this.state = 'draining';
      return;
    }
    const [task, range] = entry;
    pvg.tasks.delete(task);
    this.state = 'asked';
    destroy(range);
    if (pvg.cell(thread).answered) {
      pvg.cell(thread).id = 0;
      this.destroyNext();
    }
  }
}
