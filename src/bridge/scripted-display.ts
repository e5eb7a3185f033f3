/**
 * The scripted PVG's displays, GPU and textures: current frames, encodes in flight, and the serial display queue.
 *
 * Invariants: display events are told one at a time, in the order in which they were made; each accepted encode completes exactly once, with
 * the frame that was current when it was accepted. Nothing is merged or dropped here: every event is told.
 */
import type { Body } from '../runtime/process.js';
import { Upcall, type UpcallClassName } from './pvg.js';
import type { PvgRecord } from './records.js';

/** A frame or a texture: 0xAARRGGBB words. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

/** What happened on a display, as the words of its record; a glyph has a bitmap. */
export interface DisplayEvent {
  readonly kind: number;
  readonly words: readonly number[];
  readonly bitmap?: Uint8Array;
}

export interface EncodeRequest {
  readonly port: number;
  readonly texture: number;
  readonly frame: number;
}

/** What the displays need of the rest of PVG. */
export interface DisplayHost {
  readonly refuseEvery: number;
  readonly managedTextures: boolean;
  readonly modeChangeWaits: boolean;
  post(name: UpcallClassName, record: Partial<PvgRecord> & { readonly kind: number }): void;
  /** Opens an upcall with a bitmap: its id. */
  openGlyph(bitmap: Uint8Array): number;
  /** Makes an upcall and waits for its answer, with PVG's display lock held. */
  askLocked(event: DisplayEvent): Body;
}

interface Encode extends EncodeRequest {
  readonly picture: Picture;
  readonly present: number;
}

interface Port {
  mode: { readonly width: number; readonly height: number } | null;
  current: { readonly picture: Picture; readonly present: number } | null;
  presents: number;
  /** {0xffff, 0xffff}: not on this display. */
  cursor: { readonly x: number; readonly y: number };
}

export const MAX_ENCODES = 4;
const GPU = 'gpu';
const DISPLAY = 'display';

export class ScriptedDisplays {
  readonly textures = new Map<number, { readonly picture: Picture; inFlight: number; dropped: boolean }>();
  readonly queue: DisplayEvent[] = [];
  private readonly ports: Port[];
  private readonly encodes: Encode[] = [];
  private lastTexture = 0;
  private calls = 0;
  /** Frames that the GPU will fail, by the numbers of their encodes. */
  readonly failing = new Set<number>();
  /** True: no frame is encoded. */
  refusing = false;

  constructor(
    private readonly host: DisplayHost,
    ports: number,
  ) {
    this.ports = Array.from({ length: ports }, () => ({ mode: null, current: null, presents: 0, cursor: { x: 0xffff, y: 0xffff } }));
  }

  port(number: number): Port | null {
    return this.ports[number] ?? null;
  }

  /** Encodes that the GPU has not completed. */
  get inFlight(): number {
    return this.encodes.length;
  }

  setMode(number: number, width: number, height: number): boolean {
    const port = this.port(number);
    if (!port) return false;
    port.mode = { width, height };
    port.current = null;
    this.queue.push({ kind: Upcall.modeChange, words: [number, width, height, 0x42475241] });
    return true;
  }

  /** A frame of one colour becomes the current one. */
  present(number: number, colour: number): boolean {
    const port = this.port(number);
    if (!port?.mode) return false;
    const { width, height } = port.mode;
    const pixels = new Uint32Array(width * height).fill(colour);
    port.current = { picture: { width, height, pixels }, present: ++port.presents };
    this.queue.push({ kind: Upcall.newFrame, words: [number] });
    return true;
  }

  moveCursor(number: number, x: number, y: number): boolean {
    const port = this.port(number);
    if (!port) return false;
    port.cursor = { x, y };
    this.queue.push({ kind: Upcall.cursorMove, words: [number, x, y] });
    return true;
  }

  createTexture(width: number, height: number): number {
    const picture = { width, height, pixels: new Uint32Array(width * height) };
    this.textures.set(++this.lastTexture, { picture, inFlight: 0, dropped: false });
    return this.lastTexture;
  }

  /** The host's reference is gone; an encode in flight keeps its own. */
  releaseTexture(texture: number): void {
    const known = this.textures.get(texture);
    if (!known) return;
    known.dropped = true;
    if (known.inFlight === 0) this.textures.delete(texture);
  }

  /** What the CPU sees of a texture that no encode is in flight into; null otherwise. */
  readTexture(texture: number): Picture | null {
    const known = this.textures.get(texture);
    return known && !known.dropped && known.inFlight === 0 ? known.picture : null;
  }

  /** Accepts the current frame for encoding, or refuses. */
  encode({ port, texture, frame }: EncodeRequest): boolean {
    const current = this.port(port)?.current;
    const target = this.textures.get(texture);
    if (this.refusing || !current || !target || target.dropped) return false;
    if (this.host.refuseEvery !== 0 && ++this.calls % this.host.refuseEvery === 0) return false;
    target.inFlight++;
    this.encodes.push({ port, texture, frame, ...current });
    return true;
  }

  /** The GPU's thread: completes encodes, in the order in which they were accepted. */
  *gpu(): Body {
    for (;;) {
      yield {
        mode: 'update',
        object: 'encodes',
        text: 'complete a frame',
        when: () => this.encodes.length > 0,
        idle: true,
        run: () => this.complete(),
      };
    }
  }

  /** The display queue's thread: tells the host what happened. */
  *tell(): Body {
    let event: DisplayEvent | undefined;
    for (;;) {
      yield {
        mode: 'receive',
        object: 'display queue',
        text: 'tell what happened on the display',
        when: () => this.queue.length > 0,
        idle: true,
        run: () => {
          event = this.queue.shift();
          if (event && !this.isAsked(event)) this.tellNow(event);
        },
      };
      if (event && this.isAsked(event)) yield* this.host.askLocked(event);
    }
  }

  /** As after creation; the displays' present counts go on. */
  reset(): void {
    for (const port of this.ports) {
      port.mode = null;
      port.current = null;
      port.cursor = { x: 0xffff, y: 0xffff };
    }
  }

  private isAsked(event: DisplayEvent): boolean {
    return event.kind === Upcall.modeChange && this.host.modeChangeWaits;
  }

  private tellNow({ kind, words, bitmap }: DisplayEvent): void {
    const id = bitmap ? this.host.openGlyph(bitmap) : 0;
    this.host.post(kind === Upcall.modeChange ? 'mode' : 'display', { kind, id, words });
  }

  private complete(): void {
    const encode = this.encodes.shift();
    const target = encode && this.textures.get(encode.texture);
    if (!encode || !target) return;
    const failed = this.failing.delete(encode.frame);
    if (!failed) copy(encode.picture, target.picture);
    target.inFlight--;
    if (target.dropped && target.inFlight === 0) this.textures.delete(encode.texture);
    this.host.post('completion', { kind: Upcall.frameCompleted, words: [encode.port, encode.frame, failed ? 1 : 0, encode.present] });
  }
}

/** From the top left, clipped to the smaller of both. */
function copy(from: Picture, to: Picture): void {
  const width = Math.min(from.width, to.width);
  for (let y = 0; y < Math.min(from.height, to.height); y++) {
    to.pixels.set(from.pixels.subarray(y * from.width, y * from.width + width), y * to.width);
  }
}

/** Names of the threads. */
export const DISPLAY_THREADS = { gpu: GPU, display: DISPLAY } as const;
