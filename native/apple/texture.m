/* SPDX-License-Identifier: Apache-2.0
 *
 * texture.m - the host's textures: Metal's, made, read and released.
 *
 * A managed texture has a RAM copy, which an encode brings up to date if it is asked to; of others what the GPU wrote is there to be read. Metal is
 * called on the caller's thread. What is shown is read into memory of the texture's own first, so that only what changed is written again.
 */
#import "apple_pvg.h"

#include <stdlib.h>

void pvgi_texture_free(struct pvgi_texture *base) {
  struct apple_texture *texture = (struct apple_texture *)base;
  apple_shield("the release of a texture", ^{
    [texture->texture release];
  });
  pthread_mutex_destroy(&texture->lock);
  free(texture->staging);
  free(texture);
}

static uint64_t bytes_of(const struct apple_texture *texture) { return 4ull * texture->width * texture->height; }

/* Metal says nothing of what is in a new texture, and the host must find zeros. */
static int32_t clear(struct apple_texture *texture) {
  void *zeros = calloc(1, bytes_of(texture));
  if (zeros == NULL) return pvgi_fail(PVG_E_NO_MEMORY, "no memory to clear a texture with");
  int32_t result = apple_guard("-[MTLTexture replaceRegion:mipmapLevel:withBytes:bytesPerRow:]", ^{
    MTLRegion all = MTLRegionMake2D(0, 0, texture->width, texture->height);
    [texture->texture replaceRegion:all mipmapLevel:0 withBytes:zeros bytesPerRow:4ul * texture->width];
  });
  free(zeros);
  return result;
}

static int32_t make(struct apple_texture *texture, id<MTLDevice> gpu, uint32_t usage) {
  int32_t result = apple_guard("-[MTLDevice newTextureWithDescriptor:]", ^{
    MTLTextureDescriptor *descriptor = [MTLTextureDescriptor texture2DDescriptorWithPixelFormat:MTLPixelFormatBGRA8Unorm
                                                                                          width:texture->width
                                                                                         height:texture->height
                                                                                      mipmapped:NO];
    descriptor.usage = usage;
    texture->texture = [gpu newTextureWithDescriptor:descriptor];
    texture->managed = texture->texture != nil && texture->texture.storageMode == MTLStorageModeManaged;
  });
  if (result != PVG_OK) return result;
  if (texture->texture == nil) return pvgi_fail(PVG_E_NO_MEMORY, "the GPU gives no texture of %ux%u", texture->width, texture->height);
  return clear(texture);
}

static struct apple_texture *new_texture(struct apple_device *device, uint32_t width, uint32_t height, uint32_t usage) {
  struct apple_texture *texture = calloc(1, sizeof *texture);
  if (texture == NULL) {
    pvgi_fail(PVG_E_NO_MEMORY, "no memory for a texture");
    return NULL;
  }
  texture->device = device->handle;
  texture->width = width;
  texture->height = height;
  atomic_init(&texture->refs, 1);
  atomic_init(&texture->in_flight, 0);
  pthread_mutex_init(&texture->lock, NULL);
  if (make(texture, device->gpu, usage) == PVG_OK) return texture;
  pvgi_texture_drop(&texture->base);
  return NULL;
}

uint32_t pvg_texture_create(uint32_t handle, uint32_t width, uint32_t height, uint32_t usage) {
  if (width < 1 || width > PVGI_SIDE_MAX || height < 1 || height > PVGI_SIDE_MAX) {
    pvgi_fail(PVG_E_ARGUMENT, "a texture's sides are 1..%u, not %ux%u", PVGI_SIDE_MAX, width, height);
    return 0;
  }
  struct apple_device *device = apple_device_enter(handle);
  if (device == NULL) return 0;
  struct apple_texture *texture = new_texture(device, width, height, usage);
  uint32_t result = texture != NULL ? pvgi_texture_publish(&texture->base) : 0;
  if (texture != NULL && result == 0) {
    pvgi_texture_drop(&texture->base);
    pvgi_fail(PVG_E_FULL, "there are too many textures");
  }
  apple_device_leave(device);
  return result;
}

int32_t pvg_texture_managed(uint32_t handle) {
  struct apple_texture *texture = (struct apple_texture *)pvgi_texture_take(handle);
  if (texture == NULL) return PVG_E_HANDLE;
  int32_t managed = texture->managed;
  pvgi_texture_drop(&texture->base);
  return managed;
}

/* A reference for the caller to drop, if the texture has `length` bytes and may be read; else NULL, with *result set. */
static struct apple_texture *readable(uint32_t handle, uint64_t length, int32_t *result) {
  struct apple_texture *texture = (struct apple_texture *)pvgi_texture_take(handle);
  *result = PVG_E_HANDLE;
  if (texture == NULL) return NULL;
  *result = PVG_OK;
  if (length != bytes_of(texture)) {
    *result = pvgi_fail(PVG_E_BOUNDS, "the texture has %llu bytes, the buffer %llu", (unsigned long long)bytes_of(texture),
                        (unsigned long long)length);
  } else if (atomic_load(&texture->in_flight) != 0) {
    *result = pvgi_fail(PVG_E_REFUSED, "an encode into texture 0x%x is in flight", handle);
  }
  if (*result == PVG_OK) return texture;
  pvgi_texture_drop(&texture->base);
  return NULL;
}

static int32_t read_all(struct apple_texture *texture, void *pixels) {
  return apple_guard("-[MTLTexture getBytes:bytesPerRow:fromRegion:mipmapLevel:]", ^{
    MTLRegion all = MTLRegionMake2D(0, 0, texture->width, texture->height);
    [texture->texture getBytes:pixels bytesPerRow:4ul * texture->width fromRegion:all mipmapLevel:0];
  });
}

int32_t pvg_texture_copy(uint32_t handle, void *pixels, uint64_t length) {
  if (pixels == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the pixels");
  int32_t result;
  struct apple_texture *texture = readable(handle, length, &result);
  if (texture == NULL) return result;
  result = read_all(texture, pixels);
  pvgi_texture_drop(&texture->base);
  return result;
}

int32_t pvg_texture_show(uint32_t handle, void *pixels, uint64_t length, uint32_t *tiles, uint32_t tile_count, uint32_t sequence) {
  if (pixels == NULL || tiles == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the pixels or the tiles");
  int32_t result;
  struct apple_texture *texture = readable(handle, length, &result);
  if (texture == NULL) return result;
  uint32_t needed = pvgi_tiles(texture->width, texture->height);
  pthread_mutex_lock(&texture->lock);
  if (tile_count != needed) {
    result = pvgi_fail(PVG_E_BOUNDS, "the texture has %u tiles, the buffer %u", needed, tile_count);
  } else if (texture->staging == NULL && (texture->staging = malloc(length)) == NULL) {
    result = pvgi_fail(PVG_E_NO_MEMORY, "no memory to show a texture");
  } else {
    result = read_all(texture, texture->staging);
  }
  if (result == PVG_OK) {
    result = (int32_t)pvgi_tiles_show(texture->staging, texture->width, texture->height, pixels, tiles, sequence);
  }
  pthread_mutex_unlock(&texture->lock);
  pvgi_texture_drop(&texture->base);
  return result;
}

int32_t pvg_texture_release(uint32_t handle) {
  struct pvgi_texture *texture = pvgi_texture_retire(handle);
  if (texture == NULL) return PVG_E_HANDLE;
  pvgi_texture_drop(texture);
  return PVG_OK;
}
