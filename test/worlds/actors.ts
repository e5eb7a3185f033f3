/**
 * The device's actors as processes: what their threads do with their mailboxes, one turn at a time.
 *
 * Invariant: a turn is what the thread's loop does between two takes, so the scheduler decides what is in a batch and nothing else. The render queue's
 * turns are shorter: it blocks inside PVG when it encodes, so each block is a turn of its own that waits until PVG lets it in.
 */
import type { Blocking } from '../../actors/bql/continuations.js';
import { jobAnswer, type Work, workOf } from '../../actors/background-queue/behaviour.js';
import type { BqlBehaviour } from '../../actors/bql/behaviour.js';
import { Message, messageName } from '../../actors/messages.js';
import type { RenderQueueBehaviour } from '../../actors/render-queue/behaviour.js';
import { unreachable } from '../../src/base/errors.js';
import { TAKE_BATCH } from '../../src/base/limits.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import type { ScriptedPvg } from '../../src/bridge/scripted-pvg.js';
import type { Revision } from '../../src/revisions/revision.js';
import type { Body, PendingOperation, Process } from '../../src/runtime/process.js';
import type { Outgoing } from '../../src/runtime/mailbox.js';
import type { Tracer } from '../../src/trace/tracer.js';
import type { ModelMailboxes } from './mailboxes.js';
import type { OwnThreadBehaviour } from './own-thread.js';
import { carry } from './port.js';

const BACKGROUND = 'mailbox background';

const names = (records: readonly PvgRecord[]): string => records.map(({ kind }) => messageName(kind)).join(', ');

/** An actor that takes what is there and handles it to the end. */
abstract class TurnProcess implements Process {
  constructor(
    readonly name: string,
    private readonly mailboxes: ModelMailboxes,
    private readonly mailbox: number,
  ) {}

  pending(): PendingOperation | null {
    const records = this.mailboxes.peek(this.mailbox).slice(0, TAKE_BATCH);
    if (records.length === 0) return null;
    return {
      process: this.name,
      mode: 'receive',
      object: `mailbox ${this.mailboxes.name(this.mailbox)}`,
      text: `take ${names(records)}`,
      enabled: true,
    };
  }

  run(): void {
    this.handle(this.mailboxes.take(this.mailbox, TAKE_BATCH));
  }

  protected abstract handle(records: readonly PvgRecord[]): void;
}

export class BqlProcess extends TurnProcess {
  constructor(
    readonly behaviour: BqlBehaviour,
    private readonly block: (call: Blocking) => Blocking | null,
    mailboxes: ModelMailboxes,
    mailbox: number,
  ) {
    super('bql', mailboxes, mailbox);
  }

  protected handle(records: readonly PvgRecord[]): void {
    for (const record of records) this.behaviour.receive(record);
    this.behaviour.run(this.block);
  }
}

export class OwnThreadProcess extends TurnProcess {
  constructor(
    readonly behaviour: OwnThreadBehaviour,
    mailboxes: ModelMailboxes,
    mailbox: number,
  ) {
    super('own thread', mailboxes, mailbox);
  }

  protected handle(records: readonly PvgRecord[]): void {
    for (const record of records) this.behaviour.receive(record);
  }
}

/** What the render queue's process is made of. */
export interface RenderParts {
  readonly behaviour: RenderQueueBehaviour;
  readonly revision: Revision;
  readonly pvg: ScriptedPvg;
  readonly mailboxes: ModelMailboxes;
  readonly mailbox: number;
}

export class RenderProcess implements Process {
  readonly name = 'render-queue';

  constructor(private readonly parts: RenderParts) {}

  get behaviour(): RenderQueueBehaviour {
    return this.parts.behaviour;
  }

  pending(): PendingOperation | null {
    const { revision, pvg, mailboxes, mailbox } = this.parts;
    const begun = this.next;
    const process = this.name;
    if (begun !== null) {
      const encodes = begun === messageName(Message.renderBlock) && revision.frames !== 'renderQueueSections';
      return { process, mode: 'update', object: 'render queue', text: `begin ${begun}`, enabled: !encodes || pvg.canEncode };
    }
    const [record] = mailboxes.peek(mailbox);
    if (!record) return null;
    const enabled = record.kind !== Message.surfaceNoted || pvg.canEncode;
    return { process, mode: 'receive', object: 'mailbox render', text: `take ${names([record])}`, enabled };
  }

  run(): void {
    const { behaviour, mailboxes, mailbox } = this.parts;
    if (this.next !== null) {
      behaviour.step();
      return;
    }
    for (const record of mailboxes.take(mailbox, 1)) behaviour.receive(record);
  }

  /** The entry of the queue that can begin, by name. */
  private get next(): string | null {
    const { state, queued } = this.behaviour.inspection as { readonly state: string; readonly queued: readonly string[] };
    return state === 'idle' ? (queued[0] ?? null) : null;
  }
}

/** What a worker of the background queue is made of. */
export interface WorkerParts {
  readonly pvg: ScriptedPvg;
  readonly mailboxes: ModelMailboxes;
  readonly background: number;
  readonly bql: number;
  readonly tracer: Tracer;
}

/** A worker of the background queue, for ever. */
export function* backgroundWorker(parts: WorkerParts): Body {
  const { mailboxes, background, bql } = parts;
  for (;;) {
    let record: PvgRecord | undefined;
    yield {
      mode: 'receive',
      object: BACKGROUND,
      text: 'take a job',
      when: () => mailboxes.peek(background).length > 0,
      idle: true,
      run: () => {
        record = mailboxes.take(background, 1)[0];
      },
    };
    const answer = record ? yield* done(parts, record.id, workOf(record)) : null;
    if (!answer) continue;
    yield { mode: 'send', object: 'mailbox bql', text: `say ${messageName(answer.kind)}`, run: () => mailboxes.post(bql, answer) };
  }
}

/** Does the work; what to tell the BQL then. */
function* done({ pvg, tracer }: WorkerParts, id: number, work: Work): Body<Outgoing | null> {
  switch (work.do) {
    case 'carry':
      return jobAnswer(work, yield* carry(pvg, work));
    case 'pass':
      if (work.traced !== null) tracer.emit(work.traced, undefined);
      return work.section;
    case 'encode':
      return (yield* pvg.encode({ port: work.display, texture: work.texture, frame: id, synchronize: work.managed === 1 }))
        ? null
        : work.refusal;
    default:
      return unreachable(work);
  }
}

/** Whether a worker has a job. */
export function isBusy(worker: Process): boolean {
  const operation = worker.pending();
  return operation !== null && operation.object !== BACKGROUND;
}
