/**
 * The connection whose turn it is: lines are answered one after the other, as fast as it reads.
 *
 * Invariant: it can't make the process grow, neither by what it sends ahead nor by what it doesn't read: then it is sent away. It is read from all the
 * time, so that it is seen when it hangs up: then the answers to what it had sent are still tried for a while, and then nothing of it goes on,
 * whatever it has told the clock.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { QTEST_MAX_AHEAD_BYTES, QTEST_MAX_UNREAD_BYTES } from '../../base/limits.js';
import type { Device } from '../../device.js';
import { DeviceMachine } from './device-machine.js';
import { type Frame, LineFramer } from './line-framer.js';
import { QtestLog } from './log.js';
import { QtestSession } from './session.js';

/** How often it is looked whether there were interrupts that no command has brought about, in milliseconds. */
const LOOK_MS = 5;
/** How long a client may take to read the last words, in milliseconds. */
const LAST_WORDS_MS = 500;
/** How long the answers to a client may take that has hung up, in milliseconds. */
const HUNG_UP_MS = 2000;

export class QtestClient {
  private readonly framer = new LineFramer();
  private readonly session: QtestSession;
  private readonly log: QtestLog | null;
  private readonly timer: NodeJS.Timeout;
  /** What it has sent and was not looked at yet. */
  private ahead: Buffer[] = [];
  private aheadBytes = 0;
  private hasHungUp = false;
  private isWorking = false;
  /** Ends when all that it has sent is answered. */
  private working: Promise<void> = Promise.resolve();

  constructor(
    private readonly socket: Socket,
    device: Device,
    log: ((line: string) => void) | undefined,
  ) {
    const left = new AbortController();
    this.session = new QtestSession(new DeviceMachine(device, left.signal));
    this.log = log ? new QtestLog(log) : null;
    this.timer = setInterval(() => this.tell(), LOOK_MS).unref();
    socket.on('data', (bytes) => this.receive(bytes));
    socket.on('end', () => {
      this.hasHungUp = true;
      // Whoever sends and hangs up, as a script does, gets its answers first.
      if (this.isWorking) this.close(HUNG_UP_MS);
      else socket.end();
    });
    socket.once('close', () => {
      clearInterval(this.timer);
      left.abort();
      this.log?.closed();
    });
  }

  /** Resolves when it has gone, and nothing of what it asked for goes on. */
  async gone(): Promise<void> {
    if (!this.socket.destroyed) await once(this.socket, 'close').catch(() => undefined);
    await this.working;
  }

  /** Sends it away, with what it was sent before. */
  sendAway(): void {
    this.socket.destroySoon();
    this.close(LAST_WORDS_MS);
  }

  private close(afterMs: number): void {
    setTimeout(() => this.socket.destroy(), afterMs).unref();
  }

  private receive(bytes: Buffer): void {
    this.ahead.push(bytes);
    this.aheadBytes += bytes.length;
    if (this.aheadBytes > QTEST_MAX_AHEAD_BYTES) this.socket.destroy();
    else if (!this.isWorking) this.working = this.work();
  }

  private async work(): Promise<void> {
    this.isWorking = true;
    for (let bytes = this.ahead.shift(); bytes !== undefined; bytes = this.ahead.shift()) {
      for (const frame of this.framer.feed(bytes)) await this.answer(frame);
      this.aheadBytes -= bytes.length;
    }
    this.isWorking = false;
    if (this.hasHungUp) this.socket.end();
  }

  private async answer(frame: Frame): Promise<void> {
    const { socket, session } = this;
    if (socket.destroyed) return;
    this.log?.received('line' in frame ? frame.line : `(${frame.fault})`);
    for (const line of await session.answer(frame)) this.send(line);
    if (!socket.writableNeedDrain || socket.destroyed) return;
    await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined);
  }

  /** Those of a command are told with its answer. */
  private tell(): void {
    if (!this.isWorking) for (const line of this.session.interrupts()) this.send(line);
  }

  private send(line: string): void {
    const { socket } = this;
    if (socket.destroyed || socket.writableEnded) return;
    this.log?.sent(line);
    socket.write(`${line}\n`, 'latin1');
    if (socket.writableLength > QTEST_MAX_UNREAD_BYTES) socket.destroy();
  }
}
