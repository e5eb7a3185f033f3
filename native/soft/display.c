/* SPDX-License-Identifier: Apache-2.0
 *
 * display.c - the frames of the display: drawn, swapped, flipped at the vertical blank, announced; modes and cursor.
 *
 * A frame is drawn, then (with vsync) queued until a blank, then current. The host is told of a new current frame only if
 * it has asked for one since it was last told, so that announcements never pile up; a current frame that is replaced
 * before it was encoded is a dropped one. Frames are counted references; what is taken out of the pool is freed with its last one.
 * This file doesn't copy pixels and doesn't post.
 */
#include <errno.h>
#include <stdlib.h>

#include "soft_pvg.h"

/* How many blanks a queued frame waits for the host to ask for the one before it, until it takes its place. */
#define PATIENCE_BLANKS 8u

/* ---- frames ---- */

void soft_frame_unref_locked(struct soft_device *device, struct soft_frame *frame) {
  if (--frame->refs != 0) return;
  if (frame->orphan) {
    free(frame->pixels);
    free(frame);
  }
  pthread_cond_broadcast(&device->done_cond);
}

static void drop_role_locked(struct soft_device *device, struct soft_frame **role) {
  if (*role != NULL) soft_frame_unref_locked(device, *role);
  *role = NULL;
}

/* Empties the pool; what is still being drawn or encoded lives until that is done. */
void soft_frames_drop_locked(struct soft_device *device) {
  for (uint32_t i = 0; i < SOFT_FRAMES; i++) {
    struct soft_frame *frame = device->frames[i];
    device->frames[i] = NULL;
    if (frame == NULL) continue;
    frame->orphan = true;
    frame->refs++;
    soft_frame_unref_locked(device, frame);
  }
  drop_role_locked(device, &device->drawing);
  drop_role_locked(device, &device->queued);
  drop_role_locked(device, &device->current);
  device->swap_done = device->swap_asked; /* what was queued will never be flipped */
  pthread_cond_broadcast(&device->done_cond);
}

static struct soft_frame *new_frame(uint32_t width, uint32_t height) {
  struct soft_frame *frame = calloc(1, sizeof *frame);
  if (frame == NULL) return NULL;
  frame->pixels = calloc((size_t)width * height, 4);
  if (frame->pixels == NULL) {
    free(frame);
    return NULL;
  }
  frame->width = width;
  frame->height = height;
  return frame;
}

/* A frame that nobody holds, or NULL; *exhausted if there never will be one. */
static struct soft_frame *free_frame_locked(struct soft_device *device, bool *exhausted) {
  *exhausted = false;
  for (uint32_t i = 0; i < SOFT_FRAMES; i++) {
    if (device->frames[i] == NULL) {
      device->frames[i] = new_frame(device->width, device->height);
      *exhausted = device->frames[i] == NULL;
      return device->frames[i];
    }
    if (device->frames[i]->refs == 0) return device->frames[i];
  }
  return NULL;
}

/* The frame being drawn, waiting for one if the host has them all; NULL if the channel must leave, or with a fault. */
struct soft_frame *soft_drawing_locked(struct soft_channel *channel, uint32_t *fault) {
  struct soft_device *device = channel->device;
  *fault = 0;
  while (!soft_channel_leaves_locked(channel)) {
    if (device->mode == MODE_NONE) *fault = FAULT_DISPLAY;
    if (device->drawing != NULL || *fault != 0) return device->drawing;
    bool exhausted;
    struct soft_frame *frame = free_frame_locked(device, &exhausted);
    if (frame != NULL) {
      frame->refs = 1;
      device->drawing = frame;
      return frame;
    }
    if (exhausted) {
      *fault = FAULT_MEMORY;
      return NULL;
    }
    pthread_cond_wait(&device->done_cond, &device->lock);
  }
  return NULL;
}

/* The frame takes the place of the current one; its reference goes with it. */
static void show_locked(struct soft_device *device, struct soft_frame *frame) {
  /* The cursor belongs to the frame that the guest swapped after it moved it. */
  soft_cursor_sample_locked(device, true);
  drop_role_locked(device, &device->current);
  device->current = frame;
  frame->present = ++device->presents;
  frame->encoded = false;
  if (!device->announced) {
    struct soft_event event = {.kind = PVG_UPCALL_NEW_FRAME};
    device->announced = true;
    soft_queue_push_locked(device, &event);
  }
  soft_display_event_locked(device, DISPLAY_EVENT_PRESENT);
}

/* ---- swaps ---- */

/* Hands the drawn frame on; true if it needs no (further) waiting. draw_lock is held. */
static bool hand_on_locked(struct soft_channel *channel, uint64_t *ticket, uint32_t *fault) {
  struct soft_device *device = channel->device;
  if (device->config.vsync && device->queued != NULL) return false;
  struct soft_frame *frame = soft_drawing_locked(channel, fault);
  if (frame == NULL) return true;
  device->drawing = NULL;
  if (device->config.vsync) {
    device->queued = frame;
    *ticket = ++device->swap_asked;
  } else {
    show_locked(device, frame);
  }
  return true;
}

