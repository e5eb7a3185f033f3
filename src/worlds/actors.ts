/**
 * The device's actors as processes: what their threads do with their mailboxes, around the production behaviours.
 *
 * Invariant: a step is what a thread does between two looks at what others may change, so that the search decides what is in a batch, who
 * gets an unfair lock and how PVG behaves, and nothing else. No device logic is here.
 */
import { type CarryWork, jobAnswer, type Work, workOf } from '../../actors/background-queue/behaviour.js';
import type { BqlBehaviour } from '../../actors/bql/behaviour.js';
import type { Blocking } from '../../actors/bql/continuations.js';
import { messageName } from '../../actors/messages.js';
import type { EncodeRequest, RenderQueueBehaviour } from '../../actors/render-queue/behaviour.js';
import { assert } from '../base/errors.js';
import { TAKE_BATCH } from '../base/limits.js';
import type { PvgRecord } from '../bridge/records.js';
import type { Actor, Pending } from '../explorer/actor.js';
import type { Inbox } from '../explorer/inbox.js';
import { Kind } from '../explorer/operation.js';
import type { SharedObject } from '../explorer/shared-object.js';
import type { Revision } from '../revisions/revision.js';
import { whole } from './port.js';
import type { PvgModel } from './pvg-model.js';
import type { Carrier } from './carrier.js';
import type { Tally } from './tally.js';

/** What is said of an encode besides. */
function refusal(outcome: number): string {
  return outcome === 1 ? ', which PVG refuses' : '';
}

/** Which access a job carries: whose and which, as the world's vCPUs write it into their accesses. */
export type Identify = (words: readonly number[]) => { readonly vcpu: number; readonly index: number };

export interface BqlParts {
  readonly behaviour: BqlBehaviour;
  readonly revision: Revision;
  readonly inbox: Inbox<PvgRecord>;
  /** Where completions come of a revision that waits for them inside the update. */
  readonly update: Inbox<PvgRecord>;
  readonly pvg: PvgModel;
  readonly carrier: Carrier;
  readonly identify: Identify;
  /** Workers of the background queue. */
  readonly staff: readonly WorkerActor[];
  fail(property: string, text: string): void;
}

export class BqlActor implements Actor {
  private readonly batch: PvgRecord[] = [];
  /** Of a frame that is encoded inside the update: PVG has taken it. */
  private encoding = false;

  private readonly carrier: Carrier;
  private readonly say = (outcome: number): string => this.nextStep(outcome);

  constructor(private readonly parts: BqlParts) {
    this.carrier = parts.carrier;
  }

  watches(): readonly SharedObject[] {
    const { inbox, update, pvg } = this.parts;
    return [inbox.target, update.target, pvg.parts.registers, pvg.parts.lock, pvg.parts.display];
  }

  look(next: Pending): void {
    const { behaviour, inbox, revision } = this.parts;
    const { blocking } = behaviour;
    next.describe = this.say;
    if (blocking !== null) return this.lookInside(blocking, next);
    const grants = revision.lockGrants === 'anyone' ? behaviour.grantable : 0;
    if (grants > 0) next.ready(Kind.drain, inbox.target, grants);
    else if (inbox.length > 0) next.ready(Kind.drain, inbox.target);
    else if (behaviour.held) next.blocked(Kind.awaitReply, inbox.target);
    else next.idle();
  }

  run(outcome: number): void {
    const { behaviour, inbox } = this.parts;
    const { blocking } = behaviour;
    if (blocking !== null) {
      if (!this.goInside(blocking, outcome)) return;
    } else if (behaviour.grantable > 0) {
      behaviour.prefer(outcome);
      behaviour.step();
    } else {
      const { batch } = this;
      inbox.drain(batch, TAKE_BATCH);
      for (let index = 0; index < batch.length; index++) behaviour.receive(batch[index] as PvgRecord);
      while (batch.length > 0) batch.pop();
    }
    this.work();
  }

