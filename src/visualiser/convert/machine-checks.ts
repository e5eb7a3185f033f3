/**
 * Moves of machines that a recording or a log tells of, checked: a machine moves as its definition allows.
 *
 * Invariant: what a move depends on besides state and event, the context and what the event says, is not recorded, so a move fits if it fits with any.
 */
import type { CheckedMachine, Complain } from './check-parts.js';

/** Machines that come and go by the thousand; of those that began longest ago no more is known. */
const MAX_INSTANCES = 65_536;

export class MachineChecks {
  /** The state of each, by machine and instance. */
  private readonly states = new Map<string, number>();

  constructor(private readonly complain: Complain) {}

  started(machine: CheckedMachine, instance: number, state: number): void {
    if (!machine.isFirst(state)) this.complain(`${nameOf(machine, instance)} begins ${stateOf(machine, state)}`, []);
    this.keep(machine, instance, state);
  }

  moved(machine: CheckedMachine, instance: number, event: number, state: number): void {
    const before = this.states.get(keyOf(machine, instance));
    if (before !== undefined && !machine.mayMove(before, event, state)) {
      const name = machine.recorded.events[event] ?? `event ${event}`;
      this.complain(`${nameOf(machine, instance)}, ${stateOf(machine, before)}, moves by ${name} to ${stateOf(machine, state)}`, []);
    }
    this.keep(machine, instance, state);
  }

  private keep(machine: CheckedMachine, instance: number, state: number): void {
    const key = keyOf(machine, instance);
    this.states.delete(key);
    this.states.set(key, state);
    if (this.states.size <= MAX_INSTANCES) return;
    const [oldest] = this.states.keys();
    if (oldest !== undefined) this.states.delete(oldest);
  }
}

const keyOf = ({ name }: CheckedMachine, instance: number): string => `${name} ${instance}`;
const nameOf = ({ name }: CheckedMachine, instance: number): string => `${name} ${instance}`;
/** `in running`. */
export const stateOf = ({ recorded }: CheckedMachine, state: number): string => `in ${JSON.stringify(recorded.states[state] ?? state)}`;
