/**
 * Small pictures of what a display showed, where their frames were shown.
 *
 * Invariant: they are made one after the other, only for what is to be seen, and at most KEPT are kept. A frame that can't be unpacked has none.
 */
import type { RecordedFrame } from '../../../../trace/recording/format.js';
import { FramePlayer } from '../display/frame-player.js';
import type { Strip } from './lane-layout.js';
import { fill, type Scene, xOf } from './scene.js';
import { timeOf, type Window } from './viewport.js';

const KEPT = 96;
/** Pixels: pictures are made so high, whatever height they are shown in. */
const HEIGHT = 96;

export class Pictures {
  private readonly made = new Map<RecordedFrame, ImageBitmap | null>();
  private wanted: { readonly frame: RecordedFrame; readonly frames: readonly RecordedFrame[] }[] = [];
  private isBusy = false;
  private readonly canvas = document.createElement('canvas');
  private readonly player = new FramePlayer(
    this.canvas,
    () => {},
    () => {},
  );

  /** `onMade` is called when there is another one. */
  constructor(private readonly onMade: () => void) {}

  /** The pictures that are asked for from here on are wanted, no others. */
  begin(): void {
    this.wanted = [];
  }

  /** The picture of one of a display's frames; null until it is made. */
  of(frame: RecordedFrame, frames: readonly RecordedFrame[]): ImageBitmap | null {
    if (!this.made.has(frame)) {
      this.wanted.push({ frame, frames });
      if (!this.isBusy) void this.make();
    }
    return this.made.get(frame) ?? null;
  }

  private async make(): Promise<void> {
    this.isBusy = true;
    const { made, canvas, player } = this;
    for (let next = this.wanted.shift(); next !== undefined; next = this.wanted.shift()) {
      const { frame, frames } = next;
      if (made.has(frame)) continue;
      await player.show(frames, frame);
      made.set(frame, player.shown === frame ? await createImageBitmap(canvas, { resizeHeight: HEIGHT, resizeQuality: 'high' }) : null);
      const [oldest] = made.keys();
      if (made.size > KEPT && oldest !== undefined) made.delete(oldest);
      this.onMade();
      // Between two pictures, others have a turn.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    this.isBusy = false;
  }
}

/** Of the frames in a window, and the last before it, those that are so far apart; which ones stays the same when the window moves. */
function spread(frames: readonly RecordedFrame[], { from, to }: Window, apart: number): readonly RecordedFrame[] {
  // Powers of two, so that zooming adds and leaves out every other one.
  const step = 2 ** Math.ceil(Math.log2(Math.max(1, apart)));
  const chosen = frames.filter(({ nanoseconds }, index) => {
    const before = frames[index - 1]?.nanoseconds ?? Number.NEGATIVE_INFINITY;
    return nanoseconds <= to && Math.floor(nanoseconds / step) !== Math.floor(before / step);
  });
  return chosen.slice(
    Math.max(
      0,
      chosen.findLastIndex(({ nanoseconds }) => nanoseconds < from),
    ),
  );
}

export function paintPictures(scene: Scene, { index: display, height }: Strip, y: number): void {
  const { context, state, pictures, palette, window, width } = scene;
  const frames = state.app.store.frames.filter((frame) => frame.display === display);
  const tall = height - 4;
  const wide = (frame: RecordedFrame): number => (tall * frame.width) / Math.max(1, frame.height);
  const [first] = frames;
  if (first === undefined) return;
  const chosen = spread(frames, window, timeOf(window, wide(first), width) - window.from);
  chosen.forEach((frame, index) => {
    const x = xOf(scene, frame.nanoseconds);
    const share = Math.min(1, (xOf(scene, chosen[index + 1]?.nanoseconds ?? Number.POSITIVE_INFINITY) - x - 2) / wide(frame));
    const room = share * wide(frame);
    if (room < 4 || x + room < 0) return;
    const image = pictures.of(frame, frames);
    if (image === null) fill(scene, palette.line, [x, y + 2, room, tall]);
    else context.drawImage(image, 0, 0, image.width * share, image.height, x, y + 2, room, tall);
  });
}