  /** Whoever carries the job of the innermost wait, or the render queue if that was lent the lock. */
  waitsFor(): readonly string[] {
    const { behaviour, staff, pvg } = this.parts;
    if (behaviour.blocking !== null)
      return behaviour.blocking.do === 'enterPvg' ? this.carrier.waitsFor : [this.encoding ? 'gpu' : pvg.owner];
    const job = behaviour.waitsForJob;
    if (job === 0) return ['render'];
    const carriers = staff.filter((worker) => worker.job === job).map(({ name }) => name);
    return carriers.length > 0 ? carriers : staff.map(({ name }) => name);
  }

  describe(): string {
    const { behaviour, inbox } = this.parts;
    const { bottomHalves, sections, nestedWaits } = behaviour.waiting;
    const names = (kinds: readonly number[]): string => kinds.map(messageName).join(' ');
    const parts = [behaviour.blocking !== null ? `inside PVG: ${behaviour.blocking.do}` : behaviour.held ? 'held' : 'free'];
    if (nestedWaits > 0) parts.push(`${nestedWaits} waits`);
    if (sections.length > 0) parts.push(`lock wanted by ${names(sections)}`);
    if (bottomHalves.length > 0) parts.push(`BHs ${names(bottomHalves)}`);
    if (inbox.length > 0) parts.push(`inbox ${names(inbox.contents.map(({ kind }) => kind))}`);
    return parts.join(', ');
  }

  private nextStep(outcome: number): string {
    const { behaviour, inbox } = this.parts;
    const { blocking } = behaviour;
    if (blocking !== null)
      return this.carrier.isInside || this.encoding ? `return from ${blocking.do}` : `${blocking.do}${refusal(outcome)}`;
    if (behaviour.grantable > 0) return `grant the lock to ${messageName(behaviour.waiting.sections[outcome] ?? 0)}`;
    return `take ${inbox.contents.map(({ kind }) => messageName(kind)).join(' ')}`;
  }

  /** Does what can be done without a choice of the lock's. */
  private work(): void {
    const { behaviour, revision } = this.parts;
    const fair = revision.lockGrants === 'firstCome';
    for (;;) {
      const { nestedWaits, wanted } = behaviour;
      if (behaviour.blocking !== null || !(fair || behaviour.grantable <= 1) || !behaviour.step()) return;
      // A step is one decision, so a section that is gone now was granted the lock in it.
      if (nestedWaits > 0 && behaviour.wanted < wanted) this.parts.fail('BQL', 'a section runs while a handler waits with the lock held');
    }
  }

  private lookInside(call: Blocking, next: Pending): void {
    const { pvg, carrier, update } = this.parts;
    if (call.do === 'enterPvg') {
      const can = carrier.isInside ? carrier.canLeave : carrier.canEnter;
      if (can) next.ready(Kind.update, pvg.parts.registers);
      else next.blocked(Kind.awaitReply, pvg.parts.registers);
    } else if (this.encoding) {
      if (update.length > 0) next.ready(Kind.receive, update.target);
      else next.blocked(Kind.awaitReply, update.target);
    } else if (pvg.canEncode) next.ready(Kind.update, pvg.parts.display, pvg.encodeOutcomes);
    else next.blocked(Kind.lock, pvg.parts.lock);
  }

  /** Whether the call has returned. */
  private goInside(call: Blocking, outcome: number): boolean {
    const { behaviour, pvg, carrier, update, identify, fail } = this.parts;
    if (call.do === 'enterPvg') {
      const { operation, window, size, offset, value, high } = call.access;
      if (!carrier.isInside) {
        fail('P3', 'the bql enters PVG with an access');
        const { vcpu, index } = identify([operation, window, size, offset, value, high]);
        carrier.enter({ write: operation === 1, offset, value }, vcpu, index);
        return false;
      }
      behaviour.unblock(call.returned({ ok: true, value: carrier.leave(), high: 0 }));
      return true;
    }
    if (!this.encoding) {
      fail('P3', 'the bql enters PVG with an encode');
      if (pvg.encode(call.frame.frame, call.frame.texture, outcome)) {
        this.encoding = true;
        return false;
      }
      behaviour.unblock(call.returned(null));
      return true;
    }
    const words = update.take()?.words ?? [];
    this.encoding = false;
    behaviour.unblock(call.returned({ ok: words[2] === 0, present: words[3] ?? 0 }));
    return true;
  }
}

