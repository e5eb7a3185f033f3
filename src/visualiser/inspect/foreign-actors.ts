/**
 * Actors of other programs, as their inspectors tell of them: who there is, in which state, and what came last.
 *
 * Invariant: however much is told there are at most INSPECT_MAX_ACTORS, with INSPECT_MAX_EVENTS events each. Programs are told apart by number, since
 * each numbers its sessions for itself. Pure.
 */
import { INSPECT_MAX_ACTORS, INSPECT_MAX_EVENTS } from '../../base/limits.js';
import type { InspectMessage, StateValue } from './protocol.js';

/** An event that an actor was sent. */
export interface ForeignEvent {
  /** Counts up over all actors: the order in which they came. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly event: string;
  readonly text: string;
  /** Id of the actor that sent it, null from outside. */
  readonly from: string | null;
}

/** An actor as a page is told of it. */
export interface ForeignActor {
  readonly id: string;
  readonly program: number;
  readonly name: string;
  readonly parent: string | null;
  readonly status: string;
  readonly value: StateValue | null;
  readonly context: string;
  readonly hasDefinition: boolean;
  /** Its program is still connected. */
  readonly isConnected: boolean;
  /** How many events it got, and how often it told of a state. */
  readonly events: number;
  readonly snapshots: number;
  /** The latest, oldest first. */
  readonly last: readonly ForeignEvent[];
}

type Draft = { -readonly [K in keyof ForeignActor]: ForeignActor[K] } & { definition: string | null; last: ForeignEvent[] };

export class ForeignActors {
  private readonly actors = new Map<string, Draft>();
  private number = 0;

  /** What a program told at a time. */
  take(program: number, message: InspectMessage, at: number): void {
    const id = `${program}.${message.sessionId}`;
    const idOf = (session: string | null): string | null => (session === null ? null : `${program}.${session}`);
    switch (message.type) {
      case '@xstate.actor': {
        const actor = this.draft(program, id, message.name);
        const { definition, name, parentId, snapshot } = message;
        Object.assign(actor, { name, definition, hasDefinition: definition !== null, parent: idOf(parentId), ...snapshot });
        return;
      }
      case '@xstate.event': {
        const actor = this.draft(program, id, message.sessionId);
        actor.events++;
        actor.last.push({ number: ++this.number, at, event: message.event, text: message.text, from: idOf(message.sourceId) });
        if (actor.last.length > INSPECT_MAX_EVENTS) actor.last.shift();
        return;
      }
      case '@xstate.snapshot': {
        const actor = this.draft(program, id, message.sessionId);
        actor.snapshots++;
        Object.assign(actor, message.snapshot);
      }
    }
  }

  /** A program has gone; what it told stays. */
  left(program: number): void {
    for (const actor of this.actors.values()) if (actor.program === program) actor.isConnected = false;
  }

  /** In the order in which they came. */
  list(): readonly ForeignActor[] {
    return [...this.actors.values()].map(({ definition: _, ...actor }) => actor);
  }

  /** The definition that an actor came with, null if there is none. */
  definition(id: string): string | null {
    return this.actors.get(id)?.definition ?? null;
  }

  private draft(program: number, id: string, name: string): Draft {
    const known = this.actors.get(id);
    if (known !== undefined) return known;
    const [oldest] = this.actors.keys();
    if (this.actors.size >= INSPECT_MAX_ACTORS && oldest !== undefined) this.actors.delete(oldest);
    const actor: Draft = {
      id,
      program,
      name,
      parent: null,
      status: 'active',
      value: null,
      context: '',
      definition: null,
      hasDefinition: false,
      isConnected: true,
      events: 0,
      snapshots: 0,
      last: [],
    };
    this.actors.set(id, actor);
    return actor;
  }
}
