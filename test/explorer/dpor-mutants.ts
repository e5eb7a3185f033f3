/**
 * Partial-order reduction with one thing wrong: a pair of kinds that no longer depend on each other, an order that is forgotten, or a
 * slip in what is done about sleepers, races and wake-up trees.
 */
import { Kind, KIND_COUNT, kindName } from '../../src/explorer/operation.js';
import type { Footprints } from '../../src/explorer/reduction/footprints.js';
import type { HappensBefore } from '../../src/explorer/reduction/happens-before.js';
import { RELATION, type Relation } from '../../src/explorer/reduction/relation.js';
import type { SleepSets } from '../../src/explorer/reduction/sleep-sets.js';
import { OptimalDpor } from '../../src/explorer/strategies/optimal-dpor.js';
import { SourceDpor } from '../../src/explorer/strategies/source-dpor.js';

export interface Mutant {
  readonly name: string;
  readonly isOptimal: boolean;
  readonly make: () => SourceDpor | OptimalDpor;
}

/**
 * Pairs that no world can show to matter: waits of one condition are ordered by its lock as well, timeouts by what they are to everything, and
 * generators wait where actors enqueue, never on the same condition.
 */
const SILENT: readonly (readonly [Kind, Kind])[] = [
  [Kind.wait, Kind.wait],
  [Kind.wait, Kind.enqueue],
  [Kind.timeout, Kind.timeout],
];

function relations(): { readonly name: string; readonly relation: Relation }[] {
  const found: { readonly name: string; readonly relation: Relation }[] = [];
  for (let a = 0; a < KIND_COUNT; a++) {
    for (let b = a; b < KIND_COUNT; b++) {
      if (RELATION.depends[KIND_COUNT * a + b] !== 1) continue;
      if (SILENT.some(([one, other]) => (one === a && other === b) || (one === b && other === a))) continue;
      const depends = RELATION.depends.slice();
      depends[KIND_COUNT * a + b] = 0;
      depends[KIND_COUNT * b + a] = 0;
      found.push({ name: `${kindName(a)} and ${kindName(b)} are independent`, relation: { ...RELATION, depends } });
    }
  }
  for (const edge of Object.keys(RELATION.edges)) {
    found.push({ name: `no order by ${edge}`, relation: { ...RELATION, edges: { ...RELATION.edges, [edge]: false } } });
  }
  return found;
}

interface Parts {
  readonly order: HappensBefore;
  readonly sleeping: SleepSets;
}

class ChangedSource extends SourceDpor {
  constructor(change: (parts: Parts) => void) {
    super();
    change({ order: this.order, sleeping: this.sleeping });
  }
}

class ChangedOptimal extends OptimalDpor {
  constructor(change: (parts: Parts) => void) {
    super();
    change({ order: this.order, sleeping: this.sleeping });
  }
}

/** Does something after each event that is added. */
function afterAppend(order: HappensBefore, change: (event: number, firstRace: number) => void): void {
  const append = order.append.bind(order);
  order.append = (...event) => {
    append(...event);
    change(order.length, order.firstRace(order.length));
  };
}

/** Slips in what both strategies are made of. */
const SLIPS: Readonly<Record<string, (parts: Parts) => void>> = {
  'nobody is asleep': ({ sleeping }) => {
    sleeping.has = () => false;
  },
  'sleepers wake at every step': ({ sleeping }) => {
    sleeping.inherit = (depth) => {
      sleeping.starts[depth] = sleeping.ends[depth - 1] ?? 0;
      sleeping.ends[depth] = sleeping.ends[depth - 1] ?? 0;
    };
  },
  'sleepers sleep on': ({ order, sleeping }) => {
    const deaf: Footprints = Object.create(order.footprints, { dependent: { value: () => false } });
    const inherit = sleeping.inherit.bind(sleeping);
    sleeping.inherit = (depth, choice, footprint) => inherit(depth, choice, footprint, deaf);
  },
  'what was explored stays awake': ({ sleeping }) => {
    sleeping.add = () => {};
  },
  'what is pending at the end is forgotten': ({ order }) => {
    order.appendPending = () => false;
  },
  'the later event of a race may always come first': ({ order }) =>
    afterAppend(order, (_, first) => {
      for (let race = first; race < order.raceCount; race++) order.floor[race] = 0;
      order.precedesRace = () => false;
    }),
  'the later event of a race may never come first': ({ order }) =>
    afterAppend(order, (event, first) => {
      for (let race = first; race < order.raceCount; race++) order.floor[race] = event;
      order.precedesRace = () => true;
    }),
  'every event may come first': ({ order }) => {
    afterAppend(order, (event) => {
      order.latest[event] = 0;
    });
    order.precedes = () => false;
  },
  'races are put a state too late': ({ order }) =>
    afterAppend(order, (_, first) => {
      for (let race = first; race < order.raceCount; race++) order.earlier[race] = (order.earlier[race] ?? 0) + 1;
    }),
  'races are put at the beginning': ({ order }) =>
    afterAppend(order, (_, first) => {
      for (let race = first; race < order.raceCount; race++) order.earlier[race] = 1;
    }),
  'the last race of an event is forgotten': ({ order }) =>
    afterAppend(order, (_, first) => {
      if (order.raceCount > first) order.raceCount--;
    }),
  'events are of no process': ({ order }) =>
    afterAppend(order, (event) => {
      order.previous[event] = 0;
    }),
  'footprints depend on everything': ({ order }) => {
    order.footprints.dependent = () => true;
  },
};

