/**
 * What the guest of a run did wrong, or doesn't do.
 */
import { AppleGfxError } from '../base/errors.js';

/** The guest ended by an error of its own, or doesn't do as it is told. */
export class GuestError extends AppleGfxError {
  constructor(message: string) {
    super('ERR_GUEST', message);
  }
}
