/* SPDX-License-Identifier: Apache-2.0
 *
 * upcall.c - posting records to the host, and the table of those that wait for an answer.
 *
 * An id is generation << 8 | slot with a generation that is never 0, so no id is 0 and an old id never
 * reaches a new upcall. Whoever touches an entry's buffers holds upcall_lock, and the waiting thread frees them only
 * after it has taken its entry out under that lock; so a late supply can't write to freed memory. A stopped device answers
 * everything by itself. This file doesn't know what the upcalls mean.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "soft_pvg.h"

#define POST_SLICE_US 20000
#define WAIT_SLICE_NS 250000000

static const uint8_t classes[] = {
  [PVG_UPCALL_CREATE_TASK] = PVG_CLASS_TASK,         [PVG_UPCALL_DESTROY_TASK] = PVG_CLASS_TASK,
  [PVG_UPCALL_MAP_MEMORY] = PVG_CLASS_TASK,          [PVG_UPCALL_UNMAP_MEMORY] = PVG_CLASS_TASK,
  [PVG_UPCALL_READ_MEMORY] = PVG_CLASS_READ,         [PVG_UPCALL_RAISE_INTERRUPT] = PVG_CLASS_INTERRUPT,
  [PVG_UPCALL_NEW_FRAME] = PVG_CLASS_DISPLAY,        [PVG_UPCALL_MODE_CHANGE] = PVG_CLASS_MODE,
  [PVG_UPCALL_CURSOR_GLYPH] = PVG_CLASS_DISPLAY,     [PVG_UPCALL_CURSOR_SHOW] = PVG_CLASS_DISPLAY,
  [PVG_UPCALL_CURSOR_MOVE] = PVG_CLASS_DISPLAY,      [PVG_UPCALL_FRAME_COMPLETED] = PVG_CLASS_COMPLETION,
  [PVG_UPCALL_IOSFC_MAP] = PVG_CLASS_IOSFC,          [PVG_UPCALL_IOSFC_UNMAP] = PVG_CLASS_IOSFC,
  [PVG_UPCALL_IOSFC_INTERRUPT] = PVG_CLASS_INTERRUPT,
};

static uint32_t mailbox_of(const struct soft_device *device, uint32_t kind) {
  return device->config.mailboxes[classes[kind]];
}

/* Posts to the mailbox of its class and, if that is full, waits in slices, because pvg_device_stop() must release this thread and can't
 * close a mailbox that isn't its own. */
int32_t soft_post(struct soft_device *device, const struct pvg_record *record) {
  uint32_t mailbox = mailbox_of(device, record->kind);
  while (!atomic_load(&device->stopped)) {
    int32_t result = pvg_mailbox_post(mailbox, record, POST_SLICE_US);
    if (result != PVG_E_FULL) return result;
  }
  return PVG_E_CLOSED;
}

static struct soft_upcall *allocate_locked(struct soft_device *device, uint32_t *id) {
  for (;;) {
    if (atomic_load(&device->stopped)) return NULL;
    for (uint32_t i = 0; i < SOFT_UPCALLS; i++) {
      struct soft_upcall *upcall = &device->upcalls[i];
      if (upcall->state != UPCALL_FREE) continue;
      uint32_t generation = (upcall->generation + 1) & 0xffffffu;
      if (generation == 0) generation = 1;
      memset(upcall, 0, sizeof *upcall);
      upcall->generation = generation;
      *id = generation << 8 | i;
      return upcall;
    }
    pthread_cond_wait(&device->upcall_cond, &device->upcall_lock);
  }
}

static struct soft_upcall *find_locked(struct soft_device *device, uint32_t id) {
  struct soft_upcall *upcall = &device->upcalls[id & 0xffu];
  if (upcall->state == UPCALL_FREE || upcall->state == UPCALL_ANSWERED || upcall->generation != id >> 8) return NULL;
  return upcall;
}

static bool await_answer(struct soft_device *device, struct soft_upcall *upcall, uint64_t *value) {
  uint32_t mailbox = mailbox_of(device, upcall->kind);
  pthread_mutex_lock(&device->upcall_lock);
  while (upcall->state == UPCALL_WAITING && !atomic_load(&device->stopped)) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_SLICE_NS;
    if (until.tv_nsec >= 1000000000) {
      until.tv_sec++;
      until.tv_nsec -= 1000000000;
    }
    int error = pthread_cond_timedwait(&device->upcall_cond, &device->upcall_lock, &until);
    if (error != ETIMEDOUT) continue;
    /* A mailbox that is gone has taken the record with it: nobody can answer any more. */
    pthread_mutex_unlock(&device->upcall_lock);
    bool gone = pvg_mailbox_depth(mailbox) < 0;
    pthread_mutex_lock(&device->upcall_lock);
    if (gone) break;
  }
  bool ok = upcall->state == UPCALL_ANSWERED && upcall->ok;
  if (value != NULL) *value = ok ? upcall->value : 0;
  upcall->state = UPCALL_FREE;
  pthread_cond_broadcast(&device->upcall_cond);
  pthread_mutex_unlock(&device->upcall_lock);
  return ok;
}