export interface RenderParts {
  readonly behaviour: RenderQueueBehaviour;
  readonly inbox: Inbox<PvgRecord>;
  readonly bql: Inbox<PvgRecord>;
  /** What it has decided to tell the BQL actor, and not told. */
  readonly toTell: PvgRecord[];
  readonly pvg: PvgModel;
  /** The outcome that an encode of this step is to have. */
  readonly fate: { outcome: number };
}

export class RenderActor implements Actor {
  private readonly say = (outcome: number): string => {
    const { behaviour, inbox, toTell } = this.parts;
    const [told] = toTell;
    if (told) return `tell ${messageName(told.kind)}`;
    const kind = behaviour.next || (inbox.contents[0]?.kind ?? 0);
    return kind === 0 ? 'go on with the BQL' : `${messageName(kind)}${refusal(outcome)}`;
  };

  constructor(private readonly parts: RenderParts) {}

  watches(): readonly SharedObject[] {
    const { inbox, pvg } = this.parts;
    return [inbox.target, pvg.parts.lock, pvg.parts.display];
  }

  look(next: Pending): void {
    const { behaviour, inbox, pvg, bql, toTell } = this.parts;
    next.describe = this.say;
    if (toTell.length > 0) return next.ready(Kind.send, bql.target);
    const kind = behaviour.next === 0 ? (inbox.contents[0]?.kind ?? 0) : behaviour.next;
    if (kind === 0) {
      if (behaviour.waitsForBql) next.blocked(Kind.awaitReply, inbox.target);
      else next.idle();
    } else if (!behaviour.encodesAtOnce(kind)) next.ready(Kind.receive, inbox.target);
    else if (pvg.canEncode) next.ready(Kind.update, pvg.parts.display, pvg.encodeOutcomes);
    else next.blocked(Kind.lock, pvg.parts.lock);
  }

  /** The taking from its own mailbox is nobody else's affair, so it is one step with what begins then. */
  run(outcome: number): void {
    const { behaviour, inbox, fate, bql, toTell } = this.parts;
    const told = toTell.shift();
    if (told !== undefined) return bql.post(told);
    fate.outcome = outcome;
    if (behaviour.next === 0) {
      const record = inbox.take();
      assert(record !== undefined, 'the render queue took what was not there');
      behaviour.receive(record);
    }
    behaviour.step();
  }

  waitsFor(): readonly string[] {
    return this.parts.behaviour.waitsForBql ? ['bql'] : [this.parts.pvg.owner];
  }

  describe(): string {
    const { state, queued } = this.parts.behaviour.inspection as { readonly state: string; readonly queued: readonly string[] };
    return `${state}${queued.length > 0 ? `, queued ${queued.join(' ')}` : ''}`;
  }
}

export interface WorkerParts {
  readonly name: string;
  readonly inbox: Inbox<PvgRecord>;
  readonly bql: Inbox<PvgRecord>;
  readonly pvg: PvgModel;
  readonly carrier: Carrier;
  readonly identify: Identify;
  readonly tally: Tally;
  /** It tells of a refused encode in a step of its own. */
  readonly tellsLater: boolean;
}

/** A worker of the background queue. */
export class WorkerActor implements Actor {
  /** What it has taken and not done. */
  private record: PvgRecord | null = null;
  /** PVG has refused its encode, and the BQL actor was not told. */
  private refused = false;
  private workedOut: { readonly record: PvgRecord; readonly work: Work } | null = null;

  private readonly carrier: Carrier;
  private readonly say = (outcome: number): string => `${this.nextStep()}${refusal(outcome)}`;

