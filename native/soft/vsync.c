/* SPDX-License-Identifier: Apache-2.0
 *
 * vsync.c - the vertical blanks of all ports, each at its own mode's rate, on one thread.
 *
 * A blank looks at the cursor, tells the guest, and flips the queued frame. A port's blanks lie on a grid of exact fractions that begins when
 * its rate is set; what the thread slept through is left out, and the grid stays. With a virtual clock the blanks are carried out by whoever
 * moves it (clock.c). This thread also posts the interrupts that were raised on a host's own thread, which must never
 * wait for a mailbox that it may be the one to empty. This file doesn't know who swaps.
 */
#include "soft_pvg.h"

/* How many blanks a queued frame waits for the host to ask for the one before it, until it takes its place. */
#define PATIENCE_BLANKS 8u

static bool host_is_behind(const struct soft_display *display) {
  const struct pvg_config *config = &display->device->config;
  return display->announced && !config->announce_every_frame && !config->virtual_clock;
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

/* ---- the grid ---- */

#define NS_A_MILLIHERTZ 1000000000000ull

int64_t soft_period_ns(uint32_t rate_mhz) { return (int64_t)((NS_A_MILLIHERTZ + rate_mhz - 1) / rate_mhz); }

/* Goes `count` blanks on. What is less than a nanosecond is kept, so that the grid never drifts. */
static void pass_locked(struct soft_display *display, uint64_t count) {
  uint64_t rate = display->rate_mhz;
  uint64_t rests = display->blank_rest + count * (NS_A_MILLIHERTZ % rate);
  display->next_blank_ns += (int64_t)(count * (NS_A_MILLIHERTZ / rate) + rests / rate);
  display->blank_rest = (uint32_t)(rests % rate);
}

void soft_grid_begin_locked(struct soft_display *display) {
  display->next_blank_ns = soft_now_locked(display->device);
  display->blank_rest = 0;
  if (display->rate_mhz != 0) pass_locked(display, 1);
}

/* A real clock's blanks that were slept through are left out; a virtual one stands still at each. */
void soft_blanks_due_locked(struct soft_device *device, int64_t now) {
  for (uint32_t port = 0; port < device->config.ports; port++) {
    struct soft_display *display = &device->displays[port];
    if (display->rate_mhz == 0 || display->next_blank_ns > now) continue;
    blank_locked(display);
    pass_locked(display, 1);
    int64_t late = now - display->next_blank_ns, period = (int64_t)(NS_A_MILLIHERTZ / display->rate_mhz);
    if (late > 0) pass_locked(display, (uint64_t)((late + period - 1) / period));
  }
}

int64_t soft_next_blank_locked(const struct soft_device *device) {
  int64_t next = INT64_MAX;
  for (uint32_t port = 0; port < device->config.ports; port++) {
    const struct soft_display *display = &device->displays[port];
    if (display->rate_mhz != 0 && display->next_blank_ns < next) next = display->next_blank_ns;
  }
  return next;
}

/* ---- the thread ---- */

/* Carries out what is due by a real clock; when to look again, INT64_MAX if not before somebody says so. */
static int64_t look_locked(struct soft_device *device) {
  if (device->phase != PHASE_RUNNING || device->config.virtual_clock) return INT64_MAX;
  soft_blanks_due_locked(device, soft_now_locked(device));
  return soft_next_blank_locked(device);
}

void *soft_vsync_main(void *argument) {
  struct soft_device *device = argument;
  pthread_mutex_lock(&device->lock);
  while (!atomic_load(&device->stopped)) {
    int64_t next = look_locked(device);
    if (device->phase == PHASE_RUNNING && device->interrupts != 0) {
      pthread_mutex_unlock(&device->lock);
      soft_interrupts(device, THREAD_VSYNC);
      pthread_mutex_lock(&device->lock);
    } else if (next == INT64_MAX) {
      pthread_cond_wait(&device->vsync_cond, &device->lock);
    } else {
      pvgi_cond_until(&device->vsync_cond, &device->lock, next);
    }
  }
  pthread_mutex_unlock(&device->lock);
  return NULL;
}
