/**
 * The qtest server on a real device: a client brings it up from nothing, draws, and sees each frame and interrupt at its nanosecond; and clients that
 * mean no good.
 */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDevice, type Device, type DeviceOptions } from '../../../dist/src/index.js';
import { type QtestServer, serveQtest } from '../../../dist/src/embed/qtest/server.js';
import { QTEST_MAX_WAITING } from '../../../src/base/limits.js';
import { MAX_LINE_BYTES } from '../../../src/embed/qtest/line-framer.js';
import * as L from '../../../src/guest/layout.js';
import { QtestTestClient } from './client.js';

let folder: string;
let path: string;
let device: Device;
let server: QtestServer;
let log: string[];

async function start(options: DeviceOptions = {}): Promise<QtestTestClient> {
  const modes = [{ width: 64, height: 48, rateHz: 60 }];
  device = await createDevice({ ramBytes: 16 * 2 ** 20, clock: 'virtual', modes, pollMicroseconds: 0, ...options });
  log = [];
  server = await serveQtest(device, { path, log: (line) => log.push(line) });
  return QtestTestClient.dial(path);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qtest-'));
  path = join(folder, 'socket');
});
afterEach(async () => {
  await server.close();
  await device.close();
  rmSync(folder, { recursive: true });
});

const hex = (value: number): string => `0x${value.toString(16)}`;
const pair = (value: number): [number, number] => [value % 2 ** 32, Math.floor(value / 2 ** 32)];

/** A driver that knows nothing but addresses: everything goes over the socket. */
class SocketGuest {
  private written = 0;
  private childWritten = 0;
  private readonly page: number;

  constructor(
    private readonly client: QtestTestClient,
    private readonly at: { readonly ram: number; readonly window: number; readonly pageShift: number },
  ) {
    this.page = 2 ** at.pageShift;
  }

  async writeRegister(offset: number, value: number): Promise<void> {
    await this.client.ok(`writel ${hex(this.at.window + offset)} ${hex(value >>> 0)}`);
  }

  async readRegister(offset: number): Promise<number> {
    return Number(await this.client.ok(`readl ${hex(this.at.window + offset)}`));
  }

  /** A word of RAM. */
  async word(offset: number): Promise<number> {
    return Number(await this.client.ok(`readl ${hex(this.at.ram + offset)}`));
  }

  private async write(offset: number, words: readonly number[]): Promise<void> {
    const bytes = Buffer.from(Uint32Array.from(words, (word) => word >>> 0).buffer);
    await this.client.ok(`write ${hex(this.at.ram + offset)} ${bytes.length} 0x${bytes.toString('hex')}`);
  }

  private async packet(opcode: number, stamp: number, ...body: number[]): Promise<void> {
    await this.write(0x10_0000 + this.written, [opcode, L.PACKET_HEADER_SIZE + 4 * body.length, stamp, ...body]);
    this.written += L.PACKET_HEADER_SIZE + 4 * body.length;
  }

  private async child(opcode: number, stamp: number, ...body: number[]): Promise<void> {
    await this.write(0x30_0000 + L.CHILD_RING_DATA + this.childWritten, [opcode, L.PACKET_HEADER_SIZE + 4 * body.length, stamp, ...body]);
    this.childWritten += L.PACKET_HEADER_SIZE + 4 * body.length;
  }

