/**
 * Keeps a VMM from migrating its guest while devices exist whose state can't move: PVG's is bound to the host's GPU.
 *
 * Invariant: however many devices there are, migration is blocked once, from before the first is made until after the
 * last is gone, through the blocker that the first one came with.
 *
 * What it does not do: reach over threads; each thread that makes devices has a blocker of its own.
 */
import { describeError, MigrationError } from '../base/errors.js';

/** The VMM's side; either may throw to refuse. */
export interface MigrationBlocker {
  /** Migration must not happen from here on; `reason` is for people. */
  block(reason: string): void;
  /** It may happen again. */
  unblock(): void;
}

const REASON = "the state of apple-gfx is bound to this host's GPU";

/** One device's share of the block. */
export interface MigrationHold {
  /** Gives it back: the last one unblocks. Idempotent; throws MigrationError if the VMM refuses to unblock, once. */
  release(): void;
}

export class MigrationBlock {
  private holds = 0;
  private blocker: MigrationBlocker | null = null;

  /** Takes a share for a device, before it is made. Throws MigrationError if the VMM refuses to block; then no share is taken. */
  hold(blocker: MigrationBlocker): MigrationHold {
    if (!this.blocker) {
      try {
        blocker.block(REASON);
      } catch (error) {
        throw new MigrationError(`the device can't be made, since migration can't be blocked: ${describeError(error)}`, error);
      }
      this.blocker = blocker;
    }
    this.holds++;
    let released = false;
    return {
      release: () => {
        if (released) return;
        released = true;
        this.releaseOne();
      },
    };
  }

  private releaseOne(): void {
    this.holds--;
    const { blocker } = this;
    if (this.holds > 0 || !blocker) return;
    this.blocker = null;
    try {
      blocker.unblock();
    } catch (error) {
      throw new MigrationError(`migration stays blocked, since it can't be unblocked: ${describeError(error)}`, error);
    }
  }
}

/** The block of this thread's devices. */
export const migrationBlock = new MigrationBlock();
