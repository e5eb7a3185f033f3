/* SPDX-License-Identifier: Apache-2.0
 *
 * frames.c - the frames of a display: drawn, swapped, shown.
 *
 * A frame is drawn, then (with vsync) queued until a blank, then current. The host is told of a new current frame only if
 * it has asked for one since it was last told, or the mode has changed, so that announcements never pile up, unless the configuration wants every one; a
 * current frame that is replaced before it was encoded is a dropped one. Frames are counted references; what is taken out of the
 * pool is freed with its last one. This file doesn't copy pixels and doesn't post.
 */
#include <stdlib.h>

#include "soft_pvg.h"

/* ---- frames ---- */

void soft_frame_unref_locked(struct soft_device *device, struct soft_frame *frame) {
  if (--frame->refs != 0) return;
  if (frame->orphan) soft_frame_free(frame);
  pthread_cond_broadcast(&device->done_cond);
}

static void drop_role_locked(struct soft_device *device, struct soft_frame **role) {
  if (*role != NULL) soft_frame_unref_locked(device, *role);
  *role = NULL;
}

/* Empties the pool; what is still being drawn or encoded lives until that is done. */
void soft_frames_drop_locked(struct soft_display *display) {
  struct soft_device *device = display->device;
  for (uint32_t i = 0; i < SOFT_FRAMES; i++) {
    struct soft_frame *frame = display->frames[i];
    display->frames[i] = NULL;
    if (frame == NULL) continue;
    frame->orphan = true;
    frame->refs++;
    soft_frame_unref_locked(device, frame);
  }
  drop_role_locked(device, &display->drawing);
  drop_role_locked(device, &display->queued);
  drop_role_locked(device, &display->current);
  display->swap_done = display->swap_asked; /* what was queued will never be flipped */
  pthread_cond_broadcast(&device->done_cond);
}

struct soft_frame *soft_frame_new(uint32_t width, uint32_t height) {
  struct soft_frame *frame = calloc(1, sizeof *frame);
  if (frame == NULL) return NULL;
  frame->pixels = soft_pixels_new(width, height);
  if (frame->pixels == NULL) {
    free(frame);
    return NULL;
  }
  frame->width = width;
  frame->height = height;
  return frame;
}

void soft_frame_free(struct soft_frame *frame) {
  if (frame == NULL) return;
  soft_pixels_unref(frame->pixels);
  free(frame);
}

/* A frame that nobody holds gets a picture of its own, if textures share the one it has. */
static bool make_drawable(struct soft_frame *frame) {
  if (soft_pixels_sole(frame->pixels)) return true;
  struct soft_pixels *pixels = soft_pixels_new(frame->width, frame->height);
  if (pixels == NULL) return false;
  soft_pixels_unref(frame->pixels);
  frame->pixels = pixels;
  return true;
}

/* A frame that nobody holds, of which there must be one or room for one; NULL if there is no memory for it. Rather a new one than one whose
 * picture a texture shares, which would need another: a host that has one texture a port never makes that necessary. */
static struct soft_frame *free_frame_locked(struct soft_display *display) {
  struct soft_frame *shared = NULL;
  for (uint32_t i = 0; i < SOFT_FRAMES; i++) {
    struct soft_frame *frame = display->frames[i];
    if (frame == NULL) {
      display->frames[i] = soft_frame_new(display->width, display->height);
      return display->frames[i];
    }
    if (frame->refs != 0) continue;
    if (soft_pixels_sole(frame->pixels)) return frame;
    shared = frame;
  }
  return shared != NULL && make_drawable(shared) ? shared : NULL;
}

/* Whether whoever wants to draw has to wait for a frame, since others hold them all. */
bool soft_frames_taken_locked(const struct soft_display *display) {
  if (display->width == 0 || display->drawing != NULL) return false;
  for (uint32_t i = 0; i < SOFT_FRAMES; i++) {
    if (display->frames[i] == NULL || display->frames[i]->refs == 0) return false;
  }
  return true;
}

/* The frame being drawn, waiting for one if the host has them all; NULL if the channel must leave, or with a fault. A suspend
 * doesn't end this wait: the encodes that hold the frames complete before it does. */
