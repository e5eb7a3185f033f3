/**
 * `apple-gfx trace`: converts, checks and describes recordings and logs.
 *
 * Exit codes: 0 done; 1 the file is incomplete, or something in it doesn't fit (`check`); 2 wrong usage. What is whole of an incomplete file is
 * converted, and standard error says what is missing.
 */
import { RecordingError } from '../base/errors.js';
import { RecordingChecks } from '../trace/recording/checks.js';
import { TraceStore } from '../trace/recording/trace-store.js';
import { checkRecording } from '../visualiser/convert/check-recording.js';
import { CONVERTED_EVENTS, convertTrace, type TraceFormat } from '../visualiser/convert/convert.js';
import { simpletraceDeclarations } from '../visualiser/convert/simpletrace.js';
import { openTraceFile, type TraceFile } from './trace-file.js';
import { describeTrace } from './trace-info.js';
import { checkedMachines } from './trace-machines.js';
import { inflate, TraceOutput } from './trace-output.js';

/** Complaints that `convert` prints; `check` prints them all. */
const SHOWN_COMPLAINTS = 5;
const MAX_STORED_ENTRIES = 4_000_000;

const complain = (text: string): void => void process.stderr.write(`apple-gfx: ${text}\n`);

interface Loaded {
  readonly file: TraceFile;
  readonly store: TraceStore;
  /** Whether something is missing; said already. */
  readonly isIncomplete: boolean;
}

async function load(path: string): Promise<Loaded> {
  const file = await openTraceFile(path);
  const store = new TraceStore({ events: CONVERTED_EVENTS, entries: MAX_STORED_ENTRIES, frameBytes: 2 ** 31 });
  const checks = new RecordingChecks();
  let damaged = 0;
  for await (const chunk of file.chunks()) {
    try {
      store.apply(checks.pass(chunk));
    } catch (error) {
      if (!(error instanceof RecordingError) || store.header === null) throw error;
      if (damaged++ === 0) complain(`${file.name}: ${error.message}`);
    }
  }
  if (store.header === null) throw new RecordingError(`${file.name} has no header`);
  const missing = [
    ...(damaged > 0 ? [`${damaged} chunks can't be read`] : []),
    ...(file.missing === null ? [] : [file.missing]),
    ...store.threads
      .filter(({ first }) => first > 0)
      .map(({ first, thread }) => `the first ${first} events of ${thread.name} are too many`),
  ];
  for (const text of missing) complain(`${file.name} is incomplete: ${text}`);
  if (missing.length === 0 && store.end === null) complain(`${file.name} was not ended in order: what happened last may be missing`);
  return { file, store, isIncomplete: missing.length > 0 };
}

/** The exit code. */
export async function convertCommand(format: TraceFormat, from: string, to: string): Promise<number> {
  const { file, store, isIncomplete } = await load(from);
  let isWhole = !isIncomplete;
  tellComplaints(file, SHOWN_COMPLAINTS);
  const onDamaged = (frames: number): void => {
    isWhole = false;
    complain(`${file.name} is incomplete: ${frames} frames can't be read`);
  };
  const output = await TraceOutput.open(to);
  try {
    for (const piece of convertTrace(store, format, { inflate, onDamaged })) await output.write(piece);
    await output.close();
  } catch (error) {
    await output.abandon();
    throw error;
  }
  return isWhole ? 0 : 1;
}

function tellComplaints({ name, summary }: TraceFile, limit: number): void {
  if (summary === null || summary.complaintCount === 0) return;
  for (const { line, text } of summary.complaints.slice(0, limit)) complain(`${name}:${line}: ${text}`);
  const more = summary.complaintCount - Math.min(limit, summary.complaints.length);
  if (more > 0) complain(`${name}: ${more} more that don't fit: apple-gfx trace check ${name}`);
}

/** The exit code. */
export async function checkCommand(path: string): Promise<number> {
  const { file, store, isIncomplete } = await load(path);
  const { lines, count, unchecked } = file.summary === null ? checkedRecording(file, store) : checkedLog(file);
  for (const line of lines) process.stdout.write(`${line}\n`);
  for (const text of unchecked) complain(text);
  const events = store.threads.reduce((sum, log) => sum + log.length, 0);
  if (count > lines.length) complain(`${file.name}: ${count - lines.length} more that don't fit`);
  complain(`${file.name}: ${count === 0 ? 'everything fits' : `${count} things don't fit`}, in ${events} events`);
  return count === 0 && !isIncomplete ? 0 : 1;
}

interface Checked {
  readonly lines: readonly string[];
  readonly count: number;
  readonly unchecked: readonly string[];
}

function checkedLog({ name, summary }: TraceFile): Checked {
  const { complaints = [], complaintCount = 0, passedOver = 0 } = summary ?? {};
  return {
    lines: complaints.map(({ line, text }) => `${name}:${line}: ${text}`),
    count: complaintCount,
    unchecked: passedOver > 0 ? [`${name}: ${passedOver} lines are no events`] : [],
  };
}

function checkedRecording({ name }: TraceFile, store: TraceStore): Checked {
  const { complaints, complaintCount, unchecked } = checkRecording(store, checkedMachines());
  const seconds = (nanoseconds: number): string => ((nanoseconds - store.start) / 1e9).toFixed(6);
  return {
    lines: complaints.map(({ nanoseconds, thread, text }) => `${name}: ${seconds(nanoseconds)} s, ${thread}: ${text}`),
    count: complaintCount,
    unchecked,
  };
}

/** The exit code. */
export async function infoCommand(path: string): Promise<number> {
  const { file, store, isIncomplete } = await load(path);
  process.stdout.write(describeTrace(file, store));
  return isIncomplete ? 1 : 0;
}

/** Declarations of all events. The exit code. */
export function eventsCommand(): number {
  process.stdout.write(simpletraceDeclarations());
  return 0;
}
