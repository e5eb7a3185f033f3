/* SPDX-License-Identifier: Apache-2.0
 *
 * pvg_waits.c - who waits inside PVG, and for whom: a list that a host can look at to find threads which wait for each other.
 *
 * A wait is noted on the waiting thread's stack, by that thread, before it waits, and taken off the list after; so the list costs
 * nothing but to those who wait anyway, and is never longer than there are threads. Threads that sleep in an upcall are not in it,
 * because the upcalls' table has them. What ends by time passing or by the guest's doing is not noted. waits_lock
 * is a leaf. This file doesn't judge what it lists.
 */
#include "pvg_device.h"

static void enlist(struct pvgi_device *device, struct pvgi_note *note) {
  note->entry.waiter = pvgi_own_system();
  note->entry.thread = pvgi_own_number();
  pthread_mutex_lock(&device->waits_lock);
  note->entry.id = ++device->wait_number;
  note->next = device->waits;
  note->link = &device->waits;
  if (note->next != NULL) note->next->link = &note->next;
  device->waits = note;
  pthread_mutex_unlock(&device->waits_lock);
}

void pvgi_note_begin(struct pvgi_device *device, struct pvgi_note *note, uint32_t what, uint32_t target) {
  *note = (struct pvgi_note){.entry = {.what = what, .target = target}};
  enlist(device, note);
}

void pvgi_note_end(struct pvgi_device *device, struct pvgi_note *note) {
  pthread_mutex_lock(&device->waits_lock);
  *note->link = note->next;
  if (note->next != NULL) note->next->link = note->link;
  pthread_mutex_unlock(&device->waits_lock);
}

void pvgi_note_lock(struct pvgi_device *device, struct pvgi_note *note, const atomic_uint *holder) {
  *note = (struct pvgi_note){.entry = {.what = PVG_WAIT_LOCK}, .holder = holder};
  enlist(device, note);
}

/* ---- the interface ---- */

/* A lock that nobody holds at the moment is on its way to somebody, so nobody waits for it. */
static uint32_t copy_waits(struct pvgi_device *device, struct pvg_wait *waits, uint32_t max) {
  uint32_t count = 0;
  pthread_mutex_lock(&device->waits_lock);
  for (const struct pvgi_note *wait = device->waits; wait != NULL && count < max; wait = wait->next) {
    waits[count] = wait->entry;
    if (wait->holder != NULL) waits[count].target = atomic_load(wait->holder);
    if (waits[count].target != 0) count++;
  }
  pthread_mutex_unlock(&device->waits_lock);
  return count;
}

static uint32_t copy_upcalls(struct pvgi_device *device, struct pvg_wait *waits, uint32_t max) {
  uint32_t count = 0;
  pthread_mutex_lock(&device->upcall_lock);
  for (uint32_t at = 0; at < PVGI_UPCALLS && count < max; at++) {
    const struct pvgi_upcall *upcall = &device->upcalls[at];
    if (upcall->state != UPCALL_WAITING || upcall->sleeper == 0) continue;
    waits[count++] = (struct pvg_wait){.waiter = upcall->sleeper,
                                       .thread = upcall->thread,
                                       .what = PVG_WAIT_UPCALL,
                                       .target = upcall->kind,
                                       .id = upcall->generation << 8 | at};
  }
  pthread_mutex_unlock(&device->upcall_lock);
  return count;
}

int32_t pvg_device_waits(uint32_t handle, struct pvg_wait *waits, uint32_t max) {
  if (waits == NULL && max != 0) return pvgi_fail(PVG_E_ARGUMENT, "no room for waits");
  struct pvgi_device *device = pvgi_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  uint32_t count = copy_upcalls(device, waits, max);
  count += copy_waits(device, waits + count, max - count);
  pvgi_device_leave(device);
  return (int32_t)count;
}
