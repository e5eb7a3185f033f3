/**
 * The watchdog: puts together who waits for whom among actors, callers and PVG's threads, and tells when they wait for each other.
 *
 * Invariant: what it reports has lasted. A look is made of values that were read one after the other, so a cycle in one look may never have
 * been; only a deadlock that two looks show with the same waits, none of which began anew in between, is told. It ends nothing itself.
 */
import { Upcall, WaitFor } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import type { Revision, UpcallReach } from '../../src/revisions/revision.js';
import { BQL_STATES, type Board, type BoardLine, RENDER_STATES, VCPU_STATES } from '../../src/runtime/board.js';
import { type Deadlock, describeDeadlock, findDeadlock, sameDeadlock, type Wait, type WaitNode } from '../../src/base/wait-for.js';
import { messageName } from '../messages.js';

/** A wait inside PVG (pvg_bridge.h, struct pvg_wait). */
export interface PvgWait {
  readonly waiter: number;
  readonly thread: number;
  readonly what: number;
  readonly target: number;
  readonly id: number;
}

/** What one look saw. */
export interface Look {
  readonly board: Pick<Board, 'bql' | 'render' | 'creator' | 'workers' | 'vcpus'>;
  readonly waits: readonly PvgWait[];
}

/** What an upcall needs to be answered: the lock, a poll of the BQL actor, the render queue, or nobody's leave. */
type Needs = 'lock' | 'poll' | 'renderQueue' | 'nothing';

function needsOf(revision: Revision, kind: PvgRecord['kind']): Needs {
  const byReach = (reach: UpcallReach): Needs => (reach === 'section' ? 'lock' : reach === 'bh' ? 'poll' : 'nothing');
  switch (kind) {
    case Upcall.readMemory:
      return byReach(revision.readMemory);
    case Upcall.iosfcMap:
    case Upcall.iosfcUnmap:
      return byReach(revision.iosfc);
    case Upcall.modeChange:
      if (revision.modeChanges === 'renderQueue') return 'renderQueue';
      return revision.modeChanges === 'section' ? 'lock' : 'poll';
    default:
      return byReach(revision.tasks);
  }
}

const nodeOfThread = (thread: number): string => `thread ${thread}`;
const nodeOfPvg = (number: number): string => `pvg ${number}`;

/** The graph of one look. */
class LookGraph {
  readonly nodes: WaitNode[] = [];
  readonly waits: Wait[] = [];
  /** Nodes of PVG's threads by the system's numbers. */
  private readonly pvgThreads = new Map<number, string>();
  private readonly bql: string;
  private readonly render: string;

  constructor(
    private readonly revision: Revision,
    private readonly look: Look,
    private readonly pvgName: (thread: number) => string,
  ) {
    const { board, waits } = look;
    this.bql = nodeOfThread(board.bql.thread);
    this.render = nodeOfThread(board.render.thread);
    for (const wait of waits) if (wait.thread !== 0) this.pvgThreads.set(wait.waiter, nodeOfPvg(wait.thread));
    this.addNodes();
    for (const wait of waits) this.addPvgWait(wait);
    this.addBql();
    this.addRender();
    for (const vcpu of board.vcpus) this.addVcpu(vcpu);
  }

  private addNodes(): void {
    const { board, waits } = this.look;
    const labels = new Map<string, string>();
    const label = (id: string, text: string): void => void labels.set(id, labels.has(id) ? `${labels.get(id)}, ${text}` : text);
    label(this.bql, 'the BQL actor');
    if (board.render.thread !== 0) label(this.render, 'the render queue');
    for (const { thread } of board.workers) label(nodeOfThread(thread), `background worker ${thread}`);
    for (const { thread } of board.vcpus) label(nodeOfThread(thread), `vCPU thread ${thread}`);
    if (board.creator.thread !== 0) label(nodeOfThread(board.creator.thread), "the embedder's thread");
    const numbers = new Set(waits.flatMap((wait) => [wait.thread, wait.what === WaitFor.thread ? wait.target : 0]));
    for (const number of numbers) if (number !== 0) label(nodeOfPvg(number), `PVG's thread ${this.pvgName(number)}`);
    for (const { waiter, thread } of waits)
      if (thread === 0 && !labels.has(nodeOfThread(waiter))) label(nodeOfThread(waiter), `thread ${waiter}`);
    for (const [id, text] of labels) this.nodes.push({ id, label: text });
  }

