/**
 * Packets into rings: the control ring and the displays' child rings.
 *
 * Invariant: the count of bytes that is returned, and not the packet itself, hands the packet over. What it doesn't do: look
 * whether there is room, which its callers know.
 */
import { PACKET_HEADER_SIZE } from './layout.js';
import type { GuestMemory } from './memory.js';

/** Where a ring's data lies, its length (a power of two), and the bytes that were put in so far. */
export interface PacketRing {
  readonly data: number;
  readonly length: number;
  readonly written: number;
}

export interface Packet {
  readonly opcode: number;
  /** Its completion stamp; 0: none. */
  readonly stamp: number;
  readonly body: readonly number[];
}

/** Writes packets one behind the other, wrapped around the ring's end; returns the new count of bytes. */
export function putPackets(memory: GuestMemory, ring: PacketRing, packets: readonly Packet[]): number {
  let { written } = ring;
  for (const { opcode, stamp, body } of packets) {
    for (const word of [opcode, PACKET_HEADER_SIZE + 4 * body.length, stamp, ...body]) {
      memory.write32(ring.data + (written % ring.length), word);
      written = (written + 4) % 2 ** 32;
    }
  }
  return written;
}
