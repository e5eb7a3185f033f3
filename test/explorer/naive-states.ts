/**
 * The plainest search of states there is: every state as a text, in a set; breadth first, each state executed from the beginning.
 *
 * It shares nothing with the searches that it checks but the engine's executions. Of a body it knows all that the body was told.
 */
import { Execution, PROCESS_MASK } from '../../src/explorer/execution.js';
import { Kind } from '../../src/explorer/operation.js';
import type { SharedObject } from '../../src/explorer/shared-object.js';
import type { World } from '../../src/explorer/world.js';

export interface NaiveStates {
  states: number;
  transitions: number;
  depth: number;
  ends: number;
  deadlocks: number;
  /** Properties that break, with the fewest steps that it takes. */
  readonly faults: Map<string, number>;
}

/** What a process's next operation will tell it. */
function told(execution: Execution, process: number, outcome: number): number | undefined {
  const target = execution.targetOf(process);
  switch (execution.kindOf(process)) {
    case Kind.read:
    case Kind.update:
    case Kind.awaitReply:
      return target?.value;
    case Kind.receive:
      return target?.queue[target.head];
    case Kind.choose:
      return outcome;
    default:
      return undefined;
  }
}

function contents(object: SharedObject): unknown {
  const { type, value, owner, queue, head, full } = object;
  if (type === 'process' || type === 'choice') return null;
  return [type === 'reply' && !full ? 0 : value, owner, queue.slice(head), full];
}

/** All states of a world, or null if there are more than so many. */
export function naiveStates(world: World, most = 5000): NaiveStates | null {
  const execution = new Execution(world);
  const found: NaiveStates = { states: 0, transitions: 0, depth: 0, ends: 0, deadlocks: 0, faults: new Map() };
  const seen = new Set<string>();
  let level: number[][] = [];

  /** The state after a schedule, as a text. */
  const go = (schedule: readonly number[]): string => {
    execution.begin();
    const histories: unknown[][] = [];
    for (const choice of schedule) {
      const process = choice & PROCESS_MASK;
      const history = histories[process] ?? [];
      histories[process] = history;
      history.push([execution.kindOf(process), told(execution, process, choice >> 8)]);
      execution.step(choice);
    }
    const processes = execution.builder.processes.map(({ run }, process) => [
      execution.status[process],
      execution.status[process] === 1 ? [execution.kindOf(process), execution.isUnsignalled(process)] : null,
      run === null ? histories[process] : [run.place, ...run.registers.subarray(0, run.program.locals)],
    ]);
    const held = execution.builder.properties.map(({ kind }, property) => kind === 'eventually' && execution.held[property] === true);
    return JSON.stringify([execution.builder.objects.map(contents), processes, held]);
  };
  const visit = (schedule: number[], next: number[][]): void => {
    const state = go(schedule);
    for (const { property, step } of execution.failures) {
      if (step === schedule.length && !found.faults.has(property)) found.faults.set(property, step);
    }
    if (seen.has(state)) return;
    seen.add(state);
    found.states++;
    found.depth = schedule.length;
    if (execution.enabledCount === 0) {
      found.ends++;
      if (Array.from({ length: execution.count }, (_, process) => process).some((process) => execution.isBlocked(process)))
        found.deadlocks++;
    }
    next.push(schedule);
  };
  visit([], level);
  while (level.length > 0) {
    const next: number[][] = [];
    for (const schedule of level) {
      go(schedule);
      for (const choice of execution.enabled.slice(0, execution.enabledCount)) {
        found.transitions++;
        visit([...schedule, choice], next);
      }
      if (found.states > most) return null;
    }
    level = next;
  }
  return found;
}
