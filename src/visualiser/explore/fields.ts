/**
 * What is looked at after each step of an execution: where each process stands, what is in the objects they share, and what a world shows besides.
 *
 * Invariant: looking changes nothing. Of an actor, its own words are shown, since its fields are its own affair; a world may have an
 * inspector that looks at them.
 */
import type { Execution } from '../../explorer/execution.js';
import { operationOf } from '../../explorer/replay.js';
import type { SharedObject } from '../../explorer/shared-object.js';
import { Status } from '../../explorer/slot.js';
import { clipped } from './clip.js';

/** A value, whose it is and what it is called. */
export interface Field {
  readonly owner: string;
  readonly name: string;
  readonly value: string;
}

/** Looks at what a world was told that its state is. */
export type Inspector = (states: readonly object[]) => readonly Field[];

/** What is said of every process, in the order in which it is shown. */
export const OF_PROCESSES: readonly string[] = ['stands', 'next', 'state'];

/** Whose the objects are that processes share. */
const SHARED = 'shared';

/** All there is to see now. */
export function fieldsOf(execution: Execution, inspect: Inspector | null): Field[] {
  const fields: Field[] = [];
  const isOfActors = execution.builder.processes.every(({ actor }) => actor !== null);
  for (let process = 0; process < execution.count; process++) fields.push(...processFields(execution, process));
  const { objects, objectCount, inboxes, states } = execution.builder;
  for (const object of objects.slice(0, objectCount)) {
    // Those that actors touch have no value of their own.
    if (isOfActors && object.type !== 'mailbox') continue;
    const inbox = inboxes.find(({ target }) => target === object);
    const value = inbox === undefined ? contentOf(execution, object) : countOf(inbox.length);
    if (value !== null) fields.push({ owner: SHARED, name: object.name, value: clipped(value) });
  }
  for (const { owner, name, value } of inspect?.(states) ?? []) {
    // What the inspector says of an object says more.
    const known = fields.findIndex((each) => each.owner === owner && each.name === name);
    fields.splice(known < 0 ? fields.length : known, known < 0 ? 0 : 1, { owner, name, value: clipped(value) });
  }
  return fields;
}

function processFields(execution: Execution, process: number): Field[] {
  const owner = execution.nameOf(process);
  const status = execution.status[process];
  const actor = execution.builder.processes[process]?.actor ?? null;
  const stands = { owner, name: 'stands', value: standingOf(execution, process) };
  if (status !== Status.active) return [stands, { owner, name: 'next', value: '' }];
  const isIdle = !execution.isEnabled(process) && !execution.isBlocked(process);
  const next = isIdle && actor !== null ? '' : (execution.labelOf(process) ?? operationOf(execution, process));
  const fields = [stands, { owner, name: 'next', value: clipped(next) }];
  const said = actor?.describe?.();
  // That an idle actor is idle was said.
  if (said !== undefined) fields.push({ owner, name: 'state', value: said === stands.value ? '' : clipped(said) });
  return fields;
}

function standingOf(execution: Execution, process: number): string {
  const status = execution.status[process];
  if (status === Status.notBegun) return 'not begun';
  if (status === Status.ended) return 'ended';
  if (execution.isEnabled(process)) return 'can go on';
  return execution.isBlocked(process) ? 'waits' : 'idle';
}

function contentOf(execution: Execution, object: SharedObject): string | null {
  switch (object.type) {
    case 'variable':
      return String(object.value);
    case 'lock':
      return object.owner < 0 ? 'free' : execution.nameOf(object.owner);
    case 'condition': {
      const waiters = object.queue.slice(object.head).map((process) => execution.nameOf(process));
      return waiters.length === 0 ? 'nobody waits' : waiters.join(', ');
    }
    case 'mailbox':
      return object.length === 0 ? 'empty' : object.queue.slice(object.head).join(' ');
    case 'reply':
      return object.full ? String(object.value) : 'none';
    default:
      return null;
  }
}

function countOf(length: number): string {
  return length === 0 ? 'empty' : `${length} ${length === 1 ? 'message' : 'messages'}`;
}
