/**
 * The cursor of a display at any moment of the recording.
 */
import type { RecordedCursor } from '../../../../trace/recording/format.js';

type CursorImage = NonNullable<RecordedCursor['image']>;

/** Where it is, and how it looks. */
export type CursorAt = RecordedCursor & { readonly image: CursorImage };

/** Null if it isn't shown. */
export function cursorAt(cursors: readonly RecordedCursor[], display: number, time: number): CursorAt | null {
  const cursor = cursors.findLast((each) => each.display === display && each.nanoseconds <= time);
  return cursor?.shown && cursor.image ? (cursor as CursorAt) : null;
}

/** Draws it onto a canvas as large as it. */
export function drawCursor(canvas: HTMLCanvasElement, { width, height, pixels }: CursorImage): void {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  new Uint32Array(image.data.buffer).set(pixels.map(toCanvas));
  canvas.getContext('2d')?.putImageData(image, 0, 0);
}

/** 0xAARRGGBB as a canvas has it: red first in memory. */
export const toCanvas = (word: number): number => (word & 0xff00_ff00) | ((word & 0xff) << 16) | ((word >>> 16) & 0xff);
