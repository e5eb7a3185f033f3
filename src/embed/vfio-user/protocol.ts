/**
 * The vfio-user protocol's numbers: commands, flags, structures (QEMU's docs/interop/vfio-user; the structures are those of Linux's vfio).
 *
 * What it does not do: interpret anything. All numbers on the wire are the host's, little-endian here.
 */
import { AppleGfxError } from '../../base/errors.js';

/** What a message asks for. */
export const Command = {
  version: 1,
  dmaMap: 2,
  dmaUnmap: 3,
  getInfo: 4,
  getRegionInfo: 5,
  getRegionIoFds: 6,
  getIrqInfo: 7,
  setIrqs: 8,
  regionRead: 9,
  regionWrite: 10,
  dmaRead: 11,
  dmaWrite: 12,
  reset: 13,
  regionWriteMulti: 15,
  feature: 16,
  migrationRead: 17,
  migrationWrite: 18,
} as const;

const NAMES = new Map<number, string>(Object.entries(Command).map(([name, number]) => [number, name]));

/** A command's name for people. */
export function commandName(command: number): string {
  return NAMES.get(command) ?? `command ${command}`;
}

/** Bytes of a message's header: id (2), command (2), size with the header (4), flags (4), error (4). */
export const HEADER_BYTES = 16;

/** A header's flags. */
export const MessageFlag = { typeMask: 0xf, command: 0, reply: 1, noReply: 1 << 4, error: 1 << 5 } as const;

/** The system's numbers of errors, as they go over the wire. */
export const Errno = { ENOENT: 2, EIO: 5, ENOMEM: 12, EBUSY: 16, EEXIST: 17, EINVAL: 22, ENOSPC: 28, ENOTSUP: 95 } as const;

/** A request that is answered with an error; the connection goes on. */
export class RequestError extends AppleGfxError {
  constructor(
    /** Which of Errno the client is told. */
    readonly errno: number,
    message: string,
  ) {
    super('ERR_VFIO_USER_REQUEST', message);
  }
}

/** What a client has sent can't be answered: where messages end is unknown from there on, so its connection is closed. */
export class ConnectionError extends AppleGfxError {
  constructor(message: string) {
    super('ERR_VFIO_USER_CONNECTION', message);
  }
}

/** A PCI device's regions, by their numbers: BAR 0 to 5 are 0 to 5. */
export const Region = { bar0: 0, rom: 6, config: 7, vga: 8, count: 9 } as const;

export const RegionFlag = { read: 1, write: 2 } as const;

/** A PCI device's interrupt indexes. */
export const IrqIndex = { intx: 0, msi: 1, msix: 2, error: 3, request: 4, count: 5 } as const;

export const IrqInfoFlag = { eventfd: 1, noResize: 8 } as const;

/** Flags of SET_IRQS: what its data are, and what is to be done. */
export const IrqSetFlag = {
  none: 1,
  bool: 2,
  eventfd: 4,
  dataMask: 7,
  mask: 8,
  unmask: 16,
  trigger: 32,
  actionMask: 56,
} as const;

export const DeviceFlag = { reset: 1, pci: 2 } as const;

export const DmaMapFlag = { read: 1, write: 2, mmap: 4, file: 8, all: 15 } as const;
export const DmaUnmapFlag = { bitmap: 1, all: 2 } as const;

/** The most bytes that one access, or one piece of memory or of migration data, may have; also what is said to the peer. */
export const MAX_DATA_BYTES = 1_048_576;
/** Descriptors that come with one message. */
export const MAX_MESSAGE_DESCRIPTORS = 16;
/** The longest message: an access or a piece of data of that length, with its header and its description. */
export const MAX_MESSAGE_BYTES = MAX_DATA_BYTES + 4096;
/** What addresses and lengths of memory are multiples of. */
export const PAGE_BYTES = 4096;
