/**
 * Descriptors of every kind, for a client that sends whatever it likes: what Node itself can't make.
 */
import { constants, openSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const memfdCreate = libc.func('int memfd_create(const char *name, uint32_t flags)');
const ftruncate = libc.func('int ftruncate(int fd, int64_t length)');
const fcntl = libc.func('int fcntl(int fd, int command, int argument)');
const pipe = libc.func('int pipe(_Out_ int *ends)');
koffi.struct('iovec', { base: 'void *', length: 'size_t' });
koffi.struct('msghdr', {
  ...{ name: 'void *', nameLength: 'uint32_t', pieces: 'iovec *', pieceCount: 'size_t' },
  ...{ control: 'void *', controlLength: 'size_t', flags: 'int' },
});
const shutdown = libc.func('int shutdown(int socket, int how)');
const sendmsg = libc.func('int64_t sendmsg(int socket, msghdr *message, int flags)');

const ALLOW_SEALING = 2;
const HUGETLB = 4;
const ADD_SEALS = 1033;
const SET_FLAGS = 4;
/** Against seals, shrinking and growing. */
export const Seal = { seal: 1, shrink: 2, grow: 4, write: 8 } as const;

/** Memory of so many bytes; null if the system has none of that kind. */
export function memory(bytes: number, { sealable = true, huge = false } = {}): number | null {
  const fd = memfdCreate('hostile', (sealable ? ALLOW_SEALING : 0) | (huge ? HUGETLB : 0)) as number;
  if (fd < 0) return null;
  ftruncate(fd, bytes);
  return fd;
}

/** Makes a file longer or shorter; whether it was allowed. */
export function resize(fd: number, bytes: number): boolean {
  return (ftruncate(fd, bytes) as number) === 0;
}

export function addSeals(fd: number, seals: number): void {
  fcntl(fd, ADD_SEALS, seals);
}

/** The other end sees that nothing more comes. */
export function endSending(socket: number): void {
  shutdown(socket, 1);
}

/** The same memory, for reading only. */
export function readOnly(fd: number): number {
  return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY);
}

/** Whoever reads or writes it waits from now on. */
export function makeBlocking(fd: number): void {
  fcntl(fd, SET_FLAGS, 0);
}

/** Where one writes, and where that is read. */
export function pipeEnds(): readonly [number, number] {
  const ends = [0, 0];
  pipe(ends);
  return [ends[0] ?? -1, ends[1] ?? -1];
}

/** Sends bytes with as many descriptors as the system carries, 253, of which the bridge sends 16 only; how many bytes were taken, below 0: none. */
export function sendMany(socket: number, bytes: Uint8Array, descriptors: readonly number[]): number {
  const control = new Uint8Array(16 + 8 * Math.ceil(descriptors.length / 2));
  const view = new DataView(control.buffer);
  view.setBigUint64(0, BigInt(16 + 4 * descriptors.length), true);
  // SOL_SOCKET and SCM_RIGHTS.
  view.setUint32(8, 1, true);
  view.setUint32(12, 1, true);
  for (const [index, fd] of descriptors.entries()) view.setInt32(16 + 4 * index, fd, true);
  const pieces = [{ base: bytes, length: bytes.length }];
  const message = { name: null, nameLength: 0, pieces, pieceCount: 1, control, controlLength: control.length, flags: 0 };
  return Number(sendmsg(socket, message, 0x4040));
}
