/**
 * The scripted PVG's textures. The CPU sees what the GPU has drawn, but of a managed one only what was synchronised.
 *
 * Invariant: a texture that an encode is in flight into lives, and can't be read, until that has ended, whatever the host does.
 */

/** A frame or a texture: 0xAARRGGBB words. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

interface Texture {
  /** What the GPU draws into, and what the CPU reads: the same, unless the texture is managed. */
  readonly drawn: Picture;
  readonly seen: Picture;
  inFlight: number;
  /** The host has given it back. */
  dropped: boolean;
}

export class ScriptedTextures {
  private readonly textures = new Map<number, Texture>();
  private last = 0;

  constructor(private readonly managed: boolean) {}

  /** Textures that live. */
  get count(): number {
    return this.textures.size;
  }

  create(width: number, height: number): number {
    const picture = (): Picture => ({ width, height, pixels: new Uint32Array(width * height) });
    const drawn = picture();
    this.textures.set(++this.last, { drawn, seen: this.managed ? picture() : drawn, inFlight: 0, dropped: false });
    return this.last;
  }

  /** The host's reference is gone. */
  release(texture: number): void {
    const known = this.textures.get(texture);
    if (known) known.dropped = true;
    this.forget(texture);
  }

  /** What the CPU sees; null if there is no such texture, or an encode is in flight into it. */
  read(texture: number): Picture | null {
    const known = this.textures.get(texture);
    return known && !known.dropped && known.inFlight === 0 ? known.seen : null;
  }

  /** An encode into it begins; false if there is no such texture. */
  begin(texture: number): boolean {
    const known = this.textures.get(texture);
    if (!known || known.dropped) return false;
    known.inFlight++;
    return true;
  }

  /** An encode has ended; null: it failed, and drew nothing. */
  end(texture: number, picture: Picture | null, synchronize: boolean): void {
    const known = this.textures.get(texture);
    if (!known) return;
    if (picture) copy(picture, known.drawn);
    if (picture && synchronize) known.seen.pixels.set(known.drawn.pixels);
    known.inFlight--;
    this.forget(texture);
  }

  private forget(texture: number): void {
    const known = this.textures.get(texture);
    if (known?.dropped && known.inFlight === 0) this.textures.delete(texture);
  }
}

/** From the top left, clipped to the smaller of both. */
function copy(from: Picture, to: Picture): void {
  const width = Math.min(from.width, to.width);
  for (let y = 0; y < Math.min(from.height, to.height); y++) {
    to.pixels.set(from.pixels.subarray(y * from.width, y * from.width + width), y * to.width);
  }
}
