/**
 * pvg_host.h and pvg_bridge.h in TypeScript: the same functions, names and order, and no policy.
 *
 * Invariant: this is the only file that imports koffi, and no pointer or function crosses it but buffers used during
 * the call and the addresses that guest RAM views are made from. A test compares PROTOTYPES with the headers.
 */
import { basename } from 'node:path';
import koffi from 'koffi';
import { BridgeError, describeError } from '../base/errors.js';
import { howToBuild, libraryPaths, rememberLibrary } from './library.js';
import { type BridgeChoice, PvgStatus } from './pvg.js';

type Buffer = Uint8Array | Uint32Array | Int32Array | BigUint64Array;
type Word = number | bigint;

/** The bridge's functions; contracts, errors and threads are the header's. */
export interface PvgBridge {
  pvg_bridge_version(): number;
  pvg_bridge_name(): string;
  pvg_last_error(): string;
  pvg_thread_id(): number;
  pvg_bridge_can_suspend(): number;
  pvg_gpu_count(): number;
  pvg_gpu_flags(index: number): number;
  pvg_option_rom(path: Buffer, room: number): number;
  pvg_bridge_report(text: Buffer, room: number): number;
  pvg_group_create(): number;
  pvg_group_close(group: number, cause: number): number;
  pvg_group_cause(group: number): number;
  pvg_group_destroy(group: number): number;
  pvg_group_guard(group: number): number;
  pvg_group_unguard(group: number): number;
  pvg_mailbox_create(group: number, capacity: number, pollUs: number): number;
  pvg_mailbox_post(mailbox: number, record: Buffer, timeoutUs: number): number;
  pvg_mailbox_take(mailbox: number, records: Buffer, max: number, timeoutUs: number): number;
  pvg_mailbox_close(mailbox: number): number;
  pvg_mailbox_destroy(mailbox: number): number;
  pvg_mailbox_depth(mailbox: number): number;
  pvg_mailbox_waiters(mailbox: number): number;
  pvg_thread_transfer(): Word;
  pvg_mailbox_transfer(): number;
  pvg_wait_calls(counts: Buffer): number;
  pvg_page_size(): number;
  pvg_ram_create(group: number, length: Word): number;
  pvg_ram_import(group: number, fd: number, offset: Word, length: Word, writable: number): number;
  pvg_ram_import_address(group: number, address: Word, length: Word, writable: number): number;
  pvg_memory_share(address: Word, length: Word): number;
  pvg_memory_address(memory: Buffer): Word;
  pvg_ram_address(ram: number): Word;
  pvg_ram_view(ram: number): Word;
  pvg_ram_fd(ram: number): number;
  pvg_ram_revoke(ram: number): number;
  pvg_ram_take_dirty(ram: number, pageBytes: Word, words: Buffer, count: Word): number;
  pvg_ram_end_dirty(ram: number): number;
  pvg_ram_destroy(ram: number): number;
  pvg_range_create(group: number, length: Word): number;
  pvg_range_address(range: number): Word;
  pvg_range_map(range: number, offset: Word, ram: number, ramOffset: Word, length: Word, readOnly: number): number;
  pvg_range_unmap(range: number, offset: Word, length: Word): number;
  pvg_range_destroy(range: number): number;
  pvg_map_create(group: number): number;
  pvg_map_publish(map: number, ranges: Buffer, rangeCount: number, regions: Buffer, regionCount: number): number;
  pvg_map_lookup(map: number, gpa: Word, length: Word, write: number, found: Buffer): number;
  pvg_map_lookup_acquire(map: number, gpa: Word, length: Word, write: number, found: Buffer): number;
  pvg_map_find_host(map: number, address: Word, found: Buffer): number;
  pvg_map_release_host(map: number, address: Word, found: Buffer): number;
  pvg_map_acquire(map: number, slot: number): number;
  pvg_map_release(map: number, slot: number): number;
  pvg_map_references(map: number, slot: number): number;
  pvg_map_cells(map: number): Word;
  pvg_map_destroy(map: number): number;
  pvg_device_create(config: Buffer, ranges: Buffer, rangeCount: number): number;
  pvg_mmio_length(device: number, window: number): number;
  pvg_mmio_read(device: number, window: number, offset: Word, value: Buffer): number;
  pvg_mmio_write(device: number, window: number, offset: Word, value: Word): number;
  pvg_mmio_carry(device: number): number;
  pvg_device_reset(device: number): number;
  pvg_device_suspend(device: number): number;
  pvg_device_state(device: number, state: Buffer | null, room: Word, length: Buffer): number;
  pvg_device_resume(device: number, state: Buffer, length: Word): number;
  pvg_device_stop(device: number): number;
  pvg_device_destroy(device: number): number;
  pvg_device_clock(device: number, times: Buffer): number;
  pvg_device_clock_advance(device: number, ns: Word): number;
  pvg_display_set_modes(device: number, port: number, modes: Buffer, count: number): number;
  pvg_display_cursor_position(device: number, port: number, position: Buffer): number;
  pvg_display_minimum_texture_usage(device: number, port: number): number;
  pvg_display_present_counts(device: number, port: number, counts: Buffer): number;
  pvg_display_pending_events(device: number, port: number): number;
  pvg_display_encode(device: number, port: number, texture: number, synchronize: number, frameId: Word): number;
  pvg_texture_create(device: number, width: number, height: number, usage: number): number;
  pvg_texture_managed(texture: number): number;
  pvg_texture_copy(texture: number, pixels: Buffer, length: Word): number;
  pvg_texture_show(texture: number, pixels: Buffer, length: Word, tiles: Buffer, tileCount: number, sequence: number): number;
  pvg_texture_release(texture: number): number;
  pvg_upcall_answer(device: number, id: number, ok: number, value: Word): number;
  pvg_upcall_pieces(device: number, id: number, first: number, pieces: Buffer, max: number): number;
  pvg_upcall_supply(device: number, id: number, offset: Word, bytes: Buffer, length: Word): number;
  pvg_upcall_supply_ram(device: number, id: number, offset: Word, ram: number, ramOffset: Word, length: Word): number;
  pvg_upcall_wakes(device: number, counts: Buffer): number;
  pvg_device_own_counts(device: number, counts: Buffer): number;
  pvg_device_own_forget(device: number, slot: number): number;
  pvg_device_own_answer(device: number, record: Buffer, value: Buffer): number;
  pvg_device_traces(device: number, entries: Buffer, max: number): number;
  pvg_device_set_traces(device: number, ownTraces: number): number;
  pvg_upcall_payload(device: number, id: number, bytes: Buffer, length: Word): number;
  pvg_device_waits(device: number, waits: Buffer, max: number): number;
  pvg_device_thread_name(thread: number): string;
  pvg_socket_listen(path: string): number;
  pvg_socket_connect(path: string): number;
  pvg_socket_listens(fd: number): number;
  pvg_socket_accept(listener: number, wake: number): number;
  pvg_socket_receive(
    socket: number,
    wake: number,
    bytes: Buffer,
    room: number,
    descriptors: Buffer,
    pollUs: number,
    timeoutMs: number,
  ): number;
  pvg_socket_send(
    socket: number,
    wake: number,
    bytes: Buffer,
    length: number,
    descriptors: Buffer | null,
    count: number,
    timeoutMs: number,
  ): number;
  pvg_socket_pair(sockets: Buffer): number;
  pvg_descriptor_duplicate(fd: number): number;
  pvg_descriptor_close(fd: number): number;
  pvg_event_create(): number;
  pvg_event_is(fd: number): number;
  pvg_event_signal(fd: number): number;
  pvg_signal_set(group: number, vector: number, fd: number): number;
  pvg_signal_raise(group: number, vector: number): number;
}

