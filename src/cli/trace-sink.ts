/**
 * Where `run --trace` writes: a file or stderr, in the order in which things happened.
 *
 * Each actor reports its own lines in order, but one actor's lines may arrive after later ones of another's; so lines are held until
 * nothing earlier can come any more, and sorted. Invariant: every line that was given is written before close() has resolved.
 */
import { open } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { WATCHDOG_PERIOD_MS } from '../base/limits.js';
import { formatLogLine, type TraceOrigin } from '../trace/log.js';

/** Lines are held for so long: far longer than a report travels, behind the time for which PVG's own threads may keep theirs. */
const HOLD_MS = WATCHDOG_PERIOD_MS + 250;

export interface TraceSink {
  write(line: string, origin: TraceOrigin): void;
  /** Resolves when every line is written. */
  close(): Promise<void>;
}

interface Held {
  readonly text: string;
  readonly microseconds: number;
}

/** Opens the file, or stderr if there is none. Throws if the file can't be opened. */
export async function openTrace({ traceFile, tracePrefix }: { traceFile: string | undefined; tracePrefix: boolean }): Promise<TraceSink> {
  const stream = traceFile === undefined ? null : (await open(traceFile, 'w')).createWriteStream();
  let held: Held[] = [];
  let timer: NodeJS.Timeout | undefined;

  /** Writes what happened before that time. */
  const flush = (before: number): void => {
    clearTimeout(timer);
    timer = undefined;
    const due = held.filter(({ microseconds }) => microseconds < before).sort((a, b) => a.microseconds - b.microseconds);
    held = held.filter(({ microseconds }) => !(microseconds < before));
    if (due.length > 0) (stream ?? process.stderr).write(due.map(({ text }) => `${text}\n`).join(''));
    if (held.length > 0) schedule();
  };
  const schedule = (): void => {
    timer ??= setTimeout(() => flush(1000 * (performance.timeOrigin + performance.now() - HOLD_MS)), HOLD_MS);
  };
  return {
    write(line, origin) {
      held.push({ text: formatLogLine(line, tracePrefix ? origin : null), microseconds: origin.microseconds });
      schedule();
    },
    async close() {
      flush(Number.POSITIVE_INFINITY);
      if (stream) await finished(stream.end());
    },
  };
}
