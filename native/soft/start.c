/* SPDX-License-Identifier: Apache-2.0
 *
 * start.c - what the control thread does for a START and for a reset.
 *
 * START puts the control ring and the shared page into a fresh internal task; what the guest has made stays. A reset takes
 * everything away, in the order in which it was built upon: jobs, channels, events, frames, tasks, registers. This
 * file doesn't read packets.
 */
#include <string.h>

#include "soft_pvg.h"

static bool ring_is_sane(const struct soft_device *device) {
  uint32_t page = 1u << device->config.page_shift, length = device->fifo_length;
  if (length < page || length > FIFO_MAX_LENGTH || (length & (length - 1)) != 0) return false;
  return device->fifo_offset % page == 0;
}

/* Nobody reaches the internal task after this. */
static void clear_pages_locked(struct soft_device *device) {
  device->running = false;
  device->ring = NULL;
  device->shared = NULL;
  for (uint32_t port = 0; port < device->config.ports; port++) device->displays[port].page = NULL;
}

/* Ring, shared page, and a page for each port, which stays empty until the guest gives one. */
uint64_t soft_internal_length(const struct soft_device *device, uint32_t ring_length) {
  return ring_length + ((1ull + device->config.ports) << device->config.page_shift);
}

static bool build_internal_task(struct soft_device *device, uint32_t length, uint64_t ring_gpa, uint64_t shared_gpa) {
  uint64_t page = 1ull << device->config.page_shift;
  uint64_t ring[2] = {ring_gpa, length}, shared[2] = {shared_gpa, page};
  if (!soft_task_create(device, 0, soft_internal_length(device, length))) return false;
  struct soft_task *task = &device->tasks[0];
  return soft_task_map(device, THREAD_CONTROL, task, 0, false, ring, 1) &&
         soft_task_map(device, THREAD_CONTROL, task, length, false, shared, 1);
}

void soft_start(struct soft_device *device) {
  pthread_mutex_lock(&device->lock);
  clear_pages_locked(device);
  device->fault = 0;
  device->halted = false;
  uint32_t shift = device->config.page_shift, length = device->fifo_length;
  uint64_t ring_gpa = ((uint64_t)device->fifo_base << shift) + device->fifo_offset;
  uint64_t shared_gpa = (uint64_t)device->shared_pfn << shift;
  bool ok = ring_is_sane(device);
  pthread_mutex_unlock(&device->lock);

  soft_task_destroy(device, 0);
  ok = ok && build_internal_task(device, length, ring_gpa, shared_gpa);

  pthread_mutex_lock(&device->lock);
  if (ok) {
    uint8_t *base = device->tasks[0].memory.base;
    device->ring_length = length;
    device->ring = base;
    device->shared = base + length;
    memset(device->shared, 0, 1ull << shift);
    memset(device->stamps, 0, sizeof device->stamps);
    device->fifo_read = 0;
    device->fifo_written = 0;
    device->running = true;
  } else {
    soft_fault_locked(device, FAULT_NOT_STARTED, 0);
  }
  pthread_mutex_unlock(&device->lock);
  soft_interrupts(device, THREAD_CONTROL);
}

/* Registers and displays as they are after creation. */
static void power_on_locked(struct soft_device *device) {
  device->fifo_offset = device->fifo_length = device->fifo_written = device->fifo_read = 0;
  device->fifo_base = device->shared_pfn = 0;
  device->display_select = device->display_status = device->gpu_status = device->fault = device->interrupts = 0;
  memset(device->stamps, 0, sizeof device->stamps);
  device->retire_head = device->retire_count = 0;
  for (uint32_t port = 0; port < device->config.ports; port++) soft_display_power_on_locked(&device->displays[port]);
  device->halted = false;
  /* What was asked for during the reset was asked of the device that is gone. */
  device->kick_done = device->kick_asked;
  device->start_done = device->start_asked;
}

static void await_encodes_locked(struct soft_device *device) {
  struct pvgi_note note;
  pvgi_note_begin(&device->base, &note, PVG_WAIT_THREAD, THREAD_GPU);
  while (device->encode_count != 0 && !atomic_load(&device->stopped)) {
    pthread_cond_wait(&device->done_cond, &device->lock);
  }
  pvgi_note_end(&device->base, &note);
}

void soft_reset(struct soft_device *device) {
  pthread_mutex_lock(&device->lock);
  device->resetting = true;
  soft_wake_all(device);
  soft_workers_drain_locked(device);
  pthread_mutex_unlock(&device->lock);

  for (uint32_t fifo = 1; fifo <= CHILD_FIFO_MAX; fifo++) {
    if (device->channels[fifo] != NULL) soft_channel_free(device, fifo);
  }

  pthread_mutex_lock(&device->lock);
  soft_queue_flush_locked(device);
  for (uint32_t port = 0; port < device->config.ports; port++) soft_frames_drop_locked(&device->displays[port]);
  clear_pages_locked(device);
  pthread_mutex_unlock(&device->lock);

  for (uint32_t number = TASK_MAX + 1; number-- > 0;) soft_task_destroy(device, number);

  pthread_mutex_lock(&device->lock);
  await_encodes_locked(device);
  power_on_locked(device);
  device->resetting = false;
  soft_wake_all(device);
  pthread_mutex_unlock(&device->lock);
}
