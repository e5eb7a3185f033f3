/* SPDX-License-Identifier: Apache-2.0
 *
 * texture.c - the host's textures: made, read and released.
 *
 * A managed texture has a VRAM copy, which encodes write, and a RAM copy, which the CPU reads and which follows only when an
 * encode synchronises it. Encodes hold references of their own. This file doesn't write pixels.
 */
#include <stdlib.h>
#include <string.h>

#include "soft_pvg.h"


static struct soft_texture *new_texture(const struct soft_device *device, uint32_t width, uint32_t height) {
  struct soft_texture *texture = calloc(1, sizeof *texture);
  if (texture == NULL) return NULL;
  size_t pixels = (size_t)width * height;
  texture->vram = calloc(pixels, 4);
  texture->managed = device->config.managed_textures != 0;
  texture->ram = texture->managed ? calloc(pixels, 4) : texture->vram;
  texture->device = device->handle;
  texture->width = width;
  texture->height = height;
  atomic_init(&texture->refs, 1);
  atomic_init(&texture->in_flight, 0);
  pthread_mutex_init(&texture->lock, NULL);
  if (texture->vram == NULL || texture->ram == NULL) {
    soft_texture_drop(texture);
    return NULL;
  }
  return texture;
}

uint32_t pvg_texture_create(uint32_t handle, uint32_t width, uint32_t height, uint32_t usage) {
  if (width < 1 || width > SOFT_SIDE_MAX || height < 1 || height > SOFT_SIDE_MAX) {
    pvgi_fail(PVG_E_ARGUMENT, "a texture's sides are 1..%u, not %ux%u", SOFT_SIDE_MAX, width, height);
    return 0;
  }
  if ((usage & SOFT_USAGE_RENDER_TARGET) == 0) {
    pvgi_fail(PVG_E_ARGUMENT, "usage 0x%x lacks the minimum, 0x%x", usage, SOFT_USAGE_RENDER_TARGET);
    return 0;
  }
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return 0;
  struct soft_texture *texture = new_texture(device, width, height);
  uint32_t result = texture != NULL ? soft_texture_publish(texture) : 0;
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

int32_t pvg_texture_copy(uint32_t handle, void *pixels, uint64_t length) {
  if (pixels == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the pixels");
  struct soft_texture *texture = soft_texture_take(handle);
  if (texture == NULL) return PVG_E_HANDLE;
  uint64_t needed = 4ull * texture->width * texture->height;
  int32_t result = PVG_OK;
  if (length != needed) {
    result = pvgi_fail(PVG_E_BOUNDS, "the texture has %llu bytes, the buffer %llu", (unsigned long long)needed,
                       (unsigned long long)length);
  } else if (atomic_load(&texture->in_flight) != 0) {
    result = pvgi_fail(PVG_E_REFUSED, "an encode into texture 0x%x is in flight", handle);
  } else {
    pthread_mutex_lock(&texture->lock);
    memcpy(pixels, texture->ram, length);
    pthread_mutex_unlock(&texture->lock);
  }
  soft_texture_drop(texture);
  return result;
}

int32_t pvg_texture_release(uint32_t handle) {
  struct soft_texture *texture = soft_texture_retire(handle);
  if (texture == NULL) return PVG_E_HANDLE;
  soft_texture_drop(texture);
  return PVG_OK;
}
