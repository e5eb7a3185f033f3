/* SPDX-License-Identifier: Apache-2.0
 *
 * upcall_data.c - what upcalls carry besides their record: a mapping's pieces, a read's bytes, a glyph's bitmap.
 *
 * All of it belongs to the upcall's entry and is touched with upcall_lock held, and only while the entry waits for the host, so that a
 * host that comes too late gets an error and nothing else. This file doesn't wait for answers.
 */
#include <stdlib.h>
#include <string.h>

#include "pvg_device.h"

/* Posts a glyph, whose bitmap the table keeps until its id is answered. */
bool pvgi_post_glyph(struct pvgi_device *device, const struct pvg_record *event, uint8_t *bytes) {
  struct pvg_record record = *event;
  pthread_mutex_lock(&device->upcall_lock);
  /* Bitmaps that the host forgot must not take all ids from the upcalls that wait. */
  while (device->glyphs >= PVGI_GLYPHS && !device->rests && !atomic_load(&device->stopped)) {
    pthread_cond_wait(&device->room_cond, &device->upcall_lock);
  }
  if (device->glyphs >= PVGI_GLYPHS && !atomic_load(&device->stopped)) {
    pthread_mutex_unlock(&device->upcall_lock);
    return false;
  }
  struct pvgi_upcall *upcall = pvgi_upcall_allocate_locked(device, record.kind, &record.id);
  if (upcall == NULL) {
    pthread_mutex_unlock(&device->upcall_lock);
    free(bytes);
    return true;
  }
  upcall->state = UPCALL_PAYLOAD;
  upcall->port = (uint32_t)record.words[0];
  upcall->bytes = bytes;
  upcall->length = record.words[5];
  device->glyphs++;
  pthread_mutex_unlock(&device->upcall_lock);
  if (pvgi_post(device, &record) != PVG_OK) {
    pvg_upcall_answer(device->handle, record.id, 0, 0);
  }
  return true;
}

/* How many of that port's bitmaps the host hasn't answered yet. */
uint32_t pvgi_glyphs_held(struct pvgi_device *device, uint32_t port) {
  uint32_t held = 0;
  pthread_mutex_lock(&device->upcall_lock);
  for (uint32_t i = 0; i < PVGI_UPCALLS; i++) {
    held += device->upcalls[i].state == UPCALL_PAYLOAD && device->upcalls[i].port == port;
  }
  pthread_mutex_unlock(&device->upcall_lock);
  return held;
}

int32_t pvg_upcall_pieces(uint32_t handle, uint32_t id, uint32_t first, uint64_t *pieces, uint32_t max) {
  if (pieces == NULL && max != 0) return pvgi_fail(PVG_E_ARGUMENT, "no room for pieces");
  struct pvgi_device *device = pvgi_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t result = PVG_E_HANDLE;
  pthread_mutex_lock(&device->upcall_lock);
  struct pvgi_upcall *upcall = pvgi_upcall_find_locked(device, id);
  if (upcall != NULL && upcall->kind == PVG_UPCALL_MAP_MEMORY) {
    uint32_t left = first < upcall->piece_count ? upcall->piece_count - first : 0;
    uint32_t count = left < max ? left : max;
    if (count != 0) memcpy(pieces, upcall->pieces + 2 * (size_t)first, 16 * (size_t)count);
    result = (int32_t)count;
  }
  pthread_mutex_unlock(&device->upcall_lock);
  pvgi_device_leave(device);
  return result >= 0 ? result : pvgi_fail(result, "upcall 0x%x is no waiting MAP_MEMORY", id);
}

int32_t pvg_upcall_supply(uint32_t handle, uint32_t id, uint64_t offset, const void *bytes, uint64_t length) {
  if (bytes == NULL && length != 0) return pvgi_fail(PVG_E_ARGUMENT, "no bytes to supply");
  struct pvgi_device *device = pvgi_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t result = PVG_E_HANDLE;
  pthread_mutex_lock(&device->upcall_lock);
  struct pvgi_upcall *upcall = pvgi_upcall_find_locked(device, id);
  if (upcall != NULL && upcall->kind == PVG_UPCALL_READ_MEMORY) {
    if (offset > upcall->length || length > upcall->length - offset) {
      result = PVG_E_BOUNDS;
    } else {
      if (length != 0) memcpy(upcall->bytes + offset, bytes, length);
      result = PVG_OK;
    }
  }
  pthread_mutex_unlock(&device->upcall_lock);
  pvgi_device_leave(device);
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
  struct pvgi_device *device = pvgi_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t result = PVG_E_HANDLE;
  pthread_mutex_lock(&device->upcall_lock);
  struct pvgi_upcall *upcall = pvgi_upcall_find_locked(device, id);
  if (upcall != NULL && upcall->state == UPCALL_PAYLOAD) {
    result = length == upcall->length ? PVG_OK : PVG_E_BOUNDS;
    if (result == PVG_OK) memcpy(bytes, upcall->bytes, length);
  }
  pthread_mutex_unlock(&device->upcall_lock);
  pvgi_device_leave(device);
  if (result == PVG_E_BOUNDS) return pvgi_fail(result, "the bitmap of 0x%x has another length", id);
  return result >= 0 ? result : pvgi_fail(result, "0x%x names no bitmap", id);
}
