/**
 * Starts a device's threads, joins their mailboxes, and ends them in order.
 *
 * Invariant: once close() has resolved, or the process is exiting, no thread, mailbox, RAM or file of the device is
 * left. Whatever waits when a thread dies is rejected with the reason. Owned by the thread that created it.
 */
import { EventEmitter } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Remote } from 'comlink';
import { assert, BridgeError, DeadlockError, DeviceClosedError, describeError } from '../src/base/errors.js';
import { BACKGROUND_WORKERS, CLOSE_TIMEOUT_MS, THREAD_YOUNG_MIB } from '../src/base/limits.js';
import type { PvgBridge } from '../src/bridge/native.js';
import { PvgCause, PvgStatus } from '../src/bridge/pvg.js';
import { lifeCycleMachine } from '../src/device/life-cycle.machine.js';
import type { BackedRegion, DeviceRegion } from '../src/memory/region.js';
import { type Revision, usesRenderQueue } from '../src/revisions/revision.js';
import { REVISIONS } from '../src/revisions/revisions.js';
import { compileMachine, type EventOf } from '../src/runtime/machine-run.js';
import { Mailboxes } from '../src/runtime/mailbox.js';
import { threadFile } from '../src/runtime/thread-file.js';
import { BackgroundPool } from './background-queue/pool.js';
import { wrapControl } from './control.js';
import { LifeTrace } from './life-trace.js';
import { Message } from './messages.js';
import { wordsOf } from './region-message.js';
import { ownTracesOf } from './own-traces.js';
import { type Answer, Requests } from './requests.js';
import type { ActorControl, Report, ThreadData, Wiring } from './wiring.js';

const table = compileMachine(lifeCycleMachine);
export type ActorName = 'bql' | 'render-queue';

interface ActorThread {
  readonly worker: Worker;
  /** Its controls, made when they are first asked for. */
  readonly control: () => Remote<ActorControl>;
  readonly mailbox: number;
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
}

/** A promise with its ends. */
interface Pending<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function pending<T>(): Pending<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

export class Supervisor extends EventEmitter<{ report: [Report]; closed: [Error | null] }> {
  private readonly life = table.start();
  private readonly actors = new Map<ActorName | 'watchdog', ActorThread>();
  private readonly pool: BackgroundPool;
  private readonly mailboxes: Mailboxes;
  private readonly requests = new Requests();
  private readonly lifeTrace: LifeTrace;
  private readonly revision: Revision;
  private resetting: Pending<void> | null = null;
  private saving: Pending<Uint8Array> | null = null;
  private closing: Promise<void> | null = null;
  private reason: Error | null = null;
  private readonly onExit = (): void => this.abandon();

  constructor(
    private readonly bridge: PvgBridge,
    readonly wiring: Wiring,
  ) {
    super();
    this.revision = REVISIONS[wiring.revision];
    this.mailboxes = new Mailboxes(bridge);
    process.on('exit', this.onExit);
    // The creating thread is guarded too: if it is a worker and dies, its devices end with it.
    bridge.pvg_group_guard(wiring.group);
    this.lifeTrace = new LifeTrace(this.life, { bridge, wiring, mailboxes: this.mailboxes, report: (report) => this.onReport(report) });
    const { mailboxes } = wiring;
    this.start('bql', mailboxes.bql);
    if (usesRenderQueue(this.revision)) this.start('render-queue', mailboxes.render);
    this.pool = new BackgroundPool(wiring, {
      died: (error) => this.died('background queue', error),
      report: (report) => this.onReport(report),
    });
  }

  /** Starts the watchdog, and the workers that there always are. To be called once, before the device may be left alone with its guest. */
  startLateThreads(): void {
    if (this.closing) return;
    this.start('watchdog', this.wiring.mailboxes.watchdog);
    this.pool.grow(BACKGROUND_WORKERS);
  }

