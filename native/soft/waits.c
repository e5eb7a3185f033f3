/* SPDX-License-Identifier: Apache-2.0
 *
 * waits.c - who waits inside PVG, and for whom: a list that a host can look at to find threads which wait for each other.
 *
 * A wait is noted on the waiting thread's stack, by that thread, before it waits, and taken off the list after; so the list costs
 * nothing but to those who wait anyway, and is never longer than there are threads. Threads that sleep in an upcall are not in it,
 * because the upcalls' table has them. What ends by time passing or by the guest's doing is not noted. waits_lock
 * is a leaf. This file doesn't judge what it lists.
 */
#include "soft_pvg.h"

static void enlist(struct soft_device *device, struct soft_wait *wait) {
  wait->entry.waiter = soft_own_system();
  wait->entry.thread = soft_own_number();
  pthread_mutex_lock(&device->waits_lock);
  wait->entry.id = ++device->wait_number;
  wait->next = device->waits;
  wait->link = &device->waits;
  if (wait->next != NULL) wait->next->link = &wait->next;
  device->waits = wait;
  pthread_mutex_unlock(&device->waits_lock);
}

void soft_wait_begin(struct soft_device *device, struct soft_wait *wait, uint32_t what, uint32_t target) {
  *wait = (struct soft_wait){.entry = {.what = what, .target = target}};
  enlist(device, wait);
}

void soft_wait_end(struct soft_device *device, struct soft_wait *wait) {
  pthread_mutex_lock(&device->waits_lock);
  *wait->link = wait->next;
  if (wait->next != NULL) wait->next->link = wait->link;
  pthread_mutex_unlock(&device->waits_lock);
}

/* ---- locks that may be held for as long as the host likes ---- */

static void await_holder(struct soft_device *device, struct soft_wait *wait, const atomic_uint *holder) {
  *wait = (struct soft_wait){.entry = {.what = PVG_WAIT_LOCK}, .holder = holder};
  enlist(device, wait);
}

void soft_display_lock(struct soft_device *device) {
  if (pthread_mutex_trylock(&device->display_lock) != 0) {
    struct soft_wait wait;
    await_holder(device, &wait, &device->display_holder);
    pthread_mutex_lock(&device->display_lock);
    soft_wait_end(device, &wait);
  }
  atomic_store(&device->display_holder, soft_own_system());
}

void soft_display_unlock(struct soft_device *device) {
  atomic_store(&device->display_holder, 0);
  pthread_mutex_unlock(&device->display_lock);
}

/* A reader never waits for an answer of the host's while it holds the lock, so a writer that waits for readers is not noted. */
void soft_task_write_lock(struct soft_task *task) {
  pthread_rwlock_wrlock(&task->rw);
  atomic_store(&task->writer, soft_own_system());
}

void soft_task_write_unlock(struct soft_task *task) {
  atomic_store(&task->writer, 0);
  pthread_rwlock_unlock(&task->rw);
}

void soft_task_read_lock(struct soft_device *device, struct soft_task *task) {
  if (pthread_rwlock_tryrdlock(&task->rw) == 0) return;
  struct soft_wait wait;
  await_holder(device, &wait, &task->writer);
  pthread_rwlock_rdlock(&task->rw);
  soft_wait_end(device, &wait);
}

void soft_task_read_unlock(struct soft_task *task) { pthread_rwlock_unlock(&task->rw); }

/* ---- the interface ---- */

/* A lock that nobody holds at the moment is on its way to somebody, so nobody waits for it. */
static uint32_t copy_waits(struct soft_device *device, struct pvg_wait *waits, uint32_t max) {
  uint32_t count = 0;
  pthread_mutex_lock(&device->waits_lock);
  for (const struct soft_wait *wait = device->waits; wait != NULL && count < max; wait = wait->next) {
    waits[count] = wait->entry;
    if (wait->holder != NULL) waits[count].target = atomic_load(wait->holder);
    if (waits[count].target != 0) count++;
  }
  pthread_mutex_unlock(&device->waits_lock);
  return count;
}

static uint32_t copy_upcalls(struct soft_device *device, struct pvg_wait *waits, uint32_t max) {
  uint32_t count = 0;
  pthread_mutex_lock(&device->upcall_lock);
  for (uint32_t at = 0; at < SOFT_UPCALLS && count < max; at++) {
    const struct soft_upcall *upcall = &device->upcalls[at];
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
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  uint32_t count = copy_upcalls(device, waits, max);
  count += copy_waits(device, waits + count, max - count);
  soft_device_leave(device);
  return (int32_t)count;
}
