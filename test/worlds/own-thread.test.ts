/**
 * PVG's own thread in process: callbacks that are served without the BQL (threading.md 3, `bh` and `hardened`; readMemory in `sync`).
 */
import { describe, expect, it } from 'vitest';
import { Message } from '../../actors/messages.js';
import { wordsOf } from '../../actors/region-message.js';
import { Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { FakePort } from '../device/fake-port.js';
import { access, BqlScene, claimedReferences, GFX, IOSFC, OTHER_DEVICE, RAM, readMemory, record } from '../actors/bql-scene.js';
import { OwnThreadBehaviour } from './own-thread.js';

class MemoryScene {
  readonly port = new FakePort();
  readonly memory: OwnThreadBehaviour;

  constructor(
    revision: RevisionName,
    readonly references = claimedReferences(),
  ) {
    this.memory = new OwnThreadBehaviour({
      revision: REVISIONS[revision],
      regions: [RAM, GFX, OTHER_DEVICE, IOSFC],
      references,
      port: this.port,
    });
  }

  send(...records: PvgRecord[]): void {
    for (const each of records) this.memory.receive(each);
  }

  get answers(): [number, boolean][] {
    return this.port.of('answerUpcall').map(({ id, ok }) => [id, ok]);
  }
}

const createTask = record(Upcall.createTask, { id: 10, words: [0x1_0000] });
const mapMemory = record(Upcall.mapMemory, { id: 11, words: [1, 0, 0, 1] });

it('answers every upcall about tasks at once, in order', () => {
  const scene = new MemoryScene('bh');
  scene.port.pieces = [[RAM.gpa, 0x4000]];
  scene.send(
    createTask,
    mapMemory,
    record(Upcall.unmapMemory, { id: 12, words: [1, 0, 0x4000] }),
    record(Upcall.destroyTask, { id: 13, words: [1] }),
  );
  expect(scene.answers).toEqual([
    [10, true],
    [11, true],
    [12, true],
    [13, true],
  ]);
  expect(scene.memory.tasks.count).toBe(0);
  expect(scene.port.lines).toEqual([
    'apple_gfx_create_task',
    'apple_gfx_map_memory',
    'apple_gfx_map_memory_range',
    'apple_gfx_remap',
    'apple_gfx_unmap_memory',
    'apple_gfx_destroy_task',
  ]);
});

it.each([
  ['bh', true],
  ['hardened', false],
] as const)('serves the IOSurface mapper; in %s an unmap of another address in the region is %s', (revision, ok) => {
  const scene = new MemoryScene(revision);
  scene.send(record(Upcall.iosfcMap, { id: 20, words: [RAM.gpa + 0x1000, 0x1000, 0, 0, 0] }));
  expect(scene.port.of('answerUpcall')).toMatchObject([{ id: 20, ok: true, value: RAM.hostAddress + 0x1000 }]);
  expect(scene.memory.iosfc.count).toBe(1);
  scene.send(record(Upcall.iosfcUnmap, { id: 21, words: [RAM.hostAddress] }));
  expect(scene.answers.at(-1)).toEqual([21, ok]);
});

describe('readMemory (sync)', () => {
  it('reads RAM', () => {
    const scene = new MemoryScene('sync');
    scene.send(readMemory(5, RAM.gpa + 16, 8));
    expect(scene.port.suppliedFromRam).toEqual([{ offset: 0, ram: RAM.ram, ramOffset: 16, length: 8 }]);
    expect(scene.answers).toEqual([[5, true]]);
    expect(scene.port.trail).toEqual(['apple_gfx_read_memory phys_addr=0x10000010 length=0x8 dest=0xdddd0000']);
  });

  it.each([
    ['a window of the device', GFX.gpa],
    ['the iosfc window', IOSFC.gpa],
    ['another device', OTHER_DEVICE.gpa],
    ['a hole', 0x9_0000_0000],
  ])('fails at %s, since registers are behind the BQL', (_what, gpa) => {
    const scene = new MemoryScene('sync');
    scene.send(readMemory(5, gpa, 4));
    expect(scene.answers).toEqual([[5, false]]);
    expect(scene.port.of('submitJob')).toEqual([]);
    expect(scene.port.of('readDevice')).toEqual([]);
  });
});

describe('the memory map', () => {
  const more = { ...RAM, id: 40, gpa: 0x9_0000_0000, length: 0x4000, ram: 12, slot: 2 };

  it('is a snapshot of its own, which regionAdded and regionRemoved change', () => {
    const scene = new MemoryScene('sync');
    scene.send(record(Message.regionAdded, { id: 70, reserved: more.id, words: wordsOf(more) }), readMemory(5, more.gpa, 4));
    scene.send(record(Message.regionRemoved, { id: 71, reserved: more.id }), readMemory(6, more.gpa, 4));
    scene.send(record(Message.regionRemoved, { id: 72, reserved: more.id }));
    expect(scene.answers).toEqual([
      [5, true],
      [6, false],
    ]);
    expect(scene.port.of('replyToGuest')).toMatchObject([
      { token: 70, value: 1 },
      { token: 71, value: 1 },
      { token: 72, value: 0 },
    ]);
  });

  it('says at which host address memory lies that came later', () => {
    const scene = new MemoryScene('hardened');
    scene.send(record(Message.regionAdded, { id: 70, reserved: more.id, words: wordsOf(more) }));
    scene.send(record(Upcall.iosfcMap, { id: 20, words: [more.gpa + 8, 4, 0] }));
    expect(scene.port.of('answerUpcall')).toMatchObject([{ ok: true, value: scene.port.ramAddress() + 8 }]);
  });

  it('shares its references with the BQL actor’s: a region is gone once, when both have let go', () => {
    const bql = new BqlScene('hardened');
    const scene = new MemoryScene('hardened', bql.references);
    bql.port.pieces = [[RAM.gpa, 0x4000]];
    bql.run(createTask, mapMemory);
    scene.send(record(Upcall.iosfcMap, { id: 20, words: [RAM.gpa, 0x1000, 0] }));
    expect(bql.references.count(RAM.slot)).toBe(2);
    const removal = record(Message.regionRemoved, { id: 70, reserved: RAM.id });
    bql.run(removal);
    scene.send(removal);
    expect(bql.references.remove(RAM.slot)).toBe(false);
    bql.run(record(Upcall.destroyTask, { id: 13, words: [1] }));
    expect(bql.port.of('releaseRam')).toEqual([]);
    scene.send(record(Upcall.iosfcUnmap, { id: 21, words: [RAM.hostAddress] }));
    expect(scene.port.of('releaseRam')).toEqual([{ do: 'releaseRam', ram: RAM.ram }]);
  });
});

it('knows nobody else’s messages', () => {
  const scene = new MemoryScene('hardened');
  scene.send(access({ token: 1 }));
  expect(scene.port.effects).toEqual([{ do: 'logGuestError', text: "PVG's own thread knows no message of kind 0x100" }]);
});
