/* SPDX-License-Identifier: Apache-2.0
 *
 * packets.c - what each packet of the control FIFO does.
 *
 * Runs on the control thread, without device.lock. A body has been copied from guest memory; everything in it is
 * checked here before it is used. Returns 0 or a FAULT_*. This file doesn't read rings and doesn't draw.
 */
#include <stdlib.h>
#include <string.h>

#include "soft_pvg.h"

static uint64_t page_of(const struct soft_device *device) { return 1ull << device->config.page_shift; }

static struct soft_task *task_of(struct soft_device *device, uint32_t number) {
  return number >= 1 && number <= TASK_MAX && device->tasks[number].used ? &device->tasks[number] : NULL;
}

/* port, pfn: the displays' pages are behind ring and shared page in the internal task, in the order of the ports. */
static uint32_t shared_state(struct soft_device *device, const uint8_t *body, uint32_t size) {
  if (size != 8) return FAULT_PACKET;
  struct soft_display *display = soft_display_of(device, soft_u32(body));
  if (display == NULL) return FAULT_DISPLAY;
  uint64_t page = page_of(device), offset = device->ring_length + page * (1 + display->port);
  uint64_t pieces[2] = {(uint64_t)soft_u32(body + 4) << device->config.page_shift, page};
  pthread_mutex_lock(&device->lock);
  display->page = NULL;
  pthread_mutex_unlock(&device->lock);
  if (!soft_task_map(device, THREAD_CONTROL, &device->tasks[0], offset, false, pieces, 1)) return FAULT_MEMORY;
  pthread_mutex_lock(&device->lock);
  display->page = device->tasks[0].memory.base + offset;
  if (display->early_events != 0) soft_display_event_locked(display, display->early_events);
  display->early_events = 0;
  pthread_mutex_unlock(&device->lock);
  return 0;
}

static uint32_t online_ack(struct soft_device *device, const uint8_t *body, uint32_t size) {
  if (size != 4) return FAULT_PACKET;
  return soft_display_of(device, soft_u32(body)) != NULL ? 0 : FAULT_DISPLAY;
}

/* As the words of the host's event have it. */
bool soft_glyph_is_sane(const uint64_t words[6]) {
  uint64_t width = words[1] >> 32, height = words[1] & UINT32_MAX, row = words[3], bits = words[4], length = words[5];
  if (width < 1 || width > GLYPH_MAX_SIDE || height < 1 || height > GLYPH_MAX_SIDE) return false;
  if (bits < 1 || bits > 64 || row > UINT32_MAX || row * 8 < width * bits) return false;
  return length == row * height && length <= SOFT_GLYPH_MAX_LENGTH;
}

static uint32_t cursor_glyph(struct soft_device *device, const uint8_t *body, uint32_t size) {
  if (size != 44) return FAULT_PACKET;
  uint32_t length = soft_u32(body + 40);
  struct soft_event event = {
    .kind = PVG_UPCALL_CURSOR_GLYPH,
    .words = {soft_u32(body), (uint64_t)soft_u32(body + 4) << 32 | soft_u32(body + 8),
              (uint64_t)soft_u32(body + 20) << 32 | soft_u32(body + 24), soft_u32(body + 12), soft_u32(body + 16), length},
  };
  if (!soft_glyph_is_sane(event.words)) return FAULT_PACKET;
  if (soft_display_of(device, soft_u32(body)) == NULL) return FAULT_DISPLAY;
  uint8_t *bitmap = calloc(1, length);
  if (bitmap == NULL) return FAULT_MEMORY;
  struct pvgi_call read = {
    .kind = PVG_UPCALL_READ_MEMORY,
    .thread = THREAD_CONTROL,
    .words = {soft_u64(body + 32), length, (uint64_t)(uintptr_t)bitmap},
    .bytes = bitmap,
    .length = length,
  };
  if (!pvgi_upcall(&device->base, &read, NULL)) {
    free(bitmap);
    return FAULT_MEMORY;
  }
  event.payload = bitmap;
  pthread_mutex_lock(&device->lock);
  soft_queue_push_locked(device, &event);
  pthread_mutex_unlock(&device->lock);
  return 0;
}

static uint32_t cursor_show(struct soft_device *device, const uint8_t *body, uint32_t size) {
  if (size != 8) return FAULT_PACKET;
  struct soft_display *display = soft_display_of(device, soft_u32(body));
  if (display == NULL) return FAULT_DISPLAY;
  pthread_mutex_lock(&device->lock);
  /* Before the event is made, so that it carries the position that the guest has written by now. */
  soft_cursor_sample_locked(display, false);
  soft_cursor_shown_locked(display, soft_u32(body + 4) != 0);
  pthread_mutex_unlock(&device->lock);
  return 0;
}

static uint32_t define_task(struct soft_device *device, const uint8_t *body, uint32_t size) {
  if (size != 16) return FAULT_PACKET;
  uint32_t number = soft_u32(body);
  uint64_t length = soft_u64(body + 8);
  if (number < 1 || number > TASK_MAX || device->tasks[number].used) return FAULT_TASK;
  if (length == 0 || length > SOFT_TASK_MAX_LENGTH || length % page_of(device) != 0) return FAULT_PACKET;
  return soft_task_create(device, number, length) ? 0 : FAULT_TASK;
}

