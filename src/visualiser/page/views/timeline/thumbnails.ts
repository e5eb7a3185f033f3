/**
 * Small pictures of what a display showed, for the frames strip.
 *
 * Invariant: they are made one after the other, only for what is to be seen, and at most KEPT are kept. A frame that can't be unpacked has none.
 */
import type { RecordedFrame } from '../../../../trace/recording/format.js';
import { FramePlayer } from '../display/frame-player.js';
import type { Window } from './viewport.js';

const KEPT = 96;
/** Pixels: pictures are made so high, whatever height they are shown in. */
const HEIGHT = 96;

export interface Thumbnail {
  readonly display: number;
  readonly nanoseconds: number;
  /** Where the next one begins, so how much room it has. */
  readonly until: number;
  /** Null until it is made. */
  readonly image: HTMLCanvasElement | null;
  readonly aspect: number;
}

export class Thumbnails {
  private readonly made = new Map<RecordedFrame, HTMLCanvasElement | null>();
  private readonly players = new Map<number, { readonly player: FramePlayer; readonly canvas: HTMLCanvasElement }>();
  private wanted: readonly { readonly frame: RecordedFrame; readonly frames: readonly RecordedFrame[] }[] = [];
  private isBusy = false;
  private isStopped = false;

  /** `onMade` is called when there is another picture. */
  constructor(private readonly onMade: () => void) {}

  stop(): void {
    this.isStopped = true;
  }

  /** The pictures to show of a display in a window, `across` pixels apart at least; those that aren't made yet will be. */
  of(frames: readonly RecordedFrame[], { from, to }: Window, width: number, across: number): readonly Thumbnail[] {
    const chosen = spread(frames, { from, to }, ((to - from) * across) / width);
    const missing = chosen.filter((frame) => !this.made.has(frame)).map((frame) => ({ frame, frames }));
    this.wanted = [...this.wanted.filter(({ frame }) => frame.display !== frames[0]?.display), ...missing];
    if (this.wanted.length > 0 && !this.isBusy) void this.work();
    return chosen.map((frame, index) => ({
      display: frame.display,
      nanoseconds: frame.nanoseconds,
      until: chosen[index + 1]?.nanoseconds ?? Number.POSITIVE_INFINITY,
      image: this.made.get(frame) ?? null,
      aspect: frame.width / Math.max(1, frame.height),
    }));
  }

  private async work(): Promise<void> {
    this.isBusy = true;
    for (let next = this.wanted[0]; next !== undefined && !this.isStopped; next = this.wanted[0]) {
      this.wanted = this.wanted.slice(1);
      if (!this.made.has(next.frame)) this.keep(next.frame, await this.make(next.frames, next.frame));
      this.onMade();
      // Between two pictures, others have a turn.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    this.isBusy = false;
  }

  private async make(frames: readonly RecordedFrame[], frame: RecordedFrame): Promise<HTMLCanvasElement | null> {
    let maker = this.players.get(frame.display);
    if (maker === undefined) {
      const canvas = document.createElement('canvas');
      maker = {
        canvas,
        player: new FramePlayer(
          canvas,
          () => {},
          () => {},
        ),
      };
      this.players.set(frame.display, maker);
    }
    await maker.player.show(frames, frame);
    if (maker.player.shown !== frame) return null;
    const small = document.createElement('canvas');
    small.height = Math.min(HEIGHT, frame.height);
    small.width = Math.max(1, Math.round((small.height * frame.width) / Math.max(1, frame.height)));
    const context = small.getContext('2d');
    if (context === null) return null;
    context.imageSmoothingQuality = 'high';
    context.drawImage(maker.canvas, 0, 0, small.width, small.height);
    return small;
  }

  private keep(frame: RecordedFrame, image: HTMLCanvasElement | null): void {
    this.made.set(frame, image);
    const [oldest] = this.made.size > KEPT ? this.made.keys() : [];
    if (oldest !== undefined) this.made.delete(oldest);
  }
}

/** Of the frames in a window, and the last before it, those that are so far apart; which ones stays the same when the window moves. */
function spread(frames: readonly RecordedFrame[], { from, to }: Window, apart: number): readonly RecordedFrame[] {
  // Powers of two, so that zooming adds and leaves out every other one.
  const step = 2 ** Math.ceil(Math.log2(Math.max(1, apart)));
  const chosen: RecordedFrame[] = [];
  let cell = Number.NaN;
  let before: RecordedFrame | null = null;
  for (const frame of frames) {
    if (frame.nanoseconds > to) break;
    const at = Math.floor(frame.nanoseconds / step);
    if (at === cell) continue;
    cell = at;
    if (frame.nanoseconds < from) before = frame;
    else chosen.push(frame);
  }
  return before === null ? chosen : [before, ...chosen];
}
