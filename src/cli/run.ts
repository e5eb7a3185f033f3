/**
 * `apple-gfx run`: a guest draws a moving picture through the whole device.
 *
 * Exit codes: 0 done, 1 the device or the guest failed, 2 wrong usage, 3 the device deadlocked, 130 interrupted.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { describeError } from '../base/errors.js';
import type { BridgeChoice } from '../bridge/pvg.js';
import type { DisplayMode } from '../device/display-mode.js';
import type { RevisionName } from '../revisions/revision.js';
import type { DeviceStatistics } from '../statistics.js';
import { Recording } from './recording.js';
import { type Session, type SessionOptions, startSession } from './session.js';
import { LiveDashboard } from './dashboard.js';
import { type OnlookerOptions, Onlookers } from './onlookers.js';
import { startWithoutGuest } from './qtest.js';
import { openTrace } from './trace-sink.js';

export interface RunOptions extends OnlookerOptions {
  /** undefined: until the run is interrupted, unless `seconds` says how long. */
  readonly frames: number | undefined;
  readonly seconds: number | undefined;
  /** undefined: 1440x1080@60, or what the restored device has. */
  readonly mode: DisplayMode | undefined;
  readonly displays: number | undefined;
  readonly vsync: boolean;
  readonly bridge: BridgeChoice;
  /** Nobody looks but at the end, for the picture in `out`. */
  readonly headless: boolean;
  readonly variant: 'mmio' | 'pci' | undefined;
  readonly revision: RevisionName;
  readonly out: string | undefined;
  readonly save: string | undefined;
  readonly restore: string | undefined;
  readonly trace: readonly string[];
  readonly traceFile: string | undefined;
  readonly tracePrefix: boolean;
  /** Where the run is recorded. */
  readonly record: string | undefined;
  readonly recordLast: number | undefined;
  readonly json: boolean;
}

const PROGRESS_MS = 250;
const INTERRUPTED = 130;

/** What is printed at the end, and by --json. */
export interface RunSummary {
  /** Rendered frames a second, from the first to the last. */
  readonly fps: number;
  readonly framesRendered: number;
  /** Of them, frames that nobody looked at. */
  readonly framesUnseen: number;
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
  readonly displays: number;
  readonly revision: string;
  /** Whose PVG it was. */
  readonly bridge: string;
}

const round = (value: number): number => Math.round(value * 100) / 100;

const DEFAULT_MODE: DisplayMode = { width: 1440, height: 1080, rateHz: 60 };

function summarise({ device }: Session, options: RunOptions, elapsedSeconds: number): RunSummary {
  const statistics: DeviceStatistics = device.statistics;
  const [mode = DEFAULT_MODE] = device.display.modes;
  return {
    fps: round(statistics.framesPerSecond),
    framesRendered: statistics.framesRendered,
    framesUnseen: statistics.framesUnseen,
    framesDropped: statistics.framesDropped,
    framesPresented: statistics.framesPresented,
    mmioAccesses: statistics.mmioAccesses,
    interrupts: statistics.interrupts,
    refusedEncodes: statistics.refusedEncodes,
    guestErrors: statistics.guestErrors,
    bqlHoldMicrosecondsPerAccess: round(statistics.bqlHoldMicroseconds / Math.max(1, statistics.mmioAccesses)),
    elapsedSeconds: round(elapsedSeconds),
    mode: `${mode.width}x${mode.height}@${mode.rateHz}`,
    vsync: options.vsync,
    variant: device.iosfcBase === null ? 'pci' : 'mmio',
    displays: device.displays.length,
    revision: options.revision,
    bridge: device.bridge,
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
    const frames =
      options.seconds === undefined && options.frames !== undefined ? `${now.framesRendered}/${options.frames}` : `${now.framesRendered}`;
    const text = `${fps.toFixed(0).padStart(4)} fps · ${frames} frames, ${now.framesDropped} dropped · ${now.mmioAccesses} accesses · BQL ${hold} % · ${now.interrupts} irqs`;
    process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  }, PROGRESS_MS);
  return () => {
    clearInterval(timer);
    process.stderr.write('\r\x1b[K');
  };
}

