/**
 * Starts a device's threads, joins their mailboxes, and ends them in order.
 *
 * Invariant: once close() has resolved, or the process is exiting, no thread, mailbox, RAM or file of the device is
 * left. Whatever waits when a thread dies is rejected with the reason. Owned by the thread that created it.
 */
import { EventEmitter } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Remote } from 'comlink';
import { assert, BridgeError, DeviceClosedError, describeError } from '../src/base/errors.js';
import { CLOSE_TIMEOUT_MS } from '../src/base/limits.js';
import type { PvgBridge } from '../src/bridge/native.js';
import { PvgCause, PvgStatus } from '../src/bridge/pvg.js';
import { lifeCycleMachine } from '../src/device/life-cycle.machine.js';
import type { BackedRegion } from '../src/memory/region.js';
import { MachineDriver } from '../src/runtime/machine-driver.js';
import { Mailboxes } from '../src/runtime/mailbox.js';
import { BackgroundPool } from './background-queue/pool.js';
import { wrapControl } from './control.js';
import { Message } from './messages.js';
import type { ActorControl, Report, ThreadData, Wiring } from './wiring.js';

const driver = new MachineDriver(lifeCycleMachine);
type LifeEvent = Parameters<typeof driver.step>[1];
type ActorName = 'bql' | 'render-queue';

interface ActorThread {
  readonly worker: Worker;
  readonly control: Remote<ActorControl>;
  readonly mailbox: number;
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
}

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

export class Supervisor extends EventEmitter<{ report: [Report]; closed: [Error | null] }> {
  private state = driver.initial();
  private readonly actors = new Map<ActorName, ActorThread>();
  private readonly pool: BackgroundPool;
  private readonly mailboxes: Mailboxes;
  private readonly replies = new Map<number, Waiter<{ value: number; high: number }>>();
  private updates: Waiter<void>[] = [];
  private resetting: { promise: Promise<void>; waiter: Waiter<void> } | null = null;
  private closing: Promise<void> | null = null;
  private reason: Error | null = null;
  private nextToken = 1;
  private readonly onExit = (): void => this.abandon();

  constructor(
    private readonly bridge: PvgBridge,
    readonly wiring: Wiring,
  ) {
    super();
    this.mailboxes = new Mailboxes(bridge);
    process.on('exit', this.onExit);
    // The creating thread is guarded too: if it is a worker and dies, its devices end with it.
    bridge.pvg_group_guard(wiring.group);
    this.pool = new BackgroundPool(wiring, (error) => this.died('background queue', error));
    this.start('bql', './bql/thread.js', wiring.bqlMailbox);
    this.start('render-queue', './render-queue/thread.js', wiring.renderMailbox);
  }

  /** Resolves when every actor has reported that it is ready. */
  async realized(): Promise<void> {
    await Promise.all([...this.actors.values()].map((actor) => actor.ready));
    this.send({ type: 'device.realized' });
    if (this.reason) throw this.reason;
  }

  get lifeCycle(): string {
    return String(this.state.value);
  }

  /** An access of the creating thread's, as a promise. */
  access(words: { operation: number; size: number; offset: number; low: number; high: number }): Promise<{ value: number; high: number }> {
    return this.ask(Message.access, [words.operation, 0, words.size, words.offset, words.low, 0], words.high);
  }

  /** Puts memory onto the device's map; resolves when accesses and upcalls find it. */
  async addRegion(region: BackedRegion): Promise<void> {
    const words = [region.kind === 'rom' ? 1 : 0, region.gpa, region.length, region.ram, region.priority];
    await this.ask(Message.regionAdded, words, region.id);
  }

  /** Takes memory off the map. The device gives its RAM back once nothing of it is mapped in a task. */
  async removeRegion(id: number): Promise<boolean> {
    return (await this.ask(Message.regionRemoved, [], id)).value === 1;
  }

  /** A lock section of the BQL's with an answer. */
  private ask(kind: number, words: number[], reserved: number): Promise<{ value: number; high: number }> {
    return new Promise((resolve, reject) => {
      if (this.closing) return reject(this.reason ?? new DeviceClosedError());
      const token = this.nextToken++ >>> 0;
      this.replies.set(token, { resolve, reject });
      const posted = this.mailboxes.post(this.wiring.bqlMailbox, {
        kind,
        id: token,
        words,
        reserved,
      });
      if (!posted) this.rejectWaiting(new DeviceClosedError());
    });
  }

