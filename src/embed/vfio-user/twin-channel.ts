/**
 * The second socket of a connection: memory of the client's that came without a descriptor is asked for there, by messages (DMA_READ).
 *
 * Invariants: every question is answered once, with all bytes or none; who answers what was not asked, or nothing in time, loses the channel. A question
 * has at most as many bytes as the client can send at once. It is on the thread that made the device, beside the one that serves the client: that one may
 * be inside an access which waits for the answer, so over the client's own socket a question could not be asked.
 */
import { Socket } from 'node:net';
import { type Message, MessageFramer, writeHeader } from './framer.js';
import { Command, ConnectionError, HEADER_BYTES, MessageFlag } from './protocol.js';

/** Address (8) and count (8), in front of the bytes. */
const DMA_BYTES = 16;
/** A client that has not given all bytes of a read by then is not asked again, in milliseconds: the device's lock is held meanwhile. */
const PATIENCE_MS = 2000;
const MAX_ID = 0xffff;

interface Question {
  readonly count: number;
  answer(bytes: Uint8Array | null): void;
}

export class TwinChannel {
  private readonly socket: Socket;
  private readonly closed: Promise<void>;
  private readonly framer = new MessageFramer();
  private readonly questions = new Map<number, Question>();
  private latest = 0;

  constructor(
    /** Becomes the channel's. */
    descriptor: number,
    /** The most bytes that the client sends at once. */
    private readonly maxDataBytes: number,
    /** Told why the channel is of no more use. */
    private readonly onFailed: (reason: string) => void,
  ) {
    this.socket = new Socket({ fd: descriptor });
    this.socket.on('data', (bytes) => this.received(bytes));
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.socket.on('close', () => void this.close());
  }

  /** Bytes of the client's memory; null if it doesn't give them. */
  async read(address: bigint, length: number): Promise<Uint8Array | null> {
    const whole = new Uint8Array(length);
    const place = `${length} bytes at 0x${address.toString(16)}`;
    const timer = setTimeout(() => this.fail(`DMA_READ of ${place} was not answered in ${PATIENCE_MS} ms`), PATIENCE_MS);
    let done = 0;
    while (done < length) {
      const piece = await this.ask(address + BigInt(done), Math.min(length - done, this.maxDataBytes));
      if (piece === null) break;
      // Fewer bytes than were asked for are an answer too.
      whole.set(piece, done);
      done += piece.length;
    }
    clearTimeout(timer);
    return done < length ? null : whole;
  }

  /** Ends the channel; questions are answered with nothing. Resolves when its descriptor is closed. Idempotent. */
  close(): Promise<void> {
    this.socket.destroy();
    for (const { answer } of this.questions.values()) answer(null);
    this.questions.clear();
    return this.closed;
  }

  private ask(address: bigint, count: number): Promise<Uint8Array | null> {
    if (this.socket.destroyed || this.questions.size >= MAX_ID) return Promise.resolve(null);
    do this.latest = (this.latest + 1) & MAX_ID;
    while (this.questions.has(this.latest));
    const id = this.latest;
    const bytes = new Uint8Array(HEADER_BYTES + DMA_BYTES);
    const view = new DataView(bytes.buffer);
    writeHeader(view, { id, command: Command.dmaRead, size: bytes.length, flags: MessageFlag.command, errno: 0 });
    view.setBigUint64(HEADER_BYTES, address, true);
    view.setBigUint64(HEADER_BYTES + 8, BigInt(count), true);
    this.socket.write(bytes);
    return new Promise((resolve) => {
      this.questions.set(id, { count, answer: resolve });
    });
  }

  private received(bytes: Uint8Array): void {
    try {
      for (let taken = 0; taken < bytes.length; ) {
        const { room } = this.framer;
        const piece = bytes.subarray(taken, taken + room.length);
        room.set(piece);
        this.framer.received(piece.length, []);
        taken += piece.length;
        for (let message = this.framer.next(); message !== null; message = this.framer.next()) this.answered(message);
      }
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.fail(error.message);
    }
  }

  private answered({ id, command, flags, errno, payload, bytes }: Message): void {
    const question = this.questions.get(id);
    const isAnswer = command === Command.dmaRead && (flags & MessageFlag.typeMask) === MessageFlag.reply;
    if (!question || !isAnswer) throw new ConnectionError('an answer came over the second socket that nobody asked for');
    this.questions.delete(id);
    // It fails by an error, or by giving nothing; the channel goes on.
    if (errno !== 0 || (flags & MessageFlag.error) !== 0) return question.answer(null);
    const count = payload.byteLength < DMA_BYTES ? 0n : payload.getBigUint64(8, true);
    if (count < 1n || count > BigInt(question.count) || payload.byteLength < DMA_BYTES + Number(count)) {
      question.answer(null);
      throw new ConnectionError(`DMA_READ of ${question.count} bytes was answered with ${count} in a message of ${payload.byteLength}`);
    }
    question.answer(bytes.slice(DMA_BYTES, DMA_BYTES + Number(count)));
  }

  private fail(reason: string): void {
    this.onFailed(reason);
    void this.close();
  }
}
