/**
 * Tasks and their memory (device.md 4.1, 4.3). A PVG that was told where the RAM is has tasks as well, of which the device knows nothing.
 */
import { describe, expect, it } from 'vitest';
import { among, eventOf, QUESTIONS, questionsOf } from './questions.js';
import { type Conformance, RAM_REGION, type Rig, SCRATCH } from './rig.js';

const HIGH = 0x1_0000_0000;
const HOLE = 0x7_0000_0000;
const TASK = 2;
const OTHER_TASK = 3;

export function describeTasks({ open, revision, memory }: Conformance): void {
  const asks = memory === 'tasks';
  const taskReferences = asks && revision.taskReferences;
  const emptyMapsAreJobs = asks && revision.emptyMapsAreJobs;

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
    it(`reserves a range of zeros, ${asks ? 'which is traced' : 'of which the host learns nothing'}`, async () => {
      const rig = await openWithTask();
      expect(await rig.look(TASK, 0)).toBe(0);
      const expected = new RegExp(`^apple_gfx_create_task vm_size=0x${(5 * rig.page).toString(16)} base_addr=0x[1-9a-f][0-9a-f]+$`);
      expect(await questionsOf(rig)).toEqual(among(memory, expected));
    });

    it(`${asks ? 'answers no task' : 'makes a task'} when the host can reserve nothing, and the next one is made`, async () => {
      const rig = await open();
      const task = { do: 'createTask', task: TASK, length: 2 * rig.page } as const;
      rig.exhaustRanges(true);
      expect(await rig.run(task)).toEqual({ ok: !asks });
      rig.exhaustRanges(false);
      expect(await questionsOf(rig)).toEqual(among(memory, /^apple_gfx_create_task .* base_addr=0x0$/));
      // Of a task that was not made the number is free.
      expect(await rig.run(task)).toEqual({ ok: asks });
      expect(await rig.look(TASK, 0)).toBe(0);
      expect(await rig.run({ ...task, task: OTHER_TASK })).toEqual({ ok: true });
      expect(await rig.look(OTHER_TASK, 0)).toBe(0);
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
      await rig.run({ do: 'map', task: TASK, offset: page, pieces: [{ gpa: pageOf(rig, 0, 1), length: page }] });
      const before = (await questionsOf(rig)).length;
      const pieces = [pageOf(rig, 1, 2), HOLE, pageOf(rig, 2, 3)].map((gpa) => ({ gpa, length: page }));
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces })).toEqual({ ok: false });
      const piece = (index: number): string =>
        `apple_gfx_map_memory_range [${index}] phys_addr=0x${pieces[index]?.gpa.toString(16)} phys_len=0x${page.toString(16)}`;
      const traced = [
        expect.stringMatching(/^apple_gfx_map_memory task=0x[0-9a-f]+ range_count=0x3 virtual_offset=0x0 read_only=0$/),
        piece(0),
        expect.stringMatching(/^apple_gfx_remap retval=0 /),
        piece(1),
        piece(2),
        expect.stringMatching(/^apple_gfx_remap retval=0 /),
      ];
      expect((await questionsOf(rig)).slice(before)).toEqual(asks ? traced : []);
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

    it(`maps ROM ${asks ? 'for reading only' : 'that was added later not even for reading'}, RAM for either`, async () => {
      const rig = await openWithTask();
      const { page } = rig;
      const rom = await rig.addMemory({ gpa: HIGH, bytes: 0x4000, kind: 'rom' });
      rom.poke(0, 0x33_33_33_33);
      const map = (gpa: number, offset: number, readOnly: boolean) =>
        rig.run({ do: 'map', task: TASK, offset, readOnly, pieces: [{ gpa, length: page }] });
      expect(await map(rom.gpa, 0, false)).toEqual({ ok: false });
      expect(await rig.look(TASK, 0)).toBe(0);
      expect(await map(rom.gpa, 0, true)).toEqual({ ok: asks });
      expect(await rig.look(TASK, 0)).toBe(asks ? 0x33_33_33_33 : 0);
      expect(await map(pageOf(rig, 0, 1), page, true)).toEqual({ ok: true });
      expect(await map(pageOf(rig, 1, 2), 2 * page, false)).toEqual({ ok: true });
      expect([await rig.look(TASK, page), await rig.look(TASK, 2 * page)]).toEqual([1, 2]);
    });

    it(`maps RAM that the device was given, and ROM ${asks ? 'for reading' : 'not even for reading'}`, async () => {
      const given = [
        { gpa: HIGH, bytes: 0x8000 },
        { gpa: 3 * HIGH, bytes: 0x4000, kind: 'rom' },
      ] as const;
      const rig = await open({ given });
      const { page } = rig;
      rig.given[0]?.poke(page, 0x66_66_66_66);
      rig.given[1]?.poke(0, 0x77_77_77_77);
      await rig.run({ do: 'createTask', task: TASK, length: 5 * page });
      const map = (gpa: number, offset: number, readOnly: boolean) =>
        rig.run({ do: 'map', task: TASK, offset, readOnly, pieces: [{ gpa, length: page }] });
      expect(await map(HIGH + page, 0, false)).toEqual({ ok: true });
      expect(await map(3 * HIGH, page, true)).toEqual({ ok: asks });
      expect([await rig.look(TASK, 0), await rig.look(TASK, page)]).toEqual([0x66_66_66_66, asks ? 0x77_77_77_77 : 0]);
      expect(await rig.run({ do: 'readMemory', gpa: HIGH + page, length: 4 })).toEqual({ ok: true, bytes: new Uint8Array(4).fill(0x66) });
      expect(await rig.references(rig.given[0]?.id ?? 0)).toBe(taskReferences ? 1 : 0);
    });

    it(`${asks ? 'maps' : 'refuses'} RAM that was added later`, async () => {
      const rig = await openWithTask();
      const { page } = rig;
      const added = await rig.addMemory({ gpa: HIGH, bytes: 0x4000 });
      added.poke(0, 0x44_44_44_44);
      const pieces = [HIGH, pageOf(rig, 0, 1)].map((gpa) => ({ gpa, length: page }));
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces })).toEqual({ ok: asks });
      expect([await rig.look(TASK, 0), await rig.look(TASK, page)]).toEqual([asks ? 0x44_44_44_44 : 0, 1]);
    });

    it(`of no pieces succeeds, ${emptyMapsAreJobs ? 'as a job' : 'without a job'}`, async () => {
      const rig = await openWithTask();
      await rig.run({ do: 'map', task: TASK, offset: 0, pieces: [{ gpa: pageOf(rig, 0, 1), length: rig.page }] });
      const before = (await questionsOf(rig)).length;
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces: [] })).toEqual({ ok: true });
      const empty = expect.stringMatching(/^apple_gfx_map_memory .* range_count=0x0 /);
      expect((await questionsOf(rig)).slice(before)).toEqual(emptyMapsAreJobs ? [empty] : []);
      expect(await rig.look(TASK, 0)).toBe(1);
      expect(await rig.run({ do: 'unmap', task: TASK, offset: 0, length: rig.page })).toEqual({ ok: true });
      expect(await questionsOf(rig)).toEqual(among(memory, /^apple_gfx_unmap_memory /));
      expect(await rig.look(TASK, 0)).toBe(0);
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

  it(`the host is asked ${asks ? 'for all that is done with' : 'nothing about'} guest memory`, async () => {
    const rig = await openWithTask();
    const { page } = rig;
    const gpa = pageOf(rig, 0, 0x55_66_77_88);
    expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces: [{ gpa, length: page }] })).toEqual({ ok: true });
    expect(await rig.look(TASK, 0)).toBe(0x55_66_77_88);
    expect(await rig.run({ do: 'readMemory', gpa, length: 4 })).toEqual({ ok: true, bytes: Uint8Array.of(0x88, 0x77, 0x66, 0x55) });
    expect(await rig.run({ do: 'unmap', task: TASK, offset: 0, length: page })).toEqual({ ok: true });
    expect(await rig.look(TASK, 0)).toBe(0);
    expect(await rig.run({ do: 'destroyTask', task: TASK })).toEqual({ ok: true });
    const events = new Set((await questionsOf(rig)).map(eventOf));
    expect([...events].sort()).toEqual(asks ? QUESTIONS : []);
  });

  describe(`references of tasks (${taskReferences ? 'one for each region' : 'none'})`, () => {
    const one = taskReferences ? 1 : 0;

    it('are taken when a task first maps anything of a region, and given back when it is destroyed', async () => {
      const rig = await openWithTask();
      const { page } = rig;
      const before = await rig.references(RAM_REGION);
      const added = await rig.addMemory({ gpa: HIGH, bytes: 0x8000 });
      const map = (task: number, gpa: number, offset: number) => rig.run({ do: 'map', task, offset, pieces: [{ gpa, length: page }] });
      expect(await map(TASK, HIGH, 0)).toEqual({ ok: asks });
      expect(await rig.references(added.id)).toBe(one);
      expect(await rig.references(RAM_REGION)).toBe(before);
      expect(await map(TASK, HIGH + page, page)).toEqual({ ok: asks });
      expect(await map(TASK, rig.gpa(SCRATCH.start), 2 * page)).toEqual({ ok: true });
      expect(await map(TASK, rig.gpa(SCRATCH.start + page), 3 * page)).toEqual({ ok: true });
      expect(await rig.references(added.id)).toBe(one);
      expect(await rig.references(RAM_REGION)).toBe(before + one);
      await rig.run({ do: 'createTask', task: OTHER_TASK, length: 2 * page });
      expect(await map(OTHER_TASK, HIGH, 0)).toEqual({ ok: asks });
      expect(await rig.references(added.id)).toBe(2 * one);
      await rig.run({ do: 'unmap', task: TASK, offset: 0, length: 4 * page });
      expect(await rig.references(added.id)).toBe(2 * one);
      expect(await rig.references(RAM_REGION)).toBe(before + one);
      await rig.run({ do: 'destroyTask', task: TASK });
      expect(await rig.references(added.id)).toBe(one);
      expect(await rig.references(RAM_REGION)).toBe(before);
      await rig.run({ do: 'destroyTask', task: OTHER_TASK });
      expect(await rig.references(added.id)).toBe(0);
      const held = new RegExp(`^apple_gfx_destroy_task .*task->mapped_regions->len=${2 * one}$`);
      expect(await questionsOf(rig)).toEqual(among(memory, held));
    });

    it('are not taken by pieces that fail', async () => {
      const rig = await openWithTask();
      const rom = await rig.addMemory({ gpa: HIGH, bytes: 0x4000, kind: 'rom' });
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces: [{ gpa: HIGH, length: rig.page }] })).toEqual({ ok: false });
      expect(await rig.references(rom.id)).toBe(0);
    });

    it(`keep ${taskReferences ? 'what a task maps of' : 'nothing of'} memory that was removed`, async () => {
      const rig = await openWithTask();
      const { page } = rig;
      const added = await rig.addMemory({ gpa: HIGH, bytes: 0x4000 });
      added.poke(0, 0x44_44_44_44);
      const map = (gpa: number, offset: number) => rig.run({ do: 'map', task: TASK, offset, pieces: [{ gpa, length: page }] });
      expect(await map(HIGH, 0)).toEqual({ ok: asks });
      expect(await map(pageOf(rig, 0, 1), page)).toEqual({ ok: true });
      await added.remove();
      expect(await map(HIGH, 2 * page)).toEqual({ ok: false });
      expect(added.peek(0)).toBe(taskReferences ? 0x44_44_44_44 : 0);
      // Without references of the device's it is PVG's own affair what it sees of memory that it has mapped.
      if (taskReferences || !asks) expect(await rig.look(TASK, 0)).toBe(taskReferences ? 0x44_44_44_44 : 0);
      expect(await rig.look(TASK, page)).toBe(1);
      await rig.run({ do: 'destroyTask', task: TASK });
      await rig.until('the memory is given back', () => added.peek(0) === 0);
    });
  });
}
