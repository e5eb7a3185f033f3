/* SPDX-License-Identifier: Apache-2.0
 *
 * pvg_handles.c - the tables that turn 32-bit handles into devices and textures.
 *
 * A handle is kind << 28 | generation << 12 | slot. The tables are static, so a stale or forged handle is compared with
 * a slot and never dereferenced. A device counts the callers inside it, so that destroy can wait for them; a texture
 * counts references. The one lock here is a leaf. This file doesn't create or destroy what it names.
 */
#include <stdlib.h>

#include "pvg_device.h"

#define DEVICE_SLOTS 256u
#define TEXTURE_SLOTS 2048u
#define KIND_DEVICE 0x9u
#define KIND_TEXTURE 0xau

struct slot {
  void *object;
  uint32_t generation;
  uint32_t inside;
};

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t table_cond = PTHREAD_COND_INITIALIZER;
static struct slot devices[DEVICE_SLOTS];
static struct slot textures[TEXTURE_SLOTS];

static uint32_t make_handle(uint32_t kind, uint32_t slot, uint32_t generation) {
  return kind << 28 | (generation & 0xffffu) << 12 | slot;
}

static uint32_t publish(struct slot *table, uint32_t slots, uint32_t kind, void *object) {
  for (uint32_t i = 0; i < slots; i++) {
    if (table[i].object == NULL && table[i].inside == 0) {
      table[i].object = object;
      table[i].generation++;
      return make_handle(kind, i, table[i].generation);
    }
  }
  return 0;
}

static struct slot *find(struct slot *table, uint32_t slots, uint32_t kind, uint32_t handle) {
  uint32_t i = handle & 0xfffu;
  if (i >= slots || table[i].object == NULL || make_handle(kind, i, table[i].generation) != handle) return NULL;
  return &table[i];
}

uint32_t pvgi_device_publish(struct pvgi_device *device) {
  pthread_mutex_lock(&table_lock);
  uint32_t handle = publish(devices, DEVICE_SLOTS, KIND_DEVICE, device);
  device->handle = handle;
  pthread_mutex_unlock(&table_lock);
  return handle;
}

struct pvgi_device *pvgi_device_enter(uint32_t handle) {
  struct pvgi_device *device = NULL;
  pthread_mutex_lock(&table_lock);
  struct slot *slot = find(devices, DEVICE_SLOTS, KIND_DEVICE, handle);
  if (slot != NULL) {
    slot->inside++;
    device = slot->object;
  }
  pthread_mutex_unlock(&table_lock);
  if (device == NULL) pvgi_fail(PVG_E_HANDLE, "0x%x names no PVG device", handle);
  return device;
}

void pvgi_device_leave(struct pvgi_device *device) {
  pthread_mutex_lock(&table_lock);
  struct slot *slot = &devices[device->handle & 0xfffu];
  if (--slot->inside == 0) pthread_cond_broadcast(&table_cond);
  pthread_mutex_unlock(&table_lock);
}

/* Makes the handle stale and returns the device, to exactly one caller. The slot is reused only after the callers left. */
struct pvgi_device *pvgi_device_retire(uint32_t handle) {
  struct pvgi_device *device = NULL;
  pthread_mutex_lock(&table_lock);
  struct slot *slot = find(devices, DEVICE_SLOTS, KIND_DEVICE, handle);
  if (slot != NULL) {
    device = slot->object;
    slot->object = NULL;
    slot->inside++; /* keeps the slot until pvgi_device_await_callers */
  }
  pthread_mutex_unlock(&table_lock);
  if (device == NULL) pvgi_fail(PVG_E_HANDLE, "0x%x names no PVG device", handle);
  return device;
}

void pvgi_device_await_callers(struct pvgi_device *device) {
  pthread_mutex_lock(&table_lock);
  struct slot *slot = &devices[device->handle & 0xfffu];
  slot->inside--;
  if (slot->inside != 0) {
    /* A new device can't take the slot meanwhile: publish() wants inside to be 0, and then this thread is awake. */
    while (slot->inside != 0 && slot->object == NULL) pthread_cond_wait(&table_cond, &table_lock);
  }
  pthread_mutex_unlock(&table_lock);
}

uint32_t pvgi_texture_publish(struct pvgi_texture *texture) {
  pthread_mutex_lock(&table_lock);
  uint32_t handle = publish(textures, TEXTURE_SLOTS, KIND_TEXTURE, texture);
  pthread_mutex_unlock(&table_lock);
  return handle;
}

/* A new reference, for the caller to drop, or NULL. */
struct pvgi_texture *pvgi_texture_take(uint32_t handle) {
  struct pvgi_texture *texture = NULL;
  pthread_mutex_lock(&table_lock);
  struct slot *slot = find(textures, TEXTURE_SLOTS, KIND_TEXTURE, handle);
  if (slot != NULL) {
    texture = slot->object;
    atomic_fetch_add(&texture->refs, 1);
  }
  pthread_mutex_unlock(&table_lock);
  if (texture == NULL) pvgi_fail(PVG_E_HANDLE, "0x%x names no texture", handle);
  return texture;
}

/* Makes the handle stale and hands the table's reference to the caller. */
struct pvgi_texture *pvgi_texture_retire(uint32_t handle) {
  struct pvgi_texture *texture = NULL;
  pthread_mutex_lock(&table_lock);
  struct slot *slot = find(textures, TEXTURE_SLOTS, KIND_TEXTURE, handle);
  if (slot != NULL) {
    texture = slot->object;
    slot->object = NULL;
  }
  pthread_mutex_unlock(&table_lock);
  if (texture == NULL) pvgi_fail(PVG_E_HANDLE, "0x%x names no texture", handle);
  return texture;
}

/* One texture of that device, retired, or NULL when there are no more. */
struct pvgi_texture *pvgi_texture_retire_of(uint32_t device) {
  struct pvgi_texture *texture = NULL;
  pthread_mutex_lock(&table_lock);
  for (uint32_t i = 0; i < TEXTURE_SLOTS && texture == NULL; i++) {
    struct pvgi_texture *candidate = textures[i].object;
    if (candidate != NULL && candidate->device == device) {
      texture = candidate;
      textures[i].object = NULL;
    }
  }
  pthread_mutex_unlock(&table_lock);
  return texture;
}

void pvgi_texture_drop(struct pvgi_texture *texture) {
  if (atomic_fetch_sub(&texture->refs, 1) == 1) pvgi_texture_free(texture);
}
