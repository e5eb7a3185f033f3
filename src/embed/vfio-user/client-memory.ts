/**
 * A client's guest memory on the device's map, by the names that its mappings have.
 *
 * Invariant: when unmap() has resolved nothing of this process can touch the client's memory any more. Runs on the thread that made the device.
 */
import { ArgumentError } from '../../base/errors.js';
import { MAX_REGIONS } from '../../base/limits.js';
import type { Device } from '../../device.js';
import type { DmaMapping } from './dma-table.js';

/** Above the device's own register window, which is nowhere on the client's map. */
const PRIORITY = 2;

interface Removable {
  remove(options?: { revoke: boolean }): Promise<void>;
}

export class ClientMemory {
  /** The most mappings there can be: the device's register window is on the map too. */
  static readonly maximum = MAX_REGIONS - 2;
  private readonly pieces = new Map<number, Removable>();
  private latest = 0;

  constructor(private readonly device: Device) {}

  /** Puts a mapping on the map; resolves to its name. Throws ArgumentError or BridgeError if its memory can't be had. */
  async map({ address, bytes, writable, offset }: DmaMapping, descriptor: number | null): Promise<number> {
    const name = ++this.latest;
    if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw new ArgumentError(`a mapping has ${bytes} bytes`);
    if (descriptor === null) return name;
    const place = { gpa: Number(address), bytes: Number(bytes), priority: PRIORITY, kind: writable ? 'ram' : 'rom' } as const;
    const options = { ...place, source: { fd: descriptor, offset: Number(offset) } };
    this.pieces.set(name, await this.device.addMemory(options));
    return name;
  }

  /** Takes mappings away, whoever uses them. */
  async unmap(names: readonly number[]): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        await this.pieces.get(name)?.remove({ revoke: true });
        this.pieces.delete(name);
      }),
    );
  }
}
