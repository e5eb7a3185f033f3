/**
 * Looks for a fault in `hardened`, in all worlds of the device; bundled with a mutated file by mutations.test.ts.
 */
import { explore } from '../../src/explorer/explore.js';
import { RandomWalk } from '../../src/explorer/strategies/random-walk.js';
import { deviceWorld } from '../../src/worlds/device-world.js';
import { SCENARIOS } from '../../src/worlds/scenarios.js';

/** Few executions of every world first, since most faults show at once. */
const ROUNDS = [20, 200, 1000];

/** World, property and message of the first fault; null if there is none. */
export function search(): string | null {
  for (const schedules of ROUNDS) {
    for (const scenario of SCENARIOS) {
      const [fault] = explore(deviceWorld(scenario, 'hardened'), new RandomWalk({ seed: schedules }), { schedules }).faults;
      if (fault) return `${scenario.name}: ${fault.property}: ${fault.message}`;
    }
  }
  return null;
}
