/**
 * What an execution can show to be wrong.
 */
import { AppleGfxError } from '../base/errors.js';

/** A property that an execution broke. */
export interface Failure {
  /** The property's name; `deadlock`, `exception` and `steps` are the engine's own. */
  readonly property: string;
  /** One line for people. */
  readonly message: string;
  /** How many steps had been made when it showed. */
  readonly step: number;
}

/**
 * Thrown by assert() in a world; ends the process that asserted. There is one, which is no Error: a search throws it a million times, and nobody
 * reads where from.
 */
export const assertion = { text: '' };

/** A world is not what the explorer needs: two executions of the same schedule differ, or it uses the engine wrongly. */
export class WorldError extends AppleGfxError {
  constructor(
    message: string,
    /** Whether the world is not the same each time, or is made or run in a wrong way. */
    readonly fault: 'nondeterminism' | 'usage' = 'usage',
  ) {
    super('ERR_WORLD', message);
  }
}