struct soft_frame *soft_drawing_locked(struct soft_channel *channel, struct soft_display *display, uint32_t *fault) {
  struct soft_device *device = channel->device;
  *fault = 0;
  soft_channel_park_locked(channel, PARKED_FRAME, display);
  while (soft_frames_taken_locked(display) && !soft_channel_leaves_locked(channel)) {
    pthread_cond_wait(&device->done_cond, &device->lock);
  }
  soft_channel_unpark_locked(channel);
  if (soft_channel_leaves_locked(channel)) {
    channel->put_off = true;
    return NULL;
  }
  if (display->width == 0) *fault = FAULT_DISPLAY;
  if (display->drawing != NULL || *fault != 0) return display->drawing;
  struct soft_frame *frame = free_frame_locked(display);
  if (frame == NULL) {
    *fault = FAULT_MEMORY;
    return NULL;
  }
  frame->refs = 1;
  display->drawing = frame;
  return frame;
}

/* The frame takes the place of the current one; its reference goes with it. */
void soft_frame_show_locked(struct soft_display *display, struct soft_frame *frame) {
  struct soft_device *device = display->device;
  /* The cursor belongs to the frame that the guest swapped after it moved it. */
  soft_cursor_sample_locked(display, true);
  drop_role_locked(device, &display->current);
  display->current = frame;
  frame->present = ++display->presents;
  frame->encoded = false;
  if (!display->announced || device->config.announce_every_frame) {
    struct soft_event event = {.kind = PVG_UPCALL_NEW_FRAME, .words = {display->port}};
    display->announced = true;
    soft_queue_push_locked(device, &event);
  }
  soft_display_event_locked(display, DISPLAY_EVENT_PRESENT);
}

/* ---- swaps ---- */

/* Hands the drawn frame on; true if it needs no (further) waiting. draw_lock is held. A frame may be queued without vsync too: on
 * a device that was resumed with other settings. */
static bool hand_on_locked(struct soft_channel *channel, struct soft_display *display, uint32_t *fault) {
  struct soft_device *device = channel->device;
  if (display->queued != NULL) return false;
  struct soft_frame *frame = soft_drawing_locked(channel, display, fault);
  if (frame == NULL) return true;
  display->drawing = NULL;
  if (device->config.vsync) {
    display->queued = frame;
    channel->flip = display;
    channel->flip_ticket = ++display->swap_asked;
  } else {
    soft_frame_show_locked(display, frame);
  }
  return true;
}

/* Waits until nothing is queued there; false, with the packet put off, if the channel has to give up. */
static bool await_turn(struct soft_channel *channel, struct soft_display *display) {
  struct soft_device *device = channel->device;
  pthread_mutex_lock(&device->lock);
  soft_channel_park_locked(channel, PARKED_TURN, display);
  while (display->queued != NULL && !soft_channel_rests_locked(channel)) {
    pthread_cond_wait(&device->done_cond, &device->lock);
  }
  soft_channel_unpark_locked(channel);
  channel->put_off = soft_channel_rests_locked(channel);
  bool goes_on = !channel->put_off;
  pthread_mutex_unlock(&device->lock);
  return goes_on;
}

/* Waits until nothing is queued, hands the frame on and, with vsync, waits until it is the current one. */
uint32_t soft_swap(struct soft_channel *channel, struct soft_display *display) {
  uint32_t fault = 0;
  for (bool handed_on = false; !handed_on;) {
    if (!await_turn(channel, display)) return 0;
    soft_draw_begin(channel, display);
    handed_on = hand_on_locked(channel, display, &fault);
    soft_draw_end(channel, display);
  }
  if (channel->flip != NULL) soft_flip_await(channel);
  return fault;
}

/* Waits until the frame that the swap in hand has queued is the current one. A suspend leaves it queued and the packet put off, to be
 * waited for again after the resume; a channel that leaves for another reason carries the packet out anew, if ever. */
void soft_flip_await(struct soft_channel *channel) {
  struct soft_device *device = channel->device;
  pthread_mutex_lock(&device->lock);
  struct soft_display *display = channel->flip;
  soft_channel_park_locked(channel, PARKED_FLIP, display);
  while (display->swap_done < channel->flip_ticket && !soft_channel_rests_locked(channel)) {
    pthread_cond_wait(&device->done_cond, &device->lock);
  }
  soft_channel_unpark_locked(channel);
  channel->put_off = display->swap_done < channel->flip_ticket;
  if (!channel->put_off || soft_channel_leaves_locked(channel)) channel->flip = NULL;
  pthread_mutex_unlock(&device->lock);
}
