/**
 * Tasks and their memory (device.md 4.1, 4.3).
 */
import { describe, expect, it } from 'vitest';
import { type Conformance, RAM_REGION, type Rig, SCRATCH } from './rig.js';

const HIGH = 0x1_0000_0000;
const HOLE = 0x7_0000_0000;
const TASK = 2;
const OTHER_TASK = 3;

/** Names of the trace lines, and those of one name. */
const named = (rig: Rig, name: string): readonly string[] => rig.lines.filter((line) => line.split(' ')[0] === name);

export function describeTasks({ open, revision }: Conformance): void {
  const { taskReferences, emptyMapsAreJobs } = revision;

  /** A task of some pages; the rig has the last one for itself. */
  async function openWithTask(pages = 4, task = TASK): Promise<Rig> {
    const rig = await open();
    expect(await rig.run({ do: 'createTask', task, length: (pages + 1) * rig.page })).toEqual({ ok: true });
    return rig;
  }

  /** Guest-physical address of a page of RAM whose first word is `word`. */
  function pageOf(rig: Rig, index: number, word: number): number {
    const offset = SCRATCH.start + index * rig.page;
    rig.poke(offset, word);
    return rig.gpa(offset);
  }

  describe('createTask', () => {
    it('reserves a range of zeros', async () => {
      const rig = await openWithTask();
      expect(await rig.look(TASK, 0)).toBe(0);
      const expected = new RegExp(`^apple_gfx_create_task vm_size=0x${(5 * rig.page).toString(16)} base_addr=0x[1-9a-f][0-9a-f]+$`);
      await rig.until('the task is traced', () => named(rig, 'apple_gfx_create_task').some((line) => expected.test(line)));
    });

    it('answers no task when nothing can be reserved, and the next one is made', async () => {
      const rig = await open();
      const task = { do: 'createTask', task: TASK, length: 2 * rig.page } as const;
      rig.exhaustRanges(true);
      expect(await rig.run(task)).toEqual({ ok: false });
      await rig.until('it is traced', () => rig.lines.some((line) => /^apple_gfx_create_task .* base_addr=0x0$/.test(line)));
      rig.exhaustRanges(false);
      expect(await rig.run(task)).toEqual({ ok: true });
      expect(await rig.look(TASK, 0)).toBe(0);
    });
  });

  describe('mapMemory', () => {
    it("shows the guest's own pages, not copies", async () => {
      const rig = await openWithTask();
      const gpa = pageOf(rig, 0, 0x11_11_11_11);
      expect(await rig.run({ do: 'map', task: TASK, offset: rig.page, pieces: [{ gpa, length: rig.page }] })).toEqual({ ok: true });
      expect(await rig.look(TASK, rig.page)).toBe(0x11_11_11_11);
      pageOf(rig, 0, 0x22_22_22_22);
      expect(await rig.look(TASK, rig.page)).toBe(0x22_22_22_22);
      expect(await rig.look(TASK, 0)).toBe(0);
    });

    it('puts piece after piece, each behind the one before, and replaces what was there', async () => {
      const rig = await openWithTask();
      const { page } = rig;
      const long = pageOf(rig, 0, 1);
      pageOf(rig, 1, 2);
      const pieces = [
        { gpa: long, length: 2 * page },
        { gpa: pageOf(rig, 5, 3), length: page },
      ];
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces })).toEqual({ ok: true });
      expect(await rig.run({ do: 'map', task: TASK, offset: page, pieces: [{ gpa: pageOf(rig, 7, 4), length: page }] })).toEqual({
        ok: true,
      });
      expect([await rig.look(TASK, 0), await rig.look(TASK, page), await rig.look(TASK, 2 * page)]).toEqual([1, 4, 3]);
    });

    it('leaves the target of a piece that fails as it was, maps those after it, and answers false', async () => {
      const rig = await openWithTask();
      const { page } = rig;
      const traced = (): readonly string[] => rig.lines.filter((line) => /^apple_gfx_(map_memory|map_memory_range|remap) /.test(line));
      const first = pageOf(rig, 0, 1);
      await rig.run({ do: 'map', task: TASK, offset: page, pieces: [{ gpa: first, length: page }] });
      await rig.until('that is traced', () => (traced().at(-2) ?? '').includes(`phys_addr=0x${first.toString(16)} `));
      const before = traced().length;
      const pieces = [pageOf(rig, 1, 2), HOLE, pageOf(rig, 2, 3)].map((gpa) => ({ gpa, length: page }));
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces })).toEqual({ ok: false });
      const piece = (index: number): string =>
        `apple_gfx_map_memory_range [${index}] phys_addr=0x${pieces[index]?.gpa.toString(16)} phys_len=0x${page.toString(16)}`;
      await rig.until('it is traced', () => traced().length >= before + 6);
      expect(traced().slice(before)).toEqual([
        expect.stringMatching(/^apple_gfx_map_memory task=0x[0-9a-f]+ range_count=0x3 virtual_offset=0x0 read_only=0$/),
        piece(0),
        expect.stringMatching(/^apple_gfx_remap retval=0 /),
        piece(1),
        piece(2),
        expect.stringMatching(/^apple_gfx_remap retval=0 /),
      ]);
      expect([await rig.look(TASK, 0), await rig.look(TASK, page), await rig.look(TASK, 2 * page)]).toEqual([2, 1, 3]);
    });

    it.each([
      ['where nothing is', (): number => HOLE],
      ['of registers', (rig: Rig): number => rig.windowBase],
      ['that begins in RAM and ends behind it', (rig: Rig): number => rig.gpa(16 * 2 ** 20 - rig.page)],
    ])('refuses a piece %s', async (_what, gpaOf) => {
      const rig = await openWithTask();
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces: [{ gpa: gpaOf(rig), length: 2 * rig.page }] })).toEqual({
        ok: false,
      });
      expect(await rig.look(TASK, 0)).toBe(0);
    });

    it('refuses a piece that reaches outside the task', async () => {
      const rig = await openWithTask(2);
      const pieces = [{ gpa: pageOf(rig, 0, 1), length: 4 * rig.page }];
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces })).toEqual({ ok: false });
      expect(await rig.look(TASK, 0)).toBe(0);
    });

    it('maps ROM for reading only', async () => {
      const rig = await openWithTask();
      const rom = await rig.addMemory({ gpa: HIGH, bytes: 0x4000, kind: 'rom' });
      rom.poke(0, 0x33_33_33_33);
      const pieces = [{ gpa: rom.gpa, length: rig.page }];
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces })).toEqual({ ok: false });
      expect(await rig.look(TASK, 0)).toBe(0);
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, readOnly: true, pieces })).toEqual({ ok: true });
      expect(await rig.look(TASK, 0)).toBe(0x33_33_33_33);
    });

    it(`of no pieces succeeds, ${emptyMapsAreJobs ? 'as a job' : 'without a job'}`, async () => {
      const rig = await openWithTask();
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces: [] })).toEqual({ ok: true });
      // What comes later is traced later, so by then the line would be there.
      expect(await rig.run({ do: 'unmap', task: TASK, offset: 0, length: rig.page })).toEqual({ ok: true });
      await rig.until('the unmapping is traced', () => named(rig, 'apple_gfx_unmap_memory').length > 0);
      const empty = named(rig, 'apple_gfx_map_memory').filter((line) => line.includes('range_count=0x0'));
      expect(empty).toHaveLength(emptyMapsAreJobs ? 1 : 0);
    });

    it('serves several tasks inside one access', async () => {
      const rig = await openWithTask();
      await rig.run({ do: 'createTask', task: OTHER_TASK, length: 3 * rig.page });
      const map = (task: number, at: number, word: number) =>
        ({ do: 'map', task, offset: at * rig.page, pieces: [{ gpa: pageOf(rig, word, word), length: rig.page }] }) as const;
      expect(await rig.runAtOnce([map(TASK, 0, 1), map(OTHER_TASK, 0, 2), map(TASK, 1, 3), map(OTHER_TASK, 1, 4)])).toBe(true);
      const seen = [
        await rig.look(TASK, 0),
        await rig.look(OTHER_TASK, 0),
        await rig.look(TASK, rig.page),
        await rig.look(OTHER_TASK, rig.page),
      ];
      expect(seen).toEqual([1, 2, 3, 4]);
    });
  });

  it('unmapMemory puts fresh zeros there and leaves the rest', async () => {
    const rig = await openWithTask();
    const { page } = rig;
    const pieces = [1, 2, 3].map((word) => ({ gpa: pageOf(rig, word, word), length: page }));
    await rig.run({ do: 'map', task: TASK, offset: 0, pieces });
    expect(await rig.run({ do: 'unmap', task: TASK, offset: page, length: page })).toEqual({ ok: true });
    expect([await rig.look(TASK, 0), await rig.look(TASK, page), await rig.look(TASK, 2 * page)]).toEqual([1, 0, 3]);
  });

  it('destroyTask makes its number free, and a task of that number begins with zeros', async () => {
    const rig = await openWithTask();
    await rig.run({ do: 'map', task: TASK, offset: 0, pieces: [{ gpa: pageOf(rig, 0, 1), length: rig.page }] });
    expect(await rig.run({ do: 'createTask', task: TASK, length: 2 * rig.page })).toEqual({ ok: false });
    expect(await rig.run({ do: 'destroyTask', task: TASK })).toEqual({ ok: true });
    expect(await rig.run({ do: 'destroyTask', task: TASK })).toEqual({ ok: false });
    expect(await rig.run({ do: 'createTask', task: TASK, length: 2 * rig.page })).toEqual({ ok: true });
    expect(await rig.look(TASK, 0)).toBe(0);
  });

  describe(`references of tasks (${taskReferences ? 'one for each region' : 'none'})`, () => {
    const one = taskReferences ? 1 : 0;

    it('are taken when a task first maps anything of a region, and given back when it is destroyed', async () => {
      const rig = await openWithTask();
      const { page } = rig;
      const before = await rig.references(RAM_REGION);
      const memory = await rig.addMemory({ gpa: HIGH, bytes: 0x8000 });
      const map = (task: number, gpa: number, offset: number) => rig.run({ do: 'map', task, offset, pieces: [{ gpa, length: page }] });
      await map(TASK, HIGH, 0);
      expect(await rig.references(memory.id)).toBe(one);
      expect(await rig.references(RAM_REGION)).toBe(before);
      await map(TASK, HIGH + page, page);
      await map(TASK, rig.gpa(SCRATCH.start), 2 * page);
      expect(await rig.references(memory.id)).toBe(one);
      expect(await rig.references(RAM_REGION)).toBe(before + one);
      await rig.run({ do: 'createTask', task: OTHER_TASK, length: 2 * page });
      await map(OTHER_TASK, HIGH, 0);
      expect(await rig.references(memory.id)).toBe(2 * one);
      await rig.run({ do: 'unmap', task: TASK, offset: 0, length: 3 * page });
      expect(await rig.references(memory.id)).toBe(2 * one);
      await rig.run({ do: 'destroyTask', task: TASK });
      expect(await rig.references(memory.id)).toBe(one);
      expect(await rig.references(RAM_REGION)).toBe(before);
      await rig.run({ do: 'destroyTask', task: OTHER_TASK });
      expect(await rig.references(memory.id)).toBe(0);
      const held = new RegExp(`task->mapped_regions->len=${2 * one}$`);
      await rig.until('the count is traced', () => named(rig, 'apple_gfx_destroy_task').some((line) => held.test(line)));
    });

    it('are not taken by pieces that fail', async () => {
      const rig = await openWithTask();
      const memory = await rig.addMemory({ gpa: HIGH, bytes: 0x4000, kind: 'rom' });
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces: [{ gpa: HIGH, length: rig.page }] })).toEqual({ ok: false });
      expect(await rig.references(memory.id)).toBe(0);
    });

    it(`keep ${taskReferences ? 'what a task maps of' : 'nothing of'} memory that was removed`, async () => {
      const rig = await openWithTask();
      const memory = await rig.addMemory({ gpa: HIGH, bytes: 0x4000 });
      memory.poke(0, 0x44_44_44_44);
      await rig.run({ do: 'map', task: TASK, offset: 0, pieces: [{ gpa: HIGH, length: rig.page }] });
      await memory.remove();
      expect(await rig.run({ do: 'map', task: TASK, offset: rig.page, pieces: [{ gpa: HIGH, length: rig.page }] })).toEqual({ ok: false });
      expect(memory.peek(0)).toBe(taskReferences ? 0x44_44_44_44 : 0);
      if (taskReferences) expect(await rig.look(TASK, 0)).toBe(0x44_44_44_44);
      await rig.run({ do: 'destroyTask', task: TASK });
      await rig.until('the memory is given back', () => memory.peek(0) === 0);
    });
  });
}
