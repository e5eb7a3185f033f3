/**
 * Callbacks that need the memory map and nothing else of the device, answered on PVG's own threads, without the BQL.
 *
 * It stands in for native/answers*.c, with the same tasks, mappings and references as the BQL actor has in the revisions where it answers. It
 * looks things up in the BQL actor's own map, as native code does in what is published of it. Invariant: it waits for nobody.
 */
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
    return owns && this.serve(record);
  }

  /** Answers an upcall; false if it is none that needs the memory map alone. */
  serve(record: PvgRecord): boolean {
    switch (record.kind) {
      case Upcall.createTask:
        this.tasks.create(record);
        return true;
      case Upcall.destroyTask:
        this.tasks.destroy(record);
        return true;
      case Upcall.mapMemory:
        this.tasks.map(record);
        return true;
      case Upcall.unmapMemory:
        this.tasks.unmap(record);
        return true;
      case Upcall.iosfcMap:
        this.iosfc.map(record);
        return true;
      case Upcall.iosfcUnmap:
        this.iosfc.unmap(record);
        return true;
      case Upcall.readMemory:
        this.read(record);
        return true;
      default:
        return false;
    }
  }

  /** Registers are behind the BQL, so they can't be read here. */
  private read(record: PvgRecord): void {
    const [gpa = 0, length = 0, destination = 0] = record.words;
    this.port.trace('apple_gfx_read_memory', { gpa, length, destination });
    new DmaRead(record, this.space, this.port, { reader: null, tellsFailure: this.revision.readMemoryFails }).begin();
  }
}
