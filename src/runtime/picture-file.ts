/**
 * Pictures as files: PNG and PPM. Alpha is left out, as a display shows none.
 */
import { PNG } from 'pngjs';

/** 0xAARRGGBB words as an opaque PNG file. */
export function encodePng(pixels: Uint32Array, width: number): Buffer {
  const png = new PNG({ width, height: pixels.length / width });
  for (let index = 0; index < pixels.length; index++) {
    const word = pixels[index] ?? 0;
    png.data[4 * index] = (word >>> 16) & 255;
    png.data[4 * index + 1] = (word >>> 8) & 255;
    png.data[4 * index + 2] = word & 255;
    png.data[4 * index + 3] = 255;
  }
  return PNG.sync.write(png, { colorType: 2 });
}

/** 0xAARRGGBB words as a PPM file: binary, 8 bits a component. */
export function encodePpm(pixels: Uint32Array, width: number): Buffer {
  const header = Buffer.from(`P6\n${width} ${pixels.length / width}\n255\n`, 'latin1');
  const file = Buffer.allocUnsafe(header.length + 3 * pixels.length);
  header.copy(file);
  let at = header.length;
  for (const word of pixels) {
    file[at++] = (word >>> 16) & 255;
    file[at++] = (word >>> 8) & 255;
    file[at++] = word & 255;
  }
  return file;
}
