/* SPDX-License-Identifier: Apache-2.0
 *
 * pixels.c - pictures that frames and textures share, so that an encode passes one on instead of copying it, and the copy of one
 * into the host's memory that finds out what changed.
 *
 * Invariant: whoever writes to a picture holds its only reference. Pictures begin as zeros. This file takes no lock and knows no
 * frame, no texture and no device.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "soft_pvg.h"

#define HUGE_PAGE (2ull << 20)

struct soft_pixels *soft_pixels_new(uint32_t width, uint32_t height) {
  struct soft_pixels *pixels = calloc(1, sizeof *pixels);
  if (pixels == NULL) return NULL;
  pixels->length = 4ull * width * height;
  pixels->words = mmap(NULL, pixels->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pixels->words == MAP_FAILED) {
    free(pixels);
    return NULL;
  }
  /* A hint: a picture is written and read as a whole, and with small pages the look-ups of addresses cost as much as the memory. */
  if (pixels->length >= HUGE_PAGE) (void)madvise(pixels->words, pixels->length, MADV_HUGEPAGE);
  pixels->width = width;
  pixels->height = height;
  atomic_init(&pixels->refs, 1);
  return pixels;
}

struct soft_pixels *soft_pixels_ref(struct soft_pixels *pixels) {
  atomic_fetch_add_explicit(&pixels->refs, 1, memory_order_relaxed);
  return pixels;
}

/* Acquire: what those who gave their references back have read was read before the caller writes. */
bool soft_pixels_sole(const struct soft_pixels *pixels) {
  return atomic_load_explicit(&pixels->refs, memory_order_acquire) == 1;
}

void soft_pixels_unref(struct soft_pixels *pixels) {
  if (pixels == NULL || atomic_fetch_sub_explicit(&pixels->refs, 1, memory_order_acq_rel) != 1) return;
  munmap(pixels->words, pixels->length);
  free(pixels);
}

/* ---- showing one ---- */

/* A band: the rows of one row of tiles. */
struct band {
  const uint32_t *from;
  uint32_t *to;
  uint32_t width, rows;
  uint32_t *tiles, across;
  uint32_t sequence, changed;
};

/* One row of a band in which tiles have changed already, or one that is known to differ: what changed is copied in as few pieces as can
 * be. A tile that is marked is copied without a look, since it will be drawn anyway. */
static void show_row(struct band *band, const uint32_t *from, uint32_t *to) {
  uint32_t width = band->width, begin = width;
  for (uint32_t tile = 0, x = 0; tile < band->across; tile++, x += PVG_TILE_SIDE) {
    uint32_t count = width - x < PVG_TILE_SIDE ? width - x : PVG_TILE_SIDE;
    bool marked = band->tiles[tile] == band->sequence;
    if (!marked && memcmp(to + x, from + x, 4ull * count) != 0) {
      band->tiles[tile] = band->sequence;
      band->changed++;
      marked = true;
    }
    if (marked && begin == width) begin = x;
    if (!marked && begin != width) {
      memcpy(to + begin, from + begin, 4ull * (x - begin));
      begin = width;
    }
  }
  if (begin != width) memcpy(to + begin, from + begin, 4ull * (width - begin));
}

static uint32_t show_band(struct band *band) {
  size_t width = band->width;
  for (uint32_t row = 0; row < band->rows; row++) {
    const uint32_t *from = band->from + row * width;
    uint32_t *to = band->to + row * width;
    if (band->changed == band->across) {
      memcpy(to, from, 4 * width * (band->rows - row));
      break;
    }
    if (band->changed != 0 || memcmp(to, from, 4 * width) != 0) show_row(band, from, to);
  }
  return band->changed;
}

uint32_t soft_pixels_tiles(const struct soft_pixels *pixels) {
  return ((pixels->width + PVG_TILE_SIDE - 1) / PVG_TILE_SIDE) * ((pixels->height + PVG_TILE_SIDE - 1) / PVG_TILE_SIDE);
}

uint32_t soft_pixels_show(const struct soft_pixels *pixels, uint32_t *to, uint32_t *tiles, uint32_t sequence) {
  uint32_t width = pixels->width, across = (width + PVG_TILE_SIDE - 1) / PVG_TILE_SIDE, changed = 0;
  for (uint32_t y = 0; y < pixels->height; y += PVG_TILE_SIDE, tiles += across) {
    uint32_t rows = pixels->height - y < PVG_TILE_SIDE ? pixels->height - y : PVG_TILE_SIDE;
    struct band band = {.from = pixels->words + (size_t)y * width,
                        .to = to + (size_t)y * width,
                        .width = width,
                        .rows = rows,
                        .tiles = tiles,
                        .across = across,
                        .sequence = sequence};
    changed += show_band(&band);
  }
  return changed;
}
