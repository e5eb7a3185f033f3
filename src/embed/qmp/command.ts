/**
 * What a command is, and the check of what it was given.
 *
 * Invariant: a command is run with arguments that are all there, of the right types, and none besides; else nothing is done.
 */
import { QmpError } from './protocol.js';

/** The types of arguments; those with a question mark may be left out. */
interface Types {
  readonly string: string;
  readonly 'string?': string | undefined;
  readonly boolean: boolean;
  readonly 'boolean?': boolean | undefined;
  readonly 'integer?': number | undefined;
  readonly 'array?': readonly unknown[] | undefined;
}
type TypeName = keyof Types;
type Takes = Readonly<Record<string, TypeName>>;
type Values<T extends Takes> = { readonly [N in keyof T]: Types[T[N]] };

/** Carries a command out; what it returns is answered, what it throws is an error of the command. */
export type Command = (given: unknown) => unknown;
export type Commands = ReadonlyMap<string, Command>;

/** A command of these arguments. */
export function command<const T extends Takes>(takes: T, run: (values: Values<T>) => unknown): Command {
  return (given) => run(checkArguments(takes, given) as Values<T>);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkArguments(takes: Takes, given: unknown = {}): Readonly<Record<string, unknown>> {
  if (!isObject(given)) throw new QmpError('GenericError', "QMP input member 'arguments' must be an object");
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(takes, name));
  if (unknown !== undefined) throw new QmpError('GenericError', `Parameter '${unknown}' is unexpected`);
  for (const [name, type] of Object.entries(takes)) {
    const value = given[name];
    if (value === undefined && type.endsWith('?')) continue;
    if (value === undefined) throw new QmpError('GenericError', `Parameter '${name}' is missing`);
    const expected = type.replace('?', '');
    if (!isOfType(value, expected)) throw new QmpError('GenericError', `Invalid parameter type for '${name}', expected: ${expected}`);
  }
  return given;
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isSafeInteger(value);
  return type === 'array' ? Array.isArray(value) : typeof value === type;
}
