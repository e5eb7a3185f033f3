/**
 * Runs an XState machine by XState's own interpreter, as a pure function: (snapshot, event) → (snapshot, effects).
 *
 * It is what compiled machines are compared with. An action is never executed here; it is returned, by name and with its parameters, in the order
 * in which XState asks for it. What is not here: actors, timers and invocations.
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
    return this.begin(input).snapshot;
  }

  /** The machine's first snapshot, and what it asks for on the way there. */
  begin(input?: unknown): MachineStep<M> {
    this.collected = [];
    const snapshot = this.machine.getInitialSnapshot(this.scope, input as never) as SnapshotFrom<M>;
    return { snapshot, effects: this.collected };
  }

  /** One event. */
  step(snapshot: SnapshotFrom<M>, event: EventFromLogic<M>): MachineStep<M> {
    this.collected = [];
    const next = this.machine.transition(snapshot as never, event as never, this.scope) as SnapshotFrom<M>;
    return { snapshot: next, effects: this.collected };
  }
}
