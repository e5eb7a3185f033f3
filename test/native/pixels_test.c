/* SPDX-License-Identifier: Apache-2.0
 *
 * pixels_test.c - textures that share pictures with frames, and what showing one changes.
 *
 * The reference compares pixel by pixel. Sizes and changes are random, by a fixed seed.
 */
#include "soft_access.h"

#include "soft/soft_pvg.h"

static uint32_t seed = 12345;

static uint32_t below(uint32_t limit) {
  seed = seed * 1664525u + 1013904223u;
  return (uint32_t)(((uint64_t)seed * limit) >> 32);
}

/* ---- showing ---- */

#define GUARD 0xdeadbeefu

/* Changes some rectangles, single pixels or nothing. */
static void change(struct soft_pixels *pixels) {
  for (uint32_t count = below(4); count != 0; count--) {
    uint32_t x = below(pixels->width), y = below(pixels->height);
    uint32_t width = below(3) == 0 ? 1 : 1 + below(pixels->width - x);
    uint32_t height = below(3) == 0 ? 1 : 1 + below(pixels->height - y);
    for (uint32_t row = y; row < y + height; row++) {
      for (uint32_t at = x; at < x + width; at++) pixels->words[(size_t)row * pixels->width + at] += 1u << 8 * below(4);
    }
  }
}

/* How many tiles differ, marked in `tiles` by the reference. */
static uint32_t expect(const struct soft_pixels *pixels, const uint32_t *shown, uint32_t *tiles, uint32_t sequence) {
  uint32_t across = (pixels->width + PVG_TILE_SIDE - 1) / PVG_TILE_SIDE, changed = 0;
  for (uint32_t y = 0; y < pixels->height; y++) {
    for (uint32_t x = 0; x < pixels->width; x++) {
      uint32_t *tile = &tiles[y / PVG_TILE_SIDE * across + x / PVG_TILE_SIDE];
      size_t at = (size_t)y * pixels->width + x;
      if (pixels->words[at] == shown[at] || *tile == sequence) continue;
      *tile = sequence;
      changed++;
    }
  }
  return changed;
}

static void test_show(uint32_t width, uint32_t height) {
  struct soft_pixels *pixels = soft_pixels_new(width, height);
  CHECK(pixels != NULL);
  uint32_t count = pvgi_tiles(pixels->width, pixels->height);
  uint32_t *shown = calloc((size_t)width * height + 1, 4), *tiles = calloc(count + 1, 4), *expected = calloc(count + 1, 4);
  CHECK(shown != NULL && tiles != NULL && expected != NULL);
  shown[(size_t)width * height] = tiles[count] = expected[count] = GUARD;
  for (uint32_t frame = 1; frame <= 60; frame++) {
    change(pixels);
    uint32_t changed = expect(pixels, shown, expected, 2 * frame);
    CHECK(pvgi_tiles_show(pixels->words, pixels->width, pixels->height, shown, tiles, 2 * frame) == changed);
    CHECK(memcmp(tiles, expected, 4 * (count + 1)) == 0);
    CHECK(memcmp(shown, pixels->words, pixels->length) == 0 && shown[(size_t)width * height] == GUARD);
  }
  soft_pixels_unref(pixels);
  free(shown);
  free(tiles);
  free(expected);
}

/* ---- sharing ---- */

static void texture_shows(uint32_t texture, uint32_t colour) {
  static uint32_t pixels[64 * 48];
  AWAIT(pvg_texture_copy(texture, pixels, sizeof pixels) == PVG_OK);
  for (uint32_t at = 0; at < 64 * 48; at++) CHECK(pixels[at] == colour);
}