  /** gfx_update: resolves when the console has what the device has (device.md 5). */
  requestUpdate(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.closing) return reject(this.reason ?? new DeviceClosedError());
      this.updates.push({ resolve, reject });
      this.mailboxes.post(this.wiring.bqlMailbox, { kind: Message.updateRequested });
    });
  }

  /** PVG's reset; a second one while one runs joins it. */
  reset(): Promise<void> {
    if (!this.resetting) {
      this.send({ type: 'reset.requested' });
      if (!this.resetting) return Promise.reject(this.reason ?? new DeviceClosedError('the device is not running'));
    }
    return (this.resetting as { promise: Promise<void> }).promise;
  }

  /** Asks an actor about itself. */
  async inspect(name: ActorName): Promise<Record<string, unknown>> {
    const actor = this.actor(name);
    const answer = actor.control.inspect();
    this.mailboxes.post(actor.mailbox, { kind: Message.kick });
    return answer;
  }

  /** Makes an actor throw, as a defect would; for tests of robustness. */
  crash(name: ActorName | 'background-queue'): void {
    if (name === 'background-queue') {
      this.mailboxes.post(this.wiring.backgroundMailbox, { kind: Message.crash });
      return;
    }
    const actor = this.actor(name);
    // The actor dies before it can answer, so nobody waits for this call.
    void Promise.resolve(actor.control.crash()).catch(() => undefined);
    this.mailboxes.post(actor.mailbox, { kind: Message.kick });
    setTimeout(() => this.mailboxes.post(actor.mailbox, { kind: Message.updateRequested }), 20).unref();
  }

  /** Ends everything; idempotent. Accesses and updates that wait are rejected with DeviceClosedError. */
  close(): Promise<void> {
    if (!this.closing) this.send({ type: 'close.requested' });
    return this.closing ?? Promise.resolve();
  }

  private start(name: ActorName, file: string, mailbox: number): void {
    const { port1, port2 } = new MessageChannel();
    const workerData: ThreadData = { wiring: this.wiring, control: port2 };
    const worker = new Worker(new URL(file, import.meta.url), { workerData, transferList: [port2], name: `apple-gfx ${name}` });
    port1.unref();
    let becameReady = (): void => undefined;
    const ready = new Promise<void>((resolve) => {
      becameReady = resolve;
    });
    const ended = new Promise<void>((resolve) => {
      worker.once('exit', () => {
        port1.close();
        becameReady();
        if (!this.closing) this.died(name, new DeviceClosedError(`its thread ended (${this.bridge.pvg_group_cause(this.wiring.group)})`));
        resolve();
      });
    });
    worker.once('error', (error) => this.died(name, error));
    worker.on('message', (report: Report) => (report.report === 'ready' ? becameReady() : this.onReport(report)));
    this.actors.set(name, { worker, control: wrapControl(port1), mailbox, ready, ended });
  }

  private actor(name: ActorName): ActorThread {
    const actor = this.actors.get(name);
    assert(actor !== undefined, `no actor ${name}`);
    return actor;
  }

  private onReport(report: Report): void {
    if (report.report === 'reply') {
      const waiter = this.replies.get(report.token);
      this.replies.delete(report.token);
      waiter?.resolve({ value: report.value, high: report.high });
    } else if (report.report === 'updateDone') {
      const waiters = this.updates;
      this.updates = [];
      for (const waiter of waiters) waiter.resolve();
    }
    this.emit('report', report);
  }

  private died(name: string, error: unknown): void {
    this.reason ??= new DeviceClosedError(`the device stopped because its ${name} died: ${describeError(error)}`);
    this.send({ type: 'thread.died' });
  }

  private send(event: LifeEvent): void {
    const step = driver.step(this.state, event);
    this.state = step.snapshot;
    for (const effect of step.effects) this.carryOut(effect.type);
  }

  private carryOut(effect: string): void {
    switch (effect) {
      case 'startReset':
        return this.startReset();
      case 'rejectReset':
        return;
      case 'releaseThreads':
        this.bridge.pvg_group_close(this.wiring.group, PvgCause.closed);
        this.closing = this.end();
        return;
      case 'rejectWaiting':
        return this.rejectWaiting(this.reason ?? new DeviceClosedError());
      case 'reportClosed':
        this.emit('closed', this.reason);
        return;
      default:
        assert(false, `lifeCycle has no effect ${effect}`);
    }
  }

  private startReset(): void {
    let waiter: Waiter<void> = { resolve: () => undefined, reject: () => undefined };
    const promise = new Promise<void>((resolve, reject) => {
      waiter = { resolve, reject };
    });
    this.resetting = { promise, waiter };
    const finished = (error: Error | null): void => {
      this.resetting = null;
      this.send({ type: 'reset.completed' });
      if (error) waiter.reject(error);
      else waiter.resolve();
    };
    this.pool.reset().then(
      (status) => finished(status === PvgStatus.ok ? null : new BridgeError(status, `PVG's reset failed with status ${status}`)),
      (error: unknown) => finished(new DeviceClosedError(`reset: ${describeError(error)}`)),
    );
  }

  private rejectWaiting(error: Error): void {
    const waiters = [...this.replies.values(), ...this.updates];
    this.replies.clear();
    this.updates = [];
    for (const waiter of waiters) waiter.reject(error);
  }

  /** Waits for the threads, which the closed group lets go, then gives everything back. */
  private async end(): Promise<void> {
    const all = Promise.all([...[...this.actors.values()].map((actor) => actor.ended), this.pool.close()]);
    const timer = new Promise<'late'>((resolve) => setTimeout(resolve, CLOSE_TIMEOUT_MS, 'late').unref());
    if ((await Promise.race([all, timer])) === 'late') {
      for (const actor of this.actors.values()) await actor.worker.terminate();
    }
    this.release();
    this.send({ type: 'threads.ended' });
  }

  private release(): void {
    process.off('exit', this.onExit);
    this.bridge.pvg_group_unguard(this.wiring.group);
    this.bridge.pvg_group_destroy(this.wiring.group);
  }

  /** The process, or the worker that created the device, is exiting: no time to wait for anybody. */
  private abandon(): void {
    this.bridge.pvg_group_close(this.wiring.group, PvgCause.closed);
    this.release();
  }
}