  /** Rings, shared pages, the mode, a task that shows RAM from 0x300000 on, and a child FIFO in it. */
  async bringUp(events: number): Promise<void> {
    const { client, page, at } = this;
    await client.ok(`memset ${hex(at.ram + 0x20_0000)} 0x20000 0`);
    await this.write(0x21_0000 + L.DISPLAY_CURSOR, [0xffff_ffff, 1]);
    await this.write(0x21_0000 + L.DISPLAY_ENABLE, [events]);
    await this.writeRegister(L.REG_FIFO_BASE_PFN, (at.ram + 0x10_0000) / page);
    await this.writeRegister(L.REG_FIFO_LENGTH, 0x1_0000);
    await this.writeRegister(L.REG_SHARED_PFN, (at.ram + 0x20_0000) / page);
    await this.writeRegister(L.REG_START, 1);
    expect(await this.readRegister(L.REG_START)).toBe(1);
    expect(await this.readRegister(L.REG_MODE_SIZE)).toBe(64 * 65_536 + 48);
    await this.writeRegister(L.REG_MODE, 0);
    await this.packet(L.OP_SHARED_STATE, 0, 0, (at.ram + 0x21_0000) / page);
    await this.packet(L.OP_DEFINE_TASK, 0, 1, 0, 0x20_0000, 0);
    await this.packet(L.OP_MAP, 0, 1, 0, 0, 0, 1, 0, ...pair(at.ram + 0x30_0000), 0x20_0000, 0);
    await this.packet(L.OP_DEFINE_FIFO, 0, 1, 1, 0, 0, L.CHILD_RING_DATA + 0x1_0000);
    await this.writeRegister(L.REG_FIFO_WRITTEN, this.written);
    await this.writeRegister(L.REG_MAIN_KICK, 1);
    expect(await this.readRegister(L.REG_FAULT)).toBe(0);
  }

  /** Frames of those colours, all of which the device is told of at once. */
  async draw(first: number, colours: readonly number[]): Promise<void> {
    for (const [index, colour] of colours.entries()) {
      const at = 0x10_0000 + 32 * (first + index);
      await this.write(0x30_0000 + at, [L.DRAW_FILL, 32, 0, 0, 16_384, 16_384, colour, 0]);
      await this.child(L.OP_EXEC, 0, 1, 32, at, 0);
      await this.child(L.OP_SWAP, first + index, 0, 0);
    }
    await this.write(0x30_0000, [this.childWritten]);
    await this.writeRegister(L.REG_CHILD_DOORBELL, 1);
  }

  /** Takes what is pending, as an interrupt's handler would. */
  async takeEvents(): Promise<number> {
    await this.writeRegister(L.REG_DISPLAY_STATUS, 0xff);
    await this.writeRegister(L.REG_GPU_STATUS, L.GPU_STATUS_STAMP);
    const events = await this.word(0x21_0000 + L.DISPLAY_PENDING);
    await this.write(0x21_0000 + L.DISPLAY_PENDING, [0]);
    return events;
  }

  stamp(): Promise<number> {
    return this.word(0x20_0000 + L.SHARED_STAMP + 4);
  }
}

const colourOf = (frame: number): number => (0xff00_0000 | (frame * 0x0a_0b)) >>> 0;
const picture = (): number => device.surface?.snapshot()?.pixels[0] ?? 0;

describe.each([
  { variant: 'mmio', ram: 0x4000_0000, window: 0x3000_0000, pageShift: 14, gpu: 0, vblank: 0, path: '/machine/apple-gfx-mmio' },
  { variant: 'pci', ram: 0, window: 0xc000_0000, pageShift: 12, gpu: 0, vblank: 1, path: 'apple-gfx-pci' },
] as const)('a client of the $variant device', ({ variant, ram, window, pageShift, gpu, vblank, path: qomPath }) => {
  it('brings it up over the socket, and sees each frame and each interrupt at its nanosecond', async () => {
    const client = await start({ variant });
    const guest = new SocketGuest(client, { ram, window, pageShift });
    await client.ok(`irq_intercept_out ${qomPath}`);
    await client.ok('irq_intercept_in ioapic');
    await guest.bringUp(L.DISPLAY_EVENT_PRESENT);
    await guest.takeEvents();
    client.takeInterrupts();
    await guest.draw(1, [1, 2, 3, 4, 5].map(colourOf));
    // Just before the first blank all is drawn, and nothing is shown.
    expect(await client.ok('clock_step 16666665')).toBe('16666665');
    expect([picture(), await guest.stamp(), client.takeInterrupts()]).toEqual([0, 0, []]);
    for (let frame = 1; frame <= 5; frame++) {
      expect(await client.ok('clock_step')).toBe(String(Math.floor((frame * 1e9) / 60)));
      // The frame is shown, its packet done: an interrupt each, told before the answer.
      expect(client.takeInterrupts().sort()).toEqual([`lower ${gpu}`, `raise ${gpu}`, `lower ${vblank}`, `raise ${vblank}`].sort());
      expect([picture(), await guest.stamp(), await guest.takeEvents()]).toEqual([colourOf(frame), frame, 3]);
    }
    // Nothing more is drawn: blanks come, and interrupt nobody.
    expect(await client.ok('clock_set 1000000000')).toBe('1000000000');
    expect([client.takeInterrupts(), picture(), await guest.takeEvents()]).toEqual([[], colourOf(5), L.DISPLAY_EVENT_VBL]);
    expect(device.statistics).toMatchObject({ framesPresented: 5, framesRendered: 5, framesDropped: 0, guestErrors: 0 });
    expect(device.nextVsync).toBe(1_016_666_666n);
    client.socket.end();
  });
});