/* Waits until nothing is queued, hands the frame on and, with vsync, waits until it is the current one. */
uint32_t soft_swap(struct soft_channel *channel) {
  struct soft_device *device = channel->device;
  uint32_t fault = 0;
  uint64_t ticket = 0;
  for (bool handed_on = false; !handed_on;) {
    pthread_mutex_lock(&device->lock);
    while (device->queued != NULL && !soft_channel_leaves_locked(channel)) {
      pthread_cond_wait(&device->done_cond, &device->lock);
    }
    bool leaves = soft_channel_leaves_locked(channel);
    pthread_mutex_unlock(&device->lock);
    if (leaves) return 0;
    pthread_mutex_lock(&device->draw_lock);
    pthread_mutex_lock(&device->lock);
    handed_on = hand_on_locked(channel, &ticket, &fault);
    pthread_mutex_unlock(&device->lock);
    pthread_mutex_unlock(&device->draw_lock);
  }
  pthread_mutex_lock(&device->lock);
  while (device->swap_done < ticket && !soft_channel_leaves_locked(channel)) {
    pthread_cond_wait(&device->done_cond, &device->lock);
  }
  pthread_mutex_unlock(&device->lock);
  return fault;
}

/* ---- events and the cursor ---- */

void soft_display_event_locked(struct soft_device *device, uint32_t bits) {
  if (device->display_page == NULL) {
    /* Blanks before there is a page are gone; that a display was plugged in is not. */
    device->early_events |= bits & (DISPLAY_EVENT_ONLINE | DISPLAY_EVENT_OFFLINE);
    return;
  }
  uint32_t *page = (uint32_t *)(void *)device->display_page;
  __atomic_fetch_or(page + DISPLAY_PENDING / 4, bits, __ATOMIC_ACQ_REL);
  if ((__atomic_load_n(page + DISPLAY_ENABLE / 4, __ATOMIC_ACQUIRE) & bits) == 0) return;
  if (!(device->display_status & 1)) device->interrupts |= 2;
  device->display_status |= 1;
}

/* Looks at what the guest wrote about its cursor and tells the host what changed. */
void soft_cursor_sample_locked(struct soft_device *device, bool show_too) {
  if (device->display_page == NULL) return;
  uint32_t *page = (uint32_t *)(void *)device->display_page;
  uint32_t raw = __atomic_load_n(page + DISPLAY_CURSOR / 4, __ATOMIC_ACQUIRE);
  if (raw != device->cursor_raw) {
    device->cursor_raw = raw;
    device->cursor_x = raw & 0xffffu;
    device->cursor_y = raw >> 16;
    struct soft_event move = {.kind = PVG_UPCALL_CURSOR_MOVE, .words = {0, device->cursor_x, device->cursor_y}};
    soft_queue_push_locked(device, &move);
  }
  if (!show_too) return;
  uint32_t show = __atomic_load_n(page + DISPLAY_CURSOR_SHOW / 4, __ATOMIC_ACQUIRE) != 0;
  if (show == device->cursor_show) return;
  struct soft_event event = {.kind = PVG_UPCALL_CURSOR_SHOW, .words = {0, show, device->cursor_x, device->cursor_y}};
  device->cursor_show = show;
  soft_queue_push_locked(device, &event);
}

/* ---- the vertical blank ---- */

static void blank_locked(struct soft_device *device, uint32_t *passed_over) {
  soft_cursor_sample_locked(device, true);
  soft_display_event_locked(device, DISPLAY_EVENT_VBL);
  if (device->queued == NULL) {
    *passed_over = 0;
  } else if (device->announced && ++*passed_over < PATIENCE_BLANKS) {
    return;
  } else {
    struct soft_frame *frame = device->queued;
    device->queued = NULL;
    *passed_over = 0;
    show_locked(device, frame);
    device->swap_done = device->swap_asked;
    pthread_cond_broadcast(&device->done_cond);
  }
}

