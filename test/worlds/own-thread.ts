/**
 * PVG's own thread in process: callbacks that need the memory map and nothing else of the device, served without the BQL.
 *
 * It stands in for native/answers*.c, which a scripted PVG can't reach, with a map of its own that is told of every change. Invariant: it waits
 * for nobody, so whoever waits for it is served whatever becomes of the BQL; it takes messages one at a time, which is the task mutex.
 */
import { Message } from '../../actors/messages.js';
import { regionOf } from '../../actors/region-message.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import type { DevicePort } from '../../src/device/effects.js';
import type { Iosfc } from '../../src/device/iosfc.js';
import type { Tasks } from '../../src/device/task.js';
import { AddressSpace } from '../../src/memory/address-space.js';
import type { RegionReferences } from '../../src/memory/references.js';
import type { MemoryRegion } from '../../src/memory/region.js';
import type { Revision } from '../../src/revisions/revision.js';
import { OwnThread } from '../../src/worlds/own-thread.js';

export interface OwnThreadOptions {
  readonly revision: Revision;
  readonly regions: readonly MemoryRegion[];
  readonly references: RegionReferences;
  readonly port: DevicePort;
}

export class OwnThreadBehaviour {
  readonly space: AddressSpace;
  private readonly own: OwnThread;
  private readonly port: DevicePort;

  constructor({ revision, regions, references, port }: OwnThreadOptions) {
    this.port = port;
    this.space = new AddressSpace(regions, references, (region) => port.perform({ do: 'releaseRam', ram: region.ram }));
    this.own = new OwnThread(revision, this.space, port);
  }

  get tasks(): Tasks {
    return this.own.tasks;
  }

  get iosfc(): Iosfc {
    return this.own.iosfc;
  }

  receive(record: PvgRecord): void {
    if (this.own.serve(record)) return;
    switch (record.kind) {
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
