/**
 * DEVICE_FEATURE and the migration's data as a session has them: what each request is answered, byte by byte, and which are refused.
 */
import { describe, expect, it } from 'vitest';
import { type DirtyLogTarget, Features } from '../../../src/embed/vfio-user/features.js';
import { Migration } from '../../../src/embed/vfio-user/migration.js';
import { Errno, RequestError } from '../../../src/embed/vfio-user/protocol.js';
import { joined, words } from './client.js';

const GET = 1 << 16;
const SET = 1 << 17;
const PROBE = 1 << 18;
const STATE = Uint8Array.from({ length: 10 }, (_, index) => index + 1);

class Log implements DirtyLogTarget {
  readonly calls: string[] = [];

  setLogging(on: boolean): void {
    this.calls.push(on ? 'on' : 'off');
  }

  takeDirtyPages(address: bigint, bytes: bigint, pageBytes: number): Uint8Array {
    this.calls.push(`${address} ${bytes} ${pageBytes}`);
    return Uint8Array.of(0xa5, 0, 0, 0, 0, 0, 0, 0x80);
  }
}

function scene(): { readonly log: Log; ask(what: 'carryOut' | 'readData' | 'writeData', payload: Uint8Array): Uint8Array } {
  const log = new Log();
  const features = new Features(new Migration({ stop: () => STATE, run: () => undefined }), log);
  return {
    log,
    ask(what, payload) {
      // What is answered may lie beside something else, and room that isn't written is whatever it was.
      const room = new Uint8Array(4096).fill(0xee);
      let length = 0;
      features[what]({
        payload: new DataView(payload.buffer, payload.byteOffset, payload.length),
        answer: (bytes) => {
          length = bytes;
          return new DataView(room.buffer, 16, bytes);
        },
      });
      return room.slice(16, 16 + length);
    },
  };
}

const feature = (flags: number, ...data: (number | bigint)[]): Uint8Array => words(1000, flags, ...data);

function errnoOf(run: () => unknown): number {
  try {
    run();
  } catch (error) {
    if (error instanceof RequestError) return error.errno;
    throw error;
  }
  return 0;
}

describe('a feature', () => {
  it('that there is can be asked for with what it has, and no other', () => {
    const methods: readonly [number, number][] = [
      [1, GET],
      [2, GET | SET],
      [6, SET],
      [7, SET],
      [8, GET],
    ];
    for (const [number, has] of methods)
      for (const asked of [0, GET, SET, GET | SET]) {
        const { ask } = scene();
        const errno = errnoOf(() => ask('carryOut', feature(number | asked | PROBE)));
        expect([number, asked, errno]).toEqual([number, asked, (asked & ~has) === 0 ? 0 : Errno.EINVAL]);
      }
    for (const number of [0, 3, 4, 5, 9, 0xffff])
      expect(errnoOf(() => scene().ask('carryOut', feature(number | PROBE)))).toBe(Errno.ENOTSUP);
    for (const flags of [1, 1 | SET, 2 | GET | SET, 1 | GET | (1 << 19)])
      expect(errnoOf(() => scene().ask('carryOut', feature(flags)))).toBe(Errno.EINVAL);
    expect(errnoOf(() => scene().ask('carryOut', new Uint8Array(7)))).toBe(Errno.EINVAL);
  });

  it('of migration says that states can be stopped and copied, and copied beforehand', () => {
    expect(scene().ask('carryOut', feature(1 | GET))).toEqual(words(16, 1 | GET, 5n));
  });

  it('of the state is told and set, with no descriptor', () => {
    const { ask } = scene();
    expect(ask('carryOut', feature(2 | GET))).toEqual(words(16, 2 | GET, 2, -1));
    expect(ask('carryOut', feature(2 | SET, 3, 0))).toEqual(words(16, 2 | SET, 3, 0));
    expect(ask('carryOut', feature(2 | GET))).toEqual(words(16, 2 | GET, 3, -1));
    expect(errnoOf(() => ask('carryOut', feature(2 | SET, 3)))).toBe(Errno.EINVAL);
    expect(errnoOf(() => ask('carryOut', feature(2 | SET, 0, 0)))).toBe(Errno.EINVAL);
  });
});

