/* SPDX-License-Identifier: Apache-2.0
 *
 * display.c - the displays of a device, one a port: their modes, events and cursors, and what a host may ask of them.
 *
 * The mode in use is kept beside the list of modes, because the host may take it from the list while it is in use. Nothing here waits
 * or posts: events go to the display queue, interrupts to the vsync thread. Frames are in frames.c, registers in
 * display_registers.c.
 */
#include "soft_pvg.h"

/* ---- the displays of a device ---- */

void soft_displays_init(struct soft_device *device) {
  for (uint32_t port = 0; port < PVG_PORTS_MAX; port++) {
    struct soft_display *display = &device->displays[port];
    display->device = device;
    display->port = port;
    pthread_mutex_init(&display->draw_lock, NULL);
    soft_display_power_on_locked(display);
  }
}

void soft_displays_free(struct soft_device *device) {
  for (uint32_t port = 0; port < PVG_PORTS_MAX; port++) {
    pthread_mutex_lock(&device->lock);
    soft_frames_drop_locked(&device->displays[port]);
    pthread_mutex_unlock(&device->lock);
    pthread_mutex_destroy(&device->displays[port].draw_lock);
  }
}

/* As it is after creation; the mode list stays, because it is the host's. */
void soft_display_power_on_locked(struct soft_display *display) {
  display->mode_select = 0;
  display->mode = MODE_NONE;
  display->width = display->height = display->rate_mhz = 0;
  display->early_events = display->mode_count != 0 ? DISPLAY_EVENT_ONLINE : 0;
  display->announced = false;
  display->cursor_raw = 0xffffffffu;
  display->cursor_show = 1;
}

struct soft_display *soft_display_of(struct soft_device *device, uint32_t port) {
  return port < device->config.ports ? &device->displays[port] : NULL;
}

struct soft_display *soft_display_enter(uint32_t handle, uint32_t port, int32_t *result) {
  struct soft_device *device = soft_device_enter(handle);
  *result = PVG_E_HANDLE;
  if (device == NULL) return NULL;
  struct soft_display *display = soft_display_of(device, port);
  *result = display != NULL ? PVG_OK : pvgi_fail(PVG_E_UNSUPPORTED, "there is no port %u", port);
  if (display == NULL) soft_device_leave(device);
  return display;
}

/* ---- events and the cursor ---- */

void soft_display_event_locked(struct soft_display *display, uint32_t bits) {
  struct soft_device *device = display->device;
  if (display->page == NULL) {
    /* Blanks before there is a page are gone; that a display was plugged in, or has other modes, is not. */
    display->early_events |= bits & (DISPLAY_EVENT_ONLINE | DISPLAY_EVENT_OFFLINE | DISPLAY_EVENT_MODES);
    return;
  }
  uint32_t *page = (uint32_t *)(void *)display->page;
  __atomic_fetch_or(page + DISPLAY_PENDING / 4, bits, __ATOMIC_ACQ_REL);
  if ((__atomic_load_n(page + DISPLAY_ENABLE / 4, __ATOMIC_ACQUIRE) & bits) == 0) return;
  uint32_t status = 1u << display->port;
  if (!(device->display_status & status)) device->interrupts |= 2;
  device->display_status |= status;
}

static uint32_t cursor_x(const struct soft_display *display) { return display->cursor_raw & 0xffffu; }

static uint32_t cursor_y(const struct soft_display *display) { return display->cursor_raw >> 16; }

void soft_cursor_shown_locked(struct soft_display *display, bool show) {
  struct soft_event event = {.kind = PVG_UPCALL_CURSOR_SHOW,
                             .words = {display->port, show, cursor_x(display), cursor_y(display)}};
  display->cursor_show = show;
  soft_queue_push_locked(display->device, &event);
}

/* Looks at what the guest wrote about its cursor and tells the host what changed. */
void soft_cursor_sample_locked(struct soft_display *display, bool show_too) {
  if (display->page == NULL) return;
  uint32_t *page = (uint32_t *)(void *)display->page;
  uint32_t raw = __atomic_load_n(page + DISPLAY_CURSOR / 4, __ATOMIC_ACQUIRE);
  if (raw != display->cursor_raw) {
    display->cursor_raw = raw;
    struct soft_event move = {.kind = PVG_UPCALL_CURSOR_MOVE, .words = {display->port, cursor_x(display), cursor_y(display)}};
    soft_queue_push_locked(display->device, &move);
  }
  if (!show_too) return;
  uint32_t show = __atomic_load_n(page + DISPLAY_CURSOR_SHOW / 4, __ATOMIC_ACQUIRE) != 0;
  if (show != display->cursor_show) soft_cursor_shown_locked(display, show);
}

/* ---- modes ---- */

/* The display queue tells the host, after the write has completed: a host that handles the change only when no access is in
 * progress would otherwise wait for itself. A device that is being reset, or has no such mode, ignores the write. */
