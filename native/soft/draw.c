/* SPDX-License-Identifier: Apache-2.0
 *
 * draw.c - the drawing commands: fill, copy and blend of rectangles.
 *
 * Every number of a command is checked before a pixel is touched, and a guest's row is copied into private memory before it is
 * used, because the guest may write to it meanwhile. The caller holds the task's lock and draw_lock. This file knows no
 * device, no FIFO and no task.
 */
#include <string.h>

#include "soft_pvg.h"

#define PLACE_MAX 32768

/* GCC vectorises loops at -O3 only; Clang does at -O2 and doesn't know the attribute. */
#if defined(__GNUC__) && !defined(__clang__)
#define VECTORISED __attribute__((optimize("O3")))
#else
#define VECTORISED
#endif

struct rectangle {
  int32_t x, y;
  uint32_t width, height;
};

/* The visible part of a rectangle: frame coordinates, and how far into the source it starts. */
struct visible {
  uint32_t x, y, width, height;
  uint32_t skip_x, skip_y;
};

static bool clip(const struct soft_frame *frame, const struct rectangle *r, struct visible *out) {
  int64_t left = r->x < 0 ? 0 : r->x, top = r->y < 0 ? 0 : r->y;
  int64_t right = (int64_t)r->x + r->width, bottom = (int64_t)r->y + r->height;
  if (right > frame->width) right = frame->width;
  if (bottom > frame->height) bottom = frame->height;
  if (left >= right || top >= bottom) return false;
  out->x = (uint32_t)left;
  out->y = (uint32_t)top;
  out->width = (uint32_t)(right - left);
  out->height = (uint32_t)(bottom - top);
  out->skip_x = (uint32_t)(left - r->x);
  out->skip_y = (uint32_t)(top - r->y);
  return true;
}

static inline uint32_t mix(uint32_t source, uint32_t below, uint32_t alpha) {
  uint32_t t = source * alpha + below * (255 - alpha) + 128;
  return (t + (t >> 8)) >> 8;
}

static inline uint32_t blend(uint32_t source, uint32_t below) {
  uint32_t alpha = source >> 24;
  uint32_t red = mix(source >> 16 & 255, below >> 16 & 255, alpha);
  uint32_t green = mix(source >> 8 & 255, below >> 8 & 255, alpha);
  uint32_t blue = mix(source & 255, below & 255, alpha);
  return 0xff000000u | red << 16 | green << 8 | blue;
}

VECTORISED static void fill_row(uint32_t *restrict out, uint32_t count, uint32_t colour) {
  for (uint32_t i = 0; i < count; i++) out[i] = colour;
}

VECTORISED static void blend_row(uint32_t *restrict out, const uint32_t *restrict in, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) out[i] = blend(in[i], out[i]);
}

static void fill(struct soft_frame *frame, const struct visible *v, uint32_t colour, bool blended, uint32_t *row) {
  if (blended) fill_row(row, v->width, colour);
  for (uint32_t y = 0; y < v->height; y++) {
    uint32_t *out = frame->pixels->words + (size_t)(v->y + y) * frame->width + v->x;
    if (blended) {
      blend_row(out, row, v->width);
    } else {
      fill_row(out, v->width, colour);
    }
  }
}

static void copy(struct soft_frame *frame, const struct visible *v, const uint8_t *source, uint32_t stride, bool blended,
                 uint32_t *row) {
  for (uint32_t y = 0; y < v->height; y++) {
    uint32_t *out = frame->pixels->words + (size_t)(v->y + y) * frame->width + v->x;
    const uint8_t *in = source + (uint64_t)(v->skip_y + y) * stride + 4ull * v->skip_x;
    if (blended) {
      memcpy(row, in, 4ull * v->width);
      blend_row(out, row, v->width);
    } else {
      memcpy(out, in, 4ull * v->width);
    }
  }
}

/* Whether `height` rows of `width` pixels from `source` on lie below `limit`; the products stay far below 2^64. */
static bool source_fits(const struct rectangle *r, uint32_t stride, uint64_t source, uint64_t limit) {
  if (stride % 4 != 0 || stride / 4 < r->width) return false;
  if (r->width == 0 || r->height == 0) return true;
  uint64_t length = (uint64_t)(r->height - 1) * stride + 4ull * r->width;
  return source <= limit && length <= limit - source;
}

static bool in_bounds(const struct rectangle *r) {
  return r->width <= PVGI_SIDE_MAX && r->height <= PVGI_SIDE_MAX && r->x >= -PLACE_MAX && r->x <= PLACE_MAX && r->y >= -PLACE_MAX &&
         r->y <= PLACE_MAX;
}

uint32_t soft_draw(struct soft_frame *frame, const struct pvgi_memory *memory, uint64_t limit, const uint8_t *commands,
                   uint32_t length, uint32_t *row) {
  for (uint32_t at = 0; at < length;) {
    const uint8_t *command = commands + at;
    if (length - at < 32) return FAULT_COMMAND;
    uint32_t opcode = soft_u32(command), size = soft_u32(command + 4);
    bool from_memory = opcode == DRAW_COPY || opcode == DRAW_BLEND;
    if (opcode < DRAW_FILL || opcode > DRAW_BLEND_FILL) return FAULT_COMMAND;
    if (size != (from_memory ? 40u : 32u) || size > length - at) return FAULT_COMMAND;
    struct rectangle target = {(int32_t)soft_u32(command + 8), (int32_t)soft_u32(command + 12), soft_u32(command + 16),
                               soft_u32(command + 20)};
    if (!in_bounds(&target)) return FAULT_COMMAND;
    struct visible visible;
    bool any = clip(frame, &target, &visible);
    uint32_t argument = soft_u32(command + 24);
    if (from_memory) {
      uint64_t source = soft_u64(command + 32);
      if (!source_fits(&target, argument, source, limit)) return FAULT_COMMAND;
      if (any) copy(frame, &visible, memory->base + source, argument, opcode == DRAW_BLEND, row);
    } else if (any) {
      fill(frame, &visible, argument, opcode == DRAW_BLEND_FILL, row);
    }
    at += size;
  }
  return 0;
}
