/**
 * Display modes: what one may be, and the text that QEMU's `display-modes` property has for a list of them.
 *
 * A mode is wrong in one of two ways: no display has it (PVG counts sides and rates in 16 bits), or no surface is that
 * large; the messages tell which.
 */
import { list, object, text as checkText } from '../base/arguments.js';
import { ArgumentError } from '../base/errors.js';
import { MAX_DISPLAY_MODES, SURFACE_MAX_SIDE } from '../base/limits.js';

/** A display mode; rate in hertz. */
export interface DisplayMode {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** How often the display shows a new frame, in hertz. */
  readonly rateHz: number;
}

const MAX_NUMBER = 65_535;
const MODE_FORMAT = '<width>x<height>@<Hz>';
const EXAMPLE = '1440x1080@60';
const LONGEST_QUOTE = 40;

/** Throws ArgumentError unless a display can have the mode and a surface its size; `where` begins the message. */
export function checkMode(mode: DisplayMode, where = 'a display mode'): DisplayMode {
  for (const side of ['width', 'height'] as const) {
    const value = mode[side];
    if (!Number.isInteger(value) || value < 1 || value > MAX_NUMBER) {
      throw new ArgumentError(`${where}: the ${side} is ${String(value)}, expected an integer in 1..${MAX_NUMBER}`);
    }
    if (value > SURFACE_MAX_SIDE)
      throw new ArgumentError(`${where}: the ${side} is ${value}, but no surface is larger than ${SURFACE_MAX_SIDE}`);
  }
  if (typeof mode.rateHz !== 'number' || !(mode.rateHz >= 1 && mode.rateHz <= MAX_NUMBER)) {
    throw new ArgumentError(`${where}: the rate is ${String(mode.rateHz)} Hz, expected 1..${MAX_NUMBER}`);
  }
  return mode;
}

/** Throws ArgumentError unless there may be so many modes. */
export function checkModeCount(count: number): void {
  if (!(count >= 1 && count <= MAX_DISPLAY_MODES))
    throw new ArgumentError(`there are ${count} display modes, expected 1..${MAX_DISPLAY_MODES}`);
}

/** Throws ArgumentError for a list that is empty or too long, or has a wrong mode. */
export function checkModes(modes: readonly DisplayMode[]): readonly DisplayMode[] {
  checkModeCount(list('modes', modes).length);
  for (const mode of modes) checkMode(object('a display mode', mode));
  return modes;
}

function quote(text: string): string {
  return text.length > LONGEST_QUOTE ? `${JSON.stringify(text.slice(0, LONGEST_QUOTE))}…` : JSON.stringify(text);
}

/** What keeps `text` from being of a mode's format, in words; null if it is. */
function wrongFormat(text: string): string | null {
  if (text === '') return 'it is empty';
  const [size = '', rate, more] = text.split('@');
  if (more !== undefined) return 'it has more than one @';
  const [width = '', height, third] = size.split('x');
  if (height === undefined) return 'there is no x between width and height';
  if (third !== undefined) return 'it has more than one x';
  if (rate === undefined) return 'the rate is missing';
  for (const [name, digits] of Object.entries({ width, height, rate })) {
    if (digits === '') return `the ${name} is missing`;
    if (!/^[0-9]+$/.test(digits)) return `the ${name} ${quote(digits)} is not a whole decimal number`;
  }
  return null;
}

function parse(text: string, where: string, format: string): DisplayMode {
  const wrong = wrongFormat(text);
  if (wrong) throw new ArgumentError(`${where}: ${wrong}; the format is ${format}`);
  const [width = 0, height = 0, rateHz = 0] = text.split(/[x@]/).map(Number);
  try {
    return checkMode({ width, height, rateHz }, where);
  } catch (error) {
    throw error instanceof ArgumentError ? new ArgumentError(`${error.message}; the format is ${format}`) : error;
  }
}

/** Parses `<width>x<height>@<Hz>`, whole decimal numbers. Throws ArgumentError that says what is wrong. */
export function parseMode(text: string): DisplayMode {
  checkText('display mode', text);
  return parse(text, `display mode ${quote(text)}`, `${MODE_FORMAT}, for example ${EXAMPLE}`);
}

/** Parses a comma-separated list of 1 to 128 modes, preferred first. Throws ArgumentError that says which is wrong, and how. */
export function parseModes(text: string): DisplayMode[] {
  const entries = checkText('display modes', text).split(',');
  checkModeCount(entries.length);
  const format = `a comma-separated list of ${MODE_FORMAT}, for example ${EXAMPLE},1280x1024@60`;
  return entries.map((entry, index) => parse(entry, `display mode ${index + 1} of ${entries.length}, ${quote(entry)}`, format));
}