class OneOutcome extends SourceDpor {
  protected override outcomesAt(depth: number, process: number): number {
    return Math.min(1, super.outcomesAt(depth, process));
  }
}

class OneOutcomeOptimal extends OptimalDpor {
  protected override outcomesAt(depth: number, process: number): number {
    return Math.min(1, super.outcomesAt(depth, process));
  }
}

class FirstRaceForgotten extends OptimalDpor {
  protected override reverse(race: number): void {
    if (race !== this.order.firstRace(this.order.later[race] ?? 0)) super.reverse(race);
  }
}

class AllCovered extends OptimalDpor {
  protected override isCovered(): boolean {
    return true;
  }
}

class NothingCovered extends OptimalDpor {
  protected override isCovered(): boolean {
    return false;
  }
}

class NoTree extends OptimalDpor {
  protected override insert(): number {
    return this.chain();
  }
}

class AnyOrder extends OptimalDpor {
  protected override beginsWith(place: number, choice: number): boolean {
    return this.path[(this.sequence[place] ?? 0) - 1] === choice;
  }
}

class NothingBegins extends OptimalDpor {
  protected override beginsWith(): boolean {
    return false;
  }
}

class AllIndependent extends OptimalDpor {
  protected override isIndependent(): boolean {
    return true;
  }
}

class NoneIndependent extends OptimalDpor {
  protected override isIndependent(): boolean {
    return false;
  }
}

class LaterAlone extends OptimalDpor {
  protected override build(): void {
    super.build();
    this.sequence[0] = this.sequence[this.length - 1] ?? 0;
    this.length = 1;
    this.left = 1;
  }
}

class WithoutLater extends OptimalDpor {
  protected override build(): void {
    super.build();
    if (this.length < 2) return;
    this.length--;
    this.left--;
  }
}

class LeavesGrow extends OptimalDpor {
  protected override insertBelow(node: number): void {
    if (this.trees.first[node] === 0 && this.left > 0) this.trees.appendChild(node, this.chain());
    else super.insertBelow(node);
  }
}

const CHANGED: readonly (readonly [string, () => SourceDpor | OptimalDpor])[] = [
  ['source-DPOR: only one outcome is explored', () => new OneOutcome()],
  ['only one outcome is explored', () => new OneOutcomeOptimal()],
  ['the first race of an event is forgotten', () => new FirstRaceForgotten()],
  ['all is covered', () => new AllCovered()],
  ['nothing is covered', () => new NothingCovered()],
  ['sequences are put beside each other', () => new NoTree()],
  ['a sequence begins with any of its steps', () => new AnyOrder()],
  ['a sequence begins with none of its steps', () => new NothingBegins()],
  ['every step is independent of a sequence', () => new AllIndependent()],
  ['no step is independent of a sequence', () => new NoneIndependent()],
  ['a sequence is the later event alone', () => new LaterAlone()],
  ['a sequence lacks the later event', () => new WithoutLater()],
  ['leaves grow', () => new LeavesGrow()],
];

export const mutants: readonly Mutant[] = [
  ...relations().flatMap(({ name, relation }) => [
    { name: `source-DPOR: ${name}`, isOptimal: false, make: () => new SourceDpor(relation) },
    { name: `optimal DPOR: ${name}`, isOptimal: true, make: () => new OptimalDpor(relation) },
  ]),
  ...Object.entries(SLIPS).flatMap(([name, change]) => [
    { name: `source-DPOR: ${name}`, isOptimal: false, make: () => new ChangedSource(change) },
    { name: `optimal DPOR: ${name}`, isOptimal: true, make: () => new ChangedOptimal(change) },
  ]),
  ...CHANGED.map(([name, make]) => ({ name, isOptimal: !name.startsWith('source'), make })),
];