static int64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void *soft_vsync_main(void *argument) {
  struct soft_device *device = argument;
  uint32_t rate_mhz = 0, passed_over = 0;
  int64_t next = 0;
  pthread_mutex_lock(&device->lock);
  while (!atomic_load(&device->stopped)) {
    if (device->interrupts != 0) {
      pthread_mutex_unlock(&device->lock);
      soft_interrupts(device, THREAD_VSYNC);
      pthread_mutex_lock(&device->lock);
    } else if (device->rate_mhz == 0) {
      rate_mhz = 0;
      pthread_cond_wait(&device->vsync_cond, &device->lock);
    } else {
      int64_t period = 1000000000000 / device->rate_mhz;
      if (rate_mhz != device->rate_mhz) next = monotonic_ns() + period;
      rate_mhz = device->rate_mhz;
      struct timespec until = {.tv_sec = next / 1000000000, .tv_nsec = next % 1000000000};
      if (pthread_cond_timedwait(&device->vsync_cond, &device->lock, &until) != ETIMEDOUT) continue;
      blank_locked(device, &passed_over);
      next += period;
      /* Blanks that this thread slept through are over; the grid stays. */
      int64_t now = monotonic_ns();
      if (next < now) next += (now - next + period - 1) / period * period;
    }
  }
  pthread_mutex_unlock(&device->lock);
  return NULL;
}

/* ---- modes ---- */

/* The display queue tells the host, after the write has completed: a host that handles the change only when no access is in
 * progress would otherwise wait for itself. A device that is being reset, or has no such mode, ignores the write. */
void soft_mode_write_locked(struct soft_device *device, uint32_t mode) {
  if (device->resetting || mode >= device->mode_count) return;
  device->mode = mode;
  device->width = device->modes[mode].width;
  device->height = device->modes[mode].height;
  device->rate_mhz = device->modes[mode].rate_mhz;
  soft_frames_drop_locked(device);
  struct soft_event event = {.kind = PVG_UPCALL_MODE_CHANGE,
                             .words = {0, device->width, device->height, SOFT_PIXEL_FORMAT}};
  soft_queue_push_locked(device, &event);
  pthread_cond_broadcast(&device->vsync_cond);
}

static bool mode_is_sane(const struct pvg_display_mode *mode) {
  return mode->width >= 1 && mode->width <= 16384 && mode->height >= 1 && mode->height <= 16384 &&
         mode->rate_mhz >= 1000 && mode->rate_mhz <= 65535000 && mode->reserved == 0;
}

int32_t pvg_display_set_modes(uint32_t handle, uint32_t port, const struct pvg_display_mode *modes, uint32_t count) {
  if (modes == NULL || count < 1 || count > SOFT_MODES) {
    return pvgi_fail(PVG_E_ARGUMENT, "a mode list has 1..%u modes, not %u", SOFT_MODES, count);
  }
  for (uint32_t i = 0; i < count; i++) {
    if (mode_is_sane(&modes[i])) continue;
    return pvgi_fail(PVG_E_ARGUMENT, "mode %u is %ux%u at %u mHz; sides are 1..16384, rates 1000..65535000", i,
                     modes[i].width, modes[i].height, modes[i].rate_mhz);
  }
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t result = port == 0 ? PVG_OK : PVG_E_UNSUPPORTED;
  if (result == PVG_OK) {
    pthread_mutex_lock(&device->lock);
    bool first = device->mode_count == 0;
    for (uint32_t i = 0; i < count; i++) device->modes[i] = modes[i];
    device->mode_count = count;
    if (first) soft_display_event_locked(device, DISPLAY_EVENT_ONLINE);
    /* The vsync thread posts the interrupt, because the host's own thread must never wait for its own mailbox. */
    pthread_cond_broadcast(&device->vsync_cond);
    pthread_mutex_unlock(&device->lock);
  }
  soft_device_leave(device);
  return result == PVG_OK ? PVG_OK : pvgi_fail(result, "there is no port %u", port);
}

int32_t pvg_display_cursor_position(uint32_t handle, uint32_t port, uint32_t *position) {
  if (position == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the position");
  if (port != 0) return pvgi_fail(PVG_E_UNSUPPORTED, "there is no port %u", port);
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  pthread_mutex_lock(&device->lock);
  position[0] = device->cursor_x;
  position[1] = device->cursor_y;
  pthread_mutex_unlock(&device->lock);
  soft_device_leave(device);
  return PVG_OK;
}

int32_t pvg_display_present_counts(uint32_t handle, uint32_t port, uint64_t *counts) {
  if (counts == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the counts");
  if (port != 0) return pvgi_fail(PVG_E_UNSUPPORTED, "there is no port %u", port);
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  pthread_mutex_lock(&device->lock);
  counts[0] = device->presents;
  counts[1] = device->encoded;
  pthread_mutex_unlock(&device->lock);
  soft_device_leave(device);
  return PVG_OK;
}

int32_t pvg_display_pending_events(uint32_t handle, uint32_t port) {
  if (port != 0) return pvgi_fail(PVG_E_UNSUPPORTED, "there is no port %u", port);
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  pthread_mutex_lock(&device->lock);
  pthread_mutex_lock(&device->upcall_lock);
  int32_t pending = (int32_t)(device->queue_count + device->queue_busy + device->glyphs);
  pthread_mutex_unlock(&device->upcall_lock);
  pthread_mutex_unlock(&device->lock);
  soft_device_leave(device);
  return pending;
}
