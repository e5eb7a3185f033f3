/* SPDX-License-Identifier: Apache-2.0
 *
 * frames.m - a display's current frame, encoded into a texture on the GPU.
 *
 * An encode holds its texture, and the device by its Keeper, until Metal has told that the command buffer is done, which it tells once. A caller that
 * is let go by a stop doesn't hear of it. The number of the guest's present is read before the encode, so it is never of a later frame than was encoded.
 */
#import "apple_pvg.h"

struct encode {
  struct apple_display *display;
  struct apple_texture *texture; /* a reference, given back at the end */
  bool synchronize;
  uint64_t frame_id, present;
};

static void end(const struct encode *encode) {
  struct apple_device *device = encode->display->device;
  atomic_fetch_sub(&encode->texture->in_flight, 1);
  pvgi_texture_drop(&encode->texture->base);
  pthread_mutex_lock(&device->lock);
  encode->display->encodes--;
  apple_wake(device);
  pthread_mutex_unlock(&device->lock);
}

static void completed(const struct encode *encode, bool done) {
  struct pvg_record record = {.kind = PVG_UPCALL_FRAME_COMPLETED,
                              .thread = THREAD_GPU,
                              .words = {encode->display->port, encode->frame_id, done ? 0 : 1, encode->present}};
  struct apple_device *device = encode->display->device;
  end(encode);
  apple_post(device, &record);
}

/* On an entry's thread. What was begun ends in completed(), by a copy of `encode`; what fails doesn't. */
static int32_t commit(struct encode encode, id<PGDisplay> target) {
  struct apple_device *device = encode.display->device;
  Keeper *keeper = device->keeper;
  id<MTLTexture> texture = encode.texture->texture;
  encode.present = apple_count(target, @selector(guestPresentCount), atomic_load(&encode.display->frames));
  id<MTLCommandBuffer> buffer = [device->commands commandBuffer];
  if (buffer == nil) return pvgi_fail(PVG_E_NO_MEMORY, "the command queue gives no buffer");
  MTLRegion region = MTLRegionMake2D(0, 0, encode.texture->width, encode.texture->height);
  if (![target encodeCurrentFrameToCommandBuffer:buffer texture:texture region:region]) {
    return pvgi_fail(PVG_E_REFUSED, "PVG refused to encode its current frame");
  }
  if (encode.synchronize && encode.texture->managed) {
    id<MTLBlitCommandEncoder> blit = [buffer blitCommandEncoder];
    if (blit == nil) return pvgi_fail(PVG_E_NO_MEMORY, "the command buffer gives no encoder");
    [blit synchronizeResource:texture];
    [blit endEncoding];
  }
  atomic_fetch_add(&encode.display->encoded, 1);
  [buffer addCompletedHandler:^(id<MTLCommandBuffer> done) {
    (void)keeper;
    apple_shield("a completed frame", ^{
      completed(&encode, done.status == MTLCommandBufferStatusCompleted);
    });
  }];
  [buffer commit];
  return PVG_OK;
}

/* Takes a place among the encodes in flight; false if the device is stopped before there is one. */
static bool reserve(struct apple_display *display) {
  struct apple_device *device = display->device;
  struct pvgi_condition done = {&device->done_cond, &device->done_rings, &device->done_polling};
  struct pvgi_wait wait = {0};
  pthread_mutex_lock(&device->lock);
  if (display->encodes == APPLE_ENCODES) {
    struct pvgi_note note;
    pvgi_note_begin(&device->base, &note, PVG_WAIT_THREAD, THREAD_GPU);
    while (display->encodes == APPLE_ENCODES && !atomic_load(&device->stopped)) pvgi_wait_step(&done, &wait, &device->lock, -1);
    pvgi_wait_end(&done, &wait);
    pvgi_note_end(&device->base, &note);
  }
  bool reserved = display->encodes < APPLE_ENCODES && !atomic_load(&device->stopped) && device->phase == PHASE_RUNNING;
  if (reserved) display->encodes++;
  pthread_mutex_unlock(&device->lock);
  return reserved;
}

/* Takes the texture's reference over if it returns PVG_OK. */
static int32_t begin(struct apple_display *display, struct apple_texture *texture, bool synchronize, uint64_t frame_id) {
  if (!reserve(display)) {
    return atomic_load(&display->device->stopped) ? pvgi_fail(PVG_E_CLOSED, "the device was stopped")
                                                  : pvgi_fail(PVG_E_REFUSED, "the device was suspended");
  }
  struct encode encode = {.display = display, .texture = texture, .synchronize = synchronize, .frame_id = frame_id};
  id<PGDisplay> target = apple_display_take(display);
  atomic_fetch_add(&texture->refs, 1);
  atomic_fetch_add(&texture->in_flight, 1);
  struct apple_values given;
  int32_t result = apple_enter(display->device, "-[PGDisplay encodeCurrentFrameToCommandBuffer:texture:region:]",
                               ^int32_t(struct apple_values *values) {
    (void)values;
    __block int32_t begun = PVG_E_REFUSED;
    int32_t guarded = apple_guard("an encode", ^{
      begun = commit(encode, target);
    });
    begun = guarded != PVG_OK ? guarded : begun;
    if (begun != PVG_OK) end(&encode);
    return begun;
  }, &given);
  if (!given.given) end(&encode);
  [target release];
  return result;
}

int32_t pvg_display_encode(uint32_t handle, uint32_t port, uint32_t texture_handle, uint32_t synchronize, uint64_t frame_id) {
  int32_t result;
  struct apple_display *display = apple_display_enter(handle, port, &result);
  if (display == NULL) return result;
  struct apple_texture *texture = (struct apple_texture *)pvgi_texture_take(texture_handle);
  result = PVG_E_HANDLE;
  if (texture != NULL && texture->device != handle) {
    pvgi_fail(PVG_E_HANDLE, "texture 0x%x is another device's", texture_handle);
  } else if (texture != NULL) {
    result = begin(display, texture, synchronize != 0, frame_id);
  }
  if (texture != NULL) pvgi_texture_drop(&texture->base);
  apple_device_leave(display->device);
  return result;
}
