/**
 * Which tiles of a viewer's picture differ from what it was sent.
 *
 * Invariant: a tile is dirty until all of it was taken.
 */
import { intersection, type Rectangle } from './protocol.js';

const TILE = 64;

export class DirtyTiles {
  private readonly across: number;
  private readonly down: number;
  private readonly tiles: Uint8Array;

  /** All is dirty at the beginning. */
  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {
    this.across = Math.ceil(width / TILE);
    this.down = Math.ceil(height / TILE);
    this.tiles = new Uint8Array(this.across * this.down).fill(1);
  }

  /** A part of the picture has changed. */
  add(part: Rectangle): void {
    const seen = intersection(part, { x: 0, y: 0, width: this.width, height: this.height });
    if (seen === null) return;
    const right = Math.ceil((seen.x + seen.width) / TILE);
    const bottom = Math.ceil((seen.y + seen.height) / TILE);
    for (let row = Math.floor(seen.y / TILE); row < bottom; row++) {
      this.tiles.fill(1, row * this.across + Math.floor(seen.x / TILE), row * this.across + right);
    }
  }

  /** What is dirty of a part of the picture, as rectangles that don't overlap; tiles that lie within the part are clean then. */
  take(part: Rectangle): Rectangle[] {
    const { across, down, tiles, width, height } = this;
    const taken: Rectangle[] = [];
    for (let row = 0; row < down; row++) {
      for (let column = 0; column < across; column++) {
        if (tiles[row * across + column] === 0) continue;
        const first = column;
        while (column + 1 < across && tiles[row * across + column + 1] === 1) column++;
        const y = row * TILE;
        const run = { x: first * TILE, y, width: Math.min((column + 1) * TILE, width) - first * TILE, height: Math.min(TILE, height - y) };
        const seen = intersection(run, part);
        if (seen === null) continue;
        this.clean(row, first, column, part);
        add(taken, seen);
      }
    }
    return taken;
  }

  private clean(row: number, first: number, last: number, part: Rectangle): void {
    const top = row * TILE;
    if (top < part.y || Math.min(top + TILE, this.height) > part.y + part.height) return;
    for (let column = first; column <= last; column++) {
      const left = column * TILE;
      if (left >= part.x && Math.min(left + TILE, this.width) <= part.x + part.width) this.tiles[row * this.across + column] = 0;
    }
  }
}

/** Adds a rectangle, to the last one if it continues that downwards. */
function add(list: Rectangle[], { x, y, width, height }: Rectangle): void {
  const last = list.at(-1);
  if (last !== undefined && last.x === x && last.width === width && last.y + last.height === y) {
    list[list.length - 1] = { ...last, height: last.height + height };
  } else list.push({ x, y, width, height });
}
