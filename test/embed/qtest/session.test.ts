/**
 * The protocol without a device: each command, what is wrong with one, and that whatever comes has one answer.
 */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { QTEST_MAX_DATA_BYTES, QTEST_MAX_FILL_BYTES } from '../../../src/base/limits.js';
import { COMMANDS } from '../../../src/embed/qtest/commands.js';
import { LineFramer } from '../../../src/embed/qtest/line-framer.js';
import type { QtestMachine } from '../../../src/embed/qtest/machine.js';
import { QtestSession } from '../../../src/embed/qtest/session.js';

/** Memory of 64 bytes at 0x100, and a clock. */
class FakeMachine implements QtestMachine {
  readonly memory = Buffer.alloc(64);
  calls: unknown[] = [];
  clock: bigint | null = 100n;
  nextDeadline: bigint | null = 150n;
  pending: number[] = [];

  private at = (address: bigint): number => Number(address) - 0x100;

  async load(address: bigint, size: 1 | 2 | 4 | 8): Promise<bigint> {
    this.calls.push(['load', address, size]);
    return BigInt(
      `0x${Buffer.from(await this.read(address, size))
        .reverse()
        .toString('hex')}`,
    );
  }

  async store(address: bigint, size: 1 | 2 | 4 | 8, value: bigint): Promise<void> {
    this.calls.push(['store', address, size, value]);
  }

  async read(address: bigint, size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    if (address >= 0x100n && address < 0x140n) bytes.set(this.memory.subarray(this.at(address), this.at(address) + size));
    return bytes;
  }

  async write(address: bigint, bytes: Uint8Array): Promise<void> {
    this.calls.push(['write', address, Buffer.from(bytes).toString('hex')]);
  }

  async fill(address: bigint, size: number, value: number): Promise<void> {
    this.calls.push(['fill', address, size, value]);
  }

  async advance(nanoseconds: bigint): Promise<bigint> {
    this.clock = (this.clock ?? 0n) + nanoseconds;
    if (nanoseconds > 0n) this.pending.push(1);
    return this.clock;
  }

  canIntercept(side: 'in' | 'out', path: string): boolean {
    return side === 'in' || path === 'gpu';
  }

  intercept(): void {
    this.calls.push('intercept');
  }

  takeInterrupts(): readonly number[] {
    return this.pending.splice(0);
  }
}

let machine: FakeMachine;
let session: QtestSession;
beforeEach(() => {
  machine = new FakeMachine();
  session = new QtestSession(machine);
  machine.memory.set([1, 2, 3, 4, 5, 6, 7, 8]);
});

const ask = async (line: string): Promise<string> => (await session.answer({ line })).join('\n');

