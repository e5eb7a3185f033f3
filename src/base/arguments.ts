/**
 * Checks of single arguments. Each gives the value back, or throws an ArgumentError that names it, what it was and what
 * was expected.
 */
import { ArgumentError } from './errors.js';

export function integer(name: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new ArgumentError(`${name} is ${value}, expected an integer in ${low}..${high}`);
  }
  return value;
}

export function flag(name: string, value: boolean): boolean {
  if (typeof value !== 'boolean') throw new ArgumentError(`${name} is ${String(value)}, expected true or false`);
  return value;
}
