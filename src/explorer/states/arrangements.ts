/**
 * The ways to exchange interchangeable processes: permutations of all processes that stay within groups.
 *
 * Invariant: the first leaves everybody in place; they are all that groups of processes allow, and closed under what is done with them here.
 */

/** More are not worth hashing each state so often. */
const MOST = 120;

export class Arrangements {
  private readonly inverses: readonly number[];
  /** Products, row by row. */
  private readonly products: Int32Array;

  private constructor(
    /** By arrangement: which process stands in the place of which. */
    readonly all: readonly (readonly number[])[],
    /** Members of each group, in rising order. */
    readonly groups: readonly (readonly number[])[],
  ) {
    const numbers = new Map(all.map((arrangement, number) => [arrangement.join(), number]));
    const numberOf = (arrangement: readonly number[]): number => numbers.get(arrangement.join()) ?? 0;
    this.inverses = all.map((arrangement) => numberOf(arrangement.map((_, place) => arrangement.indexOf(place))));
    this.products = new Int32Array(all.length ** 2);
    for (const [one, outer] of all.entries()) {
      for (const [other, inner] of all.entries())
        this.products[one * all.length + other] = numberOf(inner.map((process) => outer[process] ?? process));
    }
  }

  /** Of groups among so many processes; null if that exchanges nobody, or there are too many ways. Groups that have one in common are one. */
  static of(count: number, groups: readonly (readonly number[])[]): Arrangements | null {
    const sets = united(groups);
    const ways = sets.reduce((product, members) => product * factorial(members.length), 1);
    if (ways === 1 || ways > MOST) return null;
    let all: number[][] = [Array.from({ length: count }, (_, process) => process)];
    for (const members of sets) {
      const orders = permutations(members);
      all = all.flatMap((before) =>
        orders.map((order) => before.map((process, place) => (members.includes(place) ? (order[members.indexOf(place)] ?? 0) : process))),
      );
    }
    return new Arrangements(all, sets);
  }

  get count(): number {
    return this.all.length;
  }

  /** Who plays whom after `inner`, and then after `outer`. */
  product(outer: number, inner: number): number {
    return this.products[outer * this.all.length + inner] ?? 0;
  }

  /** Two states look alike in these arrangements of theirs: who in the second plays whom of the first. */
  between(first: number, second: number): number {
    return this.product(second, this.inverses[first] ?? 0);
  }

  /** Who is played by whom. */
  player(arrangement: number, process: number): number {
    return this.all[arrangement]?.[process] ?? process;
  }
}

function united(groups: readonly (readonly number[])[]): number[][] {
  const sets: number[][] = [];
  for (const group of groups) {
    const touching = sets.filter((set) => set.some((member) => group.includes(member)));
    for (const set of touching) sets.splice(sets.indexOf(set), 1);
    sets.push([...new Set([...touching.flat(), ...group])].sort((one, other) => one - other));
  }
  return sets;
}

/** All orders of some numbers, that which they are in first. */
function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}
