/**
 * The first message of a connection: which version and which capabilities both have.
 *
 * Invariant: the answer is never longer than what QEMU has room for, which is its own request.
 */
import { Errno, MAX_DATA_BYTES, MAX_MESSAGE_DESCRIPTORS, PAGE_BYTES, RequestError } from './protocol.js';

/** What a client can do. */
export interface ClientCapabilities {
  /** The most bytes of one piece of memory that it is asked for by message. */
  readonly maxDataBytes: number;
  /** It takes a second socket, for what is asked of it. */
  readonly twinSocket: boolean;
}

/** The version that is spoken: the only one there is. */
const MAJOR = 0;
const MINOR = 0;
const VERSION_BYTES = 4;
/** The protocol's default for who says nothing. */
const DEFAULT_DATA_BYTES = 1_048_576;

/** What the answer says, after the version; `max_dma_maps` is the device's. */
function capabilitiesText(maxDmaMaps: number, twinIndex: number | null): string {
  return JSON.stringify({
    capabilities: {
      max_msg_fds: MAX_MESSAGE_DESCRIPTORS,
      max_data_xfer_size: MAX_DATA_BYTES,
      max_dma_maps: maxDmaMaps,
      pgsizes: PAGE_BYTES,
      write_multiple: true,
      migration: { pgsize: PAGE_BYTES },
      ...(twinIndex !== null && { twin_socket: { supported: true, fd_index: twinIndex } }),
    },
  });
}

/** The answer's payload. */
export function versionAnswer(maxDmaMaps: number, twinIndex: number | null): Uint8Array {
  const text = new TextEncoder().encode(`${capabilitiesText(maxDmaMaps, twinIndex)}\0`);
  const bytes = new Uint8Array(VERSION_BYTES + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, MAJOR, true);
  view.setUint16(2, MINOR, true);
  bytes.set(text, VERSION_BYTES);
  return bytes;
}

function wrong(what: string): RequestError {
  return new RequestError(Errno.EINVAL, `VERSION: ${what}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A whole number of a capability, null if it isn't given. */
function count(capabilities: Readonly<Record<string, unknown>>, name: string): number | null {
  const value = capabilities[name];
  if (value === undefined) return null;
  // Not shown unless it is a number: it may be of any length and depth.
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw wrong(`${name} is ${typeof value === 'number' ? value : `of type ${typeof value}`}, expected a whole number`);
  return value;
}

function parseText(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (bytes.length === 0) return {};
  if (bytes.at(-1) !== 0) throw wrong('its text ends without a zero');
  const text = new TextDecoder('utf-8', { fatal: true });
  let parsed: unknown;
  try {
    const json = text.decode(bytes.subarray(0, bytes.indexOf(0)));
    parsed = json === '' ? {} : JSON.parse(json);
  } catch {
    throw wrong('its text is no JSON');
  }
  if (!isRecord(parsed)) throw wrong('its text is no JSON object');
  const { capabilities = {} } = parsed;
  if (!isRecord(capabilities)) throw wrong('capabilities is no JSON object');
  return capabilities;
}

/** What the client's VERSION says. Throws RequestError. */
export function readVersion(bytes: Uint8Array): ClientCapabilities {
  if (bytes.length < VERSION_BYTES) throw wrong(`it has ${bytes.length} bytes, expected ${VERSION_BYTES} and JSON`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const major = view.getUint16(0, true);
  if (major !== MAJOR) throw new RequestError(Errno.ENOTSUP, `VERSION: it is ${major}.${view.getUint16(2, true)}, expected ${MAJOR}.x`);
  const capabilities = parseText(bytes.subarray(VERSION_BYTES));
  for (const name of ['max_msg_fds', 'max_dma_maps', 'pgsizes']) count(capabilities, name);
  const { write_multiple: multiple, twin_socket: twin, migration } = capabilities;
  if (multiple !== undefined && typeof multiple !== 'boolean') throw wrong('write_multiple is neither true nor false');
  if (twin !== undefined && !isRecord(twin)) throw wrong('twin_socket is no JSON object');
  if (migration !== undefined && !isRecord(migration)) throw wrong('migration is no JSON object');
  const size = count(capabilities, 'max_data_xfer_size') ?? DEFAULT_DATA_BYTES;
  return { maxDataBytes: Math.min(Math.max(size, 1), MAX_DATA_BYTES), twinSocket: isRecord(twin) && twin.supported === true };
}