/* Posts an upcall that waits, and waits. True if the host answered ok; the answer's value goes to *value. */
bool soft_upcall(struct soft_device *device, const struct soft_call *call, uint64_t *value) {
  struct pvg_record record = {.kind = call->kind, .thread = call->thread};
  memcpy(record.words, call->words, sizeof record.words);
  if (value != NULL) *value = 0;
  pthread_mutex_lock(&device->upcall_lock);
  struct soft_upcall *upcall = allocate_locked(device, &record.id);
  if (upcall == NULL) {
    pthread_mutex_unlock(&device->upcall_lock);
    return false;
  }
  upcall->state = UPCALL_WAITING;
  upcall->kind = call->kind;
  upcall->pieces = call->pieces;
  upcall->piece_count = call->piece_count;
  upcall->bytes = call->bytes;
  upcall->length = call->length;
  pthread_mutex_unlock(&device->upcall_lock);
  if (soft_post(device, &record) == PVG_OK) return await_answer(device, upcall, value);
  pthread_mutex_lock(&device->upcall_lock);
  upcall->state = UPCALL_FREE;
  pthread_cond_broadcast(&device->upcall_cond);
  pthread_mutex_unlock(&device->upcall_lock);
  return false;
}

/* Posts a glyph, whose bitmap the table keeps until its id is answered. Takes the event's payload over. */
void soft_post_glyph(struct soft_device *device, const struct soft_event *event) {
  struct pvg_record record = {.kind = event->kind, .thread = THREAD_DISPLAY};
  memcpy(record.words, event->words, sizeof record.words);
  pthread_mutex_lock(&device->upcall_lock);
  /* Bitmaps that the host forgot must not take all ids from the upcalls that wait. */
  while (device->glyphs >= SOFT_GLYPHS && !atomic_load(&device->stopped)) {
    pthread_cond_wait(&device->upcall_cond, &device->upcall_lock);
  }
  struct soft_upcall *upcall = allocate_locked(device, &record.id);
  if (upcall == NULL) {
    pthread_mutex_unlock(&device->upcall_lock);
    free(event->payload);
    return;
  }
  upcall->state = UPCALL_PAYLOAD;
  upcall->kind = event->kind;
  upcall->bytes = event->payload;
  upcall->length = event->words[5];
  device->glyphs++;
  pthread_mutex_unlock(&device->upcall_lock);
  if (soft_post(device, &record) != PVG_OK) {
    pvg_upcall_answer(device->handle, record.id, 0, 0);
  }
}

/* Refuses what waits and frees the payloads; `stopped` is set already. */
void soft_upcalls_stop(struct soft_device *device) {
  pthread_mutex_lock(&device->upcall_lock);
  for (uint32_t i = 0; i < SOFT_UPCALLS; i++) {
    struct soft_upcall *upcall = &device->upcalls[i];
    if (upcall->state == UPCALL_WAITING) {
      upcall->state = UPCALL_ANSWERED;
      upcall->ok = false;
    } else if (upcall->state == UPCALL_PAYLOAD) {
      free(upcall->bytes);
      upcall->bytes = NULL;
      upcall->state = UPCALL_FREE;
    }
  }
  device->glyphs = 0;
  pthread_cond_broadcast(&device->upcall_cond);
  pthread_mutex_unlock(&device->upcall_lock);
}

int32_t pvg_upcall_answer(uint32_t handle, uint32_t id, uint32_t ok, uint64_t value) {
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  pthread_mutex_lock(&device->upcall_lock);
  struct soft_upcall *upcall = find_locked(device, id);
  if (upcall != NULL && upcall->state == UPCALL_PAYLOAD) {
    free(upcall->bytes);
    upcall->bytes = NULL;
    upcall->state = UPCALL_FREE;
    device->glyphs--;
  } else if (upcall != NULL) {
    upcall->ok = ok != 0;
    upcall->value = value;
    upcall->state = UPCALL_ANSWERED;
  }
  if (upcall != NULL) pthread_cond_broadcast(&device->upcall_cond);
  pthread_mutex_unlock(&device->upcall_lock);
  soft_device_leave(device);
  return upcall != NULL ? PVG_OK : pvgi_fail(PVG_E_HANDLE, "upcall 0x%x waits for no answer", id);
}

