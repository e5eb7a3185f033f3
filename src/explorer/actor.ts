/**
 * Processes whose state is in the open: actors, which say what they would do next and do it when they are told to.
 *
 * Production behaviours become processes by this interface; a thin shell around them takes their messages from inboxes. Invariant: an
 * actor does nothing but in run(), and what run() does depends on nothing but its state, its inboxes and the outcome.
 */
import type { Hasher } from './hasher.js';
import type { Kind } from './operation.js';
import { Kind as Kinds } from './operation.js';
import type { SharedObject } from './shared-object.js';

/** What an actor fills in: its next operation. Used again for every look. */
export class Pending {
  /** Idle: nothing to do, and nobody owes it anything. Blocked: it waits for something that it is owed. Ready: it can run. */
  state: 'idle' | 'blocked' | 'ready' = 'idle';
  /** What it does. */
  kind: Kind = Kinds.update;
  /** What it is done to. */
  target: SharedObject | null = null;
  /** How many outcomes it has: run() is told which. */
  outcomes = 1;
  /** For people, and only looked at for reports. */
  describe: ((outcome: number) => string) | null = null;

  /** It can run: it does this to `target`, with one of so many outcomes. */
  ready(kind: Kind, target: SharedObject, outcomes = 1): void {
    this.state = 'ready';
    this.kind = kind;
    this.target = target;
    this.outcomes = outcomes;
  }

  /** It waits for what it is owed by others before it can do this to `target`. */
  blocked(kind: Kind, target: SharedObject): void {
    this.state = 'blocked';
    this.kind = kind;
    this.target = target;
    this.outcomes = 1;
  }

  /** `target`: the inbox that it waits for, needed if other actors take from it as well. */
  idle(target: SharedObject | null = null): void {
    this.state = 'idle';
    this.kind = Kinds.receive;
    this.target = target;
    this.outcomes = 1;
  }
}

/** A process that exists as code: it is asked what it would do, and told to do it. */
export interface Actor {
  /** Says what it would do next. Called often: allocates nothing. */
  look(next: Pending): void;
  /**
   * What look() depends on besides the actor's own state, which nobody else changes: it is asked again only after its own steps and those
   * that touch one of these. Left out: it is asked after every step. Asked once, when the world is made.
   */
  watches?(): readonly SharedObject[];
  /** Does it; `outcome` is below the number that look() said. */
  run(outcome: number): void;
  /** What it does and waits for, for reports. */
  describe?(): string;
  /** Adds all of its state, so that two executions which add the same go on alike. Left out: the state is told by its steps so far. */
  fingerprint?(hasher: Hasher): void;
  /** Who can end its blocked operation, for the wait-for graph: names of processes. */
  waitsFor?(): readonly string[];
}
