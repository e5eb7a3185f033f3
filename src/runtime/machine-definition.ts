/**
 * What a machine is written with: XState's builders, handed in by whoever wants the machine.
 *
 * A definition is a function of the builders. Given XState's own it makes an XState machine, for tests, drawings and explorers. Tables are
 * compiled from builders that only note what they are given: XState takes a thread tens of milliseconds to load, and the
 * device's threads have no use for its interpreter. Invariant: both ways see the same configuration and the same guards
 * and assigners. What is not here: builders for what a table can't express.
 */
import type * as XState from 'xstate';

export type MachineBuilders = Pick<typeof XState, 'setup' | 'assign' | 'and' | 'or' | 'not' | 'stateIn'>;

/** A machine, whoever's builders it is made with. */
export type MachineDefinition<M extends XState.AnyStateMachine> = (builders: MachineBuilders) => M;

/** As much of a machine as is compiled. */
export interface MachineSource {
  readonly config: unknown;
  readonly implementations: { readonly guards?: unknown; readonly actions?: unknown };
}

/** A function that carries what it was made of, as XState's guards and actions do. */
function note(name: string, fields: object): unknown {
  return Object.assign(
    Object.defineProperty(() => false, 'name', { value: name }),
    fields,
  );
}

const noting = {
  setup: (implementations: object) => ({ createMachine: (config: unknown): MachineSource => ({ config, implementations }) }),
  assign: (assignment: unknown) => note('assign', { type: 'xstate.assign', assignment, resolve: null }),
  and: (guards: unknown) => note('and', { guards, check: null }),
  or: (guards: unknown) => note('or', { guards, check: null }),
  not: (guard: unknown) => note('not', { guards: [guard], check: null }),
  stateIn: (stateValue: unknown) => note('stateIn', { stateValue, check: null }),
};

/** What a definition says, without XState. */
export function sourceOf(definition: MachineDefinition<XState.AnyStateMachine>): MachineSource {
  return definition(noting as unknown as MachineBuilders);
}