/** One line per function of the headers, in their order; structures are passed as bytes. */
export const PROTOTYPES = [
  'uint32_t pvg_bridge_version(void)',
  'const char *pvg_bridge_name(void)',
  'const char *pvg_last_error(void)',
  'uint32_t pvg_thread_id(void)',
  'int32_t pvg_bridge_can_suspend(void)',
  'int32_t pvg_gpu_count(void)',
  'int32_t pvg_gpu_flags(uint32_t index)',
  'int32_t pvg_option_rom(void *path, uint32_t room)',
  'int32_t pvg_bridge_report(void *text, uint32_t room)',
  'uint32_t pvg_group_create(void)',
  'int32_t pvg_group_close(uint32_t group, uint32_t cause)',
  'int32_t pvg_group_cause(uint32_t group)',
  'int32_t pvg_group_destroy(uint32_t group)',
  'int32_t pvg_group_guard(uint32_t group)',
  'int32_t pvg_group_unguard(uint32_t group)',
  'uint32_t pvg_mailbox_create(uint32_t group, uint32_t capacity, uint32_t poll_us)',
  'int32_t pvg_mailbox_post(uint32_t mailbox, const void *record, int64_t timeout_us)',
  'int32_t pvg_mailbox_take(uint32_t mailbox, void *records, uint32_t max, int64_t timeout_us)',
  'int32_t pvg_mailbox_close(uint32_t mailbox)',
  'int32_t pvg_mailbox_destroy(uint32_t mailbox)',
  'int32_t pvg_mailbox_depth(uint32_t mailbox)',
  'int32_t pvg_mailbox_waiters(uint32_t mailbox)',
  'uint64_t pvg_thread_transfer(void)',
  'int32_t pvg_mailbox_transfer(void)',
  'int32_t pvg_wait_calls(uint64_t *counts)',
  'uint32_t pvg_page_size(void)',
  'uint32_t pvg_ram_create(uint32_t group, uint64_t length)',
  'uint32_t pvg_ram_import(uint32_t group, int32_t fd, uint64_t offset, uint64_t length, uint32_t writable)',
  'uint32_t pvg_ram_import_address(uint32_t group, uint64_t address, uint64_t length, uint32_t writable)',
  'int32_t pvg_memory_share(uint64_t address, uint64_t length)',
  'uint64_t pvg_memory_address(const void *memory)',
  'uint64_t pvg_ram_address(uint32_t ram)',
  'uint64_t pvg_ram_view(uint32_t ram)',
  'int32_t pvg_ram_fd(uint32_t ram)',
  'int32_t pvg_ram_revoke(uint32_t ram)',
  'int32_t pvg_ram_take_dirty(uint32_t ram, uint64_t page_bytes, uint64_t *words, uint64_t count)',
  'int32_t pvg_ram_end_dirty(uint32_t ram)',
  'int32_t pvg_ram_destroy(uint32_t ram)',
  'uint32_t pvg_range_create(uint32_t group, uint64_t length)',
  'uint64_t pvg_range_address(uint32_t range)',
  'int32_t pvg_range_map(uint32_t range, uint64_t offset, uint32_t ram, uint64_t ram_offset, uint64_t length, uint32_t read_only)',
  'int32_t pvg_range_unmap(uint32_t range, uint64_t offset, uint64_t length)',
  'int32_t pvg_range_destroy(uint32_t range)',
  'uint32_t pvg_map_create(uint32_t group)',
  'int32_t pvg_map_publish(uint32_t map, const void *ranges, uint32_t range_count, const void *regions, uint32_t region_count)',
  'int32_t pvg_map_lookup(uint32_t map, uint64_t gpa, uint64_t length, uint32_t write, void *found)',
  'int32_t pvg_map_lookup_acquire(uint32_t map, uint64_t gpa, uint64_t length, uint32_t write, void *found)',
  'int32_t pvg_map_find_host(uint32_t map, uint64_t address, void *found)',
  'int32_t pvg_map_release_host(uint32_t map, uint64_t address, void *found)',
  'int32_t pvg_map_acquire(uint32_t map, uint32_t slot)',
  'int32_t pvg_map_release(uint32_t map, uint32_t slot)',
  'int32_t pvg_map_references(uint32_t map, uint32_t slot)',
  'uint64_t pvg_map_cells(uint32_t map)',
  'int32_t pvg_map_destroy(uint32_t map)',
  'uint32_t pvg_device_create(const void *config, const void *ranges, uint32_t range_count)',
  'int32_t pvg_mmio_length(uint32_t device, uint32_t window)',
  'int32_t pvg_mmio_read(uint32_t device, uint32_t window, uint64_t offset, uint32_t *value)',
  'int32_t pvg_mmio_write(uint32_t device, uint32_t window, uint64_t offset, uint64_t value)',
  'int32_t pvg_mmio_carry(uint32_t device)',
  'int32_t pvg_device_reset(uint32_t device)',
  'int32_t pvg_device_suspend(uint32_t device)',
  'int32_t pvg_device_state(uint32_t device, void *state, uint64_t room, uint64_t *length)',
  'int32_t pvg_device_resume(uint32_t device, const void *state, uint64_t length)',
  'int32_t pvg_device_stop(uint32_t device)',
  'int32_t pvg_device_destroy(uint32_t device)',
  'int32_t pvg_device_clock(uint32_t device, uint64_t *times)',
  'int32_t pvg_device_clock_advance(uint32_t device, uint64_t ns)',
  'int32_t pvg_display_set_modes(uint32_t device, uint32_t port, const void *modes, uint32_t count)',
  'int32_t pvg_display_cursor_position(uint32_t device, uint32_t port, uint32_t *position)',
  'int32_t pvg_display_minimum_texture_usage(uint32_t device, uint32_t port)',
  'int32_t pvg_display_present_counts(uint32_t device, uint32_t port, uint64_t *counts)',
  'int32_t pvg_display_pending_events(uint32_t device, uint32_t port)',
  'int32_t pvg_display_encode(uint32_t device, uint32_t port, uint32_t texture, uint32_t synchronize, uint64_t frame_id)',
  'uint32_t pvg_texture_create(uint32_t device, uint32_t width, uint32_t height, uint32_t usage)',
  'int32_t pvg_texture_managed(uint32_t texture)',
  'int32_t pvg_texture_copy(uint32_t texture, void *pixels, uint64_t length)',
  'int32_t pvg_texture_show(uint32_t texture, void *pixels, uint64_t length, uint32_t *tiles, uint32_t tile_count, uint32_t sequence)',
  'int32_t pvg_texture_release(uint32_t texture)',
  'int32_t pvg_upcall_answer(uint32_t device, uint32_t id, uint32_t ok, uint64_t value)',
  'int32_t pvg_upcall_pieces(uint32_t device, uint32_t id, uint32_t first, uint64_t *pieces, uint32_t max)',
  'int32_t pvg_upcall_supply(uint32_t device, uint32_t id, uint64_t offset, const void *bytes, uint64_t length)',
  'int32_t pvg_upcall_supply_ram(uint32_t device, uint32_t id, uint64_t offset, uint32_t ram, uint64_t ram_offset, uint64_t length)',
  'int32_t pvg_upcall_wakes(uint32_t device, uint64_t *counts)',
  'int32_t pvg_device_own_counts(uint32_t device, uint64_t *counts)',
  'int32_t pvg_device_own_forget(uint32_t device, uint32_t slot)',
  'int32_t pvg_device_own_answer(uint32_t device, const void *record, uint64_t *value)',
  'int32_t pvg_device_traces(uint32_t device, void *entries, uint32_t max)',
  'int32_t pvg_device_set_traces(uint32_t device, uint32_t own_traces)',
  'int32_t pvg_upcall_payload(uint32_t device, uint32_t id, void *bytes, uint64_t length)',
  'int32_t pvg_device_waits(uint32_t device, void *waits, uint32_t max)',
  'const char *pvg_device_thread_name(uint32_t thread)',
  'int32_t pvg_socket_listen(const char *path)',
  'int32_t pvg_socket_connect(const char *path)',
  'int32_t pvg_socket_listens(int32_t fd)',
  'int32_t pvg_socket_accept(int32_t listener, int32_t wake)',
  'int32_t pvg_socket_receive(int32_t socket, int32_t wake, void *bytes, uint32_t room, int32_t *descriptors, uint32_t poll_us, int32_t timeout_ms)',
  'int32_t pvg_socket_send(int32_t socket, int32_t wake, const void *bytes, uint32_t length, const int32_t *descriptors, uint32_t count, int32_t timeout_ms)',
  'int32_t pvg_socket_pair(int32_t *sockets)',
  'int32_t pvg_descriptor_duplicate(int32_t fd)',
  'int32_t pvg_descriptor_close(int32_t fd)',
  'int32_t pvg_event_create(void)',
  'int32_t pvg_event_is(int32_t fd)',
  'int32_t pvg_event_signal(int32_t fd)',
  'int32_t pvg_signal_set(uint32_t group, uint32_t vector, int32_t fd)',
  'int32_t pvg_signal_raise(uint32_t group, uint32_t vector)',
] as const;

