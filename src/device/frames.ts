/**
 * Frames and modes: from PVG's newFrame to the surface, under the BQL (device.md 5 and 6).
 *
 * Invariant: the frame pipeline's machine decides whether a frame is rendered, dropped or shown; this file holds the
 * surface, the texture and what the frame in flight noted.
 */
import { assert } from '../base/errors.js';
import { SURFACE_MAX_SIDE } from '../base/limits.js';
import { MachineDriver } from '../runtime/machine-driver.js';
import type { DevicePort, SurfaceInfo } from './effects.js';
import { framePipelineMachine } from './frame-pipeline.machine.js';

const driver = new MachineDriver(framePipelineMachine);
type Event = Parameters<typeof driver.step>[1];

export class Frames {
  private snapshot = driver.initial();
  private surface: SurfaceInfo | null = null;
  /** What the frame in flight was started for; its texture lives until the frame has ended. */
  private noted: SurfaceInfo | null = null;
  private nextFrame = 1;
  private present = 0;

  constructor(private readonly port: DevicePort) {}

  setMode(width: number, height: number): void {
    if (this.surface && this.surface.width === width && this.surface.height === height) return;
    if (!(width >= 1 && height >= 1 && width <= SURFACE_MAX_SIDE && height <= SURFACE_MAX_SIDE)) {
      this.port.perform({ do: 'logGuestError', text: `mode ${width}x${height} is out of 1..${SURFACE_MAX_SIDE}` });
      return;
    }
    const made = this.port.createSurface(width, height);
    if (!made) {
      this.port.perform({ do: 'logGuestError', text: `no memory for mode ${width}x${height}` });
      return;
    }
    const old = this.surface;
    this.surface = made;
    if (old && this.noted !== old) this.port.perform({ do: 'releaseTexture', texture: old.texture });
  }

  newFrame(): void {
    this.send({ type: 'frame.arrived' });
  }

  /** The render block's section before it encodes. */
  noteSurface(frame: number): void {
    this.noted = this.surface;
    this.port.perform({ do: 'tellSurface', frame, texture: this.noted?.texture ?? 0, managed: this.noted?.managed ?? false });
  }

  refused(frame: number): void {
    this.port.perform({ do: 'count', what: 'refusals' });
    this.dropNoted();
    this.send({ type: 'frame.refused' });
    this.port.perform({ do: 'endSection', frame });
  }

  completed(frame: number, ok: boolean, present: number): void {
    this.present = present;
    const shown = ok && this.noted !== null && this.noted === this.surface;
    if (!ok) this.port.perform({ do: 'logGuestError', text: `the GPU failed to render frame ${frame}` });
    this.send({ type: 'frame.completed', shown });
    this.port.perform({ do: 'endSection', frame });
  }

  updateRequested(): void {
    this.send({ type: 'update.requested' });
  }

  private dropNoted(): void {
    if (this.noted && this.noted !== this.surface) this.port.perform({ do: 'releaseTexture', texture: this.noted.texture });
    this.noted = null;
  }

  private send(event: Event): void {
    const step = driver.step(this.snapshot, event);
    this.snapshot = step.snapshot;
    for (const effect of step.effects) this.carryOut(effect.type);
  }

  private carryOut(effect: string): void {
    switch (effect) {
      case 'startRendering':
        return this.port.perform({ do: 'queueRender', frame: this.nextFrame++ });
      case 'dropFrame':
        return this.port.perform({ do: 'count', what: 'framesDropped' });
      case 'copyTexture':
        if (this.noted && this.port.copyToSurface(this.noted.texture, this.present)) {
          this.port.perform({ do: 'count', what: 'framesRendered' });
        }
        return this.dropNoted();
      case 'discardFrame':
        this.port.perform({ do: 'count', what: 'framesDropped' });
        return this.dropNoted();
      case 'reportRefusal':
        return this.port.perform({ do: 'logGuestError', text: 'PVG refused to encode the current frame' });
      case 'pushUpdate':
        return this.port.perform({ do: 'pushUpdate' });
      case 'signalUpdateDone':
        return this.port.perform({ do: 'signalUpdateDone' });
      default:
        assert(false, `framePipeline has no effect ${effect}`);
    }
  }
}
