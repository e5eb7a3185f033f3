/**
 * A vfio-user client for tests: sends whatever bytes and descriptors it is told to, and waits for answers without holding up the thread.
 */
import { loadBridge } from '../../../dist/src/bridge/native.js';
import { PvgStatus } from '../../../dist/src/bridge/pvg.js';

export interface Reply {
  readonly id: number;
  readonly command: number;
  readonly flags: number;
  readonly errno: number;
  readonly payload: DataView;
  readonly descriptors: readonly number[];
}

const bridge = loadBridge();
const HEADER = 16;
/** Long enough for a machine that is busy with other tests. */
const PATIENCE_MS = 20_000;

/** The numbers, little-endian: plain ones as 32 bits, bigints as 64. */
export function words(...values: readonly (number | bigint)[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce<number>((sum, value) => sum + (typeof value === 'bigint' ? 8 : 4), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const value of values) {
    if (typeof value === 'bigint') view.setBigUint64(at, value, true);
    else view.setUint32(at, value >>> 0, true);
    at += typeof value === 'bigint' ? 8 : 4;
  }
  return bytes;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A message with its header. */
export function message(
  command: number,
  payload: Uint8Array = new Uint8Array(),
  { id = 1, flags = 0, size = HEADER + payload.length, errno = 0 } = {},
): Uint8Array {
  const bytes = new Uint8Array(HEADER + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id, true);
  view.setUint16(2, command, true);
  view.setUint32(4, size, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, errno, true);
  bytes.set(payload, HEADER);
  return bytes;
}

export class Client {
  private readonly wake = bridge.pvg_event_create();
  private readonly descriptors = new Int32Array(17);
  private buffer: Uint8Array = new Uint8Array(0);
  private arrived: number[] = [];
  private nextId = 1;
  /** The other end has closed the connection. */
  ended = false;

  constructor(readonly socket: number) {}

  static connect(path: string): Client {
    const socket = bridge.pvg_socket_connect(path);
    if (socket < 0) throw new TypeError(bridge.pvg_last_error());
    return new Client(socket);
  }

  /** Sends bytes as they are; false if the other end takes no more. */
  send(bytes: Uint8Array, descriptors: readonly number[] = []): boolean {
    for (let sent = 0; sent < bytes.length; ) {
      const fds = sent === 0 && descriptors.length > 0 ? Int32Array.from(descriptors) : null;
      const count = bridge.pvg_socket_send(
        this.socket,
        this.wake,
        bytes.subarray(sent),
        bytes.length - sent,
        fds,
        fds?.length ?? 0,
        10_000,
      );
      if (count < 0) return false;
      sent += count;
    }
    return true;
  }

  /** The next message; null if the other end has closed the connection. */
  async receive(): Promise<Reply | null> {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const reply = this.take();
      if (reply) return reply;
      if (this.ended) return null;
      if (performance.now() > until) throw new TypeError('no answer has come');
      if (!this.look()) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Asks and waits for the answer. */
  async ask(command: number, payload: Uint8Array = new Uint8Array(), descriptors: readonly number[] = []): Promise<Reply> {
    const id = this.nextId++ & 0xffff;
    if (!this.send(message(command, payload, { id }), descriptors)) throw new TypeError('the server takes nothing');
    const reply = await this.receive();
    if (reply?.id !== id) throw new TypeError(`answer ${reply?.id} came, expected ${id}`);
    return reply;
  }

  /** VERSION, as QEMU says it. */
  async hello(
    capabilities: object = { max_msg_fds: 8, max_data_xfer_size: 1_048_576, pgsizes: 4096, write_multiple: true },
  ): Promise<Reply> {
    const text = new TextEncoder().encode(`${JSON.stringify({ capabilities })}\0`);
    return this.ask(1, joined(words(0), text));
  }

  async read(region: number, offset: number, count: number): Promise<Uint8Array> {
    const { errno, payload } = await this.ask(9, words(BigInt(offset), region, count));
    if (errno !== 0) throw new TypeError(`a read failed with ${errno}`);
    return new Uint8Array(payload.buffer, payload.byteOffset + 16, count).slice();
  }

  async read32(region: number, offset: number): Promise<number> {
    return new DataView((await this.read(region, offset, 4)).buffer).getUint32(0, true);
  }

  async write(region: number, offset: number, bytes: Uint8Array): Promise<number> {
    return (await this.ask(10, joined(words(BigInt(offset), region, bytes.length), bytes))).errno;
  }

  async write32(region: number, offset: number, value: number): Promise<number> {
    return this.write(region, offset, words(value));
  }

  close(): void {
    bridge.pvg_descriptor_close(this.socket);
    bridge.pvg_descriptor_close(this.wake);
  }

  /** Takes in what has come; false if nothing has. */
  private look(): boolean {
    const room = new Uint8Array(65_536);
    // A waker that has been used already makes the call come back at once.
    bridge.pvg_event_signal(this.wake);
    const got = bridge.pvg_socket_receive(this.socket, this.wake, room, room.length, this.descriptors, 0, -1);
    if (got === PvgStatus.woken) return false;
    if (got <= 0) {
      this.ended = true;
      return true;
    }
    this.buffer = joined(this.buffer, room.subarray(0, got));
    this.arrived.push(...this.descriptors.subarray(1, 1 + (this.descriptors[0] ?? 0)));
    return true;
  }

  private take(): Reply | null {
    if (this.buffer.length < HEADER) return null;
    const view = new DataView(this.buffer.buffer, this.buffer.byteOffset);
    const size = view.getUint32(4, true);
    if (this.buffer.length < size) return null;
    const reply = {
      ...{ id: view.getUint16(0, true), command: view.getUint16(2, true), flags: view.getUint32(8, true), errno: view.getUint32(12, true) },
      payload: new DataView(this.buffer.slice(HEADER, size).buffer),
      descriptors: this.arrived,
    };
    this.buffer = this.buffer.slice(size);
    this.arrived = [];
    return reply;
  }
}
