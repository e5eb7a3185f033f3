/**
 * Random charts, as hard as they can be: any names, states in states, guards of guards, transitions from everywhere to everywhere.
 */
import fc from 'fast-check';
import type { ChartGuard, ChartModel, ChartState, ChartTransition } from '../../../src/visualiser/chart/model.js';

const { nat } = fc;
const guardName = fc.stringMatching(/^[\x20-\x7eäあ😀]{0,10}$/u);
const actions = fc.array(fc.stringMatching(/^[\x20-\x7e]{1,10}$/), { maxLength: 2 });

interface Shape {
  readonly name: string;
  readonly kind: 'compound' | 'parallel' | 'leaf';
  readonly end: boolean;
  readonly initial: number;
  readonly description: string;
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly initialActions: readonly string[];
  readonly children: readonly Shape[];
}

/** A name that can be told from others in a path. */
const stateName = fc.stringMatching(/^[\x21-\x22\x24-\x2d\x2f-\x7eäあ😀]{1,8}$/u);
const said = {
  description: fc.stringMatching(/^[\x20-\x7e]{0,20}$/),
  entry: actions,
  exit: actions,
  initialActions: actions,
  initial: nat(),
};

const { tree } = fc.letrec<{ tree: Shape; leaf: Shape; full: Shape }>((tie) => ({
  leaf: fc.record({ ...said, name: stateName, kind: fc.constant('leaf' as const), end: fc.boolean(), children: fc.constant([]) }),
  full: fc.record({
    ...said,
    name: stateName,
    kind: fc.constantFrom('compound' as const, 'parallel' as const),
    end: fc.constant(false),
    children: fc.array(fc.oneof({ maxDepth: 3, withCrossShrink: true }, tie('leaf'), tie('full')), { minLength: 1, maxLength: 4 }),
  }),
  tree: tie('full'),
}));

/** States of a tree, in the order of the document; names within a state are made different. */
function flatten(shape: Shape): ChartState[] {
  const states: ChartState[] = [];
  const visit = (each: Shape, { name, parent }: { name: string; parent: number }): void => {
    const number = states.length;
    const leaf = each.kind === 'leaf';
    const inParallel = states[parent]?.kind === 'parallel';
    const kind = each.kind === 'leaf' ? (each.end && !inParallel ? 'final' : 'atomic') : each.kind;
    const { description, entry, exit } = each;
    states.push({ name, parent, kind, initial: -1, description, entry, exit, initialActions: [], invokes: [] });
    const children: number[] = [];
    for (const [index, child] of each.children.entries()) {
      children.push(states.length);
      const taken = each.children.slice(0, index).some((other) => other.name === child.name);
      visit(child, { name: taken ? `${child.name}${index}` : child.name, parent: number });
    }
    if (leaf || kind !== 'compound') return;
    const initial = children[each.initial % children.length] ?? -1;
    states[number] = { ...(states[number] as ChartState), initial, initialActions: each.initialActions };
  };
  visit(shape, { name: shape.name, parent: -1 });
  return states;
}

const guards = (count: number): fc.Arbitrary<ChartGuard> =>
  fc.letrec<{ guard: ChartGuard }>((tie) => ({
    guard: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      guardName.map((name) => ({ kind: 'name', name }) as const),
      count > 1
        ? nat(count - 2).map((state) => ({ kind: 'in', state: 1 + state }) as const)
        : guardName.map((name) => ({ kind: 'name', name }) as const),
      tie('guard').map((term) => ({ kind: 'not', term }) as const),
      fc
        .tuple(fc.constantFrom('all' as const, 'any' as const), fc.array(tie('guard'), { minLength: 2, maxLength: 3 }))
        .map(([kind, terms]) => ({ kind, terms })),
    ),
  })).guard;

/** Any chart. */
export const anyChart: fc.Arbitrary<ChartModel> = tree.chain((shape) => {
  const states = flatten(shape);
  const sources = states.flatMap(({ kind }, index) => (kind === 'final' ? [] : [index]));
  const transition: fc.Arbitrary<ChartTransition> = fc.record({
    source: fc.constantFrom(...sources),
    targets: fc.array(nat(states.length - 1), { maxLength: 1 }),
    event: fc.option(fc.stringMatching(/^[\x21-\x7e]{1,10}$/), { nil: null }),
    guard: fc.option(guards(states.length), { nil: null }),
    actions,
    reenter: fc.boolean(),
  });
  return fc.array(transition, { maxLength: 8 }).map((listed) => {
    // In the order of the document, as a machine's are.
    const transitions = [...listed].sort((a, b) => a.source - b.source);
    return { name: shape.name, states, transitions };
  });
});
