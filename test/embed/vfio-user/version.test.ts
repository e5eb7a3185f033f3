/**
 * VERSION: what a client may say, what it is answered, and what is refused.
 */
import { describe, expect, it } from 'vitest';
import { Errno, MAX_DATA_BYTES } from '../../../src/embed/vfio-user/protocol.js';
import { readVersion, versionAnswer } from '../../../src/embed/vfio-user/version.js';
import { joined, words } from './client.js';

const bytesOf = (text: string, version = 0): Uint8Array => joined(words(version), new TextEncoder().encode(text));
const capable = (capabilities: string): Uint8Array => bytesOf(`{"capabilities":${capabilities}}\0`);
const DEFAULTS = { maxDataBytes: MAX_DATA_BYTES, twinSocket: false };

describe('a client', () => {
  it.each([
    ['no JSON at all', bytesOf('')],
    ['an empty text', bytesOf('\0')],
    ['an empty object', bytesOf('{}\0')],
    ['no capabilities', capable('{}')],
    ['a later minor version', bytesOf('{}\0', 9 << 16)],
    ['capabilities that are not known', capable('{"no":[1,{"such":null}],"max_msg_fds":8}')],
    ['more than this server takes', capable('{"max_data_xfer_size":9007199254740991}')],
    ['something behind the zero', bytesOf('{}\0{\0')],
  ])('may say %s', (_, bytes) => {
    expect(readVersion(bytes)).toEqual(DEFAULTS);
  });

  it('says how much it takes at once, and that it takes a second socket', () => {
    expect(readVersion(capable('{"max_data_xfer_size":4096,"twin_socket":{"supported":true}}'))).toEqual({
      maxDataBytes: 4096,
      twinSocket: true,
    });
    expect(readVersion(capable('{"max_data_xfer_size":0,"twin_socket":{"supported":1}}'))).toEqual({ maxDataBytes: 1, twinSocket: false });
  });

  it.each([
    ['another major version', bytesOf('{}\0', 1), Errno.ENOTSUP],
    ['less than a version', words(0).subarray(0, 3), Errno.EINVAL],
    ['a text without its zero', bytesOf('{}'), Errno.EINVAL],
    ['what is no JSON', bytesOf('{\0'), Errno.EINVAL],
    ['what is no UTF-8', joined(words(0), Uint8Array.of(0x7b, 0xff, 0x7d, 0)), Errno.EINVAL],
    ['a list', bytesOf('[]\0'), Errno.EINVAL],
    ['null', bytesOf('null\0'), Errno.EINVAL],
    ['capabilities that are a list', capable('[]'), Errno.EINVAL],
    ['capabilities that are null', capable('null'), Errno.EINVAL],
    ...['max_msg_fds', 'max_dma_maps', 'pgsizes', 'max_data_xfer_size'].flatMap((name) =>
      ['"1"', '-1', '0.5', 'null', '[]', '1e300'].map(
        (value) => [`${name} ${value}`, capable(`{"${name}":${value}}`), Errno.EINVAL] as const,
      ),
    ),
    ['write_multiple 1', capable('{"write_multiple":1}'), Errno.EINVAL],
    ['twin_socket true', capable('{"twin_socket":true}'), Errno.EINVAL],
    ['migration []', capable('{"migration":[]}'), Errno.EINVAL],
    ['a number nested without end', capable(`{"pgsizes":${'['.repeat(1e5)}${']'.repeat(1e5)}}`), Errno.EINVAL],
  ] as const)('may not say %s', (_, bytes, errno) => {
    expect(() => readVersion(bytes)).toThrow(expect.objectContaining({ errno, code: 'ERR_VFIO_USER_REQUEST' }));
  });

  it('is not told its own text again, however long that is', () => {
    try {
      readVersion(capable(`{"pgsizes":"${'x'.repeat(1e5)}"}`));
      expect.unreachable();
    } catch (error) {
      expect(String(error).length).toBeLessThan(200);
    }
  });
});

it('the answer ends with a zero and fits what QEMU has room for', () => {
  const bytes = versionAnswer(65_535, null);
  expect([bytes.length <= 214 - 16, bytes.at(-1), ...bytes.subarray(0, 4)]).toEqual([true, 0, 0, 0, 0, 0]);
});
