/**
 * Where a run says that it has a dashboard, so that `apple-gfx top` of the same user finds it without an address.
 *
 * A file for each process, in a folder that only this user can read, since the address has the dashboard's token. Invariant: what is not this user's
 * alone is neither written to nor believed; a file whose process is gone is removed by who finds it.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** A dashboard that a process of this user's serves. */
export interface RunningDashboard {
  readonly pid: number;
  /** With its token. */
  readonly url: string;
  /** What runs, for people. */
  readonly title: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
}

/** Files that are looked at. */
const MOST_FILES = 64;
const MAX_FILE_BYTES = 4096;

function runtimeFolder(): string {
  const { XDG_RUNTIME_DIR: runtime } = process.env;
  return runtime !== undefined && runtime !== '' ? join(runtime, 'apple-gfx') : join(tmpdir(), `apple-gfx-${userInfo().uid}`);
}

/** Whether a folder is this user's, and nobody else's. */
function isPrivate(folder: string): boolean {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.uid === userInfo().uid && (stats.mode & 0o077) === 0;
}

/**
 * Says that this process serves a dashboard, until what it returns is called, or the process ends in order. Where that can't be said nothing happens: who
 * wants to watch needs the address then.
 */
export function announceDashboard({ url, title }: Pick<RunningDashboard, 'url' | 'title'>): () => void {
  const folder = runtimeFolder();
  const file = join(folder, `dashboard-${process.pid}.json`);
  const forget = (): void => {
    process.removeListener('exit', forget);
    rmSync(file, { force: true });
  };
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isPrivate(folder)) return () => undefined;
    const running: RunningDashboard = { pid: process.pid, url, title: title.slice(0, 500), started: Date.now() };
    rmSync(`${file}.tmp`, { force: true });
    writeFileSync(`${file}.tmp`, JSON.stringify(running), { mode: 0o600, flag: 'wx' });
    renameSync(`${file}.tmp`, file);
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return () => undefined;
    throw error;
  }
  process.once('exit', forget);
  return forget;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What a file says; null if that is nothing, or its process is gone. */
function read(file: string): RunningDashboard | null {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats?.isFile() !== true || stats.size > MAX_FILE_BYTES) return null;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { pid, url, title, started } = value as Readonly<Record<string, unknown>>;
  if (!Number.isSafeInteger(pid) || typeof url !== 'string' || typeof title !== 'string' || typeof started !== 'number') return null;
  if (isAlive(pid as number)) return { pid: pid as number, url, title, started };
  rmSync(file, { force: true });
  return null;
}

/** The dashboards of this user's that are running, the latest first. */
export function runningDashboards(): readonly RunningDashboard[] {
  const folder = runtimeFolder();
  if (!isPrivate(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^dashboard-\d+\.json$/.test(name))
    .slice(0, MOST_FILES)
    .flatMap((name) => read(join(folder, name)) ?? [])
    .sort((a, b) => b.started - a.started);
}