int32_t pvg_upcall_pieces(uint32_t handle, uint32_t id, uint32_t first, uint64_t *pieces, uint32_t max) {
  if (pieces == NULL && max != 0) return pvgi_fail(PVG_E_ARGUMENT, "no room for pieces");
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t result = PVG_E_HANDLE;
  pthread_mutex_lock(&device->upcall_lock);
  struct soft_upcall *upcall = find_locked(device, id);
  if (upcall != NULL && upcall->kind == PVG_UPCALL_MAP_MEMORY) {
    uint32_t left = first < upcall->piece_count ? upcall->piece_count - first : 0;
    uint32_t count = left < max ? left : max;
    if (count != 0) memcpy(pieces, upcall->pieces + 2 * (size_t)first, 16 * (size_t)count);
    result = (int32_t)count;
  }
  pthread_mutex_unlock(&device->upcall_lock);
  soft_device_leave(device);
  return result >= 0 ? result : pvgi_fail(result, "upcall 0x%x is no waiting MAP_MEMORY", id);
}

int32_t pvg_upcall_supply(uint32_t handle, uint32_t id, uint64_t offset, const void *bytes, uint64_t length) {
  if (bytes == NULL && length != 0) return pvgi_fail(PVG_E_ARGUMENT, "no bytes to supply");
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t result = PVG_E_HANDLE;
  pthread_mutex_lock(&device->upcall_lock);
  struct soft_upcall *upcall = find_locked(device, id);
  if (upcall != NULL && upcall->kind == PVG_UPCALL_READ_MEMORY) {
    if (offset > upcall->length || length > upcall->length - offset) {
      result = PVG_E_BOUNDS;
    } else {
      if (length != 0) memcpy(upcall->bytes + offset, bytes, length);
      result = PVG_OK;
    }
  }
  pthread_mutex_unlock(&device->upcall_lock);
  soft_device_leave(device);
  if (result == PVG_E_BOUNDS) return pvgi_fail(result, "supply leaves the destination of upcall 0x%x", id);
  return result >= 0 ? result : pvgi_fail(result, "upcall 0x%x is no waiting READ_MEMORY", id);
}

int32_t pvg_upcall_supply_ram(uint32_t handle, uint32_t id, uint64_t offset, uint32_t ram, uint64_t ram_offset,
                              uint64_t length) {
  struct pvgi_memory memory;
  int32_t result = pvgi_ram_acquire(ram, &memory);
  if (result < 0) return result;
  if (ram_offset > memory.length || length > memory.length - ram_offset) {
    result = pvgi_fail(PVG_E_BOUNDS, "supply leaves the RAM");
  } else {
    result = pvg_upcall_supply(handle, id, offset, memory.base + ram_offset, length);
  }
  pvgi_ram_release(&memory);
  return result;
}

int32_t pvg_upcall_payload(uint32_t handle, uint32_t id, void *bytes, uint64_t length) {
  if (bytes == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the bitmap");
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t result = PVG_E_HANDLE;
  pthread_mutex_lock(&device->upcall_lock);
  struct soft_upcall *upcall = find_locked(device, id);
  if (upcall != NULL && upcall->state == UPCALL_PAYLOAD) {
    result = length == upcall->length ? PVG_OK : PVG_E_BOUNDS;
    if (result == PVG_OK) memcpy(bytes, upcall->bytes, length);
  }
  pthread_mutex_unlock(&device->upcall_lock);
  soft_device_leave(device);
  if (result == PVG_E_BOUNDS) return pvgi_fail(result, "the bitmap of 0x%x has another length", id);
  return result >= 0 ? result : pvgi_fail(result, "0x%x names no bitmap", id);
}

/* Halts the device; the first fault is kept. The caller posts the interrupt with soft_interrupts() after unlocking. */
void soft_fault_locked(struct soft_device *device, uint32_t fault, uint32_t opcode) {
  if (device->halted || atomic_load(&device->stopped)) return;
  device->halted = true;
  device->fault = fault << 16 | (opcode & 0xffffu);
  if (!(device->gpu_status & GPU_STATUS_FAULT)) device->interrupts |= 1;
  device->gpu_status |= GPU_STATUS_FAULT;
  soft_wake_all(device);
}

/* Posts the interrupts that were raised under the lock; called without any lock but a task's. */
void soft_interrupts(struct soft_device *device, uint32_t thread) {
  pthread_mutex_lock(&device->lock);
  uint32_t raised = device->interrupts;
  device->interrupts = 0;
  pthread_mutex_unlock(&device->lock);
  for (uint32_t i = 0; i < 2; i++) {
    if (!(raised & 1u << i)) continue;
    uint32_t last = device->config.vectors - 1;
    uint32_t vector = i == 0 ? VECTOR_GPU : VECTOR_DISPLAY < last ? VECTOR_DISPLAY : last;
    struct pvg_record record = {.kind = PVG_UPCALL_RAISE_INTERRUPT, .thread = thread, .words = {vector}};
    soft_post(device, &record);
  }
}