  private get bqlState(): (typeof BQL_STATES)[number] {
    return BQL_STATES[this.look.board.bql.activity] ?? 'free';
  }

  /** The BQL actor is inside PVG, or has lent the lock: it polls nothing. */
  private get pollsNothing(): boolean {
    const { board, waits } = this.look;
    return this.bqlState === 'lent' || waits.some(({ waiter }) => waiter === board.bql.thread);
  }

  private add(waiter: string, on: readonly string[], what: string, sequence: number | string, mode: Wait['mode'] = 'all'): void {
    this.waits.push({ waiter, on, mode, what, sequence: String(sequence) });
  }

  private addPvgWait(wait: PvgWait): void {
    const waiter = wait.thread === 0 ? nodeOfThread(wait.waiter) : nodeOfPvg(wait.thread);
    switch (wait.what) {
      case WaitFor.upcall: {
        const name = messageName(wait.target);
        const needs = needsOf(this.revision, wait.target);
        if (needs === 'lock' && this.bqlState !== 'free') this.add(waiter, [this.bql], `the BQL, for the answer to ${name}`, wait.id);
        if (needs === 'poll' && this.pollsNothing) this.add(waiter, [this.bql], `the answer to ${name}`, wait.id);
        if (needs === 'renderQueue') this.add(waiter, [this.render], `the answer to ${name}`, wait.id);
        return;
      }
      case WaitFor.thread:
        return this.add(
          waiter,
          [nodeOfPvg(wait.target)],
          wait.thread === 0 ? 'its call into PVG to return' : 'what it does for it',
          wait.id,
        );
      case WaitFor.lock:
        return this.add(waiter, [this.pvgThreads.get(wait.target) ?? nodeOfThread(wait.target)], 'a lock of PVG that it holds', wait.id);
    }
  }

  private addBql(): void {
    const { bql, workers, creator } = this.look.board;
    if (this.bqlState === 'lent') this.add(this.bql, [this.render], 'the BQL, which it lent', bql.count);
    if (this.bqlState !== 'waiting') return;
    if (bql.job < 0)
      return this.add(this.bql, [nodeOfThread(creator.thread)], `its answer to read ${-bql.job} of another device`, bql.count);
    const worker = workers.find(({ activity }) => activity === bql.job);
    if (worker) return this.add(this.bql, [nodeOfThread(worker.thread)], `job ${bql.job}`, bql.count);
    // The job is queued, and the next worker that is free takes it. One that is in PVG with what is no access has no job, and is not free.
    const inPvg = new Set(this.look.waits.map(({ waiter }) => waiter));
    if (workers.every(({ thread, activity }) => activity !== 0 || inPvg.has(thread))) {
      this.add(
        this.bql,
        workers.map(({ thread }) => nodeOfThread(thread)),
        `a free worker for job ${bql.job}`,
        bql.count,
        'any',
      );
    }
  }

  private addRender(): void {
    const { render } = this.look.board;
    const waits = RENDER_STATES[render.activity] === 'waitingForBql' && this.bqlState !== 'free' && this.bqlState !== 'lent';
    if (render.thread !== 0 && waits) this.add(this.render, [this.bql], 'the BQL', render.count);
  }

  private addVcpu(vcpu: BoardLine): void {
    if (VCPU_STATES[vcpu.activity] !== 'waitingForAnswer' || this.bqlState === 'free') return;
    this.add(nodeOfThread(vcpu.thread), [this.bql], 'the answer to its access', vcpu.count);
  }
}

export class Watchdog {
  private before: Deadlock | null = null;

  /** `pvgName` names PVG's threads for people. */
  constructor(
    private readonly revision: Revision,
    private readonly pvgName: (thread: number) => string,
  ) {}

  /** One look; the report of a deadlock that the last look saw too, else null. */
  look(look: Look): string | null {
    const now = findDeadlock(new LookGraph(this.revision, look, this.pvgName));
    const lasted = now !== null && this.before !== null && sameDeadlock(this.before, now);
    this.before = now;
    return lasted && now !== null ? describeDeadlock(now) : null;
  }
}
