/* SPDX-License-Identifier: Apache-2.0
 *
 * scene.c - what is where in a frame. The numbers are those of src/guest/scene.ts.
 */
#include "scene.h"

#include <string.h>

#include "../../../native/soft/layout.h"

#define BANDS 18
#define BLOCKS 12
#define NUMBER_BITS 32
#define NUMBER_CELL 8

/* Where the next command goes. */
struct pen {
  uint8_t *at;
  struct size size;
};

struct rectangle {
  int32_t x, y, width, height;
};

static uint32_t rgb(uint32_t red, uint32_t green, uint32_t blue) { return 0xff000000u + (red << 16) + (green << 8) + blue; }

/* A triangle wave: 0..span and back. */
static int32_t swing(int32_t t, int32_t span) {
  if (span <= 0) return 0;
  int32_t at = t % (2 * span);
  return at <= span ? at : 2 * span - at;
}

static void put(struct pen *pen, uint32_t opcode, struct rectangle target, uint32_t word) {
  const uint32_t words[8] = {opcode, 32, (uint32_t)target.x, (uint32_t)target.y, (uint32_t)target.width, (uint32_t)target.height, word, 0};
  memcpy(pen->at, words, sizeof words);
  pen->at += sizeof words;
}

static void put_copy(struct pen *pen, uint32_t opcode, struct rectangle target, uint64_t source) {
  uint8_t *command = pen->at;
  put(pen, opcode, target, 4 * SPRITE_SIDE);
  memcpy(command + 4, &(uint32_t){40}, 4);
  memcpy(pen->at, &source, sizeof source);
  pen->at += sizeof source;
}

static void background(struct pen *pen, int32_t frame) {
  for (int32_t band = 0; band < BANDS; band++) {
    int32_t y = band * pen->size.height / BANDS, end = (band + 1) * pen->size.height / BANDS;
    int32_t glow = swing(band * 5 + frame / 2, 40);
    uint32_t colour = rgb((uint32_t)(14 + glow / 2), (uint32_t)(18 + band * 2), (uint32_t)(44 + glow + band * 3));
    put(pen, DRAW_FILL, (struct rectangle){0, y, pen->size.width, end - y}, colour);
  }
}

static void blocks(struct pen *pen, int32_t frame) {
  for (int32_t index = 0; index < BLOCKS; index++) {
    int32_t width = 60 + index * 37 % 90, height = 44 + index * 53 % 80;
    int32_t x = swing(index * 211 + frame * (3 + index % 4), pen->size.width - width);
    int32_t y = swing(index * 149 + frame * (2 + index % 3), pen->size.height - height);
    uint32_t colour = rgb((uint32_t)(90 + index * 67 % 160), (uint32_t)(80 + index * 101 % 150), (uint32_t)(110 + index * 43 % 140));
    if (index % 3 == 0) put(pen, DRAW_FILL, (struct rectangle){x, y, width, height}, colour);
    else put(pen, DRAW_BLEND_FILL, (struct rectangle){x, y, width, height}, colour - 0x60000000u);
  }
}

static void sprites_of(struct pen *pen, int32_t frame, const uint64_t sprites[2]) {
  const int32_t side = SPRITE_SIDE, lower = pen->size.height / 2;
  /* The opaque one goes half way out of the picture on both sides, so that clipping is always part of it. */
  struct rectangle opaque = {swing(frame * 4, pen->size.width) - side / 2, swing(frame * 3, lower) + lower / 2, side, side};
  struct rectangle glow = {swing(frame * 5 + 300, pen->size.width - side), swing(frame * 2 + 90, pen->size.height - side), side, side};
  put_copy(pen, DRAW_COPY, opaque, sprites[0]);
  put_copy(pen, DRAW_BLEND, glow, sprites[1]);
}

static void number(struct pen *pen, uint32_t frame) {
  for (int32_t bit = 0; bit < NUMBER_BITS; bit++) {
    uint32_t colour = (frame >> bit & 1u) != 0 ? 0xffffffffu : 0xff000000u;
    put(pen, DRAW_FILL, (struct rectangle){bit * NUMBER_CELL, 0, NUMBER_CELL, NUMBER_CELL}, colour);
  }
}

uint32_t scene_write(uint8_t *at, uint32_t frame, struct size size, const uint64_t sprites[2]) {
  struct pen pen = {.at = at, .size = size};
  background(&pen, (int32_t)frame);
  blocks(&pen, (int32_t)frame);
  sprites_of(&pen, (int32_t)frame, sprites);
  number(&pen, frame);
  return (uint32_t)(pen.at - at);
}

uint32_t scene_cursor(uint32_t frame, struct size size) {
  uint32_t x = (uint32_t)swing((int32_t)frame * 7, size.width - 1), y = (uint32_t)swing((int32_t)frame * 5 + 40, size.height - 1);
  return y << 16 | x;
}

void scene_sprite(uint32_t *pixels, int which) {
  const int32_t middle = SPRITE_SIDE / 2;
  for (int32_t y = 0; y < 2 * middle; y++) {
    for (int32_t x = 0; x < 2 * middle; x++) {
      int32_t distance = (x - middle) * (x - middle) + (y - middle) * (y - middle);
      int32_t shade = distance * 120 / (2 * middle * middle), fade = 255 - distance * 255 / (middle * middle);
      uint32_t chequer = (x / 12 + y / 12) % 2 == 0 ? rgb(236, 236, 242) : rgb(54, 58, 74);
      if (which != 0) *pixels++ = (uint32_t)(fade > 0 ? fade : 0) * 0x1000000u + 0xffe080u;
      else if (distance < (middle - 6) * (middle - 6)) *pixels++ = rgb((uint32_t)(250 - shade), (uint32_t)(120 - shade / 2), 60);
      else *pixels++ = chequer;
    }
  }
}

void scene_glyph(uint8_t *bytes) {
  memset(bytes, 0, CURSOR_BYTES);
  for (uint32_t y = 0; y < 24; y++) {
    for (uint32_t x = 0; x <= y * 2 / 3; x++) {
      uint8_t edge = x == 0 || x == y * 2 / 3 || y == 23, light = edge ? 0 : 255;
      const uint8_t pixel[4] = {light, light, light, edge ? 200 : 255};
      memcpy(bytes + 4 * (y * CURSOR_SIDE + x), pixel, sizeof pixel);
    }
  }
}
