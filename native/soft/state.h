/* SPDX-License-Identifier: Apache-2.0
 *
 * state.h - what a suspended device is, apart from guest memory and this process.
 *
 * A state is made in two ways: taken from a device at rest, whose lists, pixels and bitmaps it borrows, or read from bytes, when
 * everything it points to is its own. Whatever is at rest has no job, no encode and no packet half done, so none is described here;
 * the one exception is a swap that waits for its frame to be flipped. Pointers, handles and ticket numbers are of a process and left out.
 */
#ifndef SOFT_STATE_H
#define SOFT_STATE_H

#include "soft_pvg.h"

struct soft_saved_task {
  uint32_t number;
  uint64_t length;
  struct soft_mappings mappings;
};

struct soft_saved_channel {
  uint32_t number, task, data_length, read;
  uint64_t offset;
  uint32_t doorbell;        /* 1: it may have packets to read, which nobody will tell it of again */
  uint32_t flip;            /* 1 + the port on which its swap waits to be flipped, 0: none waits */
  uint32_t size, stamp;     /* of that swap's packet */
};

struct soft_saved_display {
  struct pvg_display_mode modes[PVGI_MODES];
  uint32_t mode_count, mode_select, mode, width, height, rate_mhz;
  uint32_t page; /* 1: the guest has given one */
  uint32_t early_events, cursor_raw, cursor_show;
  uint64_t presents, encoded;
  struct soft_frame *drawing, *queued, *current;
  uint32_t current_encoded;
  /* By a virtual clock, 0 without one or without a mode. */
  int64_t next_blank_ns;
  uint32_t blank_rest;
};

/* A surface that is mapped or was: the guest's table counts how often. */
struct soft_saved_surface {
  uint32_t number, flags, times;
  uint32_t mapped; /* 1: from `gpa` on, `length` bytes; 0: it isn't, and they are 0 */
  uint64_t gpa, length;
};

struct soft_saved_iosfc {
  uint64_t ring_base, ring_capacity, table_base;
  uint32_t producer, consumer, status;
  uint32_t ring_mapped, table_mapped;
  uint32_t surface_count;
  struct soft_saved_surface *surfaces; /* the state's own */
};

struct soft_state {
  bool owned;
  uint32_t page_shift, ports, iosfc, virtual_clock; /* of the configuration it was made with */
  int64_t clock_ns;
  uint32_t running, halted;
  struct soft_registers registers;
  uint32_t stamps[CHILD_FIFO_MAX + 1];
  uint64_t encode_calls;
  uint32_t task_count, channel_count, event_count;
  struct soft_saved_task tasks[TASK_MAX + 1];
  struct soft_saved_channel channels[CHILD_FIFO_MAX];
  struct soft_saved_display displays[PVG_PORTS_MAX];
  struct soft_event events[SOFT_QUEUE + 1];
  struct soft_saved_iosfc mapper; /* if `iosfc` */
};

/* state.c: an empty state or NULL; the device must be suspended and its lock held for the taking. */
struct soft_state *soft_state_new(void);
void soft_state_free(struct soft_state *state);
void soft_state_take_locked(struct soft_state *state, struct soft_device *device);

/* state_bytes.c: the length of the bytes, which are written if `room` is enough; PVG_OK or what is wrong with them. */
uint64_t soft_state_write(struct soft_state *state, uint8_t *bytes, uint64_t room);
int32_t soft_state_read(struct soft_state *state, const uint8_t *bytes, uint64_t length);

/* iosfc_state.c: taking it may fail with PVG_E_NO_MEMORY, resuming it with PVG_E_REFUSED, or PVG_E_ARGUMENT if it was used already. */
int32_t soft_iosfc_take(struct soft_saved_iosfc *saved, struct soft_iosfc *iosfc);
const char *soft_iosfc_check(const struct soft_saved_iosfc *saved);
int32_t soft_iosfc_resume(struct soft_iosfc *iosfc, const struct soft_saved_iosfc *saved);

/* state_check.c: NULL, or in words what makes no sense, or does not fit the device. */
const char *soft_state_check(const struct soft_state *state, const struct soft_device *device);

#endif
