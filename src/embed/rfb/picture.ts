/**
 * What one viewer sees: a copy of the display's surface in the size that the viewer has, with what is new in it.
 *
 * Invariant: between refresh() and the next one the pixels don't change, so they can be sent meanwhile. A surface that has another size than the
 * viewer is cut off on the right and below, or black there.
 */
import type { Cursor } from '../../device/effects.js';
import { SurfaceReader } from '../../runtime/surface-reader.js';
import type { Surface } from '../../runtime/surface.js';
import { cursorArea, PaintedCursor } from './cursor.js';
import { DirtyTiles } from './dirty-tiles.js';
import type { Rectangle } from './protocol.js';
import type { Pixels } from './raw.js';

/** A cursor to be painted: its shape, and where its hotspot is. */
export interface ShownCursor {
  readonly image: Cursor;
  readonly x: number;
  readonly y: number;
}

export class ViewerPicture implements Pixels {
  readonly pixels: Uint32Array;
  private readonly dirty: DirtyTiles;
  private readonly reader: SurfaceReader | null;
  private painted: PaintedCursor | null = null;
  private shown: ShownCursor | null = null;

  /** `surface`: null: there is none yet, and all is black. */
  constructor(
    readonly surface: Surface | null,
    readonly width: number,
    readonly height: number,
  ) {
    this.reader = surface === null ? null : new SurfaceReader(surface);
    const isSame = surface?.width === width && surface.height === height;
    this.pixels = isSame && this.reader !== null ? this.reader.pixels : new Uint32Array(width * height);
    this.dirty = new DirtyTiles(width, height);
  }

  /** Brings it up to date; `cursor` is painted into it. */
  refresh(cursor: ShownCursor | null): void {
    const isMoved = !isSame(cursor, this.shown);
    const isNewer = this.reader !== null && this.reader.sequence !== this.surface?.sequence;
    if (!isNewer && !isMoved) return;
    if (this.painted !== null) {
      this.painted.undo();
      if (isMoved) this.dirty.add(this.painted.area);
      this.painted = null;
    }
    if (isNewer) this.copy();
    this.shown = cursor;
    const area = cursor && cursorArea(cursor.image, cursor, this);
    if (cursor === null || area === null) return;
    this.painted = new PaintedCursor(this, area, cursor.image, cursor);
    if (isMoved) this.dirty.add(area);
  }

  /** A viewer wants a part of it anew. */
  forget(part: Rectangle): void {
    this.dirty.add(part);
  }

  /** What of a part the viewer doesn't have; it counts as sent. */
  take(part: Rectangle): Rectangle[] {
    return this.dirty.take(part);
  }

  private copy(): void {
    const { reader, surface } = this;
    if (reader === null || surface === null || !reader.refresh()) return;
    for (let index = 0; index < reader.count; index++) {
      const [x = 0, y = 0, width = 0, height = 0] = reader.rectangles.subarray(4 * index, 4 * index + 4);
      this.dirty.add({ x, y, width, height });
      if (reader.pixels === this.pixels) continue;
      const end = Math.min(x + width, this.width);
      for (let row = y; row < Math.min(y + height, this.height) && x < end; row++) {
        this.pixels.set(reader.pixels.subarray(row * surface.width + x, row * surface.width + end), row * this.width + x);
      }
    }
  }
}

function isSame(one: ShownCursor | null, other: ShownCursor | null): boolean {
  if (one === null || other === null) return one === other;
  return one.image === other.image && one.x === other.x && one.y === other.y;
}
