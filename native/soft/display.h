/* SPDX-License-Identifier: Apache-2.0
 *
 * display.h - the displays of a device: their structures, and who does what with them.
 *
 * A part of soft_pvg.h, which has the order of the locks; to be included through it.
 */
#ifndef SOFT_DISPLAY_H
#define SOFT_DISPLAY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "../pvg_device.h"

#define SOFT_FRAMES 5 /* drawn, queued, current and being encoded; and the one whose picture a texture keeps */
#define SOFT_QUEUE (5 * PVG_PORTS_MAX) /* there are five kinds of event, and of each at most one a port is queued */
#define SOFT_ENCODES 4                 /* a port has in flight at most, so that no port's keep another's from being started */
#define SOFT_ANNOUNCEMENTS 65536u /* new frames of a port that are still to be told, if every one is; further ones are not */
#define SOFT_PIXEL_FORMAT 0x42475241u /* 'BGRA' */
#define SOFT_USAGE_RENDER_TARGET 4u   /* what a texture must be usable for, and a host can ask for */

struct soft_device;
struct soft_channel;

/* See pixels.c. */
struct soft_pixels {
  atomic_uint refs;
  uint32_t width, height;
  uint64_t length; /* in bytes */
  uint32_t *words;
};

struct soft_frame {
  uint32_t refs;
  uint32_t width, height;
  uint64_t present;
  bool encoded;
  bool orphan; /* no longer in the pool: freed with its last reference */
  struct soft_pixels *pixels; /* its own while it is drawn; textures may share it from then on */
};

struct soft_event {
  uint32_t kind;
  uint32_t more;     /* how often it is to be told again, for new frames that are all to be announced */
  uint64_t words[6]; /* the first is the port */
  uint8_t *payload;  /* owned; glyphs only */
};

/* What hangs on one port. Guarded by device.lock, but for what says otherwise. */
struct soft_display {
  struct soft_device *device;
  uint32_t port;
  pthread_mutex_t draw_lock;
  const struct soft_channel *drawer; /* who holds draw_lock; NULL: nobody does, or not any more */
  uint8_t *page; /* in the internal task, NULL while the guest has given none */
  struct pvg_display_mode modes[PVGI_MODES];
  uint32_t mode_count, mode_select;
  uint32_t width, height, rate_mhz; /* of the mode in use, which the list may have lost since; 0: none was set yet */
  uint32_t mode;                    /* where the list has the mode in use, or MODE_NONE */
  uint32_t early_events;            /* from before there was a page */
  struct soft_frame *frames[SOFT_FRAMES], *drawing, *queued, *current;
  bool announced; /* the host was told of a frame and hasn't asked for one since */
  uint64_t presents, encoded, swap_asked, swap_done;
  uint32_t encodes;                 /* in flight */
  uint32_t cursor_raw, cursor_show; /* the position as the guest writes it: y << 16 | x */
  uint32_t passed_over; /* blanks that left the queued frame where it is */
  /* The next blank, while a mode is set: nanoseconds, and 1/rate_mhz of one. */
  int64_t next_blank_ns;
  uint32_t blank_rest;
};

struct soft_texture {
  union {
    struct pvgi_texture base;
    struct { PVGI_TEXTURE_MEMBERS };
  };
  pthread_mutex_t lock; /* guards which pictures it has, not what is in them */
  bool managed;
  struct soft_pixels *vram;
  struct soft_pixels *ram; /* what the CPU reads; of a texture that isn't managed always the same as vram */
};

struct soft_encode {
  struct soft_display *display;
  struct soft_frame *frame;
  struct soft_texture *texture;
  bool synchronize;
  uint64_t frame_id;
};

/* display.c: soft_display_enter as soft_device_enter, NULL also where there is no such port, with *result set; leave its device. */
void soft_displays_init(struct soft_device *device);
void soft_displays_free(struct soft_device *device);
struct soft_display *soft_display_enter(uint32_t handle, uint32_t port, int32_t *result);
struct soft_display *soft_display_of(struct soft_device *device, uint32_t port);
void soft_display_power_on_locked(struct soft_display *display);
void soft_mode_write_locked(struct soft_display *display, uint32_t mode);
bool soft_mode_in_use(const struct soft_display *display, uint32_t at);
void soft_display_event_locked(struct soft_display *display, uint32_t bits);
void soft_cursor_sample_locked(struct soft_display *display, bool show_too);
void soft_cursor_shown_locked(struct soft_display *display, bool show);

/* display_registers.c */
bool soft_display_register(uint64_t offset);
uint32_t soft_display_read_locked(struct soft_device *device, uint64_t offset);
void soft_display_write_locked(struct soft_device *device, uint64_t offset, uint32_t value);

/* frames.c: swap and drawing return 0 or a FAULT_*. */
uint32_t soft_swap(struct soft_channel *channel, struct soft_display *display);
void soft_flip_await(struct soft_channel *channel);
struct soft_frame *soft_frame_new(uint32_t width, uint32_t height);
void soft_frame_free(struct soft_frame *frame);
bool soft_frames_taken_locked(const struct soft_display *display);
struct soft_frame *soft_drawing_locked(struct soft_channel *channel, struct soft_display *display, uint32_t *fault);
void soft_frame_show_locked(struct soft_display *display, struct soft_frame *frame);
void soft_frame_unref_locked(struct soft_device *device, struct soft_frame *frame);
void soft_frames_drop_locked(struct soft_display *display);

/* vsync.c: grid_begin: the rate was set just now; due: carries out the blanks that are due at that time; next_blank: INT64_MAX: there is none;
 * period: rounded up. */
void *soft_vsync_main(void *argument);
int64_t soft_period_ns(uint32_t rate_mhz);
void soft_grid_begin_locked(struct soft_display *display);
void soft_blanks_due_locked(struct soft_device *device, int64_t now);
int64_t soft_next_blank_locked(const struct soft_device *device);

/* queue.c */
void *soft_queue_main(void *argument);
struct soft_event *soft_queue_at_locked(struct soft_device *device, uint32_t place);
struct soft_event *soft_queue_find_locked(struct soft_device *device, uint32_t kind, uint64_t port);
void soft_queue_push_locked(struct soft_device *device, const struct soft_event *event);
void soft_queue_forget_locked(struct soft_device *device, uint32_t kind, uint64_t port);
void soft_queue_flush_locked(struct soft_device *device);
uint32_t soft_queue_pending_locked(struct soft_device *device, uint32_t port);
bool soft_queue_waits_locked(const struct soft_device *device);

/* gpu.c */
void *soft_gpu_main(void *argument);

/* texture.c: false if there is no memory for it; the texture is as it was then. */
bool soft_texture_encode(struct soft_texture *texture, const struct soft_frame *frame, bool synchronize);

/* pixels.c */
struct soft_pixels *soft_pixels_new(uint32_t width, uint32_t height);
struct soft_pixels *soft_pixels_ref(struct soft_pixels *pixels);
bool soft_pixels_sole(const struct soft_pixels *pixels);
void soft_pixels_unref(struct soft_pixels *pixels);

#endif
