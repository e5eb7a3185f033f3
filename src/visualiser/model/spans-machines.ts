/**
 * Lanes of state machines: one for each that stays, with its states one after the other; one for all of a kind that come and go by the thousand
 * (`…Job`), with each from its start to its end.
 *
 * Invariant: a machine whose start was lost begins where it first moves.
 */
import type { SpanReader } from './spans-reader.js';
import { SpanFlag, SpanKind } from './spans-table.js';

/** XState's state value in one line: names from the outside in, joined by dots, regions by spaces. */
export function stateText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '?';
  return Object.entries(value)
    .map(([name, inner]) =>
      typeof inner === 'object' && inner !== null && Object.keys(inner).length === 0 ? name : `${name}.${stateText(inner)}`,
    )
    .join(' ');
}

/** How the ends of our own machines that come and go are called. */
const FINAL = new Set(['completed', 'failed']);

/** A machine began, or took an event: it is in a state. */
export function machineMoved(reader: SpanReader, number: number, instance: number, state: number): void {
  const { model, time } = reader;
  const machine = model.machines[number];
  if (machine === undefined) return;
  const text = machine.states[state] ?? `state ${state}`;
  const name = model.names.of(text);
  if (!machine.name.endsWith('Job')) {
    const called = instance > 0 || machine.name === 'framePipeline' ? `${machine.name} ${instance}` : machine.name;
    const row = model.lane(`state ${number} ${instance}`, { kind: 'state', name: called }).row(0);
    if (row.open?.name === name) return;
    row.end(time);
    return row.begin(reader.facts(SpanKind.state, text, instance));
  }
  const lane = model.lane(`instances ${number}`, { kind: 'instances', name: machine.name });
  let row = lane.rows.find(({ open }) => open?.id === instance);
  if (row === undefined) {
    row = lane.rows.find(({ open }) => open === null) ?? lane.row(lane.rows.length);
    row.begin(reader.facts(SpanKind.instance, text, instance));
  }
  row.rename(name);
  if (FINAL.has(text)) row.end(time, text === 'failed' ? SpanFlag.failed : 0);
}