  /** Resolves when every thread that was started has reported that it is ready. */
  async ready(): Promise<void> {
    await Promise.all([...[...this.actors.values()].map((actor) => actor.ready), this.pool.ready()]);
    if (this.reason) throw this.reason;
  }

  /** Makes PVG go on from a saved state; only before realized(). Throws BridgeError if it can't. */
  async resume(pvgState: Uint8Array): Promise<void> {
    const { status, text } = await this.pool.resume(pvgState);
    if (status !== PvgStatus.ok) throw new BridgeError(status, `PVG can't go on from the saved state: ${text}`);
  }

  /** The device serves accesses from now on. */
  realized(): void {
    this.send({ type: 'device.realized' });
    if (this.reason) throw this.reason;
  }

  get lifeCycle(): string {
    return String(this.life.value);
  }

  /** An access of the creating thread's, as a promise. */
  access(words: { operation: number; window: number; size: number; offset: number; low: number; high: number }): Promise<Answer> {
    const { operation, window, size, offset, low, high } = words;
    return this.ask(this.wiring.mailboxes.bql, Message.access, [operation, window, size, offset, low, 0], high);
  }

  /** Puts memory onto the device's map; resolves when accesses and upcalls find it. */
  async addRegion(region: BackedRegion | DeviceRegion): Promise<void> {
    await this.ask(this.wiring.mailboxes.bql, Message.regionAdded, wordsOf(region), region.id);
  }

  /** Takes memory off the map; resolves when nobody finds it any more. */
  async removeRegion(id: number): Promise<boolean> {
    return (await this.ask(this.wiring.mailboxes.bql, Message.regionRemoved, [], id)).value === 1;
  }

  /** Has tasks give back their references on a region that was removed. */
  async forgetRegion(id: number): Promise<void> {
    await this.ask(this.wiring.mailboxes.bql, Message.regionForgotten, [], id);
  }

  /** gfx_update: resolves when the console has what the device has (device.md 5). A screendump's is a bottom half. */
  requestUpdate(display: number, screendump: boolean): Promise<void> {
    if (this.ending) return Promise.reject(this.ending);
    const done = this.requests.openUpdate(display);
    const { bql, render } = this.wiring.mailboxes;
    const mailbox = this.revision.frames === 'renderQueueOwned' ? render : bql;
    this.mailboxes.post(mailbox, { kind: Message.updateRequested, words: [display, screendump ? 1 : 0] });
    return done;
  }

  /** PVG's reset; a second one while one runs joins it. */
  reset(): Promise<void> {
    if (!this.resetting) {
      this.send({ type: 'reset.requested' });
      if (!this.resetting) return Promise.reject(this.reason ?? new DeviceClosedError('the device is not running'));
    }
    return (this.resetting as Pending<void>).promise;
  }

  /** Brings PVG to rest and gives its state; the device must be closed afterwards. */
  suspend(): Promise<Uint8Array> {
    if (!this.saving) {
      this.send({ type: 'save.requested' });
      if (!this.saving) return Promise.reject(this.reason ?? new DeviceClosedError('the device is not running'));
    }
    return (this.saving as Pending<Uint8Array>).promise;
  }

  /** Moves PVG's virtual clock on; resolves when PVG is at rest again. Rejects with BridgeError if it can't. */
  async moveClock(nanoseconds: bigint): Promise<void> {
    const { status, text } = await this.pool.moveClock(nanoseconds);
    if (status !== PvgStatus.ok) throw this.ending ?? new BridgeError(status, `the clock can't be moved: ${text}`);
  }

  /** After suspend(): resolves when the actors have dealt with all that PVG still told them. */
  async settled(): Promise<void> {
    const names = [...this.actors.keys()].filter((name): name is ActorName => name !== 'watchdog');
    let before = '';
    for (let same = 0; same < 3; ) {
      // What accesses do meanwhile is of no interest: none of them reaches PVG any more.
      const looks = await Promise.all(names.map((name) => this.inspect(name)));
      const now = JSON.stringify(looks.map(({ frames, bottomHalves, queued }) => ({ frames, bottomHalves, queued })));
      // A look goes through every mailbox, so what was in one at the last look has been taken out by now.
      same = now === before ? same + 1 : 0;
      before = now;
    }
  }

