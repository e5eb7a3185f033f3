/**
 * A hostile vfio-user client: sends a seed's messages with descriptors of every kind, does things to the memory that it has sent, and goes when it likes.
 *
 * What it has sent it can tell, so that a failure shows it. It never waits for the server, but where the system has no room for more.
 */
import { openSync, writeSync } from 'node:fs';
import { loadBridge } from '../../../dist/src/bridge/native.js';
import { PvgStatus } from '../../../dist/src/bridge/pvg.js';
import { joined, message, words } from './client.js';
import { type DescriptorKind, generator, GUEST_BASE, type Malformed, Messages, type Random } from './hostile-messages.js';
import { addSeals, endSending, makeBlocking, memory, pipeEnds, readOnly, resize, Seal, sendMany } from './system.js';

const bridge = loadBridge();
const HELLO = message(1, joined(words(0), new TextEncoder().encode('{"capabilities":{"max_msg_fds":8}}\0')));
const FULL = 2n ** 64n - 2n;
/** How often the server may be found to take nothing, a millisecond each, before that is an end too. */
const MOST_TRIES = 4000;
const PATIENCE_MS = 10_000;

export class HostileClient {
  /** What was sent: the bytes that matter of each message, and its descriptors. */
  readonly record: string[] = [];
  private readonly random: Random;
  private readonly messages: Messages;
  private readonly socket: number;
  private readonly wake = bridge.pvg_event_create();
  private readonly opened: number[] = [];
  private readonly memories: number[] = [];
  private readonly byKind = new Map<DescriptorKind, number>();
  private readonly room = new Uint8Array(65_536);
  private readonly taken = new Int32Array(17);
  private ended = false;

  constructor(path: string, seed: number) {
    this.random = generator(seed);
    this.messages = new Messages(this.random);
    this.socket = bridge.pvg_socket_connect(path);
    if (this.socket < 0) throw new TypeError(bridge.pvg_last_error());
  }

  /** Says what it has to say, and goes; how many messages that were. */
  run(): number {
    const { random, messages } = this;
    const count = 1 + random(40);
    let begun = random(10) < 8;
    let sent = 0;
    if (begun) this.push(HELLO, []);
    for (; sent < count && !this.ended; sent++) {
      const next = messages.next(begun);
      begun = true;
      this.sendWhole(next);
      this.drain();
      if (next.ends && random(4) > 0) break;
      if (random(60) === 0) this.drive();
      if (random(12) === 0) this.spoil();
    }
    // It may go in the middle of a message, and without having read what it was told; but then what it said last is never looked at.
    if (random(4) === 0) this.push(messages.next(true).bytes.subarray(0, 1 + random(16)), []);
    if (random(4) > 0) this.listenToTheEnd();
    this.close();
    return sent;
  }

  /** Reads every answer, until the server has closed the connection. Throws TypeError if it doesn't. */
  private listenToTheEnd(): void {
    endSending(this.socket);
    while (!this.ended) {
      const got = bridge.pvg_socket_receive(this.socket, this.wake, this.room, this.room.length, this.taken, 0, PATIENCE_MS);
      this.ended = got <= 0 && got !== PvgStatus.woken;
      if (got < 0 && bridge.pvg_last_error().includes(`${PATIENCE_MS} ms`)) throw new TypeError('the server does not end the connection');
    }
  }

  private close(): void {
    for (const fd of [this.socket, this.wake, ...this.opened]) bridge.pvg_descriptor_close(fd);
  }

  private sendWhole({ bytes, descriptors, cut }: Malformed): void {
    const fds = descriptors.map((kind) => this.descriptor(kind));
    this.note(bytes, descriptors.join(' '), cut);
    if (cut > 0) this.push(bytes.subarray(0, cut), []);
    this.push(bytes.subarray(cut), fds);
  }

  private note(bytes: Uint8Array, descriptors: string, cut: number): void {
    const shown = Buffer.from(bytes.subarray(0, 96)).toString('hex');
    this.record.push(`${shown}${bytes.length > 96 ? `… (${bytes.length} bytes)` : ''} [${descriptors}]${cut > 0 ? ` cut at ${cut}` : ''}`);
  }

  /** Sends, and reads answers where there is no room for more. */
  private push(bytes: Uint8Array, descriptors: readonly number[]): void {
    let tries = 0;
    for (let sent = 0; sent < bytes.length && !this.ended; ) {
      const piece = bytes.subarray(sent);
      const status = sent === 0 && descriptors.length > 0 ? sendMany(this.socket, piece, descriptors) : this.offer(piece);
      if (status > 0) sent += status;
      else if (++tries > MOST_TRIES) this.ended = true;
      else this.drain();
    }
  }

