/* SPDX-License-Identifier: Apache-2.0
 *
 * locks.c - the locks that may be held for as long as the host likes; who waits for one is noted, with who holds it.
 */
#include "soft_pvg.h"

void soft_display_lock(struct soft_device *device) {
  if (pthread_mutex_trylock(&device->display_lock) != 0) {
    struct pvgi_note note;
    pvgi_note_lock(&device->base, &note, &device->display_holder);
    pthread_mutex_lock(&device->display_lock);
    pvgi_note_end(&device->base, &note);
  }
  atomic_store(&device->display_holder, pvgi_own_system());
}

void soft_display_unlock(struct soft_device *device) {
  atomic_store(&device->display_holder, 0);
  pthread_mutex_unlock(&device->display_lock);
}

/* A reader never waits for an answer of the host's while it holds the lock, so a writer that waits for readers is not noted. */
void soft_task_write_lock(struct soft_task *task) {
  pthread_rwlock_wrlock(&task->rw);
  atomic_store(&task->writer, pvgi_own_system());
}

void soft_task_write_unlock(struct soft_task *task) {
  atomic_store(&task->writer, 0);
  pthread_rwlock_unlock(&task->rw);
}

void soft_task_read_lock(struct soft_device *device, struct soft_task *task) {
  if (pthread_rwlock_tryrdlock(&task->rw) == 0) return;
  struct pvgi_note note;
  pvgi_note_lock(&device->base, &note, &task->writer);
  pthread_rwlock_rdlock(&task->rw);
  pvgi_note_end(&device->base, &note);
}

void soft_task_read_unlock(struct soft_task *task) { pthread_rwlock_unlock(&task->rw); }
