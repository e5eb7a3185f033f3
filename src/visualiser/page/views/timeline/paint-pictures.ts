/**
 * Draws the frames strip: small pictures where their frames were shown.
 */
import { type Scene, xOf } from './scene.js';

export function paintPictures(scene: Scene): void {
  const { context, layout, axis, scrollTop, height, thumbnails, width, palette } = scene;
  for (const strip of layout.strips) {
    const y = axis + strip.top - scrollTop;
    if (strip.kind !== 'pictures' || y > height || y + strip.height < axis) continue;
    for (const { display, nanoseconds, until, image, aspect } of thumbnails) {
      if (display !== strip.display) continue;
      const tall = strip.height - 4;
      const x = xOf(scene, nanoseconds);
      const room = Math.min(xOf(scene, until) - x - 2, tall * aspect);
      if (room < 4 || x > width || x + room < 0) continue;
      context.fillStyle = palette.line;
      if (image === null) context.fillRect(x, y + 2, room, tall);
      else context.drawImage(image, 0, 0, image.width * (room / (tall * aspect)), image.height, x, y + 2, room, tall);
    }
    context.fillStyle = palette.line;
    context.fillRect(0, y + strip.height - 1, width, 0.5);
  }
}
