/**
 * Display modes (device.md 6).
 */
import { describe, expect, it } from 'vitest';
import { isIdle, shows } from './frames.js';
import { type Conformance, MODES, type Rig } from './rig.js';

const [FIRST, SECOND] = MODES;
const setMode = (rig: Rig, mode: { readonly width: number; readonly height: number }) => rig.run({ do: 'modeChange', port: 0, ...mode });
const draw = (rig: Rig, colour: number) => rig.run({ do: 'newFrame', port: 0, colour });

export function describeModes({ open, revision }: Conformance): void {
  const first = { fixed: { width: 1440, height: 1080 }, none: null, preferred: FIRST }[revision.firstMode];
  it(`the mode before the guest sets one is ${first ? `${first.width}×${first.height}` : 'none'}`, async () => {
    const rig = await open({ fresh: true });
    expect(rig.firstMode).toEqual(first);
  });

  describe('a mode change', () => {
    it('hands the console a new surface, all zeros', async () => {
      const rig = await open();
      await draw(rig, 0xff12_3456);
      await rig.until('a frame is shown', () => shows(rig, 0xff12_3456));
      const { surfaces } = rig;
      await setMode(rig, SECOND);
      await rig.until('the mode is set', () => rig.surface?.width === SECOND.width);
      expect(rig.surface?.height).toBe(SECOND.height);
      expect(rig.surfaces).toBe(surfaces + 1);
      expect(shows(rig, 0)).toBe(true);
      await rig.until('it is traced', () => rig.lines.includes(`apple_gfx_mode_change x=${SECOND.width} y=${SECOND.height}`));
      await draw(rig, 0xff65_4321);
      await rig.until('a frame of that mode is shown', () => shows(rig, 0xff65_4321));
    });

    it('to the size that the surface has changes nothing', async () => {
      const rig = await open();
      await draw(rig, 0xff12_3456);
      await rig.until('a frame is shown', () => shows(rig, 0xff12_3456));
      const { surfaces } = rig;
      const changes = (): number => rig.lines.filter((line) => line.startsWith('apple_gfx_mode_change')).length;
      const before = changes();
      await setMode(rig, FIRST);
      await rig.until('it is handled', () => changes() === before + 1 && rig.pendingEvents === 0);
      await setMode(rig, SECOND);
      await rig.until('the next one is handled', () => rig.surface?.width === SECOND.width);
      expect(rig.surfaces).toBe(surfaces + 1);
    });

    it('while a frame is on the GPU keeps that frame from being shown', async () => {
      const rig = await open({ slowGpu: true });
      const { framesRendered } = rig.statistics;
      await draw(rig, 0xff12_3456);
      await rig.until('it is pending', async () => !(await isIdle(rig)) || rig.statistics.framesRendered > framesRendered);
      await setMode(rig, SECOND);
      await rig.until('the mode is set', () => rig.surface?.width === SECOND.width);
      // A native GPU may have been faster; then there is nothing to see.
      const wasPending = !(await isIdle(rig)) && rig.statistics.framesRendered === framesRendered;
      rig.releaseGpu();
      await rig.until('nothing is pending', () => isIdle(rig));
      if (wasPending) expect(rig.statistics.framesRendered).toBe(framesRendered);
      expect(shows(rig, 0)).toBe(true);
      await draw(rig, 0xff65_4321);
      await rig.until('the next frame is shown', () => shows(rig, 0xff65_4321));
    });
  });
}
