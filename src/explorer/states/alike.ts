/**
 * Whether interchangeable actors are alike in what is no part of their state.
 *
 * Fields of the state tell actors apart where they differ, so these may. Fields that hold none are not looked at in a state, and so would not tell
 * that one has another number, or another inbox: they have to be alike from the beginning, but for the actors' names. What is
 * not here: what a function has around it, which nobody can see; functions are alike if they have the same text.
 */
import type { Actor } from '../actor.js';
import { WorldError } from '../failure.js';
import { SharedObject } from '../shared-object.js';

interface Member {
  readonly actor: Actor | null;
  readonly handle: { readonly name: string };
}

type Fields = Record<string, unknown>;

/** Throws WorldError that says where a member differs from the first. `ignore`: names of fields that hold no state. */
export function assertAlike(members: readonly Member[], ignore: ReadonlySet<string>): void {
  const [first, ...others] = members;
  for (const other of others) {
    if (first === undefined) return;
    const names = [first.handle.name, other.handle.name] as const;
    const where = new Comparison(names, ignore).difference(first.actor, other.actor, '', false);
    if (where !== null) throw new WorldError(`${names[0]} and ${names[1]} are not interchangeable: they differ in ${where}`);
  }
}

class Comparison {
  private readonly compared = new Set<object>();

  constructor(
    private readonly names: readonly [string, string],
    private readonly ignore: ReadonlySet<string>,
  ) {}

  /** Where two values differ; null: nowhere. `hidden`: no state has them. */
  difference(one: unknown, other: unknown, path: string, hidden: boolean): string | null {
    if (one === other || (one === this.names[0] && other === this.names[1])) return null;
    if (typeof one === 'function' && typeof other === 'function') return String(one) === String(other) ? null : path;
    if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return hidden ? path : null;
    if (this.compared.has(one)) return null;
    this.compared.add(one);
    if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return path || 'what they are';
    if (one instanceof SharedObject && other instanceof SharedObject) return one.type === other.type ? null : path;
    if (one instanceof Map && other instanceof Map) return this.list([...one].flat(), [...other].flat(), path, hidden);
    if (one instanceof Set && other instanceof Set) return this.list([...one], [...other], path, hidden);
    return Array.isArray(one) && Array.isArray(other) ? this.list(one, other, path, hidden) : this.fields(one, other, path, hidden);
  }

  private list(one: readonly unknown[], other: readonly unknown[], path: string, hidden: boolean): string | null {
    if (one.length !== other.length) return hidden ? path : null;
    for (const [index, each] of one.entries()) {
      const where = this.difference(each, other[index], `${path}[${index}]`, hidden);
      if (where !== null) return where;
    }
    return null;
  }

  private fields(one: object, other: object, path: string, hidden: boolean): string | null {
    for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
      const [mine, its] = [(one as Fields)[name], (other as Fields)[name]];
      const where = this.difference(mine, its, path === '' ? name : `${path}.${name}`, hidden || this.ignore.has(name));
      if (where !== null) return where;
    }
    return null;
  }
}
