/**
 * `apple-gfx run`: a guest draws a moving picture through the whole device.
 *
 * Exit codes: 0 done, 1 the device or the guest failed, 2 wrong usage, 3 the device deadlocked, 130 interrupted.
 */
import { open, writeFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { DeviceStatistics } from '../device.js';
import type { DisplayMode } from '../device/display-mode.js';
import type { RevisionName } from '../revisions/revision.js';
import { formatLogLine, type TraceOrigin } from '../trace/log.js';
import { drawCursor, encodePng } from './picture.js';
import { type Session, startSession } from './session.js';

export interface RunOptions {
  readonly frames: number;
  readonly seconds: number | undefined;
  readonly mode: DisplayMode;
  readonly vsync: boolean;
  readonly variant: 'mmio' | 'pci';
  readonly revision: RevisionName;
  readonly out: string | undefined;
  readonly trace: readonly string[];
  readonly traceFile: string | undefined;
  readonly tracePrefix: boolean;
  readonly json: boolean;
}

const PROGRESS_MS = 250;
const INTERRUPTED = 130;
/** Exit code when the device's threads waited for each other. */
export const DEADLOCKED = 3;

/** What is printed at the end, and by --json. */
export interface RunSummary {
  /** Rendered frames a second, from the first to the last. */
  readonly fps: number;
  readonly framesRendered: number;
  readonly framesDropped: number;
  readonly framesPresented: number;
  readonly mmioAccesses: number;
  readonly interrupts: number;
  readonly refusedEncodes: number;
  readonly guestErrors: number;
  readonly bqlHoldMicrosecondsPerAccess: number;
  readonly elapsedSeconds: number;
  readonly mode: string;
  readonly vsync: boolean;
  readonly variant: string;
  readonly revision: string;
}

const round = (value: number): number => Math.round(value * 100) / 100;

function summarise(statistics: DeviceStatistics, options: RunOptions, elapsedSeconds: number): RunSummary {
  return {
    fps: round(statistics.framesPerSecond),
    framesRendered: statistics.framesRendered,
    framesDropped: statistics.framesDropped,
    framesPresented: statistics.framesPresented,
    mmioAccesses: statistics.mmioAccesses,
    interrupts: statistics.interrupts,
    refusedEncodes: statistics.refusedEncodes,
    guestErrors: statistics.guestErrors,
    bqlHoldMicrosecondsPerAccess: round(statistics.bqlHoldMicroseconds / Math.max(1, statistics.mmioAccesses)),
    elapsedSeconds: round(elapsedSeconds),
    mode: `${options.mode.width}x${options.mode.height}@${options.mode.rateHz}`,
    vsync: options.vsync,
    variant: options.variant,
    revision: options.revision,
  };
}

/** A line that is written over itself on a terminal, and not at all elsewhere. */
function startProgress(session: Session, options: RunOptions): () => void {
  if (!process.stderr.isTTY || options.json) return () => undefined;
  let before = session.device.statistics;
  let then = performance.now();
  const timer = setInterval(() => {
    const now = session.device.statistics;
    const seconds = (performance.now() - then) / 1000;
    const fps = (now.framesRendered - before.framesRendered) / seconds;
    const hold = ((now.bqlHoldMicroseconds - before.bqlHoldMicroseconds) / (seconds * 10_000)).toFixed(0);
    before = now;
    then = performance.now();
    const frames = options.seconds === undefined ? `${now.framesRendered}/${options.frames}` : `${now.framesRendered}`;
    const text = `${fps.toFixed(0).padStart(4)} fps · ${frames} frames, ${now.framesDropped} dropped · ${now.mmioAccesses} accesses · BQL ${hold} % · ${now.interrupts} irqs`;
    process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  }, PROGRESS_MS);
  return () => {
    clearInterval(timer);
    process.stderr.write('\r\x1b[K');
  };
}

async function writePicture(session: Session, path: string): Promise<boolean> {
  const { device } = session;
  const shot = device.surface?.snapshot();
  if (!device.surface || !shot) return false;
  const position = device.cursor.position;
  const image = device.cursorImage;
  const pixels = image && position ? drawCursor(shot.pixels, device.surface.width, image, position) : shot.pixels;
  await writeFile(path, encodePng(pixels, device.surface.width));
  return true;
}

function printSummary(summary: RunSummary, options: RunOptions, wrote: boolean): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  const lines = [
    `${summary.framesRendered} frames in ${summary.elapsedSeconds} s, ${summary.fps} a second (${summary.mode}, vsync ${options.vsync ? 'on' : 'off'}, ${summary.variant}, ${summary.revision})`,
    `${summary.framesDropped} dropped, ${summary.mmioAccesses} accesses, ${summary.interrupts} interrupts, BQL held ${summary.bqlHoldMicrosecondsPerAccess} µs an access`,
  ];
  if (wrote) lines.push(`last frame: ${options.out}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Waits until the device shows all that was presented, or no frame has been rendered for a second. */
async function settle(session: Session): Promise<void> {
  for (let quiet = 0; quiet < 100 && session.device.lifeCycle === 'running'; quiet++) {
    const before = session.device.statistics.framesRendered;
    if (session.device.upToDate) {
      // What the actors have reported until now arrives before the event loop has turned.
      await new Promise(setImmediate);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (session.device.statistics.framesRendered !== before) quiet = 0;
  }
}

interface TraceSink {
  write(line: string, origin: TraceOrigin): void;
  /** Resolves when every line is written. */
  close(): Promise<void>;
}

/** Trace lines go to a file, or to stderr. Throws if the file can't be opened. */
async function openTrace({ traceFile, tracePrefix }: RunOptions): Promise<TraceSink> {
  const format = (line: string, origin: TraceOrigin): string => `${formatLogLine(line, tracePrefix ? origin : null)}\n`;
  if (traceFile === undefined) {
    return { write: (line, origin) => void process.stderr.write(format(line, origin)), close: async () => undefined };
  }
  const stream = (await open(traceFile, 'w')).createWriteStream();
  return { write: (line, origin) => void stream.write(format(line, origin)), close: () => finished(stream.end()) };
}

/** Runs the guest; returns the exit code. */
export async function run(options: RunOptions): Promise<number> {
  const { variant, revision, vsync, trace, mode } = options;
  const sink = await openTrace(options);
  const session = await startSession({ variant, revision, vsync, trace }, mode, options.seconds === undefined ? options.frames : undefined);
  session.device.on('trace', sink.write);
  session.device.on('guestError', (text) => process.stderr.write(`apple-gfx: guest error: ${text}\n`));
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
    void session.finish();
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const started = performance.now();
  const stopProgress = startProgress(session, options);
  const timer = options.seconds === undefined ? undefined : setTimeout(session.stop, options.seconds * 1000);
  try {
    await session.ended;
    if (interrupted) return INTERRUPTED;
    await settle(session);
    if (interrupted) return INTERRUPTED;
    const elapsed = (performance.now() - started) / 1000;
    const summary = summarise(session.device.statistics, options, elapsed);
    stopProgress();
    const wrote = options.out !== undefined && (await writePicture(session, options.out));
    printSummary(summary, options, wrote);
    return 0;
  } catch (error) {
    if (!interrupted) throw error;
    return INTERRUPTED;
  } finally {
    stopProgress();
    clearTimeout(timer);
    await session.finish();
    await sink.close();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