static uint32_t delete_task(struct soft_device *device, const uint8_t *body, uint32_t size) {
  if (size != 4) return FAULT_PACKET;
  uint32_t number = soft_u32(body);
  if (task_of(device, number) == NULL) return FAULT_TASK;
  for (uint32_t fifo = 1; fifo <= CHILD_FIFO_MAX; fifo++) {
    if (device->channels[fifo] != NULL && device->channels[fifo]->task == number) soft_channel_free(device, fifo);
  }
  soft_task_destroy(device, number);
  return 0;
}

static uint32_t unmap(struct soft_device *device, const uint8_t *body, uint32_t size, uint32_t retire, bool *later) {
  if (size != 24) return FAULT_PACKET;
  struct soft_job job = {.task = soft_u32(body), .opcode = OP_UNMAP, .retire = retire, .offset = soft_u64(body + 8),
                         .length = soft_u64(body + 16)};
  struct soft_task *task = task_of(device, job.task);
  if (task == NULL) return FAULT_TASK;
  if (job.offset > task->length || job.length > task->length - job.offset) return FAULT_MEMORY;
  *later = true;
  soft_worker_submit(device, &job);
  return 0;
}

static uint32_t map(struct soft_device *device, const uint8_t *body, uint32_t size, uint32_t retire, bool *later) {
  if (size < 24) return FAULT_PACKET;
  struct soft_job job = {.task = soft_u32(body), .opcode = OP_MAP, .flags = soft_u32(body + 4), .retire = retire,
                         .offset = soft_u64(body + 8), .count = soft_u32(body + 16)};
  if (job.count > MAP_MAX_PIECES || size != 24 + 16 * job.count || (job.flags & ~MAP_READ_ONLY) != 0) return FAULT_PACKET;
  struct soft_task *task = task_of(device, job.task);
  if (task == NULL) return FAULT_TASK;
  if (job.offset > task->length) return FAULT_MEMORY;
  uint64_t left = task->length - job.offset;
  for (uint32_t i = 0; i < job.count; i++) {
    uint64_t length = soft_u64(body + 24 + 16 * i + 8);
    if (length > left) return FAULT_MEMORY;
    left -= length;
  }
  job.pieces = malloc(16 * (size_t)job.count + 1);
  if (job.pieces == NULL) return FAULT_MEMORY;
  memcpy(job.pieces, body + 24, 16 * (size_t)job.count);
  *later = true;
  soft_worker_submit(device, &job);
  return 0;
}

static uint32_t define_fifo(struct soft_device *device, const uint8_t *body, uint32_t size) {
  if (size != 20) return FAULT_PACKET;
  uint32_t fifo = soft_u32(body), length = soft_u32(body + 16);
  uint64_t offset = soft_u64(body + 8);
  if (fifo < 1 || fifo > CHILD_FIFO_MAX || device->channels[fifo] != NULL) return FAULT_FIFO;
  struct soft_task *task = task_of(device, soft_u32(body + 4));
  if (task == NULL) return FAULT_TASK;
  uint32_t data = length - CHILD_RING_DATA;
  if (length < CHILD_RING_DATA || data < 4096 || data > FIFO_MAX_LENGTH || (data & (data - 1)) != 0) return FAULT_PACKET;
  if (offset % 4 != 0 || offset > task->length || length > task->length - offset) return FAULT_MEMORY;
  return soft_channel_create(device, fifo, soft_u32(body + 4), offset, data) ? 0 : FAULT_FIFO;
}

static uint32_t free_fifo(struct soft_device *device, const uint8_t *body, uint32_t size) {
  if (size != 4) return FAULT_PACKET;
  uint32_t fifo = soft_u32(body);
  if (fifo < 1 || fifo > CHILD_FIFO_MAX || device->channels[fifo] == NULL) return FAULT_FIFO;
  soft_channel_free(device, fifo);
  return 0;
}

uint32_t soft_control_packet(struct soft_device *device, const uint8_t *body, uint32_t size, uint32_t opcode,
                             uint32_t retire, bool *later) {
  switch (opcode) {
    case OP_SHARED_STATE: return shared_state(device, body, size);
    case OP_ONLINE_ACK: return online_ack(device, body, size);
    case OP_CURSOR_GLYPH: return cursor_glyph(device, body, size);
    case OP_CURSOR_SHOW: return cursor_show(device, body, size);
    case OP_DEFINE_TASK: return define_task(device, body, size);
    case OP_DELETE_TASK: return delete_task(device, body, size);
    case OP_MAP: return map(device, body, size, retire, later);
    case OP_UNMAP: return unmap(device, body, size, retire, later);
    case OP_DEFINE_FIFO: return define_fifo(device, body, size);
    case OP_FREE_FIFO: return free_fifo(device, body, size);
    default: return FAULT_OPCODE;
  }
}
