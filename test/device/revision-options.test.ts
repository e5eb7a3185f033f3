/**
 * Options whose defaults are the revision's (device.md 3), and the revision's name itself.
 */
import { expect, it } from 'vitest';
import { checkOptions } from '../../src/device/options.js';
import { REVISION_NAMES, type RevisionName } from '../../src/revisions/revision.js';

it.each(REVISION_NAMES)('%s: offers two modes before the merged revision, three from it on, at 60 Hz', (revision) => {
  const modes = (checkOptions({ revision }).displayModes[0] ?? []).map(({ width, height, rateHz }) => `${width}x${height}@${rateHz}`);
  const two = ['1440x1080@60', '1280x1024@60'];
  expect(modes).toEqual(revision === 'bh' || revision === 'hardened' ? ['1920x1080@60', ...two] : two);
});

it('modes that are given stand in every revision', () => {
  const modes = [{ width: 64, height: 48, rateHz: 30 }];
  for (const revision of REVISION_NAMES) expect(checkOptions({ revision, modes }).displayModes).toEqual([modes]);
});

it('a revision that does not exist is refused, with the names of those that do', () => {
  expect(() => checkOptions({ revision: 'v6' as RevisionName })).toThrow(
    'revision is "v6", expected one of sync, async-write, unlock, shared-cond, v5, bh, hardened',
  );
});
