/**
 * Makes a random machine out of a list of numbers: hierarchy, regions, guards, eventless transitions, entry and exit actions, assignments.
 *
 * Eventless transitions that may lead somewhere use up a budget in the context, so that every machine comes to rest. All zeros make the
 * smallest machine, so that a list of numbers shrinks to it.
 */
import { and, assign, not, or, setup, stateIn } from 'xstate';

export interface RandomEvent {
  readonly type: string;
  readonly n: number;
}

interface RandomContext {
  readonly count: number;
  readonly budget: number;
}

/** What is decided next. */
class Choices {
  private index = 0;
  constructor(private readonly numbers: readonly number[]) {}

  below(bound: number): number {
    return (this.numbers[this.index++ % this.numbers.length] ?? 0) % bound;
  }

  /** True once in so many times. */
  once(times: number): boolean {
    return this.below(times) === times - 1;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

interface Shape {
  readonly id: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final';
  readonly children: Shape[];
}

function shapeOf(choices: Choices, ids: string[], depth: number): Shape {
  const id = `n${ids.length}`;
  ids.push(id);
  const type =
    depth === 0 ? choices.of(['compound', 'parallel'] as const) : choices.of(['atomic', 'compound', 'parallel', 'atomic'] as const);
  if (type === 'atomic' || depth > 3 || ids.length > 14) return { id, type: 'atomic', children: [] };
  const children = Array.from({ length: type === 'parallel' ? 2 : 1 + choices.below(3) }, () => shapeOf(choices, ids, depth + 1));
  if (depth === 0 && type === 'compound' && choices.once(3)) children.push({ id: 'end', type: 'final', children: [] });
  return { id, type, children };
}

const implementations = {
  types: {} as { context: RandomContext; events: RandomEvent },
  guards: {
    even: ({ context }: { context: RandomContext }) => context.count % 2 === 0,
    large: ({ event }: { event: RandomEvent }) => event.n > 1,
    funded: ({ context }: { context: RandomContext }) => context.budget > 0,
    reached: ({ context }: { context: RandomContext }, params: { n: number }) => context.count >= params.n,
  },
  actions: {
    mark: () => {},
    bump: assign(({ context }: { context: RandomContext }, params: { by: number }) => ({ count: context.count + params.by })) as never,
  },
};

const count = assign({ count: ({ context }: { context: RandomContext }) => context.count + 1 });
const spend = assign(({ context }: { context: RandomContext }) => ({ budget: context.budget - 1 }));

class MachineMaker {
  private readonly ids: string[] = [];
  private readonly shape: Shape;

  constructor(private readonly choices: Choices) {
    this.shape = shapeOf(choices, this.ids, 0);
  }

  make() {
    const context = ({ input }: { input: RandomContext }) => ({ ...input });
    return setup(implementations as never).createMachine({ ...this.node(this.shape), context } as never);
  }

  private node({ id, type, children }: Shape): Record<string, unknown> {
    const { choices } = this;
    const regions = children.length > 1 && type === 'parallel' ? children : [];
    const first = choices.of(children.map((child) => child.id));
    const on = ['a', 'b', 'c'].filter(() => choices.once(2)).map((event) => [event, this.transitions(id, regions)]);
    return {
      id,
      ...(type === 'compound' ? { initial: choices.once(3) ? { target: first, actions: this.actions(`initial ${id}`) } : first } : {}),
      ...(children.length > 0 ? { states: Object.fromEntries(children.map((child) => [child.id, this.node(child)])) } : {}),
      ...(type === 'parallel' || type === 'final' ? { type } : {}),
      ...(choices.once(2) ? { entry: this.actions(`enter ${id}`) } : {}),
      ...(choices.once(2) ? { exit: this.actions(`exit ${id}`) } : {}),
      ...(type === 'final' ? {} : { on: Object.fromEntries(on) }),
      ...(type !== 'final' && choices.once(4) ? { always: this.eventless(id) } : {}),
    };
  }

  private transitions(id: string, regions: readonly Shape[]): unknown[] {
    const { choices } = this;
    return Array.from({ length: 1 + choices.below(3) }, () => ({
      ...(choices.once(2) ? { guard: this.guard(2) } : {}),
      ...(choices.once(5) ? {} : { target: this.target(regions) }),
      ...(choices.once(4) ? { reenter: true } : {}),
      actions: this.actions(`take ${id}`),
    }));
  }

  private target(regions: readonly Shape[]): unknown {
    // Several targets have to lie in different regions.
    if (regions.length > 0 && this.choices.once(2)) return regions.map((region) => `#${this.choices.of([region, ...region.children]).id}`);
    return `#${this.choices.of(this.ids.slice(1))}`;
  }

  private eventless(id: string): unknown {
    const { choices } = this;
    // One that leads nowhere and assigns nothing is taken once, so it needs no budget.
    if (choices.once(3)) return { guard: this.guard(2), actions: [{ type: 'mark', params: { at: `stay ${id}` } }] };
    return {
      guard: choices.once(2) ? and(['funded', this.guard(1)] as never) : 'funded',
      ...(choices.once(3) ? {} : { target: this.target([]) }),
      ...(choices.once(4) ? { reenter: true } : {}),
      actions: [spend, ...this.actions(`settle ${id}`)],
    };
  }

  private guard(depth: number): unknown {
    const { choices } = this;
    const inner = (): never => this.guard(depth - 1) as never;
    if (depth > 0 && choices.once(2))
      return choices.of([() => and([inner(), inner()]), () => or([inner(), inner()]), () => not(inner())])();
    return choices.of([
      'even',
      'large',
      { type: 'reached', params: { n: choices.below(4) } },
      { type: 'reached', params: ({ event }: { event: RandomEvent }) => ({ n: event.n ?? 0 }) },
      stateIn(`#${choices.of(this.ids)}` as never),
    ]);
  }

  private actions(at: string): unknown[] {
    const { choices } = this;
    return Array.from({ length: choices.below(3) }, () =>
      choices.of([
        { type: 'mark', params: { at } },
        'mark',
        count,
        { type: 'bump', params: { by: choices.below(3) } },
        { type: 'mark', params: ({ context, event }: { context: RandomContext; event: RandomEvent }) => ({ at, context, n: event.n }) },
      ]),
    );
  }
}

export function randomMachine(numbers: readonly number[]) {
  return new MachineMaker(new Choices(numbers)).make();
}
