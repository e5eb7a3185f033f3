/**
 * Frames and modes of one display: from PVG's newFrame to the surface (device.md 5 and 6).
 *
 * Owned by the BQL actor, in some revisions by the render queue. Invariant: the frame pipeline's machine decides whether a frame is
 * rendered, dropped or shown; this file holds the surface, the texture, what the frame in flight noted, and the frame that was not copied
 * since nobody looked.
 */
import { assert } from '../base/errors.js';
import { SURFACE_MAX_SIDE } from '../base/limits.js';
import type { Revision } from '../revisions/revision.js';
import { compileMachine, type EventOf, type RunOf } from '../runtime/machine-run.js';
import type { DevicePort, FrameBlock, SurfaceInfo } from './effects.js';
import { noteMove, noteStart } from './machine-trace.js';
import { framePipelineMachine } from './frame-pipeline.machine.js';

const table = compileMachine(framePipelineMachine);

export class Frames {
  private readonly run: RunOf<typeof table>;
  private surface: SurfaceInfo | null = null;
  /** What the frame in flight was started for; its texture lives until the frame has ended. */
  private noted: SurfaceInfo | null = null;
  private nextFrame = 1;
  private present = 0;
  /** A frame is on its way to the GPU or from it, so the surface's texture can't be read. */
  private rendering = false;
  /** The frame in the surface's texture, if it was not copied since nobody looked. */
  private unseen: { readonly texture: number; readonly present: number } | null = null;
  /** Somebody waits for an update, and so looks at what comes. */
  private awaited = false;
  /** An update that the machine is told of once the texture can be read. */
  private deferred = false;
  /** Of a revision that renders inside the update: the frame that is to be encoded. */
  private inside: FrameBlock | null = null;

  /** `display`: number of the port it is on. */
  constructor(
    private readonly display: number,
    private readonly port: DevicePort,
    private readonly policies: Pick<Revision, 'frames' | 'refusedEncode' | 'answersEveryUpdate' | 'checksGpuWork'>,
  ) {
    this.run = table.start({
      insideUpdate: policies.frames === 'insideUpdate',
      countsRefusals: policies.refusedEncode !== 'forgotten',
      restartsAfterRefusal: policies.refusedEncode === 'restarts',
      answersEveryUpdate: policies.answersEveryUpdate,
    });
    noteStart(port, 'framePipeline', display, this.run);
  }

  /** The surface's size, null before the first mode. */
  get mode(): { readonly width: number; readonly height: number } | null {
    return this.surface;
  }

  /** The pipeline's state, for people and tests. */
  get state(): unknown {
    return this.run.value;
  }

  setMode(width: number, height: number): void {
    if (this.surface && this.surface.width === width && this.surface.height === height) return;
    if (!(width >= 1 && height >= 1 && width <= SURFACE_MAX_SIDE && height <= SURFACE_MAX_SIDE)) {
      this.port.perform({ do: 'logGuestError', text: `mode ${width}x${height} is out of 1..${SURFACE_MAX_SIDE}` });
      return;
    }
    const made = this.port.createSurface(this.display, width, height);
    if (!made) {
      this.port.perform({ do: 'logGuestError', text: `no memory for mode ${width}x${height}` });
      return;
    }
    const old = this.surface;
    this.surface = made;
    this.unseen = null;
    if (old && this.noted !== old) this.port.perform({ do: 'releaseTexture', texture: old.texture });
  }

  newFrame(): void {
    this.send({ type: 'frame.arrived' });
  }

  /** The render block learns the surface, before it encodes, in the revisions where it takes the BQL for that. */
  noteSurface(frame: number): void {
    this.noted = this.surface;
    const { display } = this;
    this.port.perform({ do: 'tellSurface', display, frame, texture: this.noted?.texture ?? 0, managed: this.noted?.managed ?? false });
  }

  refused(frame: number): void {
    this.rendering = false;
    this.port.perform({ do: 'count', what: 'refusals' });
    this.dropNoted();
    this.send({ type: 'frame.refused' });
    this.takeDeferred();
    if (this.policies.frames === 'renderQueueSections') this.port.perform({ do: 'endSection', frame });
  }

