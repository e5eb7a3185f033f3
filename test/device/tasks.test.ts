/**
 * Tasks (device.md 4.1): ranges, mappings piece by piece, and the references they hold.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { Tasks } from '../../src/device/task.js';
import { AddressSpace } from '../../src/memory/address-space.js';
import type { RegionReferences } from '../../src/memory/references.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { claimedReferences, GFX, RAM, record, UPPER_RAM } from '../actors/bql-scene.js';
import { FakePort, FIRST_RANGE_ADDRESS } from './fake-port.js';

const ROM = { ...RAM, kind: 'rom', id: 8, gpa: 0x8000_0000, length: 0x8000, ram: 11, slot: 2 } as const;

let port: FakePort;
let references: RegionReferences;
let space: AddressSpace;
let tasks: Tasks;

function start(revision: RevisionName): void {
  port = new FakePort();
  references = claimedReferences();
  space = new AddressSpace([RAM, GFX, ROM], references, ({ ram }) => port.perform({ do: 'releaseRam', ram }));
  tasks = new Tasks(space, port, REVISIONS[revision]);
}

const create = (id: number, length = 0x1_0000): void => tasks.create(record(Upcall.createTask, { id, words: [length] }));
const destroy = (id: number, range: number): void => tasks.destroy(record(Upcall.destroyTask, { id, words: [range] }));
const mapping = (id: number, range: number, offset: number, readOnly: number, count: number): PvgRecord =>
  record(Upcall.mapMemory, { id, words: [range, offset, readOnly, count] });
const unmap = (id: number, range: number, offset: number, length: number): void =>
  tasks.unmap(record(Upcall.unmapMemory, { id, words: [range, offset, length] }));
const lastAnswer = () => port.of('answerUpcall').at(-1);

function map(pieces: (readonly [number, number])[], { range = 1, offset = 0, readOnly = 0 } = {}): boolean {
  port.pieces = pieces;
  tasks.map(mapping(99, range, offset, readOnly, pieces.length));
  return lastAnswer()?.ok ?? false;
}

beforeEach(() => start('hardened'));

describe('createTask', () => {
  it('answers with the range, whose task is on the list until it is destroyed', () => {
    create(1);
    expect(lastAnswer()).toEqual({ do: 'answerUpcall', id: 1, ok: true, value: 1 });
    expect(tasks.count).toBe(1);
    destroy(2, 1);
    expect(lastAnswer()).toEqual({ do: 'answerUpcall', id: 2, ok: true, value: 0 });
    expect(port.of('releaseRange')).toEqual([{ do: 'releaseRange', range: 1 }]);
    expect(tasks.count).toBe(0);
  });

  it('says "no task" when the reservation fails', () => {
    port.hasRanges = false;
    create(1);
    expect(lastAnswer()).toMatchObject({ id: 1, ok: false, value: 0 });
    expect(tasks.count).toBe(0);
  });

  it('a task that is not on the list can be neither destroyed nor unmapped', () => {
    destroy(1, 4711);
    unmap(2, 4711, 0, 0x4000);
    expect(port.of('answerUpcall').map(({ ok }) => ok)).toEqual([false, false]);
    expect(port.of('releaseRange')).toEqual([]);
    expect(port.unmapped).toEqual([]);
  });
});

describe('mapMemory', () => {
  beforeEach(() => create(1));

  it('maps the pieces after one that fails, behind the place that one would have had, and answers false', () => {
    const ok = map([
      [RAM.gpa, 0x4000],
      [0x9_0000_0000, 0x4000],
      [RAM.gpa + 0x8000, 0x4000],
    ]);
    expect(port.mapped.map(({ offset, ramOffset }) => [offset, ramOffset])).toEqual([
      [0, 0],
      [0x8000, 0x8000],
    ]);
    expect(ok).toBe(false);
  });

  it('takes the RAM behind a region at the region’s own offset in it', () => {
    start('hardened');
    space.add({ ...UPPER_RAM, slot: 2 });
    create(1);
    map([[UPPER_RAM.gpa + 0x1000, 0x1000]]);
    expect(port.mapped).toMatchObject([{ ramOffset: 0x1800 }]);
  });

  it.each([
    ['outside the task', { offset: 0xe000 }],
    ['of a task that does not exist', { range: 42 }],
    ['at an offset beyond every number', { offset: Number.POSITIVE_INFINITY }],
  ])('%s is refused and maps nothing', (_what, place) => {
    expect(map([[RAM.gpa, 0x4000]], place)).toBe(false);
    expect(port.mapped).toEqual([]);
    expect(port.lines).not.toContain('apple_gfx_remap');
  });

  it.each([
    ['a register window', GFX.gpa, 0x4000, false],
    ['ROM for writing', ROM.gpa, 0x4000, false],
    ['over the end of RAM', RAM.gpa + RAM.length - 0x1000, 0x4000, false],
    ['no bytes', RAM.gpa, 0, false],
    ['more than a number can say', RAM.gpa, Number.POSITIVE_INFINITY, false],
  ])('does not map %s', (_what, gpa, length, expected) => {
    expect(map([[gpa, length]])).toBe(expected);
    expect(port.mapped).toEqual([]);
  });

  it('maps ROM read-only, and says so to the range', () => {
    expect(map([[ROM.gpa, 0x4000]], { readOnly: 1 })).toBe(true);
    expect(port.mapped).toMatchObject([{ length: 0x4000, readOnly: true }]);
  });

  it('a remapping that is refused fails its piece and takes no reference', () => {
    port.mapStatus = -6;
    expect(map([[RAM.gpa, 0x4000]])).toBe(false);
    expect(space.referencesOf(RAM)).toBe(0);
    expect(port.trail.at(-1)).toBe('apple_gfx_remap retval=-6 source=0x50000000 target=0x70000000');
  });

  it('of more pieces than there may be, or than PVG gives, answers false', () => {
    tasks.map(mapping(2, 1, 0, 0, 1025));
    port.pieces = [[RAM.gpa, 0x4000]];
    tasks.map(mapping(3, 1, 0, 0, 2));
    tasks.map(mapping(4, 1, 0, 0, Number.POSITIVE_INFINITY));
    expect(port.of('answerUpcall').map(({ id, ok }) => [id, ok])).toEqual([
      [1, true],
      [2, false],
      [3, false],
      [4, false],
    ]);
    expect(port.mapped).toHaveLength(1);
  });

  it('is traced as QEMU traces it', () => {
    map([[RAM.gpa + 0x4000, 0x4000]], { offset: 0x8000, readOnly: 1 });
    expect(port.trail).toEqual([
      'apple_gfx_create_task vm_size=0x10000 base_addr=0x70000000',
      'apple_gfx_map_memory task=0x70000000 range_count=0x1 virtual_offset=0x8000 read_only=1',
      'apple_gfx_map_memory_range [0] phys_addr=0x10004000 phys_len=0x4000',
      'apple_gfx_remap retval=0 source=0x50004000 target=0x70008000',
    ]);
    expect(FIRST_RANGE_ADDRESS).toBe(0x7000_0000);
  });

  it.each([
    ['shared-cond', 0],
    ['v5', 0],
    ['sync', 1],
    ['bh', 1],
    ['hardened', 1],
  ] as const)('of no pieces succeeds; in %s it leaves %i trace lines', (revision, lines) => {
    start(revision);
    create(1);
    expect(map([])).toBe(true);
    expect(port.lines.filter((name) => name === 'apple_gfx_map_memory')).toHaveLength(lines);
  });
});

describe('unmapMemory', () => {
  beforeEach(() => create(1));

  it('puts fresh pages there', () => {
    unmap(2, 1, 0x4000, 0x8000);
    expect(port.unmapped).toEqual([{ range: 1, offset: 0x4000, length: 0x8000 }]);
    expect(lastAnswer()).toMatchObject({ id: 2, ok: true });
  });

  it.each([
    ['outside the task', 0xc000, 0x8000],
    ['of no bytes', 0, 0],
    ['beyond numbers', Number.POSITIVE_INFINITY, 0x4000],
  ])('%s is refused', (_what, offset, length) => {
    unmap(2, 1, offset, length);
    expect(port.unmapped).toEqual([]);
    expect(lastAnswer()).toMatchObject({ id: 2, ok: false });
  });

  it('answers what became of it', () => {
    port.unmapStatus = -6;
    unmap(2, 1, 0, 0x4000);
    expect(lastAnswer()).toMatchObject({ ok: false });
  });
});

describe('references', () => {
  it.each(['v5', 'bh', 'hardened'] as const)('%s: a task has one on each region it maps anything of, until it is destroyed', (revision) => {
    start(revision);
    create(1);
    create(2);
    map([
      [RAM.gpa, 0x4000],
      [RAM.gpa + 0x8000, 0x4000],
    ]);
    map([[RAM.gpa, 0x4000]], { range: 2 });
    map([[ROM.gpa, 0x4000]], { range: 2, readOnly: 1, offset: 0x4000 });
    expect([space.referencesOf(RAM), space.referencesOf(ROM)]).toEqual([2, 1]);
    unmap(3, 1, 0, 0x1_0000);
    expect(space.referencesOf(RAM)).toBe(2);
    destroy(4, 2);
    expect([space.referencesOf(RAM), space.referencesOf(ROM)]).toEqual([1, 0]);
    expect(port.trail.at(-1)).toBe('apple_gfx_destroy_task task=0x80000000, task->mapped_regions->len=2');
  });

  it.each(['sync', 'async-write', 'unlock', 'shared-cond'] as const)('%s: a task has none', (revision) => {
    start(revision);
    create(1);
    map([[RAM.gpa, 0x4000]]);
    expect(space.referencesOf(RAM)).toBe(0);
    destroy(2, 1);
    expect(lastAnswer()).toMatchObject({ id: 2, ok: true });
  });

  it('keep the RAM of a removed region until the last task that maps it is destroyed', () => {
    create(1);
    create(2);
    map([[RAM.gpa, 0x4000]]);
    map([[RAM.gpa, 0x4000]], { range: 2 });
    space.remove(RAM.id);
    expect(references.remove(RAM.slot)).toBe(false);
    expect(map([[RAM.gpa, 0x4000]])).toBe(false);
    destroy(3, 1);
    expect(port.of('releaseRam')).toEqual([]);
    destroy(4, 2);
    expect(port.of('releaseRam')).toEqual([{ do: 'releaseRam', ram: RAM.ram }]);
  });
});
