/**
 * What stands behind the command line's options, read and checked.
 *
 * Invariant: what is wrong is an InvalidArgumentError that says what was expected; commander says of which option.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { describeError } from '../base/errors.js';
import { MAX_DISPLAYS } from '../base/limits.js';
import { parseMode } from '../device/display-mode.js';
import { tracePattern, TRACE_FORMATS } from '../trace/events.js';
import { type DashboardSetting, parseDashboard } from './dashboard.js';
import type { ExploreBudget } from './explore.js';
import { parseQmp } from './qmp.js';
import { parseVnc, type VncSetting } from './vnc.js';

export function integer(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 1_000_000_000) throw new InvalidArgumentError('Expected an integer in 1..1000000000.');
  return value;
}

export function mode(text: string): ReturnType<typeof parseMode> {
  try {
    const parsed = parseMode(text);
    if (parsed.width < 320 || parsed.height < 200) throw new InvalidArgumentError('The guest draws modes from 320x200 on.');
    return parsed;
  } catch (error) {
    throw new InvalidArgumentError(describeError(error));
  }
}

export function trace(glob: string, before: readonly string[]): readonly string[] {
  if (!Object.keys(TRACE_FORMATS).some(tracePattern([glob.replace(/^-/, '')])))
    throw new InvalidArgumentError('No trace event has such a name.');
  return [...before, glob];
}

export function outFile(path: string): string {
  if (!existsSync(dirname(resolve(path)))) throw new InvalidArgumentError(`The folder ${dirname(resolve(path))} does not exist.`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new InvalidArgumentError('It is a folder, not a file.');
  return path;
}

export function displays(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MAX_DISPLAYS) {
    throw new InvalidArgumentError(`Expected an integer in 1..${MAX_DISPLAYS}.`);
  }
  return value;
}

export function vnc(text: string): VncSetting {
  try {
    return parseVnc(text);
  } catch (error) {
    throw new InvalidArgumentError(describeError(error));
  }
}

export function dashboard(text: string): DashboardSetting {
  try {
    return parseDashboard(text);
  } catch (error) {
    throw new InvalidArgumentError(describeError(error));
  }
}

export function qmp(text: string): string {
  try {
    return parseQmp(text);
  } catch (error) {
    throw new InvalidArgumentError(describeError(error));
  }
}

export function socketPath(path: string): string {
  if (path === '' || !existsSync(dirname(resolve(path))))
    throw new InvalidArgumentError(`The folder ${dirname(resolve(path))} does not exist.`);
  return path;
}

export function descriptor(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 3) throw new InvalidArgumentError('Expected the number of an open descriptor, 3 or more.');
  return Number(text);
}

export function vectors(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 32) throw new InvalidArgumentError('Expected an integer in 1..32.');
  return value;
}

export function inFile(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
  throw new InvalidArgumentError('There is no such file.');
}

export function seconds(text: string): number {
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(text)) throw new InvalidArgumentError('Expected a number of seconds, as in 1.25.');
  return Number(text);
}

/** 10000 schedules, or 30s. */
export function budget(text: string): ExploreBudget {
  const [, amount = '', unit] = /^(\d{1,9}(?:\.\d{1,3})?)(s?)$/.exec(text) ?? [];
  if (amount === '' || Number(amount) === 0) throw new InvalidArgumentError('Expected a number of schedules, or seconds as in 30s.');
  return unit === 's' ? { seconds: Number(amount) } : { schedules: integer(amount) };
}
