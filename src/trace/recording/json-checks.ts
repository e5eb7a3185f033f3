/**
 * What a recording says in JSON, checked: every field that readers rely on has its type and is within its bound.
 *
 * Invariant: what passes may be used as its type says. A RecordingError names the field, what it was and what was expected. A machine's
 * definition is checked by who draws it (src/visualiser/chart).
 */
import { describeError, RecordingError } from '../../base/errors.js';
import { MAX_CHUNK_JSON_BYTES, MAX_RECORDED_THREADS } from '../../base/limits.js';
import { decodeJson } from './decoder.js';
import type { RecordedNote, RecordedThread, RecordingHeader } from './format.js';
import { ARGUMENTS } from './thread-log.js';

type Fields = Readonly<Record<string, unknown>>;

/** The most entries of a list in a header. */
const MAX_LIST = 65_536;
const MAX_CURSOR_SIDE = 512;
const NOTES: readonly string[] = ['guestError', 'deadlock', 'lifeCycle', 'skipped', 'warning', 'trace'] satisfies RecordedNote['kind'][];

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'missing').slice(0, 60);

/** Reads fields of one object. */
class Checked {
  constructor(
    private readonly what: string,
    private readonly fields: Fields,
  ) {}

  wrong(name: string, expected: string): RecordingError {
    return new RecordingError(`${this.what}: ${name} is ${shown(this.fields[name])}, expected ${expected}`);
  }

  text(name: string): string {
    const value = this.fields[name];
    if (typeof value !== 'string') throw this.wrong(name, 'a text');
    return value;
  }

  textOrNull(name: string): void {
    if (this.fields[name] !== null) this.text(name);
  }

  number(name: string): number {
    const value = this.fields[name];
    if (typeof value !== 'number') throw this.wrong(name, 'a number');
    return value;
  }

  integer(name: string, high: number): number {
    const value = this.number(name);
    if (!Number.isInteger(value) || value < 0 || value > high) throw this.wrong(name, `an integer in 0..${high}`);
    return value;
  }

  list(name: string): readonly unknown[] {
    const value = this.fields[name];
    if (!Array.isArray(value) || value.length > MAX_LIST) throw this.wrong(name, `a list of at most ${MAX_LIST}`);
    return value;
  }

  texts(name: string): readonly unknown[] {
    const value = this.list(name);
    if (!value.every((each) => typeof each === 'string')) throw this.wrong(name, 'a list of texts');
    return value;
  }

  object(name: string): Fields {
    const value = this.fields[name];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.wrong(name, 'an object');
    return value as Fields;
  }

  /** An object whose values are all of a type. */
  all(name: string, type: 'string' | 'number', expected: string): void {
    if (!Object.values(this.object(name)).every((each) => typeof each === type)) throw this.wrong(name, `an object of ${expected}`);
  }

  /** A list of objects, each looked at by `check`. */
  objects(name: string, check: (fields: Checked) => void): void {
    for (const [index, value] of this.list(name).entries()) {
      if (typeof value !== 'object' || value === null) throw this.wrong(name, `a list of objects; place ${index} has ${shown(value)}`);
      check(new Checked(`${this.what}: ${name}[${index}]`, value as Fields));
    }
  }

  raw(name: string): unknown {
    return this.fields[name];
  }
}

/** A chunk's JSON, which is an object. */
function fieldsOf(payload: Uint8Array, what: string): Fields {
  if (payload.length > MAX_CHUNK_JSON_BYTES)
    throw new RecordingError(`${what} has ${payload.length} bytes of JSON, expected at most ${MAX_CHUNK_JSON_BYTES}`);
  let value: unknown;
  try {
    value = decodeJson(payload);
  } catch (error) {
    throw new RecordingError(`${what} is no JSON: ${describeError(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RecordingError(`${what} is no JSON object`);
  return value as Fields;
}

/** Throws RecordingError for what is no header, or one of another format. */
export function checkHeader(payload: Uint8Array): RecordingHeader {
  const value = fieldsOf(payload, 'header');
  const fields = new Checked('header', value);
  if (fields.integer('format', MAX_LIST) !== 1) throw fields.wrong('format', '1');
  for (const name of ['producer', 'revision', 'variant']) fields.text(name);
  for (const name of ['seed', 'schedule']) fields.textOrNull(name);
  for (const name of ['kinds', 'mailboxes']) fields.all(name, 'string', 'texts');
  fields.integer('displays', 64);
  fields.number('epochNanoseconds');
  fields.texts('counters');
  fields.objects('events', (event) => {
    event.text('name');
    if (event.texts('fields').length > ARGUMENTS) throw event.wrong('fields', `at most ${ARGUMENTS} texts`);
  });
  fields.objects('machines', (machine) => {
    machine.text('name');
    machine.texts('events');
    machine.list('states');
    if (machine.raw('definition') !== null) machine.object('definition');
  });
  return value as unknown as RecordingHeader;
}

export function checkThread(payload: Uint8Array): RecordedThread {
  const value = fieldsOf(payload, 'thread');
  const fields = new Checked('thread', value);
  fields.integer('index', MAX_RECORDED_THREADS - 1);
  for (const name of ['actor', 'name']) fields.text(name);
  fields.number('number');
  return value as unknown as RecordedThread;
}

export function checkCursor(payload: Uint8Array): void {
  const value = fieldsOf(payload, 'cursor');
  const fields = new Checked('cursor', value);
  if (typeof value.shown !== 'boolean') throw fields.wrong('shown', 'true or false');
  fields.integer('display', 63);
  for (const name of ['nanoseconds', 'x', 'y']) fields.number(name);
  if (value.image === undefined) return;
  const image = new Checked('cursor: image', fields.object('image'));
  const count = image.integer('width', MAX_CURSOR_SIDE) * image.integer('height', MAX_CURSOR_SIDE);
  for (const name of ['hotX', 'hotY']) image.number(name);
  const pixels = image.raw('pixels');
  if (!Array.isArray(pixels) || pixels.length !== count || !pixels.every((each) => typeof each === 'number'))
    throw image.wrong('pixels', `${count} numbers`);
}

export function checkNote(payload: Uint8Array): void {
  const fields = new Checked('note', fieldsOf(payload, 'note'));
  if (!NOTES.includes(fields.text('kind'))) throw fields.wrong('kind', `one of ${NOTES.join(', ')}`);
  fields.number('nanoseconds');
  fields.text('text');
}

export function checkEnd(payload: Uint8Array): void {
  const fields = new Checked('end', fieldsOf(payload, 'end'));
  fields.all('statistics', 'number', 'numbers');
  fields.number('nanoseconds');
  fields.text('reason');
}
