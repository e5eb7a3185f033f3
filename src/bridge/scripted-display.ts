/**
 * The scripted PVG's displays and GPU: current frames, encodes in flight, and the serial display queue.
 *
 * Invariants: display events are told one at a time, in the order in which they were made; each accepted encode completes exactly once, with
 * the frame that was current when it was accepted. Nothing is merged or dropped here: every event is told.
 */
import type { Body } from '../runtime/process.js';
import { Upcall, type UpcallClassName } from './pvg.js';
import type { PvgRecord } from './records.js';
import { type Picture, ScriptedTextures } from './scripted-texture.js';

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
  /** A managed texture's RAM copy follows. */
  readonly synchronize: boolean;
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
  readonly textures: ScriptedTextures;
  readonly queue: DisplayEvent[] = [];
  private readonly ports: Port[];
  private readonly encodes: Encode[] = [];
  private calls = 0;
  /** Frames that the GPU will fail, by the numbers of their encodes. */
  readonly failing = new Set<number>();
  /** True: no frame is encoded. */
  refusing = false;

  constructor(
    private readonly host: DisplayHost,
    ports: number,
  ) {
    this.textures = new ScriptedTextures(host.managedTextures);
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

  /** Accepts the current frame for encoding, or refuses. */
  encode(request: EncodeRequest): boolean {
    const current = this.port(request.port)?.current;
    if (this.refusing || !current) return false;
    if (this.host.refuseEvery !== 0 && ++this.calls % this.host.refuseEvery === 0) return false;
    if (!this.textures.begin(request.texture)) return false;
    this.encodes.push({ ...request, ...current });
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
    if (!encode) return;
    const { port, frame, present, texture, picture, synchronize } = encode;
    const failed = this.failing.delete(frame);
    this.textures.end(texture, failed ? null : picture, synchronize);
    this.host.post('completion', { kind: Upcall.frameCompleted, words: [port, frame, failed ? 1 : 0, present] });
  }
}

/** Names of the threads. */
export const DISPLAY_THREADS = { gpu: GPU, display: DISPLAY } as const;
