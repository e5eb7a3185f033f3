/**
 * A client's connection: frames are answered one after the other, as fast as it reads.
 *
 * Invariant: nothing more is read from it while a command of its waits, so that it can't make the process grow; who doesn't read is sent away.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { QMP_MAX_UNREAD_BYTES } from '../../base/limits.js';
import type { Commands } from './command.js';
import { greeting } from './greeting.js';
import { type Frame, JsonFramer } from './json-framer.js';
import { encode } from './protocol.js';
import { QmpSession } from './session.js';

/** How long a client may take to read the last words, in milliseconds. */
const LAST_WORDS_MS = 500;

export class QmpClient {
  private readonly session: QmpSession;
  private readonly framer = new JsonFramer();
  private hasEnded = false;
  private working = false;

  constructor(
    private readonly socket: Socket,
    commands: Commands,
  ) {
    this.session = new QmpSession(commands);
    socket.on('data', (bytes) => void this.receive(bytes));
    socket.on('end', () => {
      this.hasEnded = true;
      // Whoever sends and hangs up, as a script does, gets its answers first.
      if (!this.working) socket.end();
    });
    this.send(greeting());
  }

  /** Tells an event, if the client is to hear of it. */
  tell(event: object): void {
    if (this.session.hearsEvents) this.send(event);
  }

  /** Sends it away, with what it was sent before. */
  close(): void {
    const { socket } = this;
    socket.destroySoon();
    setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref();
  }

  private async receive(bytes: Buffer): Promise<void> {
    const frames = this.framer.feed(bytes);
    if (frames.length === 0) return;
    this.socket.pause();
    this.working = true;
    for (const frame of frames) await this.answer(frame);
    this.working = false;
    this.socket.resume();
    if (this.hasEnded) this.socket.end();
  }

  private async answer(frame: Frame): Promise<void> {
    const { socket, session } = this;
    if (socket.destroyed) return;
    this.send(await session.answer(frame));
    if (!socket.writableNeedDrain || socket.destroyed) return;
    await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined);
  }

  private send(message: object): void {
    const { socket } = this;
    if (socket.destroyed || socket.writableEnded) return;
    socket.write(encode(message));
    if (socket.writableLength > QMP_MAX_UNREAD_BYTES) socket.destroy();
  }
}