it('600 steps of a period are 600 blanks, and as many interrupts', { timeout: 60_000 }, async () => {
  const client = await start({ variant: 'pci' });
  const guest = new SocketGuest(client, { ram: 0, window: 0xc000_0000, pageShift: 12 });
  await guest.bringUp(L.DISPLAY_EVENT_VBL);
  await client.ok('irq_intercept_out apple-gfx-pci');
  await guest.takeEvents();
  for (let step = 1; step <= 600; step++) {
    client.send(`clock_step 16666667\nwritel ${hex(0xc000_0000 + L.REG_DISPLAY_STATUS)} 1\n`);
    expect([await client.answer(), await client.answer()]).toEqual([`OK ${16_666_667 * step}`, 'OK']);
    expect(client.takeInterrupts()).toEqual(['raise 1', 'lower 1']);
  }
  // To the nanosecond at 10 s, but for what the steps were too long.
  expect(device.nextVsync).toBe((601n * 1_000_000_000n) / 60n);
});

describe('addresses', () => {
  it('lead to RAM, to memory that comes and goes, to registers with the size that is said, or nowhere', async () => {
    const client = await start({ variant: 'pci' });
    const added = await device.addMemory({ gpa: 0x1_0000_0000, bytes: 0x8000 });
    await device.addMemory({ gpa: 0x2_0000_0000, bytes: 0x4000, kind: 'rom' });
    await client.ok('writeq 0x100000003 0x1122334455667788');
    expect([await client.ok('readb 0x100000003'), await client.ok('readl 0x100000005')]).toEqual([
      '0x0000000000000088',
      '0x0000000033445566',
    ]);
    expect([...added.bytes.subarray(2, 12)]).toEqual([0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0]);
    // From the end of one piece into nothing.
    await client.ok('writel 0x100007ffe 0xaabbccdd');
    expect(await client.ok('read 0x100007ffc 8')).toBe('0x0000ddcc00000000');
    expect(await client.ok('b64read 0x100007ffe 2')).toBe('3cw=');
    await client.ok('memset 0x100000000 0x10000 0x5a');
    expect([added.bytes[0], added.bytes[0x7fff]]).toEqual([0x5a, 0x5a]);
    await added.remove();
    expect(await client.ok('readq 0x100000000')).toBe('0x0000000000000000');
    await client.ok('writel 0x200000000 0xffffffff');
    expect(await client.ok('readl 0x200000000')).toBe('0x0000000000000000');
    expect(await client.ok('readq 0xfffffffffffffffc')).toBe('0x0000000000000000');
    const register = 0xc000_0000 + L.REG_FIFO_OFFSET;
    await client.ok(`writel ${hex(register)} 0x12345678`);
    for (const refused of [`writew ${hex(register)} 1`, `writeb ${hex(register + 1)} 1`, `writel ${hex(register + 2)} 1`])
      await client.ok(refused);
    const values = ['readl', 'readw', 'readb'].map((name) => client.ok(`${name} ${hex(register)}`));
    expect((await Promise.all(values)).map(Number)).toEqual([0x1234_5678, 0, 0]);
    await client.ok(`writeq ${hex(register)} 0x0000000200000001`);
    expect(await client.ok(`readq ${hex(register)}`)).toBe('0x0000000200000001');
    expect(await client.ok(`read ${hex(register)} 10`)).toBe('0x01000000020000000000');
    await client.ok(`write ${hex(register)} 4 0x78563412`);
    expect(await client.ok(`readl ${hex(register)}`)).toBe('0x0000000012345678');
  });

  it('of the iosfc window take all 64 bits', async () => {
    const client = await start({ variant: 'mmio' });
    const base = hex((device.iosfcBase ?? 0) + 0x1000);
    await client.ok(`writeq ${base} 0x123456789abcdef0`);
    expect(await client.ok(`readq ${base}`)).toBe('0x123456789abcdef0');
  });
});