  private offer(bytes: Uint8Array): number {
    return bridge.pvg_socket_send(this.socket, this.wake, bytes, bytes.length, null, 0, 1);
  }

  /** Reads what has come. */
  private drain(): void {
    for (;;) {
      bridge.pvg_event_signal(this.wake);
      const got = bridge.pvg_socket_receive(this.socket, this.wake, this.room, this.room.length, this.taken, 0, -1);
      if (got === PvgStatus.woken) return;
      if (got <= 0) {
        this.ended = true;
        return;
      }
    }
  }

  private descriptor(kind: DescriptorKind): number {
    const known = this.byKind.get(kind);
    if (known !== undefined && (this.memories.length > 8 || !kind.includes('emory'))) return known;
    const fd = this.open(kind);
    this.byKind.set(kind, fd);
    return fd;
  }

  private keep(fd: number): number {
    this.opened.push(fd);
    return fd;
  }

  private ofMemory(fd: number | null): number {
    // Huge pages may be none that the system has.
    if (fd === null) return this.keep(bridge.pvg_event_create());
    this.memories.push(fd);
    return this.keep(fd);
  }

  private open(kind: DescriptorKind): number {
    const bytes = 4096 * (1 + this.random(32));
    switch (kind) {
      case 'event':
        return this.keep(bridge.pvg_event_create());
      case 'fullEvent':
        return this.fullEvent();
      case 'memory':
        return this.ofMemory(memory(bytes));
      case 'sealedMemory': {
        const fd = this.ofMemory(memory(bytes));
        addSeals(fd, this.random(2) === 0 ? Seal.shrink | Seal.grow | Seal.seal : Seal.write | Seal.seal);
        return fd;
      }
      case 'unsealableMemory':
        return this.ofMemory(memory(bytes, { sealable: false }));
      case 'shortMemory':
        return this.ofMemory(memory(this.random(4096)));
      case 'readOnlyMemory':
        return this.keep(readOnly(this.ofMemory(memory(bytes))));
      case 'hugeMemory':
        return this.ofMemory(memory(2 ** 21, { huge: true }));
      default:
        return this.other(kind);
    }
  }

  private other(kind: DescriptorKind): number {
    switch (kind) {
      case 'pipeIn':
      case 'pipeOut': {
        const ends = pipeEnds().map((fd) => this.keep(fd));
        return ends[kind === 'pipeIn' ? 0 : 1] ?? -1;
      }
      case 'socket':
      case 'deadSocket': {
        const pair = new Int32Array(2);
        bridge.pvg_socket_pair(pair);
        const [ours = -1, other = -1] = pair;
        if (kind === 'deadSocket') bridge.pvg_descriptor_close(other);
        else this.keep(other);
        return this.keep(ours);
      }
      case 'itself':
        return this.socket;
      case 'folder':
        return this.keep(openSync('/', 'r'));
      default:
        return this.keep(openSync(kind === 'null' ? '/dev/null' : '/dev/zero', 'r+'));
    }
  }

  /** As full as it can be, and set to let writers wait. */
  private fullEvent(): number {
    const fd = this.keep(bridge.pvg_event_create());
    writeSync(fd, words(FULL));
    makeBlocking(fd);
    return fd;
  }

  /** Guest memory with a ring of packets, and registers that have PVG read it, while the memory becomes shorter. */
  private drive(): void {
    const { random, messages } = this;
    const fd = memory(0x4_0000, { sealable: random(2) === 0 });
    if (fd === null) return;
    this.ofMemory(fd);
    const ring = messages.ring();
    writeSync(fd, ring, 0, ring.length, 0);
    const map = message(2, words(32, 3, 0n, BigInt(GUEST_BASE), 0x4_0000n));
    this.note(map, 'memory, driven', 0);
    this.push(message(3, words(24, 2, 0n, 0n)), []);
    this.push(map, [fd]);
    const registers = messages.guestRegisters();
    const spoiltAt = random(registers.length + 3);
    for (const [index, write] of registers.entries()) {
      if (index === spoiltAt) resize(fd, 4096 * random(8));
      this.push(write, []);
    }
    if (random(2) === 0) resize(fd, 0);
    if (random(2) === 0) this.push(message(3, words(24, 2, 0n, 0n)), []);
  }

  /** Does something to memory that it has sent. */
  private spoil(): void {
    const { random, memories } = this;
    const fd = memories[random(memories.length || 1)];
    if (fd === undefined) return;
    if (random(3) === 0) addSeals(fd, Seal.shrink);
    else resize(fd, random(3) === 0 ? 0 : 4096 * random(16));
  }
}
