/**
 * A well-behaved client: uses everything that a VMM needs of the server, and says what wasn't as it should be.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { loadBridge } from '../../../dist/src/bridge/native.js';
import { Client, words } from './client.js';
import { memory } from './system.js';
import type { Holdings, Served } from './served.js';

const bridge = loadBridge();
const VERSION_REGISTER = 0x1034;
const MAPPED = 0x1_0000;
const BASE = 0x8000_0000;

/** How often an event descriptor was signalled and not looked at, as the system says. */
export function signals(fd: number): number {
  const [, count = ''] = /eventfd-count:\s+(\w+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
  return Number.parseInt(count, 16);
}

/** Connects, uses the device, and goes; what the server held while nobody else had anything. Throws what isn't as it should be. */
export async function bePolite(path: string, served: Served): Promise<Holdings> {
  const client = Client.connect(path);
  const event = bridge.pvg_event_create();
  const ram = memory(MAPPED) ?? -1;
  try {
    expect((await client.hello()).errno).toBe(0);
    const { holdings } = served;
    expect((await client.ask(4, words(16, 0, 0, 0))).errno).toBe(0);
    expect(await client.read32(7, 0)).toBe(0xeeee_106b);
    expect((await client.ask(2, words(32, 3, 0n, BigInt(BASE), BigInt(MAPPED)), [ram])).errno).toBe(0);
    expect((await client.ask(8, words(20, 0x24, 1, 3, 1), [event])).errno).toBe(0);
    expect((await client.ask(8, words(20, 0x21, 1, 3, 1))).errno).toBe(0);
    expect(signals(event)).toBe(1);
    expect(await client.read32(0, VERSION_REGISTER)).toBe(0x0001_0001);
    expect((await client.ask(3, words(24, 2, 0n, 0n))).payload.getBigUint64(16, true)).toBe(BigInt(MAPPED));
    return holdings;
  } finally {
    client.close();
    bridge.pvg_descriptor_close(event);
    bridge.pvg_descriptor_close(ram);
  }
}
