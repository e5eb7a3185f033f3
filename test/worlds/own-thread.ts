/**
 * PVG's own thread in process: callbacks that need the memory map and nothing else of the device, served without the BQL.
 *
 * It stands in for native/answers*.c, which a scripted PVG can't reach, with a map of its own that is told of every change. Invariant: it waits
 * for nobody, so whoever waits for it is served whatever becomes of the BQL; it takes messages one at a time, which is the task mutex.
 */
import { Message } from '../../actors/messages.js';
import { regionOf } from '../../actors/region-message.js';
import { Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { DmaRead } from '../../src/device/dma.js';
import type { DevicePort } from '../../src/device/effects.js';
import { Iosfc } from '../../src/device/iosfc.js';
import { Tasks } from '../../src/device/task.js';
import { AddressSpace } from '../../src/memory/address-space.js';
import type { RegionReferences } from '../../src/memory/references.js';
import type { MemoryRegion } from '../../src/memory/region.js';
import type { Revision } from '../../src/revisions/revision.js';

export interface OwnThreadOptions {
  readonly revision: Revision;
  readonly regions: readonly MemoryRegion[];
  readonly references: RegionReferences;
  readonly port: DevicePort;
}

export class OwnThreadBehaviour {
  readonly space: AddressSpace;
  readonly tasks: Tasks;
  readonly iosfc: Iosfc;
  private readonly port: DevicePort;
  private readonly revision: Revision;

  constructor({ revision, regions, references, port }: OwnThreadOptions) {
    this.port = port;
    this.revision = revision;
    this.space = new AddressSpace(regions, references, (region) => port.perform({ do: 'releaseRam', ram: region.ram }));
    this.tasks = new Tasks(this.space, port, revision);
    this.iosfc = new Iosfc(this.space, port, revision.iosfcReferences);
  }

  receive(record: PvgRecord): void {
    const [gpa = 0, length = 0, destination = 0] = record.words;
    switch (record.kind) {
      case Upcall.createTask:
        return this.tasks.create(record);
      case Upcall.destroyTask:
        return this.tasks.destroy(record);
      case Upcall.mapMemory:
        return this.tasks.map(record);
      case Upcall.unmapMemory:
        return this.tasks.unmap(record);
      case Upcall.iosfcMap:
        return this.iosfc.map(record);
      case Upcall.iosfcUnmap:
        return this.iosfc.unmap(record);
      case Upcall.readMemory:
        this.port.trace('apple_gfx_read_memory', { gpa, length, destination });
        // Registers are behind the BQL, so they can't be read here.
        new DmaRead(record, this.space, this.port, { reader: null, tellsFailure: this.revision.readMemoryFails }).begin();
        return;
      case Message.regionAdded:
        this.space.add(regionOf(record, (ram) => this.port.ramAddress(ram)));
        return this.reply(record, 1);
      case Message.regionRemoved:
        return this.reply(record, this.space.remove(record.reserved) ? 1 : 0);
      default:
        this.port.perform({ do: 'logGuestError', text: `PVG's own thread knows no message of kind 0x${record.kind.toString(16)}` });
    }
  }

  private reply(record: PvgRecord, value: number): void {
    this.port.perform({ do: 'replyToGuest', token: record.id, mailbox: 0, value, high: 0, ok: true });
  }
}
