/**
 * Where the bytes of guest memory come from: checks of what an embedder gives, and the RAM that is made of it.
 *
 * Invariant: what was given is left as it is, whatever becomes of the RAM; but a SharedArrayBuffer's pages are replaced in place by shared ones with
 * the same contents, once, since private pages can't be mapped a second time.
 */
import { integer } from '../base/arguments.js';
import { ArgumentError, describeError } from '../base/errors.js';
import { bufferAddress, checked, checkedHandle, type PvgBridge } from '../bridge/native.js';

/**
 * Memory that exists already:
 * - `fd`: a memfd, or a file that can be mapped; it is duplicated, so the caller keeps its own;
 * - `address`: a shared mapping in this process, for memory that native code has made;
 * - `buffer`: that of a `WebAssembly.Memory({ shared: true })`. Nobody may write to it while it is given for the first time.
 */
export type GuestMemorySource =
  | { readonly fd: number; readonly offset?: number }
  | { readonly address: bigint }
  | { readonly buffer: SharedArrayBuffer; readonly offset?: number };

/** What is made of a source. */
export interface ImportOptions {
  readonly group: number;
  /** What the memory is called in errors. */
  readonly what: string;
  readonly bytes: number;
  /** What offsets and addresses are multiples of. */
  readonly granule: number;
  /** Whether tasks may write to it. */
  readonly writable: boolean;
}

const MAX_FD = 2 ** 31 - 1;
const MAX_ADDRESS = 2n ** 63n;

function checkedOffset(offset: number, granule: number): number {
  integer('source.offset', offset, 0, Number.MAX_SAFE_INTEGER);
  if (offset % granule !== 0) throw new ArgumentError(`source.offset is ${offset}, expected a multiple of ${granule}`);
  return offset;
}

/** The RAM's handle, if there is one; the library's own words else, as an error of the caller's. */
function made(bridge: PvgBridge, what: string, ram: number): number {
  try {
    return checkedHandle(bridge, what, ram);
  } catch (error) {
    throw new ArgumentError(describeError(error));
  }
}

function importAddress(bridge: PvgBridge, address: bigint, { group, what, bytes, granule, writable }: ImportOptions): number {
  if (typeof address !== 'bigint' || address <= 0n || address >= MAX_ADDRESS || address % BigInt(granule) !== 0n) {
    throw new ArgumentError(`source.address is ${String(address)}, expected a bigint, a multiple of ${granule}`);
  }
  return made(bridge, what, bridge.pvg_ram_import_address(group, address, bytes, writable ? 1 : 0));
}

function importBuffer(
  bridge: PvgBridge,
  source: { readonly buffer: SharedArrayBuffer; readonly offset?: number },
  options: ImportOptions,
): number {
  const { buffer } = source;
  const { what, bytes, granule } = options;
  if (!(buffer instanceof SharedArrayBuffer)) throw new ArgumentError('source.buffer is no SharedArrayBuffer');
  const offset = checkedOffset(source.offset ?? 0, granule);
  if (offset + bytes > buffer.byteLength) {
    throw new ArgumentError(`source.buffer has ${buffer.byteLength} bytes, and ${bytes} at offset ${offset} are wanted`);
  }
  const address = bufferAddress(bridge, buffer);
  const page = bridge.pvg_page_size();
  const pages = BigInt(Math.floor(buffer.byteLength / page)) * BigInt(page);
  if (address % BigInt(page) !== 0n || bridge.pvg_memory_share(address, pages) < 0) {
    throw new ArgumentError(
      `${what}: source.buffer can't be mapped a second time, as ordinary SharedArrayBuffers can't; use the buffer of a WebAssembly.Memory({ shared: true })`,
    );
  }
  return importAddress(bridge, address + BigInt(offset), options);
}

/** The RAM that shows a source, in the group. Throws ArgumentError for a source that can't be used. */
export function importSource(bridge: PvgBridge, source: GuestMemorySource, options: ImportOptions): number {
  if (typeof source !== 'object' || source === null) throw new ArgumentError('source is no object with an fd, an address or a buffer');
  const { group, what, bytes, granule, writable } = options;
  const forms = ['fd', 'address', 'buffer'].filter((form) => form in source);
  if (forms.length !== 1) throw new ArgumentError(`source has ${forms.join(' and ') || 'none'} of fd, address and buffer, expected one`);
  if ('buffer' in source) return importBuffer(bridge, source, options);
  if ('address' in source) return importAddress(bridge, source.address, options);
  const offset = checkedOffset(source.offset ?? 0, granule);
  const fd = integer('source.fd', source.fd, 0, MAX_FD);
  return made(bridge, what, bridge.pvg_ram_import(group, fd, offset, bytes, writable ? 1 : 0));
}

/** Pages that tasks may have written: a bit each, lowest first, in whole words of 64 bits. */
export function takeDirtyPages(bridge: PvgBridge, ram: number, bytes: number, pageBytes: number): Uint8Array {
  const words = new BigUint64Array(Math.ceil(Math.ceil(bytes / pageBytes) / 64));
  checked(bridge, 'ask for dirty pages', bridge.pvg_ram_take_dirty(ram, pageBytes, words, words.length));
  return new Uint8Array(words.buffer);
}