/** Where the picture of a display goes: shot.png, then shot-1.png and so on. */
function pictureFile(path: string, number: number): string {
  if (number === 0) return path;
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}-${number}${ext}`);
}

/** The files written; displays that have shown nothing leave none. */
async function writePictures(session: Session, path: string, headless: boolean): Promise<string[]> {
  // Loaded by who wants a picture only.
  const [{ drawCursor }, { encodePng }] = await Promise.all([import('./picture.js'), import('../runtime/picture-file.js')]);
  const files: string[] = [];
  for (const display of session.device.displays) {
    const { number, surface, cursor, cursorImage } = display;
    const shot = headless ? await display.screendump() : surface?.snapshot();
    if (!surface || !shot) continue;
    const { position } = cursor;
    const pixels = cursorImage && position ? drawCursor(shot.pixels, surface.width, cursorImage, position) : shot.pixels;
    const file = pictureFile(path, number);
    await writeFile(file, encodePng(pixels, surface.width));
    files.push(file);
  }
  return files;
}

function printSummary(summary: RunSummary, options: RunOptions, files: readonly string[]): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  const { framesRendered, elapsedSeconds, fps, mode, variant, revision, displays } = summary;
  const on = `${mode}${displays > 1 ? ` on ${displays} displays` : ''}, vsync ${options.vsync ? 'on' : 'off'}, ${variant}, ${revision}`;
  const lines = [
    `${framesRendered} frames in ${elapsedSeconds} s, ${fps} a second (${on})`,
    `${summary.framesDropped} dropped, ${summary.mmioAccesses} accesses, ${summary.interrupts} interrupts, BQL held ${summary.bqlHoldMicrosecondsPerAccess} µs an access`,
  ];
  if (options.headless) lines.push(`no viewer: ${summary.framesUnseen} of the frames were not copied`);
  if (files.length > 0) lines.push(`last frame: ${files.join(', ')}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Saves the device to a file, which appears under its name only when it is whole. */
async function saveDevice({ device }: Session, { save, json }: RunOptions): Promise<void> {
  if (save === undefined) return;
  const bytes = await device.save();
  await writeFile(`${save}.part`, bytes);
  await rename(`${save}.part`, save);
  if (!json) process.stdout.write(`saved: ${save}, ${bytes.length} bytes; go on with: apple-gfx run --restore ${save}\n`);
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

async function sessionOf(options: RunOptions): Promise<SessionOptions> {
  const { variant, revision, vsync, headless, trace, displays } = options;
  // The guest of a run sends the software PVG's packets; a qtest client sends its own.
  const bridge = options.bridge === 'auto' && options.qtest === undefined ? 'soft' : options.bridge;
  const restore = options.restore === undefined ? undefined : await readFile(options.restore);
  const device = {
    revision,
    vsync,
    bridge,
    headless,
    trace,
    traceDetail: options.record !== undefined || options.dashboard !== undefined,
    ...(variant && { variant }),
    ...(displays && { displays }),
    ...(restore && { restore }),
  };
  const mode = options.mode ?? (restore ? null : DEFAULT_MODE);
  return { device, mode, frames: options.seconds === undefined ? options.frames : undefined };
}

/** Waits for the end of what a person looks at: a run that failed is looked at until he has seen enough. */
async function endOf(session: Session, { dashboard, frames, seconds }: RunOptions, isCut: Promise<void>): Promise<void> {
  try {
    await session.ended;
  } catch (error) {
    if (dashboard !== undefined && frames === undefined && seconds === undefined) {
      process.stderr.write(`apple-gfx: ${describeError(error)}\napple-gfx: the dashboard shows it until you interrupt\n`);
      await isCut;
    }
    throw error;
  }
}

/** Runs the guest; returns the exit code. */
export async function run(options: RunOptions): Promise<number> {
  const sink = await openTrace(options);
  const recording = await Recording.open(options);
  const dashboard = await LiveDashboard.prepare(options, recording);
  const session = await (options.qtest === undefined ? startSession : startWithoutGuest)(await sessionOf(options));
  if (dashboard !== null) dashboard.begin(session.device, `apple-gfx run, ${options.revision}`);
  else recording?.begin(session.device);
  session.device.on('trace', sink.write);
  session.device.on('guestError', (text) => process.stderr.write(`apple-gfx: guest error: ${text}\n`));
  let hasFailed = false;
  session.ended.catch(() => {
    hasFailed = true;
  });
  const onlookers = new Onlookers(session, options, dashboard);
  /** The exit code of a run that somebody ended. */
  let cut: number | null = null;
  let tellCut = (): void => undefined;
  const isCut = new Promise<void>((resolve) => {
    tellCut = resolve;
  });
  const end = (code: number): void => {
    // Of a run that has failed that remains the outcome.
    if (!hasFailed) cut ??= code;
    tellCut();
    void session.finish();
  };
  const interrupt = (): void => {
    onlookers.interrupted();
    end(INTERRUPTED);
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const started = performance.now();
  const stopProgress = startProgress(session, options);
  const timer = options.seconds === undefined ? undefined : setTimeout(session.stop, options.seconds * 1000);
  try {
    await onlookers.open(() => end(0));
    await endOf(session, options, isCut);
    if (cut !== null) return cut;
    await settle(session);
    if (cut !== null) return cut;
    const elapsed = (performance.now() - started) / 1000;
    const summary = summarise(session, options, elapsed);
    stopProgress();
    printSummary(summary, options, options.out === undefined ? [] : await writePictures(session, options.out, options.headless));
    await saveDevice(session, options);
    return 0;
  } catch (error) {
    if (cut === null) throw error;
    return cut;
  } finally {
    stopProgress();
    clearTimeout(timer);
    await onlookers.close('the run has ended');
    await session.finish();
    const recorded = await recording?.close('the run has ended');
    if (recorded !== undefined && !options.json)
      process.stderr.write(`apple-gfx: recorded: ${recorded}; look at it with: apple-gfx open ${recorded}\n`);
    await sink.close();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
