/**
 * Trace lines as QEMU's log backend writes them: `name args`, or `thread@seconds.microseconds:name args`.
 */

/** Where and when an event happened. */
export interface TraceOrigin {
  /** The system's number of the thread. */
  readonly thread: number;
  /** Since the epoch. */
  readonly microseconds: number;
}

/** One line without its end. */
export function formatLogLine(line: string, origin: TraceOrigin | null): string {
  if (origin === null) return line;
  const seconds = Math.floor(origin.microseconds / 1e6);
  const rest = Math.floor(origin.microseconds % 1e6);
  return `${origin.thread}@${seconds}.${String(rest).padStart(6, '0')}:${line}`;
}
