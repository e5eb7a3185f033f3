/* SPDX-License-Identifier: Apache-2.0
 *
 * queue.c - the display queue: the one thread that tells the host what happened on the display, in order.
 *
 * Invariant: at most one event of each kind is queued, since a later one takes its place; so pushing never blocks and loses
 * nothing but what is out of date. While a mode change waits for the host the thread holds display_lock, so encodes wait
 * with it. Nothing that an MMIO access waits for may wait for this thread, because the host may handle what it
 * is told only when no access is in progress.
 */
#include <stdlib.h>
#include <string.h>

#include "soft_pvg.h"

static struct soft_event *queued_locked(struct soft_device *device, uint32_t kind) {
  for (uint32_t i = 0; i < device->queue_count; i++) {
    struct soft_event *event = &device->queue[(device->queue_head + i) % SOFT_QUEUE];
    if (event->kind == kind) return event;
  }
  return NULL;
}

/* Takes the event's payload over. */
void soft_queue_push_locked(struct soft_device *device, const struct soft_event *event) {
  struct soft_event *place = queued_locked(device, event->kind);
  if (place != NULL) {
    free(place->payload);
  } else {
    place = &device->queue[(device->queue_head + device->queue_count) % SOFT_QUEUE];
    device->queue_count++;
    pthread_cond_signal(&device->queue_cond);
  }
  *place = *event;
}

/* Forgets what is queued. */
void soft_queue_flush_locked(struct soft_device *device) {
  for (; device->queue_count != 0; device->queue_count--) {
    free(device->queue[device->queue_head].payload);
    device->queue_head = (device->queue_head + 1) % SOFT_QUEUE;
  }
}

static void change_mode(struct soft_device *device, const struct soft_event *event) {
  struct soft_call call = {.kind = event->kind, .thread = THREAD_DISPLAY};
  memcpy(call.words, event->words, sizeof call.words);
  pthread_mutex_lock(&device->display_lock);
  soft_upcall(device, &call, NULL);
  pthread_mutex_unlock(&device->display_lock);
}

static void tell(struct soft_device *device, const struct soft_event *event) {
  bool mode_change = event->kind == PVG_UPCALL_MODE_CHANGE;
  if (event->kind == PVG_UPCALL_CURSOR_GLYPH) {
    soft_post_glyph(device, event);
  } else if (mode_change && device->config.mode_change_waits) {
    change_mode(device, event);
  } else {
    struct pvg_record record = {.kind = event->kind, .thread = THREAD_DISPLAY};
    memcpy(record.words, event->words, sizeof record.words);
    soft_post(device, &record);
  }
}

void *soft_queue_main(void *argument) {
  struct soft_device *device = argument;
  pthread_mutex_lock(&device->lock);
  for (;;) {
    while (device->queue_count == 0 && !atomic_load(&device->stopped)) {
      pthread_cond_wait(&device->queue_cond, &device->lock);
    }
    if (atomic_load(&device->stopped)) break;
    struct soft_event event = device->queue[device->queue_head];
    device->queue_head = (device->queue_head + 1) % SOFT_QUEUE;
    device->queue_count--;
    device->queue_busy = true;
    pthread_mutex_unlock(&device->lock);
    tell(device, &event);
    pthread_mutex_lock(&device->lock);
    device->queue_busy = false;
  }
  pthread_mutex_unlock(&device->lock);
  return NULL;
}
