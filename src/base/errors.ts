/**
 * The three kinds of wrong: the embedder's argument, the bridge's failure, and our own defect.
 *
 * What a guest does wrong is none of them: it is logged and answered as hardware would.
 */

/** Every error this package throws on purpose. `code` is stable and may be tested for. */
export class AppleGfxError extends Error {
  constructor(
    /** Which kind of error it is; stable. */
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An option or argument of the embedder's is wrong; the message names it, what it was and what was expected. */
export class ArgumentError extends AppleGfxError {
  constructor(message: string) {
    super('ERR_ARGUMENT', message);
  }
}

/** The native bridge refused a call; `status` is its pvg_status. */
export class BridgeError extends AppleGfxError {
  constructor(
    /** The negative number that the bridge returned (pvg_status). */
    readonly status: number,
    message: string,
  ) {
    super('ERR_BRIDGE', message);
  }
}

/** The device was closed, or died, while something was waiting for it. */
export class DeviceClosedError extends AppleGfxError {
  constructor(message = 'the device is closed', code = 'ERR_CLOSED') {
    super(code, message);
  }
}

/** The device's threads waited for each other, and it was stopped; the message says who waited for whom, where that is known. */
export class DeadlockError extends DeviceClosedError {
  constructor(message: string) {
    super(message, 'ERR_DEADLOCK');
  }
}

/**
 * A saved state can't be used, because it
 * - `foreign`: is something else;
 * - `newer`: was made by a newer version;
 * - `truncated`: ends too early;
 * - `damaged`: is not as it was made;
 * - `limit`: has more of something than there can be;
 * - `mismatch`: is whole, but of another device than the one it is wanted for.
 */
export type SavedStateFault = 'foreign' | 'newer' | 'truncated' | 'damaged' | 'limit' | 'mismatch';

/** A saved state can't be used; the message says what was wrong, what was expected and where. */
export class SavedStateError extends AppleGfxError {
  constructor(
    /** Why it can't be used. */
    readonly fault: SavedStateFault,
    message: string,
  ) {
    super('ERR_SAVED_STATE', `saved state: ${message}`);
  }
}

/** A recording, or a stream of one, is not as its format says; the message says what was wrong, what was expected and where. */
export class RecordingError extends AppleGfxError {
  constructor(message: string) {
    super('ERR_RECORDING', `recording: ${message}`);
  }
}

/** A server can't listen where it was told to; `cause` is what the system says. */
export class ListenError extends AppleGfxError {
  constructor(cause: unknown) {
    super('ERR_LISTEN', describeError(cause), { cause });
  }
}

/** The VMM refused to block migration, or to allow it again; `cause` is what it threw. */
export class MigrationError extends AppleGfxError {
  constructor(message: string, cause: unknown) {
    super('ERR_MIGRATION', message, { cause });
  }
}

/** An invariant of ours does not hold. The thread that finds it ends, and the supervisor stops the device. */
export class DefectError extends AppleGfxError {
  constructor(message: string) {
    super('ERR_DEFECT', message);
  }
}

/** Asserts an invariant of ours; never used on input. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new DefectError(message);
}

/** Marks what the type system says cannot be reached. */
export function unreachable(value: never): never {
  throw new DefectError(`unreachable: ${JSON.stringify(value)}`);
}

/** The text of whatever was thrown. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
