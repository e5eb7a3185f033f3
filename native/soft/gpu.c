/* SPDX-License-Identifier: Apache-2.0
 *
 * gpu.c - encodes: asked for on a host's thread, carried out and completed later on the GPU thread.
 *
 * At most SOFT_ENCODES of a port are in flight; the GPU carries all ports' out in the order in which they were asked for. Each holds its
 * frame and its texture; both are given back before the host is told, so a texture may be read as soon as its completion arrived. This
 * file doesn't decide when frames are shown.
 */
#include <errno.h>

#include "soft_pvg.h"

static int32_t refuse_locked(struct soft_display *display) {
  struct soft_device *device = display->device;
  if (atomic_load(&device->stopped)) return pvgi_fail(PVG_E_CLOSED, "the device was stopped");
  if (device->phase != PHASE_RUNNING) return pvgi_fail(PVG_E_REFUSED, "the device was suspended");
  if (device->resetting || display->current == NULL) return pvgi_fail(PVG_E_REFUSED, "there is no frame to encode");
  uint32_t every = device->config.refuse_every;
  if (every != 0 && ++device->encode_calls % every == 0) {
    return pvgi_fail(PVG_E_REFUSED, "every %uth encode is refused, as configured", every);
  }
  return PVG_OK;
}

/* Before the display lock is taken, which the other ports' encodes need. */
static void await_slot(struct soft_display *display) {
  struct soft_device *device = display->device;
  struct pvgi_note note;
  pthread_mutex_lock(&device->lock);
  pvgi_note_begin(&device->base, &note, PVG_WAIT_THREAD, THREAD_GPU);
  while (display->encodes == SOFT_ENCODES && !atomic_load(&device->stopped)) {
    pthread_cond_wait(&device->done_cond, &device->lock);
  }
  pvgi_note_end(&device->base, &note);
  pthread_mutex_unlock(&device->lock);
}

/* Takes the texture's reference over if it returns PVG_OK; PVG_E_FULL if too many are in flight. */
static int32_t encode_locked(struct soft_display *display, struct soft_texture *texture, bool synchronize, uint64_t id) {
  struct soft_device *device = display->device;
  if (display->encodes == SOFT_ENCODES && !atomic_load(&device->stopped)) return PVG_E_FULL;
  display->announced = false; /* also when refused: the host has asked, and the next frame is news again */
  int32_t result = refuse_locked(display);
  if (result != PVG_OK) return result;
  struct soft_frame *frame = display->current;
  frame->refs++;
  if (!frame->encoded) display->encoded++;
  frame->encoded = true;
  atomic_fetch_add(&texture->in_flight, 1);
  device->encodes[(device->encode_head + device->encode_count) % (SOFT_ENCODES * PVG_PORTS_MAX)] = (struct soft_encode){
    .display = display, .frame = frame, .texture = texture, .synchronize = synchronize, .frame_id = id};
  device->encode_count++;
  display->encodes++;
  pthread_cond_signal(&device->gpu_cond);
  return PVG_OK;
}

static int32_t encode(struct soft_display *display, struct soft_texture *texture, bool synchronize, uint64_t id) {
  struct soft_device *device = display->device;
  for (;;) {
    soft_display_lock(device);
    pthread_mutex_lock(&device->lock);
    int32_t result = encode_locked(display, texture, synchronize, id);
    pthread_mutex_unlock(&device->lock);
    soft_display_unlock(device);
    if (result != PVG_E_FULL) return result;
    await_slot(display);
  }
}

int32_t pvg_display_encode(uint32_t handle, uint32_t port, uint32_t texture_handle, uint32_t synchronize,
                           uint64_t frame_id) {
  int32_t result;
  struct soft_display *display = soft_display_enter(handle, port, &result);
  if (display == NULL) return result;
  struct soft_texture *texture = soft_texture_take(texture_handle);
  result = PVG_E_HANDLE;
  if (texture != NULL && texture->device != handle) {
    pvgi_fail(PVG_E_HANDLE, "texture 0x%x is another device's", texture_handle);
  } else if (texture != NULL) {
    result = encode(display, texture, synchronize != 0, frame_id);
  }
  if (texture != NULL && result != PVG_OK) soft_texture_drop(texture);
  soft_device_leave(display->device);
  return result;
}

/* As delay_locked(), by the virtual clock. Whoever waits for the encodes to end doesn't wait for the clock, which may never move again. */
static void hold_up_locked(struct soft_device *device) {
  device->gpu_until_ns = device->clock_ns + (int64_t)device->config.encode_delay_us * 1000;
  soft_rested_locked(device);
  while (device->clock_ns < device->gpu_until_ns && device->phase == PHASE_RUNNING && !device->resetting &&
         !atomic_load(&device->stopped)) {
    pthread_cond_wait(&device->gpu_cond, &device->lock);
  }
  device->gpu_until_ns = 0;
}

/* What the GPU takes at least, cut short when the device stops. */
static void delay_locked(struct soft_device *device) {
  if (device->config.virtual_clock) {
    hold_up_locked(device);
    return;
  }
  int64_t until_ns = pvgi_now_ns() + (int64_t)device->config.encode_delay_us * 1000;
  while (!atomic_load(&device->stopped) && pvgi_cond_until(&device->gpu_cond, &device->lock, until_ns)) continue;
}

static void complete(struct soft_device *device, const struct soft_encode *encode, bool done, uint64_t present) {
  struct pvg_record record = {.kind = PVG_UPCALL_FRAME_COMPLETED,
                              .thread = THREAD_GPU,
                              .words = {encode->display->port, encode->frame_id, !done, present}};
  atomic_fetch_sub(&encode->texture->in_flight, 1);
  soft_texture_drop(encode->texture);
  pvgi_post(&device->base, &record);
}

void *soft_gpu_main(void *argument) {
  struct soft_device *device = argument;
  pthread_mutex_lock(&device->lock);
  for (;;) {
    while (device->encode_count == 0 && !atomic_load(&device->stopped)) {
      pthread_cond_wait(&device->gpu_cond, &device->lock);
    }
    /* What is in flight when the device stops is given back below, without a word to the host. */
    if (device->encode_count == 0) break;
    struct soft_encode encode = device->encodes[device->encode_head];
    if (device->config.encode_delay_us != 0) delay_locked(device);
    uint64_t present = encode.frame->present;
    pthread_mutex_unlock(&device->lock);
    bool done = soft_texture_encode(encode.texture, encode.frame, encode.synchronize);
    pthread_mutex_lock(&device->lock);
    soft_frame_unref_locked(device, encode.frame);
    pthread_mutex_unlock(&device->lock);
    complete(device, &encode, done, present);
    pthread_mutex_lock(&device->lock);
    device->encode_head = (device->encode_head + 1) % (SOFT_ENCODES * PVG_PORTS_MAX);
    device->encode_count--;
    encode.display->encodes--;
    pthread_cond_broadcast(&device->done_cond);
  }
  pthread_mutex_unlock(&device->lock);
  return NULL;
}
