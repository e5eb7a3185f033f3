/**
 * Checks an execution against its world's properties, and for deadlocks.
 */
import type { Execution } from './execution.js';
import { Kind } from './operation.js';
import { Status } from './slot.js';

/** After every step: what must always hold, and what has held by now. */
export function checkProperties(execution: Execution): void {
  const { held } = execution;
  const { properties } = execution.builder;
  for (let index = 0; index < properties.length; index++) {
    const property = properties[index];
    if (property === undefined || property.kind === 'alwaysEventually') continue;
    if (property.kind !== 'always' && held[index]) continue;
    const holds = property.holds();
    if (property.kind !== 'always') held[index] = holds === true;
    else if (holds !== true) execution.fail(property.name, holds === false ? `${property.name} does not hold` : holds);
  }
}

/** When nobody can go on. */
export function checkEnd(execution: Execution): void {
  const { properties } = execution.builder;
  for (let index = 0; index < properties.length; index++) {
    const property = properties[index];
    if (property === undefined) continue;
    const { name, kind, holds } = property;
    if (kind === 'eventually' && !execution.held[index]) execution.fail(name, `${name}: the execution ended without`);
    if (kind !== 'alwaysEventually') continue;
    const held = holds();
    if (held !== true) execution.fail(name, held === false ? `${name} does not hold at the end` : held);
  }
  for (let process = 0; process < execution.count; process++) {
    if (!execution.isBlocked(process)) continue;
    execution.fail('deadlock', `nobody can go on, and ${execution.nameOf(process)} waits`);
    return;
  }
}

/** Locks that wait for each other are a deadlock at once, whoever else goes on. Looked for when a process begins to wait for one. */
export function findLockCycle(execution: Execution, process: number): void {
  let at = process;
  for (let length = 0; length < execution.count; length++) {
    const target = execution.targetOf(at);
    if (!target || execution.status[at] !== Status.active || target.owner < 0) return;
    const kind = execution.kindOf(at);
    if (kind !== Kind.lock && kind !== Kind.join && (kind !== Kind.reacquire || execution.isUnsignalled(at))) return;
    at = target.owner;
    if (at !== process) continue;
    execution.fail('deadlock', `${execution.nameOf(process)} waits for ${execution.targetOf(process)?.name}, and so for itself`);
    return;
  }
}
