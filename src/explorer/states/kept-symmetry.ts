/**
 * A fingerprint of kept states that does not say which of some interchangeable actors is which.
 *
 * A state is a graph of objects whose roots are the actors. Its hash is taken with these in the order of what they are in themselves; where that leaves
 * several orders, and they are not the same for a reason that is easily seen (twins.ts), it is the least of their hashes. So it is the same exactly,
 * but for chance, for states that differ by who is who, since what refers to an actor is hashed as a reference, wherever it is.
 * What an actor has in its fields tells it apart from others. Invariant: what is not looked at tells none apart, as far as one can see: fields
 * that hold no state are to be alike (alike.ts), and the state has no member's name as a text in it.
 */
import type { Builder } from '../builder.js';
import type { Moment } from '../execution.js';
import { WorldError } from '../failure.js';
import { Hasher, mix } from '../hasher.js';
import { assertAlike } from './alike.js';
import type { Arrangements } from './arrangements.js';
import type { StateKeeper } from './state-keeper.js';
import { Twins } from './twins.js';

export class KeptSymmetry {
  low = 0;
  high = 0;
  /** The arrangement in which the state that was looked at last has that fingerprint. */
  order = 0;
  private readonly actors: number;
  /** Objects that are kept first: the actors, and what the world was told is state. */
  private readonly roots: number;
  /** Names that no text of the state may be. */
  private readonly names: ReadonlySet<string>;
  private readonly arrangements: Arrangements;
  private readonly keeper: StateKeeper;
  private readonly hasher = new Hasher();
  private readonly twins = new Twins();
  /** By process: a number for what it is in itself. */
  private readonly characters: Int32Array;

  /** `keeper`: the one that keeps the states. Throws WorldError if the processes differ in fields that hold no state, those by the names of `ignore`. */
  constructor(
    {
      arrangements,
      keeper,
      ignore,
    }: { readonly arrangements: Arrangements; readonly keeper: StateKeeper; readonly ignore: readonly string[] },
    { processes, states }: Builder,
  ) {
    const actors = processes.map(({ actor }) => actor as object);
    if (new Set(actors).size < actors.length) throw new WorldError('an actor that is two processes is interchangeable with none');
    this.actors = actors.length;
    this.roots = new Set([...actors, ...states]).size;
    this.characters = new Int32Array(actors.length);
    this.arrangements = arrangements;
    this.keeper = keeper;
    const groups = arrangements.groups.map((members) => members.flatMap((member) => processes[member] ?? []));
    for (const group of groups) assertAlike(group, new Set(ignore));
    this.names = new Set(groups.flat().map(({ handle }) => handle.name));
  }

  /** Takes the fingerprint of the state that the world is in, which was kept just now. */
  identify(moment: Moment): void {
    const { twins, characters, arrangements } = this;
    this.refuseNames(moment.kept.values);
    twins.restart(moment.kept);
    for (const group of arrangements.groups)
      for (const member of group) characters[member] = mix(moment.slots[member]?.status ?? 0, twins.characterOf(member));
    const first = this.nextOrder(0);
    let other = this.nextOrder(first + 1);
    if (other >= 0 && this.leavesTwins(first)) other = -1;
    this.take(first, moment);
    let { low, high, order } = this;
    for (; other >= 0; other = this.nextOrder(other + 1)) {
      this.take(other, moment);
      if (this.low > low || (this.low === low && this.high >= high)) continue;
      low = this.low;
      high = this.high;
      order = other;
    }
    this.low = low;
    this.high = high;
    this.order = order;
  }

  /** The hash of the state in an arrangement; as it is, that is known. */
  private take(order: number, moment: Moment): void {
    const { arrangements, hasher, keeper, roots, actors } = this;
    this.order = order;
    this.low = moment.low;
    this.high = moment.high;
    if (order === 0) return;
    const places = arrangements.all[order] ?? [];
    hasher.restart();
    keeper.hashAs(moment.kept, places, roots, hasher);
    for (let place = 0; place < actors; place++) hasher.add(moment.slots[places[place] ?? place]?.status ?? 0);
    this.low = hasher.low;
    this.high = hasher.high;
  }

  /** The first arrangement from one on in which the members of each group stand in the order of what they are; -1: there is none. */
  private nextOrder(from: number): number {
    for (let order = from; order < this.arrangements.count; order++) if (this.isOrdered(order)) return order;
    return -1;
  }

  private isOrdered(order: number): boolean {
    const { arrangements, characters } = this;
    for (const group of arrangements.groups) {
      for (let place = 1; place < group.length; place++) {
        const before = characters[arrangements.player(order, group[place - 1] ?? 0)] ?? 0;
        if (before > (characters[arrangements.player(order, group[place] ?? 0)] ?? 0)) return false;
      }
    }
    return true;
  }

  /** Whether members of which the order leaves open who is first are twins, so that it does not matter. */
  private leavesTwins(order: number): boolean {
    const { arrangements, characters, twins } = this;
    for (const group of arrangements.groups) {
      for (let place = 1; place < group.length; place++) {
        const before = arrangements.player(order, group[place - 1] ?? 0);
        const after = arrangements.player(order, group[place] ?? 0);
        if (characters[before] === characters[after] && !twins.add(before, after)) return false;
      }
    }
    return twins.areAlone();
  }

  private refuseNames(values: readonly unknown[]): void {
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (typeof value === 'string' && this.names.has(value))
        throw new WorldError(`${value} is interchangeable, and its name is a text of the state: refer to the actor in place of it`);
    }
  }
}
