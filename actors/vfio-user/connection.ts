/**
 * One client's socket: messages in, answers out, on the thread that waits for them.
 *
 * Invariant: every descriptor that came is closed when the message that it belongs to was handled, or the connection has ended. A client that takes no
 * answers is given up, and so is one that doesn't begin, since others may wait. What it does not do: know what messages mean.
 */
import { DefectError } from '../../src/base/errors.js';
import { checked, type PvgBridge } from '../../src/bridge/native.js';
import { PvgStatus } from '../../src/bridge/pvg.js';
import { type Message, MessageFramer } from '../../src/embed/vfio-user/framer.js';
import { ConnectionError, MAX_MESSAGE_DESCRIPTORS } from '../../src/embed/vfio-user/protocol.js';
import type { Answer } from '../../src/embed/vfio-user/session.js';

/** A client that takes nothing for so long is given up, and one that has not said VERSION by then, in milliseconds. */
const PATIENCE_MS = 5000;
const NONE: readonly number[] = [];

/** Why a client is let go when the server ends. */
export const SERVER_CLOSES = 'the server is closing';

export class Connection {
  private readonly framer = new MessageFramer();
  /** How many descriptors came, and they themselves. */
  private readonly descriptors = new Int32Array(1 + MAX_MESSAGE_DESCRIPTORS);
  private handled: Message | null = null;
  /** When it is given up unless it has begun; null: it has. */
  private deadline: number | null = performance.now() + PATIENCE_MS;

  constructor(
    private readonly bridge: PvgBridge,
    private readonly socket: number,
    private readonly wake: number,
    private readonly pollMicroseconds: number,
  ) {}

  /** The client has said VERSION, and may be silent from now on. */
  begun(): void {
    this.deadline = null;
  }

  /**
   * The next message, valid until the next call; 'woken' if somebody has signalled `wake` first, null when the client has ended the connection. Throws
   * ConnectionError if it has failed, or what comes is no message.
   */
  receive(): Message | 'woken' | null {
    this.finish();
    const { bridge, framer, descriptors } = this;
    for (;;) {
      const message = framer.next();
      if (message) {
        this.handled = message;
        return message;
      }
      const { room } = framer;
      const patience = this.deadline === null ? -1 : Math.max(0, Math.ceil(this.deadline - performance.now()));
      const got = bridge.pvg_socket_receive(this.socket, this.wake, room, room.length, descriptors, this.pollMicroseconds, patience);
      if (got === PvgStatus.woken) return 'woken';
      if (got < 0) throw new ConnectionError(bridge.pvg_last_error());
      if (got === 0 && framer.isInside) throw new ConnectionError('the connection ended inside a message');
      if (got === 0) return null;
      this.received(got);
    }
  }

  /** Sends an answer, and asks `isOver` each time that it is woken meanwhile. Throws ConnectionError if it can't be sent, or it is over. */
  send(answer: Answer, isOver: () => boolean): void {
    try {
      this.sendAll(answer, isOver);
    } finally {
      for (const descriptor of answer.descriptors) this.closeDescriptor(descriptor);
    }
  }

  private sendAll({ bytes, length, descriptors }: Answer, isOver: () => boolean): void {
    const { bridge } = this;
    const given = descriptors.length === 0 ? null : Int32Array.from(descriptors);
    for (let sent = 0; sent < length; ) {
      const left = sent === 0 ? bytes : bytes.subarray(sent);
      const first = sent === 0 ? given : null;
      const status = bridge.pvg_socket_send(this.socket, this.wake, left, length - sent, first, first?.length ?? 0, PATIENCE_MS);
      if (status === PvgStatus.woken) {
        if (isOver()) throw new ConnectionError(SERVER_CLOSES);
      } else if (status < 0) throw new ConnectionError(bridge.pvg_last_error());
      else sent += status;
    }
  }

  /** Closes the socket and every descriptor that came over it. */
  close(): void {
    this.finish();
    for (const descriptor of this.framer.takeAll()) this.closeDescriptor(descriptor);
    this.closeDescriptor(this.socket);
  }

  /** The message in hand was handled. */
  private finish(): void {
    if (this.handled === null) return;
    for (const descriptor of this.handled.descriptors) this.closeDescriptor(descriptor);
    this.handled = null;
  }

  private received(bytes: number): void {
    const count = this.descriptors[0] ?? 0;
    // The system and the library have closed them all, and so no message has what belongs to it.
    if (count > MAX_MESSAGE_DESCRIPTORS) {
      throw new ConnectionError(
        `more than ${MAX_MESSAGE_DESCRIPTORS} descriptors came at once, or a socket, or more than the process can open`,
      );
    }
    this.framer.received(bytes, count === 0 ? NONE : [...this.descriptors.subarray(1, 1 + count)]);
  }

  private closeDescriptor(descriptor: number): void {
    checked(this.bridge, 'close a descriptor', this.bridge.pvg_descriptor_close(descriptor));
  }
}

/** The next client's socket; 'woken' if somebody has signalled `wake` first. Throws DefectError if nobody can be accepted. */
export function acceptClient(bridge: PvgBridge, listener: number, wake: number): number | 'woken' {
  const socket = bridge.pvg_socket_accept(listener, wake);
  if (socket === PvgStatus.woken) return 'woken';
  if (socket < 0) throw new DefectError(bridge.pvg_last_error());
  return socket;
}
