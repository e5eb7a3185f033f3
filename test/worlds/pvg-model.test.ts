/**
 * What the PVG model may not do, since no PVG does.
 */
import { expect, it } from 'vitest';
import { searchStates } from '../../src/explorer/states/search-states.js';
import { deviceWorld } from '../../src/worlds/device-world.js';

it('an event from before a mode change does not tell of a frame of the new mode', () => {
  const world = deviceWorld(
    {
      name: 'coalescing',
      summary: '',
      mode: { width: 8, height: 4 },
      scripts: [
        { name: 'guest', steps: [{ do: 'newFrame' }, { do: 'modeChange', width: 4, height: 8 }, { do: 'newFrame' }, { do: 'newFrame' }] },
      ],
      freedom: { coalesces: true },
    },
    'hardened',
  );
  expect(searchStates(world)).toMatchObject({ faults: [], coverage: { kind: 'proved' } });
});
