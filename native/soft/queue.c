/* SPDX-License-Identifier: Apache-2.0
 *
 * queue.c - the display queue: the one thread that tells the host what happened on the displays, in order.
 *
 * Invariant: at most one event of each kind and port is queued, since a later one takes its place, and none of a frame of an old mode; so pushing
 * never blocks and loses nothing but what is out of date. While a mode change waits for the host the thread holds display_lock, so encodes wait
 * with it. Nothing that an MMIO access waits for may wait for this thread, because the host may handle what it
 * is told only when no access is in progress. A suspended device tells nothing more; what is queued is part of its state.
 */
#include <stdlib.h>
#include <string.h>

#include "soft_pvg.h"

struct soft_event *soft_queue_at_locked(struct soft_device *device, uint32_t place) {
  return &device->queue[(device->queue_head + place) % SOFT_QUEUE];
}

struct soft_event *soft_queue_find_locked(struct soft_device *device, uint32_t kind, uint64_t port) {
  for (uint32_t place = 0; place < device->queue_count; place++) {
    struct soft_event *event = soft_queue_at_locked(device, place);
    if (event->kind == kind && event->words[0] == port) return event;
  }
  return NULL;
}

/* Takes the event's payload over. */
void soft_queue_push_locked(struct soft_device *device, const struct soft_event *event) {
  struct soft_event *place = soft_queue_find_locked(device, event->kind, event->words[0]);
  uint32_t more = 0;
  if (place != NULL) {
    free(place->payload);
    bool counts = event->kind == PVG_UPCALL_NEW_FRAME && device->config.announce_every_frame;
    more = place->more + (counts && place->more < SOFT_ANNOUNCEMENTS);
  } else {
    place = soft_queue_at_locked(device, device->queue_count);
    device->queue_count++;
    pthread_cond_signal(&device->queue_cond);
  }
  *place = *event;
  place->more = more;
}

/* Forgets what is queued of a kind and port. */
void soft_queue_forget_locked(struct soft_device *device, uint32_t kind, uint64_t port) {
  uint32_t kept = 0;
  for (uint32_t place = 0; place < device->queue_count; place++) {
    struct soft_event event = *soft_queue_at_locked(device, place);
    if (event.kind == kind && event.words[0] == port) {
      free(event.payload);
    } else {
      *soft_queue_at_locked(device, kept++) = event;
    }
  }
  device->queue_count = kept;
}

/* Forgets what is queued. */
void soft_queue_flush_locked(struct soft_device *device) {
  for (; device->queue_count != 0; device->queue_count--) {
    free(device->queue[device->queue_head].payload);
    device->queue_head = (device->queue_head + 1) % SOFT_QUEUE;
  }
}

/* What the host was not told of yet, or hasn't answered. */
uint32_t soft_queue_pending_locked(struct soft_device *device, uint32_t port) {
  uint32_t pending = device->queue_busy && device->telling.words[0] == port;
  for (uint32_t place = 0; place < device->queue_count; place++) {
    const struct soft_event *event = soft_queue_at_locked(device, place);
    if (event->words[0] == port) pending += 1 + event->more;
  }
  return pending + pvgi_glyphs_held(&device->base, port);
}

static struct soft_event pop_locked(struct soft_device *device) {
  struct soft_event *head = soft_queue_at_locked(device, 0), event = *head;
  event.more = 0;
  if (head->more != 0) {
    head->more--;
    return event;
  }
  device->queue_head = (device->queue_head + 1) % SOFT_QUEUE;
  device->queue_count--;
  return event;
}

/* Undoes a pop, unless something newer has taken the event's place. */
static void put_back_locked(struct soft_device *device, const struct soft_event *event) {
  if (soft_queue_find_locked(device, event->kind, event->words[0]) != NULL) {
    free(event->payload);
    return;
  }
  device->queue_head = (device->queue_head + SOFT_QUEUE - 1) % SOFT_QUEUE;
  device->queue_count++;
  *soft_queue_at_locked(device, 0) = *event;
}

static void change_mode(struct soft_device *device, const struct soft_event *event) {
  struct pvgi_call call = {.kind = event->kind, .thread = THREAD_DISPLAY};
  memcpy(call.words, event->words, sizeof call.words);
  soft_display_lock(device);
  pvgi_upcall(&device->base, &call, NULL);
  soft_display_unlock(device);
}

/* False if the event could not be told before the device was suspended, and its payload is still the caller's. */
static bool tell(struct soft_device *device, const struct soft_event *event) {
  if (event->kind == PVG_UPCALL_MODE_CHANGE && device->config.mode_change_waits) {
    change_mode(device, event);
    return true;
  }
  struct pvg_record record = {.kind = event->kind, .thread = THREAD_DISPLAY};
  memcpy(record.words, event->words, sizeof record.words);
  if (event->kind == PVG_UPCALL_CURSOR_GLYPH) return pvgi_post_glyph(&device->base, &record, event->payload);
  pvgi_post(&device->base, &record);
  return true;
}

/* Whether the thread waits for the host's answer, so that there is no telling when it will be done. */
bool soft_queue_waits_locked(const struct soft_device *device) {
  return device->queue_busy && device->telling.kind == PVG_UPCALL_MODE_CHANGE && device->config.mode_change_waits;
}

void *soft_queue_main(void *argument) {
  struct soft_device *device = argument;
  pthread_mutex_lock(&device->lock);
  for (;;) {
    while ((device->queue_count == 0 || device->phase != PHASE_RUNNING) && !atomic_load(&device->stopped)) {
      pthread_cond_wait(&device->queue_cond, &device->lock);
    }
    if (atomic_load(&device->stopped)) break;
    struct soft_event event = pop_locked(device);
    device->telling = event;
    device->telling.payload = NULL;
    device->queue_busy = true;
    pthread_mutex_unlock(&device->lock);
    bool told = tell(device, &event);
    pthread_mutex_lock(&device->lock);
    if (!told) put_back_locked(device, &event);
    /* A mode change whose answer a stop cut short stays what the host is being told, for the state of the suspended device. */
    if (device->phase == PHASE_SUSPENDED && atomic_load(&device->stopped)) break;
    device->queue_busy = false;
    soft_rested_locked(device);
  }
  pthread_mutex_unlock(&device->lock);
  return NULL;
}
