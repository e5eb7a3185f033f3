/**
 * The cursor of a display at any moment of the recording.
 *
 * Invariant: cursor changes are by time and come at the end, so what has an image is noted once and found again without a look at the others.
 */
import type { RecordedCursor } from '../../../../trace/recording/format.js';

export interface CursorAt {
  readonly x: number;
  readonly y: number;
  readonly image: NonNullable<RecordedCursor['image']>;
}

/** Index of the last at that time or before, -1 if there is none. */
export function lastUpTo(entries: readonly { readonly nanoseconds: number }[], time: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.nanoseconds ?? Number.POSITIVE_INFINITY) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export class CursorTrail {
  private readonly images: RecordedCursor[] = [];
  private last: RecordedCursor | null = null;

  /** Where it is, and how it looks; null if it isn't shown. */
  at(cursors: readonly RecordedCursor[], display: number, time: number): CursorAt | null {
    this.note(cursors);
    let index = lastUpTo(cursors, time);
    while (index >= 0 && cursors[index]?.display !== display) index--;
    const place = cursors[index];
    if (place?.shown !== true) return null;
    let imageIndex = lastUpTo(this.images, time);
    while (imageIndex >= 0 && this.images[imageIndex]?.display !== display) imageIndex--;
    const image = this.images[imageIndex]?.image;
    return image === undefined ? null : { x: place.x, y: place.y, image };
  }

  private note(cursors: readonly RecordedCursor[]): void {
    let from = cursors.length;
    while (from > 0 && cursors[from - 1] !== this.last) from--;
    for (const cursor of cursors.slice(from)) if (cursor.image !== undefined) this.images.push(cursor);
    this.last = cursors.at(-1) ?? null;
  }
}

/** Draws it onto a canvas as large as its image. */
export function drawCursor(canvas: HTMLCanvasElement, { image: { width, height, pixels } }: CursorAt): void {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(Math.max(1, width), Math.max(1, height));
  const words = new Uint32Array(image.data.buffer);
  pixels.slice(0, words.length).forEach((word, index) => {
    words[index] = (word & 0xff00_ff00) | ((word & 0xff) << 16) | ((word >>> 16) & 0xff);
  });
  canvas.getContext('2d')?.putImageData(image, 0, 0);
}