/* Textures keep what was encoded into them, whatever the guest draws afterwards, also if there are more of them than frames. */
static void test_sharing(bool managed) {
  struct host host = {.config = {.managed_textures = managed}};
  struct guest guest;
  stage_open(&host, &guest);
  atomic_store(&host.keep_frames, true);
  guest_start(&guest, 0);
  /* What the host's own thread looks at when an encode completes. */
  host.texture = pvg_texture_create(host.device, 64, 48, 4);
  host.texture_width = 64;
  host.texture_height = 48;
  uint32_t textures[SOFT_FRAMES + 3];
  for (uint32_t at = 0; at < SOFT_FRAMES + 3; at++) {
    textures[at] = pvg_texture_create(host.device, 64, 48, 4);
    guest_fill_frame(&guest, 0xff000100u + at);
    guest_await_stamp(&guest, 1, guest.stamp);
    CHECK(pvg_display_encode(host.device, 0, textures[at], 1, at) == PVG_OK);
    texture_shows(textures[at], 0xff000100u + at);
  }
  for (uint32_t round = 0; round < 20; round++) guest_fill_frame(&guest, 0xff00aa00u + round);
  guest_await_stamp(&guest, 1, guest.stamp);
  for (uint32_t at = 0; at < SOFT_FRAMES + 3; at++) texture_shows(textures[at], 0xff000100u + at);
  /* Without synchronising, a managed texture's RAM copy stays, also when the next encode is of another size. */
  CHECK(pvg_display_encode(host.device, 0, textures[0], 0, 1) == PVG_OK);
  texture_shows(textures[0], managed ? 0xff000100u : 0xff00aa13u);
  guest_write(&guest, REG_MODE, 1);
  AWAIT(atomic_load(&host.counts[PVG_UPCALL_MODE_CHANGE]) == 2);
  guest_fill_frame(&guest, 0xff0000bbu);
  guest_await_stamp(&guest, 1, guest.stamp);
  CHECK(pvg_display_encode(host.device, 0, textures[0], 0, 1) == PVG_OK);
  uint32_t pixels[64 * 48];
  AWAIT(pvg_texture_copy(textures[0], pixels, sizeof pixels) == PVG_OK);
  CHECK(pixels[20 * 64 + 32] == (managed ? 0xff000100u : 0xff0000bbu));
  CHECK(pixels[20 * 64 + 33] == (managed ? 0xff000100u : 0xff00aa13u) && pixels[21 * 64] == pixels[20 * 64 + 33]);
  CHECK(pvg_display_encode(host.device, 0, textures[0], 1, 1) == PVG_OK);
  AWAIT(pvg_texture_copy(textures[0], pixels, sizeof pixels) == PVG_OK);
  CHECK(pixels[20 * 64 + 32] == 0xff0000bbu && pixels[20 * 64 + 33] == 0xff00aa13u);
  for (uint32_t at = 1; at < SOFT_FRAMES + 3; at++) texture_shows(textures[at], 0xff000100u + at);
  stage_close(&host, &guest);
}

/* ---- the interface ---- */

static void test_texture_show(void) {
  struct host host = {.config = {.vsync = 0}};
  struct guest guest;
  stage_open(&host, &guest);
  uint32_t texture = pvg_texture_create(host.device, 65, 64, 4), tiles[2] = {0};
  static uint32_t pixels[65 * 64];
  pixels[64] = 7;
  CHECK(pvg_texture_show(texture, pixels, sizeof pixels, tiles, 1, 2) == PVG_E_BOUNDS);
  CHECK(pvg_texture_show(texture, pixels, sizeof pixels - 4, tiles, 2, 2) == PVG_E_BOUNDS);
  CHECK(pvg_texture_show(texture, NULL, sizeof pixels, tiles, 2, 2) == PVG_E_ARGUMENT);
  CHECK(pvg_texture_show(texture, pixels, sizeof pixels, NULL, 2, 2) == PVG_E_ARGUMENT);
  CHECK(pvg_texture_show(texture + 1, pixels, sizeof pixels, tiles, 2, 2) == PVG_E_HANDLE);
  CHECK(pixels[64] == 7 && tiles[1] == 0);
  CHECK(pvg_texture_show(texture, pixels, sizeof pixels, tiles, 2, 2) == 1);
  CHECK(pixels[64] == 0 && tiles[0] == 0 && tiles[1] == 2);
  CHECK(pvg_texture_show(texture, pixels, sizeof pixels, tiles, 2, 4) == 0 && tiles[1] == 2);
  stage_close(&host, &guest);
}

int main(void) {
  static const uint32_t sides[] = {1, 63, 64, 65, 128, 200, 321};
  for (uint32_t at = 0; at < 7; at++) test_show(sides[at], sides[below(7)]);
  test_show(1000, 70);
  test_sharing(false);
  test_sharing(true);
  test_texture_show();
  return 0;
}
