/**
 * Actors of the device's worlds say rightly what they watch: whoever is not asked again after a step would say what he said before.
 */
import { expect, it } from 'vitest';
import { Pending } from '../../src/explorer/actor.js';
import { Execution } from '../../src/explorer/execution.js';
import { PROCESS_BITS, PROCESS_MASK } from '../../src/explorer/standing.js';
import { RandomWalk } from '../../src/explorer/strategies/random-walk.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { makeWorld } from '../../src/worlds/index.js';
import { SCENARIOS } from '../../src/worlds/scenarios.js';

const EXECUTIONS = 30;

/** What an execution thinks of its actors, and what they say themselves. */
function standing(execution: Execution, process: number): { readonly thought: unknown; readonly said: unknown } {
  const choices = [...execution.enabled.subarray(0, execution.enabledCount)].filter((choice) => (choice & PROCESS_MASK) === process);
  const pending = new Pending();
  execution.builder.processes[process]?.actor?.look(pending);
  const { state, kind, target, outcomes } = pending;
  const name = execution.nameOf(process);
  const all = Array.from({ length: outcomes }, (_, outcome) => (outcome << PROCESS_BITS) | process);
  return {
    thought: [name, choices, execution.isBlocked(process), execution.kindOf(process), execution.targetOf(process)?.name],
    said: [name, state === 'ready' ? all : [], state === 'blocked', kind, target?.name],
  };
}

it.each(SCENARIOS.flatMap(({ name }) => Object.keys(REVISIONS).map((revision) => [name, revision])))('%s in %s', (name, revision) => {
  const execution = new Execution(makeWorld(name as string, revision as keyof typeof REVISIONS));
  const walk = new RandomWalk({ seed: 5 });
  for (let run = 0; run < EXECUTIONS; run++) {
    execution.begin();
    walk.begin(execution);
    while (execution.enabledCount > 0) {
      execution.step(walk.choose(execution));
      // When it has ended for being too long, nothing is enabled.
      if (execution.failures.some(({ property }) => property === 'steps')) break;
      for (let process = 0; process < execution.count; process++) {
        if (execution.status[process] !== 1) continue;
        const { thought, said } = standing(execution, process);
        if (JSON.stringify(thought) !== JSON.stringify(said)) expect(thought, `step ${execution.steps}`).toEqual(said);
      }
    }
  }
});
