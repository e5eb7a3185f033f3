/**
 * Who waits for whom in an execution, as a wait-for graph: locks, conditions, mailboxes, replies, joins, and what actors say of themselves.
 *
 * Who would signal, reply or send can't be known of a generator; it is who did in some execution that the recorder has seen. Invariant: who can
 * go on is never among the waiting.
 */
import { type Deadlock, findDeadlock, type Wait, type WaitForGraph } from '../base/wait-for.js';
import type { Execution } from './execution.js';
import { Kind } from './operation.js';
import type { Recorder } from './recording.js';
import { operationOf } from './replay.js';
import { Status } from './slot.js';

/** The deadlock that the recorder's execution is in; null if everybody that is owed something may still get it. */
export function deadlockOf(recorder: Recorder): Deadlock | null {
  return findDeadlock(waitsOf(recorder));
}

/** The waits of those who are owed something, of those they wait for, and so on. */
function waitsOf(recorder: Recorder): WaitForGraph {
  const { execution } = recorder;
  const found = new Set<number>();
  for (let process = 0; process < execution.count; process++) if (execution.isBlocked(process)) found.add(process);
  const waits: Wait[] = [];
  // A set's members that are added while it is gone through are gone through as well.
  for (const process of found) {
    if (execution.isEnabled(process)) continue;
    const wait = waitOf(recorder, process);
    waits.push({ waiter: idOf(process), sequence: '', what: wait.what, mode: wait.mode, on: wait.on.map(idOf) });
    for (const other of wait.on) found.add(other);
  }
  return { nodes: [...found].map((process) => ({ id: idOf(process), label: execution.nameOf(process) })), waits };
}

interface ProcessWait {
  readonly on: readonly number[];
  readonly mode: Wait['mode'];
  readonly what: string;
}

function waitOf(recorder: Recorder, process: number): ProcessWait {
  const { execution } = recorder;
  const target = execution.targetOf(process);
  const actor = execution.builder.processes[process]?.actor;
  if (actor) {
    const on = (actor.waitsFor?.() ?? []).map((name) => numberOf(execution, name)).filter((each) => each >= 0);
    return { on, mode: 'any', what: actor.describe?.() ?? execution.labelOf(process) ?? operationOf(execution, process) };
  }
  if (execution.status[process] === Status.notBegun || target === null) return { on: [], mode: 'any', what: 'somebody to spawn it' };
  const given = (kind: Kind, object = target): readonly number[] =>
    recorder.giversOf(kind, object).filter((each) => each !== process && execution.status[each] !== Status.ended);
  switch (execution.kindOf(process)) {
    case Kind.lock:
      return { on: [target.owner], mode: 'all', what: `lock ${target.name}` };
    case Kind.reacquire: {
      const condition = execution.conditionOf(process);
      if (condition === null) return { on: [target.owner], mode: 'all', what: `lock ${target.name}, after a signal` };
      return { on: given(Kind.signal, condition), mode: 'any', what: `a signal of ${condition.name}` };
    }
    case Kind.join:
      return { on: [target.owner], mode: 'all', what: 'its end' };
    case Kind.awaitReply:
      return { on: given(Kind.reply), mode: 'any', what: `an answer in ${target.name}` };
    case Kind.receive:
      return { on: given(Kind.send), mode: 'any', what: `a message in ${target.name}` };
    case Kind.send:
      return { on: given(Kind.receive), mode: 'any', what: `room in ${target.name}` };
    default:
      return { on: [], mode: 'any', what: operationOf(execution, process) };
  }
}

function numberOf(execution: Execution, name: string): number {
  for (let process = 0; process < execution.count; process++) if (execution.nameOf(process) === name) return process;
  return -1;
}

/** Ordered as the processes are. */
function idOf(process: number): string {
  return String(process).padStart(3, '0');
}