  /** Ends a save: what waits is rejected, and the device closes. */
  async saved(): Promise<void> {
    this.send({ type: 'save.ended' });
    await this.closing;
  }

  /** Answers an actor's question to the embedder. */
  answerDevice(job: number, value: number | null): void {
    this.mailboxes.post(this.wiring.mailboxes.bql, { kind: Message.jobDone, id: job, words: [value === null ? 0 : 1, value ?? 0] });
  }

  /** Asks an actor about itself. */
  async inspect(name: ActorName): Promise<Record<string, unknown>> {
    const actor = this.actor(name);
    const answer = actor.control().inspect();
    this.mailboxes.post(actor.mailbox, { kind: Message.kick });
    return answer;
  }

  /** Whether the revision has such an actor. */
  has(name: ActorName): boolean {
    return this.actors.has(name);
  }

  /** Makes an actor throw, as a defect would; for tests of robustness. */
  crash(name: ActorName | 'background-queue'): void {
    if (name === 'background-queue') {
      this.mailboxes.post(this.wiring.mailboxes.background, { kind: Message.crash });
      return;
    }
    const actor = this.actor(name);
    // The actor dies before it can answer, so nobody waits for this call.
    void Promise.resolve(actor.control().crash()).catch(() => undefined);
    this.mailboxes.post(actor.mailbox, { kind: Message.kick });
    setTimeout(() => this.mailboxes.post(actor.mailbox, { kind: Message.kick }), 20).unref();
  }

  /** Ends everything; idempotent. Accesses and updates that wait are rejected with DeviceClosedError. */
  close(): Promise<void> {
    if (!this.closing) this.send({ type: 'close.requested' });
    return this.closing ?? Promise.resolve();
  }

  /** Why nothing is done any more, and what was in progress failed: the device is ending. null while it isn't. */
  private get ending(): Error | null {
    return this.closing ? (this.reason ?? new DeviceClosedError()) : null;
  }

  /** A message with an answer. */
  private ask(mailbox: number, kind: number, words: number[], reserved: number): Promise<Answer> {
    if (this.ending) return Promise.reject(this.ending);
    const { token, answer } = this.requests.open();
    if (!this.mailboxes.post(mailbox, { kind, id: token, words, reserved }))
      this.requests.rejectAll(this.reason ?? new DeviceClosedError());
    return answer;
  }

  private start(name: ActorName | 'watchdog', mailbox: number): void {
    const { port1, port2 } = new MessageChannel();
    const workerData: ThreadData = { wiring: this.wiring, control: port2 };
    const worker = new Worker(threadFile(name), {
      workerData,
      transferList: [port2],
      name: `apple-gfx ${name}`,
      resourceLimits: { maxYoungGenerationSizeMb: THREAD_YOUNG_MIB },
    });
    port1.unref();
    let control: Remote<ActorControl> | undefined;
    const ready = pending<void>();
    const ended = pending<void>();
    worker.once('exit', () => {
      port1.close();
      ready.resolve();
      ended.resolve();
      if (!this.closing) void this.ranOut(name);
    });
    worker.once('error', (error) => this.died(name, error));
    worker.on('message', (report: Report) => (report.report === 'ready' ? ready.resolve() : this.onReport(report)));
    this.actors.set(name, { worker, control: () => (control ??= wrapControl(port1)), mailbox, ready: ready.promise, ended: ended.promise });
  }