describe('a command', () => {
  it.each([
    ['readb 0x100', 'OK 0x0000000000000001'],
    ['readw 256', 'OK 0x0000000000000201'],
    ['readl 0400', 'OK 0x0000000004030201'],
    ['readq 0X100', 'OK 0x0807060504030201'],
    ['readl 0xffffffffffffffff', 'OK 0x0000000000000000'],
    ['read 0x101 3', 'OK 0x020304'],
    ['b64read 0x100 4', 'OK AQIDBA=='],
    ['endianness', 'OK little'],
    ['clock_step 7', 'IRQ raise 1\nIRQ lower 1\nOK 107'],
    ['clock_step', 'IRQ raise 1\nIRQ lower 1\nOK 150'],
    ['clock_set 0xff', 'IRQ raise 1\nIRQ lower 1\nOK 255'],
    ['clock_set 99', 'OK 100'],
    ['clock_step 0', 'OK 100'],
  ])('%s is answered %s', async (line, answer) => {
    expect(await ask(line)).toBe(answer);
  });

  it.each([
    ['writeb 1 0x1ff', ['store', 1n, 1, 0xffn]],
    ['writew 1 0x1ffff', ['store', 1n, 2, 0xffffn]],
    ['writel 1 0x1ffffffff', ['store', 1n, 4, 0xffff_ffffn]],
    ['writeq 1 0xffffffffffffffff', ['store', 1n, 8, 0xffff_ffff_ffff_ffffn]],
    ['write 0x10 2 0xabcd', ['write', 16n, 'abcd']],
    ['write 0x10 4 0xABcd', ['write', 16n, 'abcd0000']],
    ['write 0x10 1 0xabcd', ['write', 16n, 'ab']],
    ['b64write 0x10 3 AQID', ['write', 16n, '010203']],
    ['b64write 0x10 2 AQID', ['write', 16n, '0102']],
    ['b64write 0x10 4 AQID', ['write', 16n, '010203']],
    ['memset 0x10 0x20 0xa5', ['fill', 16n, 32, 165]],
    ['memset 0x10 0 0', ['fill', 16n, 0, 0]],
    ['irq_intercept_in ioapic', 'intercept'],
    ['irq_intercept_out gpu', 'intercept'],
    ['  irq_intercept_out   gpu  ', 'intercept'],
  ])('%s does so much and no more', async (line, call) => {
    expect(await ask(line)).toBe('OK');
    expect(machine.calls).toEqual([call]);
  });

  it.each([
    ['', 'FAIL the line is empty, expected a command'],
    ['inb 0x60', "FAIL Unknown command 'inb'"],
    ['Readl 0', "FAIL Unknown command 'Readl'"],
    ['constructor', "FAIL Unknown command 'constructor'"],
    ['readl', 'FAIL readl was given 0 words, expected: readl ADDR'],
    ['readl 1 2', 'FAIL readl was given 2 words, expected: readl ADDR'],
    ['clock_step 1 2', 'FAIL clock_step was given 2 words, expected: clock_step [NS]'],
    ['readl -1', 'FAIL ADDR is "-1", expected a number in 0..2^64-1, decimal, 0x\\u2026 or octal 0\\u2026'],
    ['readl 08', 'FAIL ADDR is "08", expected a number in 0..2^64-1, decimal, 0x\\u2026 or octal 0\\u2026'],
    ['readl 0x10000000000000000', 'FAIL ADDR is "0x10000000000000000", expected a number'],
    ['writel 0 x', 'FAIL VALUE is "x", expected a number'],
    ['memset 0 1 256', 'FAIL VALUE is "256", expected a number in 0..255'],
    [`memset 0 ${QTEST_MAX_FILL_BYTES + 1} 0`, `FAIL SIZE is ${QTEST_MAX_FILL_BYTES + 1}, expected 0..${QTEST_MAX_FILL_BYTES}`],
    ['read 0 0', 'FAIL SIZE is 0, expected 1..'],
    [`read 0 ${QTEST_MAX_DATA_BYTES + 1}`, `FAIL SIZE is ${QTEST_MAX_DATA_BYTES + 1}, expected 1..${QTEST_MAX_DATA_BYTES}`],
    ['write 0 1 ff', 'ERR DATA is "ff", expected 0x and two hexadecimal digits for each byte'],
    ['write 0 1 0x', 'ERR DATA is "0x", expected 0x'],
    ['write 0 1 0xabc', 'ERR DATA is "0xabc", expected 0x'],
    ['b64write 0 1 A', 'ERR B64_DATA is "A", expected base 64'],
    ['b64write 0 1 AQ=A', 'ERR B64_DATA is "AQ=A", expected base 64'],
    ['irq_intercept_out cpu', 'FAIL Unknown device "cpu"'],
    ['clock_set x', 'FAIL NS is "x", expected a number'],
  ])('%j fails, says why, and does nothing', async (line, answer) => {
    expect(await ask(line)).toContain(answer);
    expect(machine.calls).toEqual([]);
    expect(machine.clock).toBe(100n);
  });

  it('of the clock fails on a real one, and where there is no deadline', async () => {
    machine.nextDeadline = null;
    expect(await ask('clock_step')).toBe('FAIL cannot advance the clock to the next deadline: there is none');
    machine.clock = null;
    for (const line of ['clock_step', 'clock_step 1', 'clock_set 1']) expect(await ask(line)).toContain('FAIL the device has a real clock');
  });

  it('that the machine fails is answered on one line', async () => {
    machine.read = async () => {
      throw new RangeError('no\nmemory é');
    };
    expect(await ask('read 0 1')).toBe('FAIL no\\u000amemory \\u00e9');
  });
});

describe('whatever comes', () => {
  it('lines are found in whatever pieces they come, and one that is too long is one fault', () => {
    const line = fc.array(fc.constantFrom(...'abc \r\0\xff'), { maxLength: 12 }).map((each) => each.join(''));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.array(fc.nat(20), { maxLength: 20 }), (lines, cuts) => {
        const framer = new LineFramer(8);
        const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(''), 'latin1');
        const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const frames = edges.flatMap((from, index) => framer.feed(bytes.subarray(from, edges[index + 1] ?? bytes.length)));
        expect(frames).toEqual(
          lines.map((each) =>
            each.length > 8 ? { fault: `the line has ${each.length} bytes, expected at most 8` } : { line: each.replace(/\r$/, '') },
          ),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('has one answer, of one line of ASCII, that begins with OK, FAIL or ERR', async () => {
    const number = fc.oneof(
      fc.bigInt({ min: -2n, max: 2n ** 65n }).map((value) => (value < 0n ? String(value) : `0x${value.toString(16)}`)),
      fc.constantFrom('0', '1', '0x100', '64', '07', '09', '0x', '-', '1e3', '\u0100'),
    );
    const word = fc.oneof(number, fc.string(), fc.constantFrom('0xab', 'AQID', 'gpu'));
    const command = fc.tuple(fc.oneof(fc.constantFrom(...COMMANDS.keys()), fc.string()), fc.array(word, { maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(command, async ([name, words]) => {
        // The machine of this test has no use for so many bytes at once.
        machine.read = async () => new Uint8Array(1);
        machine.advance = async (nanoseconds) => nanoseconds;
        const answers = await session.answer({ line: [name, ...words].join(' ') });
        expect(answers).toHaveLength(1);
        expect(answers[0]).toMatch(/^(OK|FAIL .+|ERR .+|OK [\x21-\x7e]+)$/);
        expect(answers[0]).toMatch(/^[\x20-\x7e]*$/);
      }),
      { numRuns: 2000 },
    );
  });
});
