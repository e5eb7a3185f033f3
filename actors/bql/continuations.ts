/**
 * What goes on once something that a handler waits for has come.
 *
 * Invariant: what a handler still has to do is in fields, never in a closure, so that a state of the device can be looked at, compared and shown.
 */
import type { AccessJob, FrameBlock, FrameResult } from '../../src/device/effects.js';
import type { Frames } from '../../src/device/frames.js';
import type { AccessReceiver, Continuation, JobResult, MmioJob } from '../../src/device/mmio.js';

/**
 * A call into PVG that the lock's holder makes itself, so that nothing else runs on the BQL actor until it has returned: neither bottom
 * halves nor sections. Its thread makes the call and says what it gave; the next call is returned, null if there is none.
 */
export type Blocking = AccessInside | FrameInside;

/** The lock's holder enters PVG with an access. */
export class AccessInside {
  readonly do = 'enterPvg';

  constructor(private readonly job: MmioJob) {}

  get access(): AccessJob {
    return this.job.submitted;
  }

  returned(result: JobResult): AccessInside | null {
    return this.job.resume(result) === null ? null : this;
  }
}

/** The lock's holder encodes a frame and waits for the GPU. */
export class FrameInside {
  readonly do = 'encodeAndWait';

  constructor(
    private readonly frames: Frames,
    readonly frame: FrameBlock,
  ) {}

  /** Null: PVG refused. */
  returned(result: FrameResult | null): FrameInside | null {
    const { frames, frame } = this;
    if (result === null) frames.refused(frame.frame);
    else frames.completed(frame.frame, result.ok, result.present);
    const next = frames.renderedInside;
    return next === null ? null : new FrameInside(frames, next);
  }
}

/** A read of another device's register, which the embedder answers. */
export class DeviceRead implements Continuation {
  constructor(
    private readonly job: number,
    private readonly open: Set<number>,
    /** Null where the embedder's thread has put the bytes where they belong. */
    private readonly receiver: AccessReceiver | null,
  ) {}

  resume({ ok, value }: JobResult): null {
    this.open.delete(this.job);
    if (ok) this.receiver?.received(value);
    return null;
  }
}
