/* SPDX-License-Identifier: Apache-2.0
 *
 * texture.c - the host's textures: made, encoded into, read and released.
 *
 * A managed texture has a VRAM copy, which encodes write, and a RAM copy, which the CPU reads and which follows only when an
 * encode synchronises it. Both are references to pictures (pixels.c): a frame as large as the texture is encoded by taking its picture
 * over, and only one of another size is copied. Encodes hold references to the texture of their own. This file doesn't know who draws.
 */
#include <stdlib.h>
#include <string.h>

#include "soft_pvg.h"

void pvgi_texture_free(struct pvgi_texture *base) {
  struct soft_texture *texture = (struct soft_texture *)base;
  pthread_mutex_destroy(&texture->lock);
  soft_pixels_unref(texture->vram);
  soft_pixels_unref(texture->ram);
  free(texture);
}

static struct soft_texture *new_texture(const struct soft_device *device, uint32_t width, uint32_t height) {
  struct soft_texture *texture = calloc(1, sizeof *texture);
  if (texture == NULL) return NULL;
  texture->vram = soft_pixels_new(width, height);
  if (texture->vram == NULL) {
    free(texture);
    return NULL;
  }
  /* Zeros both; they part with the first encode. */
  texture->ram = soft_pixels_ref(texture->vram);
  texture->managed = device->config.managed_textures != 0;
  texture->device = device->handle;
  texture->width = width;
  texture->height = height;
  atomic_init(&texture->refs, 1);
  atomic_init(&texture->in_flight, 0);
  pthread_mutex_init(&texture->lock, NULL);
  return texture;
}

/* ---- encodes ---- */

/* A picture of the texture's size with what `below` has and the frame on top of it, from the top left; NULL without memory. */
static struct soft_pixels *drawn_over(const struct soft_pixels *below, const struct soft_frame *frame) {
  struct soft_pixels *pixels = soft_pixels_new(below->width, below->height);
  if (pixels == NULL) return NULL;
  uint32_t width = frame->width < below->width ? frame->width : below->width;
  uint32_t height = frame->height < below->height ? frame->height : below->height;
  memcpy(pixels->words, below->words, below->length);
  for (uint32_t y = 0; y < height; y++) {
    memcpy(pixels->words + (size_t)y * below->width, frame->pixels->words + (size_t)y * frame->width, 4 * (size_t)width);
  }
  return pixels;
}

/* The GPU thread alone encodes, so nobody else changes which picture is in VRAM; the lock is for those who read. */
bool soft_texture_encode(struct soft_texture *texture, const struct soft_frame *frame, bool synchronize) {
  bool same_size = frame->width == texture->width && frame->height == texture->height;
  struct soft_pixels *next = same_size ? soft_pixels_ref(frame->pixels) : drawn_over(texture->vram, frame);
  if (next == NULL) return false;
  bool seen = !texture->managed || synchronize;
  pthread_mutex_lock(&texture->lock);
  struct soft_pixels *vram = texture->vram, *ram = seen ? texture->ram : NULL;
  texture->vram = next;
  if (seen) texture->ram = soft_pixels_ref(next);
  pthread_mutex_unlock(&texture->lock);
  soft_pixels_unref(vram);
  soft_pixels_unref(ram);
  return true;
}

/* ---- the interface ---- */

uint32_t pvg_texture_create(uint32_t handle, uint32_t width, uint32_t height, uint32_t usage) {
  if (width < 1 || width > PVGI_SIDE_MAX || height < 1 || height > PVGI_SIDE_MAX) {
    pvgi_fail(PVG_E_ARGUMENT, "a texture's sides are 1..%u, not %ux%u", PVGI_SIDE_MAX, width, height);
    return 0;
  }
  if ((usage & SOFT_USAGE_RENDER_TARGET) == 0) {
    pvgi_fail(PVG_E_ARGUMENT, "usage 0x%x lacks the minimum, 0x%x", usage, SOFT_USAGE_RENDER_TARGET);
    return 0;
  }
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return 0;
  struct soft_texture *texture = new_texture(device, width, height);
  uint32_t result = texture != NULL ? pvgi_texture_publish(&texture->base) : 0;
  if (result == 0) {
    if (texture != NULL) soft_texture_drop(texture);
    pvgi_fail(PVG_E_NO_MEMORY, "no memory or no place for a texture of %ux%u", width, height);
  }
  soft_device_leave(device);
  return result;
}

int32_t pvg_texture_managed(uint32_t handle) {
  struct soft_texture *texture = soft_texture_take(handle);
  if (texture == NULL) return PVG_E_HANDLE;
  int32_t managed = texture->managed;
  soft_texture_drop(texture);
  return managed;
}

/* What the CPU sees of the texture, a reference for the caller to drop, if that is `length` bytes and may be read; else NULL, with
 * *result set. */
static struct soft_pixels *readable(uint32_t handle, uint64_t length, int32_t *result) {
  struct soft_texture *texture = soft_texture_take(handle);
  *result = PVG_E_HANDLE;
  if (texture == NULL) return NULL;
  struct soft_pixels *pixels = NULL;
  uint64_t needed = 4ull * texture->width * texture->height;
  if (length != needed) {
    *result = pvgi_fail(PVG_E_BOUNDS, "the texture has %llu bytes, the buffer %llu", (unsigned long long)needed,
                        (unsigned long long)length);
  } else if (atomic_load(&texture->in_flight) != 0) {
    *result = pvgi_fail(PVG_E_REFUSED, "an encode into texture 0x%x is in flight", handle);
  } else {
    pthread_mutex_lock(&texture->lock);
    pixels = soft_pixels_ref(texture->ram);
    pthread_mutex_unlock(&texture->lock);
    *result = PVG_OK;
  }
  soft_texture_drop(texture);
  return pixels;
}

int32_t pvg_texture_copy(uint32_t handle, void *pixels, uint64_t length) {
  if (pixels == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the pixels");
  int32_t result;
  struct soft_pixels *seen = readable(handle, length, &result);
  if (seen != NULL) memcpy(pixels, seen->words, length);
  soft_pixels_unref(seen);
  return result;
}

int32_t pvg_texture_show(uint32_t handle, void *pixels, uint64_t length, uint32_t *tiles, uint32_t tile_count, uint32_t sequence) {
  if (pixels == NULL || tiles == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the pixels or the tiles");
  int32_t result;
  struct soft_pixels *seen = readable(handle, length, &result);
  if (seen == NULL) return result;
  uint32_t needed = pvgi_tiles(seen->width, seen->height);
  if (tile_count != needed) {
    result = pvgi_fail(PVG_E_BOUNDS, "the texture has %u tiles, the buffer %u", needed, tile_count);
  } else {
    result = (int32_t)pvgi_tiles_show(seen->words, seen->width, seen->height, pixels, tiles, sequence);
  }
  soft_pixels_unref(seen);
  return result;
}

int32_t pvg_texture_release(uint32_t handle) {
  struct pvgi_texture *texture = pvgi_texture_retire(handle);
  if (texture == NULL) return PVG_E_HANDLE;
  pvgi_texture_drop(texture);
  return PVG_OK;
}
