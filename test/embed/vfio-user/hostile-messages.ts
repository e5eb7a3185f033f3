/**
 * Messages of a hostile vfio-user client, from a seed: what a client may say, and what is wrong with it.
 *
 * The same seed gives the same messages and the same descriptors. What it does not do: send them.
 */
import * as L from '../../../src/guest/layout.js';
import { joined, message, words } from './client.js';

/** A number from 0 to `below` - 1. */
export type Random = (below: number) => number;

/** mulberry32. */
export function generator(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b_79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Kinds of descriptor that a client may send. */
export const DESCRIPTORS = [
  ...['event', 'fullEvent', 'memory', 'sealedMemory', 'unsealableMemory', 'shortMemory', 'readOnlyMemory', 'hugeMemory'],
  ...['pipeIn', 'pipeOut', 'socket', 'itself', 'folder', 'null', 'zero', 'deadSocket'],
] as const;
export type DescriptorKind = (typeof DESCRIPTORS)[number];

/** A message, as it is sent. */
export interface Malformed {
  readonly bytes: Uint8Array;
  readonly descriptors: readonly DescriptorKind[];
  /** Sent in two pieces, the second from here on; the descriptors come with the second. 0: in one. */
  readonly cut: number;
  /** The server won't understand what comes after it. */
  readonly ends: boolean;
}

const AWKWARD_32 = [0, 1, 2, 3, 4, 8, 15, 16, 17, 20, 31, 32, 33, 0xfff, 0x1000, 0x4000, 0x10_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const AWKWARD_64 = [
  0n,
  1n,
  0xfffn,
  0x1000n,
  0x4000n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 52n - 4096n,
  2n ** 52n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n,
].concat([2n ** 64n - 4096n, 2n ** 64n - 1n]);
/** Where the guest memory is that registers name. */
export const GUEST_BASE = 0x100_0000;
const REGISTERS = [L.REG_FIFO_OFFSET, L.REG_FIFO_LENGTH, L.REG_FIFO_WRITTEN, L.REG_START, L.REG_SHARED_PFN, L.REG_CHILD_DOORBELL].concat([
  L.REG_MAIN_KICK,
  L.REG_REPLAY,
  L.REG_FAULT,
  L.REG_FIFO_BASE_PFN,
  L.REG_MODE,
  L.REG_MODE_SELECT,
  L.REG_DISPLAY,
]);
const TEXTS = [
  '{',
  '{}',
  '[]',
  'null',
  '1e999',
  '{"capabilities":1}',
  '{"capabilities":{"max_msg_fds":-1}}',
  '{"capabilities":{"max_data_xfer_size":1.5}}',
  '{"capabilities":{"twin_socket":true}}',
  '{"capabilities":{"write_multiple":"no"}}',
  '{"capabilities":{"__proto__":{"max_msg_fds":[]},"constructor":7}}',
  '{"capabilities":{"migration":[[[]]]}}',
  '{"capabilities":{"max_data_xfer_size":1}}\0{"capabilities":',
  '\u{1f980}',
];

function pick<T>(random: Random, values: readonly [T, ...T[]] | readonly T[]): T {
  return values[random(values.length)] as T;
}

/** Makes the messages of one connection. */
export class Messages {
  constructor(private readonly random: Random) {}

  /** The next one; `begun`: VERSION was sent. */
  next(begun: boolean): Malformed {
    const { random } = this;
    const [command, payload, descriptors] = this.sound(begun ? random(40) : random(10) === 0 ? random(40) : 0);
    const flags = random(12) === 0 ? 1 << 4 : 0;
    const bytes = message(command, payload, { id: random(4) === 0 ? 7 : random(0x1_0000), flags });
    return random(2) === 0 ? { bytes, descriptors, cut: 0, ends: false } : this.malformed(bytes, descriptors);
  }

  /** Registers that have PVG read guest memory as if there were a ring of packets. */
  guestRegisters(): readonly Uint8Array[] {
    const page = GUEST_BASE / 4096;
    const values: readonly (readonly [number, number])[] = [
      [L.REG_FIFO_BASE_PFN, page],
      [L.REG_FIFO_OFFSET, 0],
      [L.REG_FIFO_LENGTH, 0x8000],
      [L.REG_SHARED_PFN, page + 8],
      [L.REG_START, 1],
      [L.REG_FIFO_WRITTEN, 0x4000],
      [L.REG_MAIN_KICK, 1],
    ];
    return values.map(([register, value]) => message(10, joined(words(BigInt(register), 0, 4), words(value))));
  }

  /** What may be in such a ring: packets whose header is right, and whose rest is not. */
  ring(): Uint8Array {
    const { random } = this;
    const opcodes = [
      L.OP_DEFINE_TASK,
      L.OP_MAP,
      L.OP_MAP,
      L.OP_CURSOR_GLYPH,
      L.OP_DEFINE_FIFO,
      L.OP_UNMAP,
      L.OP_DELETE_TASK,
      L.OP_SHARED_STATE,
    ];
    const body = (opcode: number): readonly number[] => {
      if (opcode === L.OP_DEFINE_TASK) return [1, 0, 0x20_0000, 0];
      if (opcode === L.OP_MAP) return [1, 0, 0, 0, 1, 0, GUEST_BASE + 4096 * random(40), 0, 4096 * (1 + random(16)), 0];
      if (opcode === L.OP_CURSOR_GLYPH) return [0, 16, 16, 64, 32, 0, 0, 0, GUEST_BASE + 4096 * random(40), 0, 1024];
      return Array.from({ length: random(10) }, () => this.word());
    };
    const packets: Uint8Array[] = [];
    for (let index = 0; index < 40; index++) {
      const opcode = index === 0 ? L.OP_DEFINE_TASK : pick(random, opcodes);
      const payload = words(...body(opcode));
      packets.push(joined(words(opcode, 12 + payload.length, 0), payload));
    }
    return joined(...packets);
  }

  private word(): number {
    return this.random(3) === 0 ? this.random(2 ** 32) : pick(this.random, AWKWARD_32);
  }

  private long(): bigint {
    const { random } = this;
    if (random(3) === 0) return BigInt(GUEST_BASE + 4096 * random(64));
    return random(4) === 0 ? BigInt(random(2 ** 32)) * 4096n : pick(random, AWKWARD_64);
  }

  private bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.random(256));
  }

  /** A command with what it may have, and numbers that are awkward. */
  private sound(kind: number): readonly [number, Uint8Array, readonly DescriptorKind[]] {
    const { random } = this;
    if (kind === 0) return [1, this.version(), []];
    if (kind < 9)
      return [
        2,
        words(32, random(4) === 0 ? this.word() : random(16), BigInt(4096 * random(4)), this.long(), this.size()),
        this.descriptor(2),
      ];
    if (kind < 12) return [3, this.unmap(), []];
    if (kind < 16) return [pick(random, [4, 5, 6, 7]), words(this.word(), 0, random(12), 0, this.long(), this.long()), []];
    if (kind < 22) return this.setIrqs();
    if (kind < 28) return [9, words(this.offset(), random(3) === 0 ? this.word() : pick(random, [0, 6, 7]), this.count()), []];
    if (kind < 34) return [10, this.write(), []];
    if (kind < 36) return [15, this.multiWrite(), []];
    if (kind < 37) return [16, words(16, 0x2_0002, random(16) === 0 ? random(8) : this.word(), 0xffff_ffff), []];
    if (kind < 38)
      return [16, words(this.word(), pick(random, [1, 2, 6, 7, 8, 9]) | (random(8) << 16), this.long(), this.long(), this.long()), []];
    if (kind < 39) return [pick(random, [17, 18]), words(this.word(), this.word(), this.long()), []];
    return [random(200) === 0 ? 13 : pick(random, [0, 11, 12, 14, 19, 255, 0xffff]), this.bytes(random(64)), []];
  }

  private version(): Uint8Array {
    const { random } = this;
    const kind = random(8);
    const twin = random(4) === 0 ? ',"twin_socket":{"supported":true}' : '';
    if (kind < 4) return joined(words(0), new TextEncoder().encode(`{"capabilities":{"max_msg_fds":8${twin}}}\0`));
    if (kind === 4) return joined(words(this.word()), new TextEncoder().encode(`${pick(random, TEXTS)}\0`));
    if (kind === 5) return joined(words(0), new TextEncoder().encode(pick(random, TEXTS)));
    if (kind === 6) return joined(words(0), this.bytes(random(100)), Uint8Array.of(0));
    const depth = 10 ** random(5);
    const nested = `${'['.repeat(depth)}${random(2) === 0 ? ']'.repeat(depth) : ''}`;
    return joined(words(0), new TextEncoder().encode(`{"capabilities":{"${pick(random, ['x', 'max_msg_fds', 'pgsizes'])}":${nested}}}\0`));
  }

  private size(): bigint {
    return this.random(3) === 0 ? this.long() : BigInt(4096 * (1 + this.random(32)));
  }

  private unmap(): Uint8Array {
    const { random } = this;
    if (random(4) === 0) return words(24, 2, 0n, 0n);
    return words(24, random(4) === 0 ? this.word() : 0, this.long(), random(2) === 0 ? this.size() : this.long());
  }

  private setIrqs(): readonly [number, Uint8Array, readonly DescriptorKind[]] {
    const { random } = this;
    const count = random(4) === 0 ? this.word() : random(5);
    const flags = random(4) === 0 ? random(64) : pick(random, [0x21, 0x22, 0x24, 0x24, 0x24]);
    const there = random(3) === 0 ? random(17) : Math.min(count, 16);
    const kind = (): DescriptorKind => pick(random, ['event', 'event', 'fullEvent']);
    const payload = joined(
      words(20 + random(8), flags, random(6), random(4) === 0 ? this.word() : random(32), count),
      this.bytes(random(8)),
    );
    if (random(12) === 0) return [8, payload, this.anything(there)];
    return [8, payload, (flags & 4) === 0 ? [] : Array.from({ length: there }, kind)];
  }

  private offset(): bigint {
    const { random } = this;
    if (random(4) === 0) return this.long();
    return BigInt(random(2) === 0 ? pick(random, REGISTERS) : random(0x4010));
  }

  private count(): number {
    const { random } = this;
    if (random(8) === 0) return random(20) === 0 ? 1_048_576 : this.word();
    return pick(random, [1, 2, 4, 4, 4, 8, 16, 64]);
  }

  private write(): Uint8Array {
    const { random } = this;
    const length = pick(random, [1, 2, 4, 4, 4, 8, 16]);
    const data = random(2) === 0 ? words(this.word(), this.word(), 0, 0).subarray(0, length) : this.bytes(length);
    return joined(words(this.offset(), pick(random, [0, 0, 6, 7, 7, 8]), random(6) === 0 ? this.word() : length), data);
  }

  private multiWrite(): Uint8Array {
    const { random } = this;
    const count = random(6);
    const writes = Array.from({ length: count }, () => joined(words(this.offset(), pick(random, [0, 7]), random(10)), this.bytes(8)));
    return joined(words(random(3) === 0 ? this.long() : BigInt(count)), ...writes);
  }

  private descriptor(most: number): readonly DescriptorKind[] {
    const { random } = this;
    const memories = ['memory', 'memory', 'sealedMemory', 'unsealableMemory', 'shortMemory', 'readOnlyMemory', 'hugeMemory'] as const;
    if (random(5) === 0) return this.anything(random(most + 1));
    return random(6) === 0 ? [] : [pick(random, memories)];
  }

  /** Descriptors of all kinds; sockets are few, since they end the connection. */
  private anything(count: number): readonly DescriptorKind[] {
    const { random } = this;
    const kinds = random(8) === 0 ? DESCRIPTORS : DESCRIPTORS.filter((kind) => kind !== 'itself' && !kind.toLowerCase().includes('socket'));
    return Array.from({ length: count }, () => pick(random, kinds));
  }

  /** What is wrong with a message besides. */
  private malformed(bytes: Uint8Array, descriptors: readonly DescriptorKind[]): Malformed {
    const { random } = this;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const kind = random(16);
    if (kind === 0)
      view.setUint32(4, pick(random, [0, 1, 15, 16, bytes.length - 1, bytes.length + 1, 2 ** 20, 2 ** 31, 2 ** 32 - 1]), true);
    if (kind === 1) view.setUint32(8, random(2) === 0 ? random(64) : this.word(), true);
    if (kind === 2) view.setUint16(2, random(24), true);
    if (kind === 3) view.setUint32(12, this.word(), true);
    if (kind < 6 && bytes.length > 16) bytes[16 + random(bytes.length - 16)] = random(256);
    if (kind === 6) {
      const shorter = bytes.slice(0, 16 + random(bytes.length - 15));
      new DataView(shorter.buffer).setUint32(4, shorter.length, true);
      return { bytes: shorter, descriptors, cut: 0, ends: false };
    }
    if (kind === 7)
      return { bytes, descriptors: this.anything(pick(random, random(6) === 0 ? [15, 16, 17, 64, 253] : [1, 2, 3])), cut: 0, ends: false };
    if (kind === 8) return { bytes, descriptors: [], cut: 0, ends: false };
    return { bytes, descriptors, cut: kind > 8 && kind < 13 ? 1 + random(bytes.length - 1) : 0, ends: kind === 0 };
  }
}
