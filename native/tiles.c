/* SPDX-License-Identifier: Apache-2.0
 *
 * tiles.c - shows a picture in a surface: copies what differs, and marks the tiles in which something did (pvg_texture_show).
 *
 * A tile is marked before it is written, so that who reads both at once never takes a tile that changes for one that doesn't. This file keeps nothing.
 */
#include <stdbool.h>
#include <string.h>

#include "pvg_device.h"

/* A band: the rows of one row of tiles. */
struct band {
  const uint32_t *from;
  uint32_t *to;
  uint32_t width, rows;
  uint32_t *tiles, across;
  uint32_t sequence, changed;
};

/* One row of a band in which tiles have changed already, or one that is known to differ. A tile that is marked is copied without a look, since it
 * will be drawn anyway. Tile by tile: the C library copies what is as short as a tile's part of a row straight, and longer runs of tiles by a
 * loop, which takes longer than it saves. */
static void show_row(struct band *band, const uint32_t *from, uint32_t *to) {
  uint32_t width = band->width;
  for (uint32_t tile = 0, x = 0; tile < band->across; tile++, x += PVG_TILE_SIDE) {
    size_t bytes = 4ull * (width - x < PVG_TILE_SIDE ? width - x : PVG_TILE_SIDE);
    if (band->tiles[tile] != band->sequence) {
      if (memcmp(to + x, from + x, bytes) == 0) continue;
      band->tiles[tile] = band->sequence;
      band->changed++;
    }
    memcpy(to + x, from + x, bytes);
  }
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

uint32_t pvgi_tiles(uint32_t width, uint32_t height) {
  return ((width + PVG_TILE_SIDE - 1) / PVG_TILE_SIDE) * ((height + PVG_TILE_SIDE - 1) / PVG_TILE_SIDE);
}

uint32_t pvgi_tiles_show(const uint32_t *from, uint32_t width, uint32_t height, uint32_t *to, uint32_t *tiles, uint32_t sequence) {
  uint32_t across = (width + PVG_TILE_SIDE - 1) / PVG_TILE_SIDE, changed = 0;
  for (uint32_t y = 0; y < height; y += PVG_TILE_SIDE, tiles += across) {
    uint32_t rows = height - y < PVG_TILE_SIDE ? height - y : PVG_TILE_SIDE;
    struct band band = {.from = from + (size_t)y * width,
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