void soft_mode_write_locked(struct soft_display *display, uint32_t mode) {
  struct soft_device *device = display->device;
  if (device->resetting || mode >= display->mode_count) return;
  bool other_rate = display->rate_mhz != display->modes[mode].rate_mhz;
  display->mode = mode;
  display->width = display->modes[mode].width;
  display->height = display->modes[mode].height;
  display->rate_mhz = display->modes[mode].rate_mhz;
  if (other_rate) soft_grid_begin_locked(display);
  soft_frames_drop_locked(display);
  /* The host may have been told of a frame that is gone now, or be about to be: the first one in the new mode is news, and comes behind the
   * change. Else nobody would ask for it. */
  soft_queue_forget_locked(device, PVG_UPCALL_NEW_FRAME, display->port);
  display->announced = false;
  struct soft_event event = {.kind = PVG_UPCALL_MODE_CHANGE,
                             .words = {display->port, display->width, display->height, SOFT_PIXEL_FORMAT}};
  soft_queue_push_locked(device, &event);
  pthread_cond_broadcast(&device->vsync_cond);
}

bool soft_mode_in_use(const struct soft_display *display, uint32_t at) {
  if (at >= display->mode_count) return false;
  const struct pvg_display_mode *mode = &display->modes[at];
  return mode->width == display->width && mode->height == display->height && mode->rate_mhz == display->rate_mhz;
}

/* Where the new list has the mode in use: at the old place if it is still there, else the first that is the same, else nowhere. */
static void find_mode_locked(struct soft_display *display) {
  if (display->width == 0 || soft_mode_in_use(display, display->mode)) return;
  display->mode = MODE_NONE;
  for (uint32_t at = display->mode_count; at-- > 0;) {
    if (soft_mode_in_use(display, at)) display->mode = at;
  }
}

static int32_t set_modes_locked(struct soft_display *display, const struct pvg_display_mode *modes, uint32_t count) {
  struct soft_device *device = display->device;
  if (device->phase != PHASE_RUNNING) return pvgi_fail(PVG_E_CLOSED, "the device was suspended");
  bool plugged = display->mode_count != 0;
  for (uint32_t at = 0; at < count; at++) display->modes[at] = modes[at];
  display->mode_count = count;
  find_mode_locked(display);
  soft_display_event_locked(display, plugged ? DISPLAY_EVENT_MODES : DISPLAY_EVENT_ONLINE);
  /* The vsync thread posts the interrupt, because the host's own thread must never wait for its own mailbox. */
  pthread_cond_broadcast(&device->vsync_cond);
  return PVG_OK;
}

/* ---- what a host may ask ---- */

int32_t pvg_display_set_modes(uint32_t handle, uint32_t port, const struct pvg_display_mode *modes, uint32_t count) {
  if (pvgi_check_modes(modes, count) != PVG_OK) return PVG_E_ARGUMENT;
  int32_t result;
  struct soft_display *display = soft_display_enter(handle, port, &result);
  if (display == NULL) return result;
  pthread_mutex_lock(&display->device->lock);
  result = set_modes_locked(display, modes, count);
  pthread_mutex_unlock(&display->device->lock);
  soft_device_leave(display->device);
  return result;
}

int32_t pvg_display_cursor_position(uint32_t handle, uint32_t port, uint32_t *position) {
  if (position == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the position");
  int32_t result;
  struct soft_display *display = soft_display_enter(handle, port, &result);
  if (display == NULL) return result;
  pthread_mutex_lock(&display->device->lock);
  position[0] = cursor_x(display);
  position[1] = cursor_y(display);
  pthread_mutex_unlock(&display->device->lock);
  soft_device_leave(display->device);
  return PVG_OK;
}

int32_t pvg_display_minimum_texture_usage(uint32_t handle, uint32_t port) {
  int32_t result;
  struct soft_display *display = soft_display_enter(handle, port, &result);
  if (display == NULL) return result;
  soft_device_leave(display->device);
  return SOFT_USAGE_RENDER_TARGET;
}

int32_t pvg_display_present_counts(uint32_t handle, uint32_t port, uint64_t *counts) {
  if (counts == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the counts");
  int32_t result;
  struct soft_display *display = soft_display_enter(handle, port, &result);
  if (display == NULL) return result;
  pthread_mutex_lock(&display->device->lock);
  counts[0] = display->presents;
  counts[1] = display->encoded;
  pthread_mutex_unlock(&display->device->lock);
  soft_device_leave(display->device);
  return PVG_OK;
}

int32_t pvg_display_pending_events(uint32_t handle, uint32_t port) {
  int32_t result;
  struct soft_display *display = soft_display_enter(handle, port, &result);
  if (display == NULL) return result;
  pthread_mutex_lock(&display->device->lock);
  result = (int32_t)soft_queue_pending_locked(display->device, port);
  pthread_mutex_unlock(&display->device->lock);
  soft_device_leave(display->device);
  return result;
}
