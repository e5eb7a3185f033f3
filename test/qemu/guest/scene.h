/* SPDX-License-Identifier: Apache-2.0
 *
 * scene.h - the moving picture of src/guest/scene.ts, number for number, as drawing commands and bitmaps.
 *
 * Invariant: frame n of this guest and of that one are the same picture, so one reference renderer says what both must look like. It knows no
 * device: it writes bytes.
 */
#ifndef GUEST_SCENE_H
#define GUEST_SCENE_H

#include <stdint.h>

#define SPRITE_SIDE 96u
#define SPRITE_BYTES (4u * SPRITE_SIDE * SPRITE_SIDE)
#define CURSOR_SIDE 32u
#define CURSOR_BYTES (4u * CURSOR_SIDE * CURSOR_SIDE)

struct size {
  int32_t width, height;
};

/* Writes a frame's commands and returns their length in bytes; sprites[0] and [1] are where the bitmaps lie in the task. */
uint32_t scene_write(uint8_t *at, uint32_t frame, struct size size, const uint64_t sprites[2]);

/* Where the cursor is then, as the device's shared page has it. */
uint32_t scene_cursor(uint32_t frame, struct size size);

/* The opaque (0) or the translucent (1) bitmap, and the cursor's. */
void scene_sprite(uint32_t *pixels, int which);
void scene_glyph(uint8_t *bytes);

#endif
