/**
 * Checks of single arguments. Each gives the value back, or throws an ArgumentError that names it, what it was and what
 * was expected; the value may be anything, as callers without types have it.
 */
import { ArgumentError } from './errors.js';

export function integer(name: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new ArgumentError(`${name} is ${String(value)}, expected an integer in ${low}..${high}`);
  }
  return value;
}

export function flag(name: string, value: boolean): boolean {
  if (typeof value !== 'boolean') throw new ArgumentError(`${name} is ${String(value)}, expected true or false`);
  return value;
}

export function text(name: string, value: string): string {
  if (typeof value !== 'string') throw new ArgumentError(`${name} is ${String(value)}, expected a text`);
  return value;
}

export function list<T>(name: string, value: readonly T[]): readonly T[] {
  if (!Array.isArray(value)) throw new ArgumentError(`${name} is ${String(value)}, expected a list`);
  return value;
}

export function object<T extends object>(name: string, value: T): T {
  if (typeof value !== 'object' || value === null) throw new ArgumentError(`${name} is ${String(value)}, expected an object`);
  return value;
}

/** What is written to a register of 32 bits: its lowest ones. */
export function registerWord(value: number): number {
  if (typeof value !== 'number') throw new ArgumentError(`register value is ${String(value)}, expected a number`);
  return value >>> 0;
}

/** What is written to a register of 64 bits: its lowest ones. */
export function registerWords(value: bigint): { readonly low: number; readonly high: number } {
  if (typeof value !== 'bigint') throw new ArgumentError(`register value is ${String(value)}, expected a bigint`);
  return { low: Number(value & 0xffff_ffffn), high: Number((value >> 32n) & 0xffff_ffffn) };
}
