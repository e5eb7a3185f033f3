/**
 * Runs an XState machine as a pure function: (snapshot, event) → (snapshot, effects).
 *
 * Invariant: the machine decides. An action of a machine is never executed here; it is returned, by name and with its
 * parameters, in the order XState asks for it. An event that no transition takes leaves the snapshot as it was and
 * returns no effects. What is not here: actors, timers and invocations; machines on the data path have none.
 */
import { type AnyStateMachine, createActor, type EventFromLogic, type SnapshotFrom } from 'xstate';

/** What a machine asks for. */
export interface MachineEffect {
  readonly type: string;
  readonly params: unknown;
}

/** The result of one event. */
export interface MachineStep<M extends AnyStateMachine> {
  readonly snapshot: SnapshotFrom<M>;
  readonly effects: readonly MachineEffect[];
}

export class MachineDriver<M extends AnyStateMachine> {
  private readonly scope: Parameters<M['transition']>[2];
  private collected: MachineEffect[] = [];

  constructor(readonly machine: M) {
    // One inert actor lends its scope to every step; it is never started, so nothing runs behind our back.
    const self = createActor(machine) as unknown as { _actorScope: Parameters<M['transition']>[2] };
    this.scope = {
      ...self._actorScope,
      defer: () => undefined,
      emit: () => undefined,
      actionExecutor: (action: { type: string; params: unknown }) => {
        if (!action.type.startsWith('xstate.')) this.collected.push({ type: action.type, params: action.params });
      },
    } as Parameters<M['transition']>[2];
  }

  /** The machine's first snapshot. */
  initial(input?: unknown): SnapshotFrom<M> {
    this.collected = [];
    return this.machine.getInitialSnapshot(this.scope, input as never) as SnapshotFrom<M>;
  }

  /** One event. */
  step(snapshot: SnapshotFrom<M>, event: EventFromLogic<M>): MachineStep<M> {
    this.collected = [];
    const next = this.machine.transition(snapshot as never, event as never, this.scope) as SnapshotFrom<M>;
    return { snapshot: next, effects: this.collected };
  }
}