  /** A thread has returned although nobody closed the device: another thread did, or the watchdog. */
  private async ranOut(name: string): Promise<void> {
    const cause = this.bridge.pvg_group_cause(this.wiring.group);
    // The watchdog says who waited for whom before it closes the group; its last words come before its end.
    if (cause === PvgCause.deadlock) await this.actors.get('watchdog')?.ended;
    if (!this.closing) this.died(name, new DeviceClosedError(`its thread ended (${cause})`));
  }

  private actor(name: ActorName): ActorThread {
    const actor = this.actors.get(name);
    assert(actor !== undefined, `revision ${this.revision.name} has no actor ${name}`);
    return actor;
  }

  private onReport(report: Report): void {
    switch (report.report) {
      case 'reply':
        this.requests.answer(report.token, report);
        break;
      case 'updateDone':
        this.requests.updateDone(report.display);
        break;
      case 'workersNeeded':
        this.pool.grow(report.count);
        break;
      case 'deadlock':
        this.reason ??= new DeadlockError(report.text);
        this.send({ type: 'thread.died' });
        break;
    }
    this.emit('report', report);
  }

  private died(name: string, error: unknown): void {
    this.reason ??= new DeviceClosedError(`the device stopped because its ${name} died: ${describeError(error)}`);
    this.send({ type: 'thread.died' });
  }

  private send(event: EventOf<typeof table>): void {
    const effects = this.life.send(event);
    this.lifeTrace.moved(event.type);
    for (const effect of effects) this.carryOut(effect.type);
  }

  private carryOut(effect: string): void {
    switch (effect) {
      case 'startReset':
        return this.startReset();
      case 'startSave':
        return this.startSave();
      case 'rejectReset':
      case 'rejectSave':
        return;
      case 'releaseThreads':
        // The first cause stays, and the supervisor may be before the watchdog.
        this.bridge.pvg_group_close(this.wiring.group, this.reason instanceof DeadlockError ? PvgCause.deadlock : PvgCause.closed);
        this.closing = this.end();
        return;
      case 'rejectWaiting':
        return this.requests.rejectAll(this.reason ?? new DeviceClosedError());
      case 'reportClosed':
        this.emit('closed', this.reason);
        return;
      default:
        assert(false, `lifeCycle has no effect ${effect}`);
    }
  }

  private startReset(): void {
    const reset = pending<void>();
    this.resetting = reset;
    const finished = (error: Error | null): void => {
      this.resetting = null;
      this.send({ type: 'reset.completed' });
      if (error) reset.reject(error);
      else reset.resolve();
    };
    this.pool.reset().then(
      (status) =>
        finished(status === PvgStatus.ok ? null : (this.ending ?? new BridgeError(status, `PVG's reset failed with status ${status}`))),
      (error: unknown) => finished(this.ending ?? new DeviceClosedError(`reset: ${describeError(error)}`)),
    );
  }

  private startSave(): void {
    const save = pending<Uint8Array>();
    this.saving = save;
    this.pool.suspend().then(
      (state) => {
        if (typeof state !== 'number') return save.resolve(state);
        this.saving = null;
        this.send({ type: 'save.refused' });
        save.reject(this.ending ?? new BridgeError(state, `this PVG could not be suspended: status ${state}`));
      },
      (error: unknown) => save.reject(this.ending ?? new DeviceClosedError(`save: ${describeError(error)}`)),
    );
  }

  /** Waits for the threads, which the closed group lets go, then gives everything back. */
  private async end(): Promise<void> {
    const all = Promise.all([...[...this.actors.values()].map((actor) => actor.ended), this.pool.close()]);
    const timer = new Promise<'late'>((resolve) => setTimeout(resolve, CLOSE_TIMEOUT_MS, 'late').unref());
    if ((await Promise.race([all, timer])) === 'late') {
      for (const actor of this.actors.values()) await actor.worker.terminate();
    }
    // There was no watchdog to take what PVG's threads have noted.
    if (!this.actors.has('watchdog')) ownTracesOf(this.bridge, this.wiring, (report) => this.onReport(report)).drain();
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