  constructor(private readonly parts: WorkerParts) {
    this.carrier = parts.carrier;
  }

  watches(): readonly SharedObject[] {
    const { inbox, pvg } = this.parts;
    return [inbox.target, pvg.parts.registers, pvg.parts.lock, pvg.parts.display];
  }

  look(next: Pending): void {
    const { inbox, bql, pvg, carrier } = this.parts;
    const work = this.work();
    next.describe = this.say;
    if (work === null) {
      if (inbox.length > 0) next.ready(Kind.receive, inbox.target);
      else next.idle(inbox.target);
    } else if (work.do === 'carry') {
      const can = carrier.isInside ? carrier.canLeave : carrier.canEnter;
      if (can) next.ready(Kind.update, pvg.parts.registers);
      else next.blocked(Kind.awaitReply, pvg.parts.registers);
    } else if (work.do === 'encode' && !this.refused) {
      if (pvg.canEncode) next.ready(Kind.update, pvg.parts.display, pvg.encodeOutcomes);
      else next.blocked(Kind.lock, pvg.parts.lock);
    } else next.ready(Kind.send, bql.target);
  }

  run(outcome: number): void {
    const { inbox, bql, pvg, carrier, identify, tally, tellsLater } = this.parts;
    const work = this.work();
    if (work === null) {
      const record = inbox.take();
      assert(record !== undefined, 'a worker took what was not there');
      this.record = record;
      return;
    }
    if (work.do === 'carry') {
      if (!carrier.isInside) return this.enter(work, identify);
      bql.post(whole(jobAnswer(work, { ok: true, value: carrier.leave(), high: 0 })));
      tally.post(identify(this.record?.words ?? []).vcpu);
    } else if (work.do === 'encode') {
      const isRefused = this.refused || !pvg.encode(this.record?.id ?? 0, work.texture, outcome);
      this.refused = isRefused && !this.refused && tellsLater;
      if (this.refused) return;
      if (isRefused) bql.post(whole(work.refusal));
    } else {
      bql.post(whole(work.section));
    }
    this.record = null;
  }

  /** Number of the job that it carries, 0 if none. */
  get job(): number {
    return this.record?.id ?? 0;
  }

  get name(): string {
    return this.parts.name;
  }

  waitsFor(): readonly string[] {
    return this.work()?.do === 'carry' ? this.carrier.waitsFor : [this.parts.pvg.owner];
  }

  describe(): string {
    const work = this.work();
    return work === null ? 'idle' : this.parts.carrier.isInside ? 'inside PVG' : `has to ${work.do}`;
  }

  private nextStep(): string {
    const work = this.work();
    if (work === null) return `take ${messageName(this.parts.inbox.contents[0]?.kind ?? 0)}`;
    if (work.do === 'encode') return this.refused ? 'tell frameRefused' : 'encode a frame';
    if (work.do === 'pass') return `pass ${messageName(work.section.reserved ?? 0)} on`;
    return this.carrier.isInside ? 'return from PVG' : `enter PVG to ${work.operation === 1 ? 'write' : 'read'}`;
  }

  /** What it is follows from the record, so it is no part of the state. */
  private work(): Work | null {
    const { record } = this;
    if (record === null) return null;
    if (this.workedOut?.record !== record) this.workedOut = { record, work: workOf(record) };
    return this.workedOut.work;
  }

  private enter({ operation, window, size, offset, value, high }: CarryWork, identify: Identify): void {
    const { vcpu, index } = identify([operation, window, size, offset, value, high]);
    this.parts.carrier.enter({ write: operation === 1, offset, value }, vcpu, index);
  }
}

/** The encode that the render queue's port carries out, with the outcome of its step. */
export const encodeOf =
  (pvg: PvgModel, fate: { outcome: number }) =>
  ({ frame, texture }: EncodeRequest): boolean =>
    pvg.encode(frame, texture, fate.outcome);
