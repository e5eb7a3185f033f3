/**
 * What is in a trace, in a few lines for people.
 */
import type { TraceStore } from '../trace/recording/trace-store.js';
import type { TraceFile } from './trace-file.js';

const count = (value: number): string => value.toLocaleString('en-US').replaceAll(',', ' ');

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}\n`,
    )
    .join('');
}

/** The text of `apple-gfx trace info`. */
export function describeTrace(file: TraceFile, store: TraceStore): string {
  const { header, threads, frames, start, now } = store;
  if (header === null) return `${file.name}: nothing\n`;
  const events = threads.reduce((sum, log) => sum + log.length, 0);
  const began = new Date((start + header.epochNanoseconds) / 1e6);
  const when = header.epochNanoseconds > 0 && !Number.isNaN(began.getTime()) ? `, begun ${began.toISOString()}` : '';
  const made = `${file.kind} by ${header.producer}, revision ${header.revision}, variant ${header.variant}, displays ${header.displays}`;
  const length = Number.isNaN(now - start) ? 0 : (now - start) / 1e9;
  const lines = [
    `${file.name}: ${made}`,
    `${length.toFixed(6)} s${when}`,
    `${count(events)} events, ${count(frames.length)} frames, ${count(store.samples.length)} samples, ${count(store.cursors.length)} cursors, ${count(store.notes.length)} notes`,
  ];
  if (header.schedule !== null) lines.push(`schedule ${header.schedule}`);
  if (header.seed !== null) lines.push(`seed ${header.seed}`);
  if (store.end !== null) lines.push(`ended: ${store.end.reason}`);
  return `${lines.join('\n')}\nthreads\n${threadTable(store)}events\n${eventTable(store)}${notes(store)}`;
}

function threadTable({ threads }: TraceStore): string {
  const rows = threads.map(({ thread, length, lost }) => [
    thread.name,
    thread.actor,
    String(thread.number),
    count(length),
    lost > 0 ? `${count(lost)} lost` : '',
  ]);
  return table([['name', 'actor', 'number', 'events', ''], ...rows]);
}

function eventTable(store: TraceStore): string {
  const counts = new Map<number, number>();
  for (const log of store.threads)
    for (let index = log.first; index < log.end; index++) counts.set(log.event(index), (counts.get(log.event(index)) ?? 0) + 1);
  return table([...counts].sort((a, b) => b[1] - a[1]).map(([event, times]) => [store.eventName(event), count(times)]));
}

const SHOWN_NOTES = 20;

function notes({ notes: all, start }: TraceStore): string {
  if (all.length === 0) return '';
  const shown = all.slice(0, SHOWN_NOTES).map(({ nanoseconds, kind, text }) => {
    const at = Number.isNaN(start) ? 0 : (nanoseconds - start) / 1e9;
    return `  ${at.toFixed(6)} s  ${kind}: ${text.split('\n')[0]}\n`;
  });
  const more = all.length > SHOWN_NOTES ? `  and ${all.length - SHOWN_NOTES} more\n` : '';
  return `notes\n${shown.join('')}${more}`;
}
