/**
 * Reset (device.md 7).
 */
import { describe, expect, it } from 'vitest';
import { isIdle, shows } from './frames.js';
import { among, questionsOf } from './questions.js';
import { type Conformance, RAM_REGION, type Rig, SCRATCH } from './rig.js';

const HIGH = 0x1_0000_0000;

async function reset(rig: Rig): Promise<void> {
  const done = rig.reset();
  rig.releaseGpu();
  await rig.until('PVG is reset', () => done.isDone);
}

export function describeReset({ open, revision, memory }: Conformance): void {
  const { iosfcReferences } = revision;
  const asks = memory === 'tasks';
  const taskReferences = asks && revision.taskReferences;

  describe('a reset', () => {
    it('destroys every task with its references, and the guest begins anew', async () => {
      // PVG's mapper, which a reset leaves alone, may have RAM mapped in a device that was used before.
      const rig = await open({ fresh: true });
      const { page } = rig;
      const added = await rig.addMemory({ gpa: HIGH, bytes: 0x4000 });
      rig.poke(SCRATCH.start, 7);
      const ram = { gpa: rig.gpa(SCRATCH.start), length: page };
      const later = { gpa: HIGH, length: page };
      const before = await rig.references(RAM_REGION);
      for (const task of [2, 3]) {
        await rig.run({ do: 'createTask', task, length: 4 * page });
        expect(await rig.run({ do: 'map', task, offset: 0, pieces: [later, ram] })).toEqual({ ok: asks });
        expect(await rig.run({ do: 'map', task, offset: 0, pieces: [ram] })).toEqual({ ok: true });
        expect(await rig.look(task, 0)).toBe(7);
      }
      expect(await rig.references(added.id)).toBe(taskReferences ? 2 : 0);
      expect((await rig.references(RAM_REGION)) - before).toBe(taskReferences ? 2 : 0);
      await reset(rig);
      expect([await rig.references(added.id), await rig.references(RAM_REGION)]).toEqual([0, 0]);
      await rig.begin();
      const questions = await questionsOf(rig);
      const made = new RegExp(`^apple_gfx_create_task vm_size=0x${(4 * page).toString(16)} base_addr=(0x[0-9a-f]+)$`);
      const tasks = questions.flatMap((line) => made.exec(line)?.[1] ?? []);
      expect(tasks).toHaveLength(asks ? 2 : 0);
      expect(questions).toEqual(among(memory, ...tasks.map((task) => new RegExp(`^apple_gfx_destroy_task task=${task},`))));
      for (const task of [2, 3]) {
        expect(await rig.run({ do: 'createTask', task, length: 4 * page })).toEqual({ ok: true });
        expect(await rig.look(task, 0)).toBe(0);
      }
    });

    it('leaves surface and cursor to the console', async () => {
      const rig = await open();
      await rig.run({ do: 'newFrame', port: 0, colour: 0xff00_ff00 });
      await rig.run({ do: 'cursorMove', port: 0, x: 5, y: 7 });
      await rig.until('both are there', () => shows(rig, 0xff00_ff00) && rig.cursor.place.x === 5);
      await rig.until('nothing is pending', () => isIdle(rig));
      await reset(rig);
      expect(shows(rig, 0xff00_ff00)).toBe(true);
      expect(rig.cursor.place).toEqual({ x: 5, y: 7 });
    });

    it('leaves the IOSurface mapper alone', async () => {
      const rig = await open();
      const memory = await rig.addMemory({ gpa: HIGH, bytes: 0x4000 });
      await rig.run({ do: 'iosfcMap', surface: 1, gpa: HIGH, length: 0x100 });
      await reset(rig);
      expect(await rig.references(memory.id)).toBe(iosfcReferences === 'none' ? 0 : 1);
      expect(await rig.run({ do: 'iosfcUnmap', surface: 1 })).toEqual({ ok: true });
      expect(await rig.references(memory.id)).toBe(0);
    });

    it('completes with frames on the GPU, and none is left pending', async () => {
      const rig = await open({ slowGpu: true });
      await rig.run({ do: 'newFrame', port: 0, colour: 0xffff_0000 });
      await rig.run({ do: 'newFrame', port: 0, colour: 0xff00_00ff });
      await rig.until('they are pending', async () => !(await isIdle(rig)) || rig.statistics.framesRendered > 0);
      await reset(rig);
      await rig.until('nothing is pending, or what was refused is forgotten', async () => {
        const { pipeline } = await rig.pipeline();
        return pipeline === 'idle' || JSON.stringify(pipeline).includes('stalled');
      });
      if (revision.refusedEncode !== 'restarts') return;
      await rig.begin();
      await rig.run({ do: 'newFrame', port: 0, colour: 0xffff_ffff });
      await rig.until('the next frame is shown', () => shows(rig, 0xffff_ffff));
    });

    it('may come again and again', async () => {
      const rig = await open();
      for (let times = 0; times < 3; times++) {
        await reset(rig);
        await rig.begin();
      }
      await rig.run({ do: 'newFrame', port: 0, colour: 0xffff_ffff });
      await rig.until('a frame is shown', () => shows(rig, 0xffff_ffff));
    });
  });
}
