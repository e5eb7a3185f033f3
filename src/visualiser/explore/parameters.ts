/**
 * What a page asks for, checked: it may be anybody's.
 *
 * Invariant: what comes out has the types and bounds that it says; whatever is wrong is an ArgumentError that names the method and the field, what was
 * expected and what was found.
 */
import { ArgumentError } from '../../base/errors.js';
import { STRATEGIES } from '../../explorer/strategies/index.js';
import type { SearchRequest } from '../model/explore-protocol.js';
import { MAX_EXECUTIONS, MAX_SCHEDULE, MAX_SECONDS, MAX_STEPS, MAX_TEXT } from './limits.js';

/** Characters of a wrong value that a message shows. */
const SHOWN = 40;
const MAX_SEED = 2 ** 31 - 1;
/** Properties of a request at most. */
const MAX_PARAMETERS = 16;

/** A world's name and a revision's, each one that there is. */
export interface WorldChoice {
  readonly world: string;
  readonly revision: string;
}

/** What there is to choose from. */
export interface Choices {
  readonly worlds: readonly { readonly name: string }[];
  readonly revisions: readonly { readonly name: string }[];
}

/** Reads the parameters of a request to a method. */
export class Parameters {
  private readonly values: ReadonlyMap<string, unknown>;

  constructor(
    private readonly method: string,
    given: unknown,
  ) {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) throw this.wrong('parameters', 'an object', given);
    const entries = Object.entries(given);
    if (entries.length > MAX_PARAMETERS) throw this.wrong('parameters', `at most ${MAX_PARAMETERS}`, entries.length);
    this.values = new Map(entries);
  }

  worldChoice({ worlds, revisions }: Choices): WorldChoice {
    return {
      world: this.oneOf(
        'world',
        worlds.map(({ name }) => name),
      ),
      revision: this.oneOf(
        'revision',
        revisions.map(({ name }) => name),
      ),
    };
  }

  /** A search with the bounds that it may have. */
  search(choices: Choices): SearchRequest {
    return {
      ...this.worldChoice(choices),
      strategy: this.oneOf(
        'strategy',
        STRATEGIES.map(({ name }) => name),
      ),
      seed: this.integer('seed', [0, MAX_SEED], 1),
      executions: this.integer('executions', [1, MAX_EXECUTIONS], MAX_EXECUTIONS),
      seconds: this.integer('seconds', [1, MAX_SECONDS], MAX_SECONDS),
      keepGoing: this.boolean('keepGoing', false),
    };
  }

  schedule(): string {
    const value = this.values.get('schedule');
    if (typeof value === 'string' && value.length <= MAX_SCHEDULE) return value;
    throw this.wrong('schedule', `a text of at most ${MAX_SCHEDULE} characters`, typeof value === 'string' ? value.length : value);
  }

  /** The property that matters; null: whichever is broken first. */
  property(): string | null {
    const value = this.values.get('property') ?? null;
    if (value === null || (typeof value === 'string' && value.length <= MAX_TEXT)) return value;
    throw this.wrong('property', `a text of at most ${MAX_TEXT} characters`, typeof value === 'string' ? value.length : value);
  }

  /** Step from which on an execution goes round for ever; null: it ends. */
  cycleFrom(): number | null {
    return this.values.get('cycleFrom') === undefined ? null : this.integer('cycleFrom', [0, MAX_STEPS - 1]);
  }

  move(): { readonly step: number; readonly by: number } {
    // Steps that are about to happen are numbered behind those that have.
    return { step: this.integer('step', [0, 2 * MAX_STEPS]), by: this.integer('by', [-MAX_STEPS, MAX_STEPS]) };
  }

  /** Which of a search's faults. */
  fault(): number {
    return this.integer('fault', [0, MAX_STEPS], 0);
  }

  private oneOf(name: string, allowed: readonly string[]): string {
    const value = this.values.get(name);
    if (typeof value === 'string' && allowed.includes(value)) return value;
    throw this.wrong(name, `one of ${allowed.join(', ')}`, value);
  }

  private integer(name: string, [least, most]: readonly [number, number], fallback?: number): number {
    const value = this.values.get(name) ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.wrong(name, `an integer, ${least} to ${most}`, value);
  }

  private boolean(name: string, fallback: boolean): boolean {
    const value = this.values.get(name) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw this.wrong(name, 'true or false', value);
  }

  private wrong(name: string, expected: string, found: unknown): ArgumentError {
    const text = found === undefined ? 'nothing' : (JSON.stringify(found) ?? typeof found);
    const shown = text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
    return new ArgumentError(`${this.method}: ${name}: expected ${expected}, found ${shown}`);
  }
}
