/**
 * Fields of a saved device's description, read with checks: what is missing or out of bounds is an error that names it.
 */
import { SavedStateError } from '../base/errors.js';

export interface Fields {
  integer(name: string, low: number, high: number): number;
  number(name: string, low: number, high: number): number;
  boolean(name: string): boolean;
  choice<T extends string>(name: string, choices: readonly T[]): T;
  object(name: string): Fields;
  /** null where the field is null. */
  optional(name: string): Fields | null;
  /** A list of objects of that many elements. */
  list(name: string, least: number, most: number): Fields[];
}

/** The fields of `value`, which `where` names. Throws SavedStateError if it is no object. */
export function fieldsOf(value: unknown, where: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SavedStateError('mismatch', `${where} is ${JSON.stringify(value)}, expected an object`);
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const wrong = (name: string, expected: string): SavedStateError =>
    new SavedStateError('mismatch', `${name} of ${where} is ${JSON.stringify(fields[name])?.slice(0, 80)}, expected ${expected}`);
  const number = (name: string, low: number, high: number): number => {
    const found = fields[name];
    if (typeof found !== 'number' || !(found >= low && found <= high)) throw wrong(name, `a number in ${low}..${high}`);
    return found;
  };
  return {
    number,
    integer(name, low, high) {
      if (!Number.isInteger(fields[name])) throw wrong(name, `an integer in ${low}..${high}`);
      return number(name, low, high);
    },
    boolean(name) {
      const found = fields[name];
      if (typeof found !== 'boolean') throw wrong(name, 'true or false');
      return found;
    },
    choice(name, choices) {
      const found = choices.find((choice) => choice === fields[name]);
      if (found === undefined) throw wrong(name, `one of ${choices.join(', ')}`);
      return found;
    },
    object: (name) => fieldsOf(fields[name], `${name} of ${where}`),
    optional: (name) => (fields[name] === null ? null : fieldsOf(fields[name], `${name} of ${where}`)),
    list(name, least, most) {
      const found = fields[name];
      if (!Array.isArray(found) || found.length < least || found.length > most) throw wrong(name, `a list of ${least}..${most}`);
      return found.map((element, index) => fieldsOf(element, `${name}[${index}] of ${where}`));
    },
  };
}
