/* SPDX-License-Identifier: Apache-2.0
 *
 * vsync.c - the vertical blanks of all ports, each at its own mode's rate, on one thread.
 *
 * A blank looks at the cursor, tells the guest, and flips the queued frame. A port's blanks lie on a grid that begins when its rate is
 * set; what the thread slept through is left out, and the grid stays. This thread also posts the interrupts that were raised on a
 * host's own thread, which must never wait for a mailbox that it may be the one to empty. This file doesn't know who swaps.
 */
#include "soft_pvg.h"

/* How many blanks a queued frame waits for the host to ask for the one before it, until it takes its place. */
#define PATIENCE_BLANKS 8u

static int64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool host_is_behind(const struct soft_display *display) {
  return display->announced && !display->device->config.announce_every_frame;
}

static void blank_locked(struct soft_display *display) {
  struct soft_device *device = display->device;
  soft_cursor_sample_locked(display, true);
  soft_display_event_locked(display, DISPLAY_EVENT_VBL);
  struct soft_frame *frame = display->queued;
  if (frame != NULL && host_is_behind(display) && ++display->passed_over < PATIENCE_BLANKS) return;
  display->passed_over = 0;
  if (frame == NULL) return;
  display->queued = NULL;
  soft_frame_show_locked(display, frame);
  display->swap_done = display->swap_asked;
  pthread_cond_broadcast(&device->done_cond);
}

/* Carries out the port's blank if it is due; when the next one is, or INT64_MAX if the port has no rate. */
static int64_t port_locked(struct soft_display *display, int64_t now) {
  if (display->rate_mhz == 0) {
    display->blank_rate_mhz = 0;
    return INT64_MAX;
  }
  int64_t period = 1000000000000 / display->rate_mhz;
  if (display->blank_rate_mhz != display->rate_mhz) {
    display->blank_rate_mhz = display->rate_mhz;
    display->next_blank_ns = now + period;
  } else if (display->next_blank_ns <= now) {
    blank_locked(display);
    display->next_blank_ns += period;
    int64_t late = now - display->next_blank_ns;
    if (late > 0) display->next_blank_ns += (late + period - 1) / period * period;
  }
  return display->next_blank_ns;
}

static int64_t all_ports_locked(struct soft_device *device) {
  int64_t now = monotonic_ns(), next = INT64_MAX;
  for (uint32_t port = 0; port < device->config.ports; port++) {
    int64_t due = port_locked(&device->displays[port], now);
    if (due < next) next = due;
  }
  return next;
}

void *soft_vsync_main(void *argument) {
  struct soft_device *device = argument;
  pthread_mutex_lock(&device->lock);
  while (!atomic_load(&device->stopped)) {
    bool runs = device->phase == PHASE_RUNNING;
    int64_t next = runs ? all_ports_locked(device) : INT64_MAX;
    if (runs && device->interrupts != 0) {
      pthread_mutex_unlock(&device->lock);
      soft_interrupts(device, THREAD_VSYNC);
      pthread_mutex_lock(&device->lock);
    } else if (next == INT64_MAX) {
      pthread_cond_wait(&device->vsync_cond, &device->lock);
    } else {
      struct timespec until = {.tv_sec = next / 1000000000, .tv_nsec = next % 1000000000};
      pthread_cond_timedwait(&device->vsync_cond, &device->lock, &until);
    }
  }
  pthread_mutex_unlock(&device->lock);
  return NULL;
}
