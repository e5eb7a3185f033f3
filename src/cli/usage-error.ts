/**
 * The command line asks for what there isn't: exit code 2.
 */
import { ArgumentError } from '../base/errors.js';

export class UsageError extends ArgumentError {}