/** The version of pvg_bridge.h this file was written for. */
export const BRIDGE_VERSION = 10;

/** What was built for another processor or C library is found, but can't be loaded. */
function openLibrary(path: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(path);
  } catch (error) {
    const why = describeError(error).replace(/^Failed to load shared library: /, '');
    throw new BridgeError(-8, `the native bridge ${path} can't be loaded on ${process.platform}-${process.arch} (${why}): ${howToBuild()}`);
  }
}

function openBridge(path: string): PvgBridge {
  const library = openLibrary(path);
  const functions: Record<string, unknown> = {};
  for (const prototype of PROTOTYPES) {
    const name = /(pvg_\w+)\(/.exec(prototype)?.[1] ?? '';
    functions[name] = library.func(prototype);
  }
  // V8 keeps an object to which so many functions were added one by one as a hash table, in which each call would look one up; but not a prototype.
  const bridge = Object.create(functions) as PvgBridge;
  const version = bridge.pvg_bridge_version();
  if (version !== BRIDGE_VERSION)
    throw new BridgeError(-8, `${basename(path)} has version ${version}, expected ${BRIDGE_VERSION}: ${howToBuild()}`);
  return bridge;
}

/** The first of the libraries that a choice allows whose PVG is there; the last one is taken as it is. */
function openFirst(choice: BridgeChoice): PvgBridge {
  const paths = libraryPaths(choice);
  for (const [index, path] of paths.entries()) {
    const bridge = openBridge(path);
    // A framework that isn't there can't suspend anything.
    if (index < paths.length - 1 && bridge.pvg_bridge_can_suspend() === 0) continue;
    rememberLibrary(path);
    return bridge;
  }
  throw new BridgeError(PvgStatus.unsupported, `there is no native bridge: ${howToBuild()}`);
}

let loaded: PvgBridge | undefined;

/**
 * The bridge, loaded once per thread, and one for all threads of a process: the first who chooses does so for all. Throws BridgeError if it is missing,
 * of another version, or not the one that is asked for.
 */
export function loadBridge(choice: BridgeChoice = 'auto'): PvgBridge {
  loaded ??= openFirst(choice);
  const name = loaded.pvg_bridge_name();
  if (choice !== 'auto' && choice !== name)
    throw new BridgeError(PvgStatus.unsupported, `bridge is "${choice}", and this process has the bridge "${name}" already`);
  return loaded;
}

/** Throws a BridgeError with the library's own words if a status is negative, or a handle 0. */
export function checked(bridge: PvgBridge, what: string, result: number): number {
  if (result < 0) throw new BridgeError(result, `${what}: ${bridge.pvg_last_error()}`);
  return result;
}

/** As checked(), for functions that return 0 on failure. */
export function checkedHandle(bridge: PvgBridge, what: string, handle: number): number {
  if (handle === 0) throw new BridgeError(-1, `${what}: ${bridge.pvg_last_error()}`);
  return handle;
}

/** Views are refused beyond this: a longer one would end the process. */
export const MAX_VIEW_BYTES = 2 ** 32 - 2 ** 16;

/** Bytes of a RAM in this process. The view stays safe to touch after the RAM is destroyed: it then reads zeros. */
export function ramView(bridge: PvgBridge, ram: number, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const address = bridge.pvg_ram_view(ram);
  if (BigInt(address) === 0n) throw new BridgeError(-1, `no such RAM: ${bridge.pvg_last_error()}`);
  if (length > MAX_VIEW_BYTES) throw new BridgeError(-6, `a view of ${length} bytes is longer than ${MAX_VIEW_BYTES}: take several`);
  return new Uint8Array(koffi.view(BigInt(address) + BigInt(offset), length));
}

/** Where a buffer's first byte is in this process. */
export function bufferAddress(bridge: PvgBridge, buffer: SharedArrayBuffer): bigint {
  return BigInt(bridge.pvg_memory_address(new Uint8Array(buffer)));
}

/** The calling thread's transfer (pvg_host.h, struct pvg_transfer), which lives as long as the thread does; only that thread may look. */
export function transferMemory(bridge: PvgBridge, length: number): ArrayBuffer {
  const address = bridge.pvg_thread_transfer();
  if (BigInt(address) === 0n) throw new BridgeError(PvgStatus.noMemory, `records of a thread: ${bridge.pvg_last_error()}`);
  return koffi.view(BigInt(address), length);
}

/** The cells that count references on a map's regions (pvg_host.h), one int32 for each of `slots` and one before them. */
export function cellsView(bridge: PvgBridge, map: number, slots: number): ArrayBuffer {
  const address = bridge.pvg_map_cells(map);
  if (BigInt(address) === 0n) throw new BridgeError(-1, `no such memory map: ${bridge.pvg_last_error()}`);
  return koffi.view(BigInt(address), 4 * (slots + 1));
}