  completed(frame: number, ok: boolean, present: number): void {
    this.rendering = false;
    this.present = present;
    const rendered = ok || !this.policies.checksGpuWork;
    const shown = rendered && this.noted !== null && this.hasSizeOf(this.noted);
    if (!rendered) this.port.perform({ do: 'logGuestError', text: `the GPU failed to render frame ${frame}` });
    this.send({ type: 'frame.completed', shown });
    this.takeDeferred();
    if (this.policies.frames === 'renderQueueSections') this.port.perform({ do: 'endSection', frame });
  }

  /** The frame that the lock's holder has to encode and wait for now, once; null if there is none. What became of it is told as for any other. */
  get renderedInside(): FrameBlock | null {
    const { inside } = this;
    this.inside = null;
    return inside;
  }

  updateRequested(): void {
    this.awaited = true;
    this.deferred = true;
    this.takeDeferred();
  }

  /** Tells the machine of an update, when the surface has the newest frame that the GPU has completed. */
  private takeDeferred(): void {
    if (!this.deferred || (this.unseen && this.rendering)) return;
    this.deferred = false;
    if (this.unseen && this.port.copyToSurface(this.display, this.unseen.texture, this.unseen.present)) this.unseen = null;
    this.send({ type: 'update.requested' });
  }

  /** A frame that nobody looks at stays in the texture, which somebody may look at later; other textures are given back. */
  private showNoted(noted: SurfaceInfo): void {
    const { display, port, present } = this;
    if (noted === this.surface && !this.awaited && !port.isViewed(display)) {
      port.perform({ do: 'passFrame', display, present });
      this.unseen = { texture: noted.texture, present };
    } else {
      if (!port.copyToSurface(display, noted.texture, present)) return;
      this.unseen = null;
    }
    port.perform({ do: 'count', what: 'framesRendered' });
  }

  /** Whether the surface is as large as what a frame noted, be it the same or one that was made when the mode came back. */
  private hasSizeOf(noted: SurfaceInfo): boolean {
    return this.surface !== null && this.surface.width === noted.width && this.surface.height === noted.height;
  }

  private startRendering(): void {
    const frame = this.nextFrame++;
    const { display } = this;
    this.rendering = true;
    if (this.policies.frames === 'renderQueueSections') {
      return this.port.perform({ do: 'queueRender', display, frame, texture: 0, managed: false });
    }
    this.noted = this.surface;
    const block = { display, frame, texture: this.noted?.texture ?? 0, managed: this.noted?.managed ?? false };
    if (this.policies.frames !== 'insideUpdate') return this.port.perform({ do: 'queueRender', ...block });
    this.inside = block;
  }

  private dropNoted(): void {
    if (this.noted && this.noted !== this.surface) this.port.perform({ do: 'releaseTexture', texture: this.noted.texture });
    this.noted = null;
  }

  private send(event: EventOf<typeof table>): void {
    const effects = this.run.send(event);
    if (this.port.tracesMachines) noteMove(this.port, 'framePipeline', this.display, this.run, event.type);
    for (const effect of effects) this.carryOut(effect.type);
  }

  private carryOut(effect: string): void {
    switch (effect) {
      case 'startRendering':
        return this.startRendering();
      case 'dropFrame':
        return this.port.perform({ do: 'count', what: 'framesDropped' });
      case 'copyTexture':
        if (this.noted) this.showNoted(this.noted);
        return this.dropNoted();
      case 'discardFrame':
        this.port.perform({ do: 'count', what: 'framesDropped' });
        return this.dropNoted();
      case 'reportRefusal':
        return this.port.perform({ do: 'logGuestError', text: 'PVG refused to encode the current frame' });
      case 'pushUpdate':
        return this.port.perform({ do: 'pushUpdate', display: this.display });
      case 'signalUpdateDone':
        this.awaited = false;
        return this.port.perform({ do: 'signalUpdateDone', display: this.display });
      default:
        assert(false, `framePipeline has no effect ${effect}`);
    }
  }
}
