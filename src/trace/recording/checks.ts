/**
 * What a recording says in JSON, checked: every field that readers rely on has its type and is within its bound.
 *
 * Invariant: what is given back may be used as its type says. A RecordingError names the field, what it was and what was expected. A machine's
 * definition is checked by who draws it (src/visualiser/chart).
 */
import { RecordingError } from '../../base/errors.js';
import { MAX_RECORDED_THREADS } from '../../base/limits.js';
import type { RecordedCursor, RecordedNote, RecordedThread, RecordingEnd, RecordingHeader } from './format.js';
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

  textOrNull(name: string): string | null {
    return this.fields[name] === null ? null : this.text(name);
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

  texts(name: string): readonly string[] {
    const value = this.list(name);
    if (!value.every((each) => typeof each === 'string')) throw this.wrong(name, 'a list of texts');
    return value as readonly string[];
  }

  object(name: string): Fields {
    const value = this.fields[name];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.wrong(name, 'an object');
    return value as Fields;
  }

  /** An object of texts, by numbers. */
  names(name: string): Readonly<Record<string, string>> {
    const value = this.object(name);
    if (!Object.values(value).every((each) => typeof each === 'string')) throw this.wrong(name, 'an object of texts');
    return value as Readonly<Record<string, string>>;
  }

  /** A list of objects, each read by `read`. */
  objects<T>(name: string, read: (fields: Checked, index: number) => T): readonly T[] {
    return this.list(name).map((value, index) => {
      if (typeof value !== 'object' || value === null) throw this.wrong(name, `a list of objects; place ${index} has ${shown(value)}`);
      return read(new Checked(`${this.what}: ${name}[${index}]`, value as Fields), index);
    });
  }

  raw(name: string): unknown {
    return this.fields[name];
  }
}

/** Throws RecordingError for what is no header, or one of another format. */
export function checkHeader(value: Fields): RecordingHeader {
  const fields = new Checked('header', value);
  if (fields.integer('format', MAX_LIST) !== 1) throw fields.wrong('format', '1');
  return {
    format: 1,
    producer: fields.text('producer'),
    revision: fields.text('revision'),
    variant: fields.text('variant'),
    displays: fields.integer('displays', 64),
    seed: fields.textOrNull('seed'),
    schedule: fields.textOrNull('schedule'),
    epochNanoseconds: fields.number('epochNanoseconds'),
    events: fields.objects('events', (event) => {
      const names = event.texts('fields');
      if (names.length > ARGUMENTS) throw event.wrong('fields', `at most ${ARGUMENTS} texts`);
      return { name: event.text('name'), fields: names };
    }),
    kinds: fields.names('kinds'),
    machines: fields.objects('machines', (machine) => ({
      name: machine.text('name'),
      events: machine.texts('events'),
      states: machine.list('states'),
      definition: machine.raw('definition') ?? null,
    })),
    mailboxes: fields.names('mailboxes'),
    counters: fields.texts('counters'),
  };
}

export function checkThread(value: Fields): RecordedThread {
  const fields = new Checked('thread', value);
  const index = fields.integer('index', MAX_RECORDED_THREADS - 1);
  return { index, actor: fields.text('actor'), name: fields.text('name'), number: fields.number('number') };
}

export function checkCursor(value: Fields): RecordedCursor {
  const fields = new Checked('cursor', value);
  const shownNow = value.shown;
  if (typeof shownNow !== 'boolean') throw fields.wrong('shown', 'true or false');
  const cursor = {
    display: fields.integer('display', 63),
    nanoseconds: fields.number('nanoseconds'),
    x: fields.number('x'),
    y: fields.number('y'),
  };
  if (value.image === undefined) return { ...cursor, shown: shownNow };
  const image = new Checked('cursor: image', fields.object('image'));
  const [width, height] = [image.integer('width', MAX_CURSOR_SIDE), image.integer('height', MAX_CURSOR_SIDE)];
  const pixels = image.raw('pixels');
  if (!Array.isArray(pixels) || pixels.length !== width * height || !pixels.every((each) => typeof each === 'number'))
    throw image.wrong('pixels', `${width * height} numbers`);
  return { ...cursor, shown: shownNow, image: { width, height, hotX: image.number('hotX'), hotY: image.number('hotY'), pixels } };
}

export function checkNote(value: Fields): RecordedNote {
  const fields = new Checked('note', value);
  const kind = fields.text('kind');
  if (!NOTES.includes(kind)) throw fields.wrong('kind', `one of ${NOTES.join(', ')}`);
  return { nanoseconds: fields.number('nanoseconds'), kind: kind as RecordedNote['kind'], text: fields.text('text') };
}

export function checkEnd(value: Fields): RecordingEnd {
  const fields = new Checked('end', value);
  const statistics = fields.object('statistics');
  if (!Object.values(statistics).every((each) => typeof each === 'number')) throw fields.wrong('statistics', 'an object of numbers');
  return { nanoseconds: fields.number('nanoseconds'), reason: fields.text('reason'), statistics: statistics as Record<string, number> };
}