describe('data', () => {
  it('are read in as many bytes as were asked for, zeros behind the last', () => {
    const { ask } = scene();
    ask('carryOut', feature(2 | SET, 3, 0));
    expect(ask('readData', words(16, 8))).toEqual(joined(words(16, 8), STATE.subarray(0, 8)));
    expect(ask('readData', words(16, 8))).toEqual(joined(words(16, 2), STATE.subarray(8), new Uint8Array(6)));
    expect(ask('readData', words(16, 8))).toEqual(joined(words(16, 0), new Uint8Array(8)));
    expect(errnoOf(() => ask('readData', words(16)))).toBe(Errno.EINVAL);
    expect(errnoOf(() => ask('readData', words(16, 1_048_577)))).toBe(Errno.EINVAL);
  });

  it('are written where they may be, and no more than came', () => {
    const { ask } = scene();
    expect(errnoOf(() => ask('writeData', joined(words(8, 1), Uint8Array.of(1))))).toBe(Errno.EINVAL);
    ask('carryOut', feature(2 | SET, 4, 0));
    expect(ask('writeData', joined(words(8, 3), Uint8Array.of(1, 2, 3)))).toEqual(new Uint8Array());
    expect(errnoOf(() => ask('writeData', joined(words(8, 4), Uint8Array.of(1, 2, 3))))).toBe(Errno.EINVAL);
    expect(errnoOf(() => ask('writeData', words(8)))).toBe(Errno.EINVAL);
  });
});

describe('the log of dirty pages', () => {
  const report = (...range: bigint[]): Uint8Array => feature(8 | GET, ...range);

  it('is begun once, in pages of 4 KiB whatever was hinted, and ended', () => {
    const { ask, log } = scene();
    expect(ask('carryOut', feature(6 | SET, 0x20_0000n, 1, 0, 0n, 0x1000n))).toEqual(words(40, 6 | SET, 4096n, 1, 0, 0n, 0x1000n));
    expect(errnoOf(() => ask('carryOut', feature(6 | SET, 4096n, 0, 0)))).toBe(Errno.EBUSY);
    expect(ask('carryOut', feature(7 | SET))).toEqual(words(8, 7 | SET));
    ask('carryOut', feature(7 | SET));
    expect(log.calls).toEqual(['on', 'off']);
    expect(errnoOf(() => ask('carryOut', feature(6 | SET, 4096n, 2, 0, 0n, 0x1000n)))).toBe(Errno.EINVAL);
    expect(errnoOf(() => ask('carryOut', feature(6 | SET, 4096n, 0xffff_ffff, 0)))).toBe(Errno.EINVAL);
    expect(errnoOf(() => ask('carryOut', feature(6 | SET, 4096n)))).toBe(Errno.EINVAL);
  });

  it('is reported as the request with a bitmap of whole words behind it', () => {
    const { ask, log } = scene();
    expect(errnoOf(() => ask('carryOut', report(0n, 0x4_0000n, 4096n)))).toBe(Errno.EINVAL);
    ask('carryOut', feature(6 | SET, 4096n, 0, 0));
    const answer = ask('carryOut', report(0x1_0000n, 0x4_1000n, 4096n));
    expect(answer).toEqual(joined(words(48, 8 | GET, 0x1_0000n, 0x4_1000n, 4096n), words(0x8000_0000_0000_00a5n, 0n)));
    expect(log.calls).toEqual(['on', '65536 266240 4096']);
    for (const range of [
      [0n, 0n, 4096n],
      [0n, 0x1000n, 2048n],
      [0n, 0x1800n, 4096n],
      [0x800n, 0x1000n, 4096n],
      [0n, 0x3000n, 0x3000n],
      [0n, 2n ** 31n, 2n ** 31n],
      [0n, 2n ** 60n, 4096n],
    ])
      expect([range, errnoOf(() => ask('carryOut', report(...range)))]).toEqual([range, Errno.EINVAL]);
    expect(errnoOf(() => ask('carryOut', report(0n, 4096n)))).toBe(Errno.EINVAL);
  });
});