describe('clients', () => {
  it('are served one after the other, and what one has left behind the next one finds', async () => {
    const first = await start();
    await first.ok('writel 0x40000000 7');
    await first.ok(`writel ${hex(0x3000_0000 + L.REG_MODE)} 0`);
    await first.ok('irq_intercept_in gic');
    const second = await QtestTestClient.dial(path);
    const answer = second.ask('readl 0x40000000');
    await first.ok('writel 0x40000000 8');
    expect(server.clientCount).toBe(2);
    // In the middle of a line, and of a clock that would take days.
    first.send('clock_step 1000000000000000\nwritel 0x40000000 9\nwrite');
    first.socket.destroy();
    expect(await answer).toBe('OK 0x0000000000000008');
    expect(await second.ok('clock_step 5')).toMatch(/^\d+$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    second.socket.end();
    await once(second.socket, 'close');
    expect(log.map((line) => line.replace(/\+?\d+\.\d{6}/, 'T'))).toEqual(
      expect.arrayContaining(['[I T] OPENED', '[R T] writel 0x40000000 7', '[S T] OK', '[I T] CLOSED']),
    );
  });

  it('that only wait are not endless, and who hangs up gets what it had asked for', async () => {
    const first = await start();
    const refused = once(server, 'refused');
    const waiting = await Promise.all(Array.from({ length: QTEST_MAX_WAITING + 1 }, () => QtestTestClient.dial(path)));
    expect(await refused).toEqual([`${QTEST_MAX_WAITING} clients wait already`]);
    for (const client of waiting) client.socket.destroy();
    first.send('readl 0x40000000\nendianness\nclock_step 3');
    first.send('\nendianness');
    first.socket.end();
    expect([await first.answer(), await first.answer(), await first.answer(), await first.answer()]).toEqual([
      'OK 0x0000000000000000',
      'OK little',
      'OK 3',
      null,
    ]);
  });

  it('that send what no one should harm nobody', async () => {
    const first = await start();
    first.send(Uint8Array.from({ length: 3000 }, (_, index) => index * 7));
    first.send('\n');
    expect(await first.answer()).toMatch(/^FAIL /);
    const piece = Buffer.alloc(2 ** 20, 0x61);
    for (let sent = 0; sent <= MAX_LINE_BYTES; sent += piece.length) {
      if (!first.socket.write(piece)) await once(first.socket, 'drain');
    }
    let answer = await first.ask('');
    while (!answer?.includes('the line has')) answer = await first.answer();
    expect(answer).toMatch(/^FAIL the line has \d+ bytes, expected at most \d+$/);
    expect(await first.ok('endianness')).toBe('little');
    // Who asks without end, and doesn't read.
    first.socket.pause();
    const second = await QtestTestClient.dial(path);
    const served = second.ask('endianness');
    const question = Buffer.from('read 0x40000000 1000000\n'.repeat(100));
    first.socket.write(question);
    first.socket.destroy();
    expect(await served).toBe('OK little');
  });

  it('hear the end of the device, and the path goes with it', async () => {
    const client = await start();
    client.send('clock_step 1000000000000\n');
    await device.close();
    const answer = await client.answer();
    if (answer !== null) expect(answer).toMatch(/^(FAIL|OK)/);
    expect(await client.answer()).toBeNull();
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  it('of a device with a real clock are told that they can’t move it', async () => {
    const client = await start({ clock: 'real' });
    expect(await client.ask('clock_step')).toBe("FAIL the device has a real clock, expected one made with clock: 'virtual'");
    expect(await client.ok('readl 0x40000000')).toBe('0x0000000000000000');
  });
});
