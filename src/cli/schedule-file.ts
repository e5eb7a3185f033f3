/**
 * Schedules in files: those that are too long for a report, and those that somebody pasted with a whole report around them.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from './usage-error.js';

const SCHEDULE = /\bs1z?\/[^\s'"`<>]+/;
const MAX_FILE_BYTES = 2 ** 21;

/** Saves a schedule; the path. */
export function saveSchedule(schedule: string, world: string): string {
  const path = join(tmpdir(), `${world.replace(/[^\w.-]+/g, '-')}-${Date.now().toString(36)}.schedule`);
  writeFileSync(path, `${schedule}\n`);
  return path;
}

/** The schedule that an argument is, or that is in the file of that name; throws UsageError. */
export function readSchedule(argument: string): string {
  if (/^s1z?\//.test(argument)) return argument;
  const status = statSync(argument, { throwIfNoEntry: false });
  if (!status?.isFile()) throw new UsageError(`${argument} is neither a schedule, which begins with s1/, nor a file that has one`);
  if (status.size > MAX_FILE_BYTES) throw new UsageError(`${argument} has ${status.size} bytes, expected at most ${MAX_FILE_BYTES}`);
  // A report has long schedules on several lines.
  const text = readFileSync(argument, 'utf8').replace(/\\\r?\n/g, '');
  const command = /apple-gfx replay (s1z?\/[^\s'"`<>]+)/.exec(text)?.[1];
  const schedule = command ?? SCHEDULE.exec(text)?.[0];
  if (schedule === undefined) throw new UsageError(`${argument} has no schedule, which begins with s1/`);
  return schedule;
}
