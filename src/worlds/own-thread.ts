/**
 * Callbacks that need the memory map and nothing else of the device, answered on PVG's own threads, without the BQL.
 *
 * It stands in for native/answers*.c, with the same tasks, mappings and references as the BQL actor has in the revisions where it answers. It
 * looks things up in the BQL actor's own map, as native code does in what is published of it. Invariant: it waits for nobody.
 */
import { unreachable } from '../base/errors.js';
import { Upcall, type UpcallClassName } from '../bridge/pvg.js';
import type { PvgRecord } from '../bridge/records.js';
import { DmaRead } from '../device/dma.js';
import type { DevicePort } from '../device/effects.js';
import { Iosfc } from '../device/iosfc.js';
import { Tasks } from '../device/task.js';
import type { AddressSpace } from '../memory/address-space.js';
import type { Revision } from '../revisions/revision.js';

export class OwnThread {
  readonly tasks: Tasks;
  readonly iosfc: Iosfc;

  constructor(
    private readonly revision: Revision,
    private readonly space: AddressSpace,
    private readonly port: DevicePort,
  ) {
    this.tasks = new Tasks(space, port, revision);
    this.iosfc = new Iosfc(space, port, revision.iosfcReferences);
  }

  /** Answers an upcall of a class that the revision answers so; false: it goes to an actor. */
  answers(name: UpcallClassName, record: PvgRecord): boolean {
    const { tasks, readMemory, iosfc } = this.revision;
    const owns =
      (name === 'task' && tasks === 'snapshot') ||
      (name === 'read' && readMemory === 'snapshot') ||
      (name === 'iosfc' && iosfc === 'snapshot');
    if (owns) this.answer(record);
    return owns;
  }

  private answer(record: PvgRecord): void {
    const kind = record.kind as (typeof Upcall)[
      | 'createTask'
      | 'destroyTask'
      | 'mapMemory'
      | 'unmapMemory'
      | 'readMemory'
      | 'iosfcMap'
      | 'iosfcUnmap'];
    switch (kind) {
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
        new DmaRead(record, this.space, this.port, { reader: null, tellsFailure: this.revision.readMemoryFails }).begin();
        return;
      default:
        return unreachable(kind);
    }
  }
}
