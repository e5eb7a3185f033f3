/* SPDX-License-Identifier: Apache-2.0
 *
 * device.c - the life of a software PVG device: created, reset, stopped, destroyed.
 *
 * A device is reached by its handle only, and callers inside it are counted; destroy makes the handle stale, stops
 * the device, which releases everybody who waits in it, and frees it when the last caller and the last thread have left. This file
 * doesn't know what the threads do.
 */
#include <stdlib.h>
#include <string.h>

#include "iosfc.h"

/* ---- threads ---- */

struct thread {
  uint32_t number;
  pthread_t *thread;
  void *(*entry)(void *);
  void *argument;
};

#define THREADS 6u /* and the mapper's, if there is one */

static struct thread thread_of(struct soft_device *device, uint32_t place) {
  struct soft_worker *workers = device->workers;
  switch (place) {
    case 0: return (struct thread){THREAD_CONTROL, &device->control_thread, soft_control_main, device};
    case 1: return (struct thread){THREAD_TASK, &workers[0].thread, soft_worker_main, &workers[0]};
    case 2: return (struct thread){THREAD_TASK + 1, &workers[1].thread, soft_worker_main, &workers[1]};
    case 3: return (struct thread){THREAD_DISPLAY, &device->queue_thread, soft_queue_main, device};
    case 4: return (struct thread){THREAD_VSYNC, &device->vsync_thread, soft_vsync_main, device};
    case 5: return (struct thread){THREAD_GPU, &device->gpu_thread, soft_gpu_main, device};
    default: return (struct thread){THREAD_IOSFC, &device->iosfc->thread, soft_iosfc_main, device->iosfc};
  }
}

static bool start_threads(struct soft_device *device) {
  uint32_t threads = THREADS + (device->iosfc != NULL);
  for (; device->threads_started < threads; device->threads_started++) {
    struct thread start = thread_of(device, device->threads_started);
    if (pvgi_thread_create(start.thread, start.number, start.entry, start.argument) != 0) return false;
  }
  return true;
}

/* ---- locks ---- */

#define MUTEXES 2u
#define CONDS 9u

struct locks {
  pthread_mutex_t *mutexes[MUTEXES];
  pthread_cond_t *conds[CONDS];
};

static struct locks locks_of(struct soft_device *device) {
  return (struct locks){
    .mutexes = {&device->display_lock, &device->lock},
    .conds = {&device->control_cond, &device->served_cond, &device->done_cond, &device->channel_cond, &device->queue_cond,
              &device->vsync_cond, &device->gpu_cond, &device->workers[0].cond, &device->workers[1].cond},
  };
}

static void init_locks(struct soft_device *device) {
  struct locks locks = locks_of(device);
  for (size_t i = 0; i < MUTEXES; i++) pthread_mutex_init(locks.mutexes[i], NULL);
  for (size_t i = 0; i < CONDS; i++) pvgi_cond_init(locks.conds[i]);
  for (size_t i = 0; i <= TASK_MAX; i++) pthread_rwlock_init(&device->tasks[i].rw, NULL);
}

/* Everybody looks again whether it still has to wait. */
void soft_wake_all(struct soft_device *device) {
  pthread_cond_broadcast(&device->control_cond);
  pthread_cond_broadcast(&device->served_cond);
  pthread_cond_broadcast(&device->done_cond);
  pthread_cond_broadcast(&device->channel_cond);
  pthread_cond_broadcast(&device->queue_cond);
  pthread_cond_broadcast(&device->vsync_cond);
  pthread_cond_broadcast(&device->gpu_cond);
  pthread_cond_broadcast(&device->workers[0].cond);
  pthread_cond_broadcast(&device->workers[1].cond);
}

/* ---- creation ---- */

static void free_device(struct soft_device *device) {
  if (device->iosfc != NULL) soft_iosfc_free(device->iosfc);
  pvgi_device_end(&device->base);
  soft_displays_free(device);
  struct locks locks = locks_of(device);
  for (size_t i = 0; i < MUTEXES; i++) pthread_mutex_destroy(locks.mutexes[i]);
  for (size_t i = 0; i < CONDS; i++) pthread_cond_destroy(locks.conds[i]);
  for (size_t i = 0; i <= TASK_MAX; i++) pthread_rwlock_destroy(&device->tasks[i].rw);
  free(device);
}

static struct soft_device *new_device(const struct pvg_config *config, const struct pvg_ram_range *ranges, uint32_t count) {
  struct soft_device *device = calloc(1, sizeof *device);
  if (device == NULL) return NULL;
  device->config = *config;
  if (!pvgi_device_init(&device->base)) {
    free(device);
    return NULL;
  }
  for (uint32_t i = 0; i < count; i++) device->ranges[i] = ranges[i];
  device->range_count = count;
  for (uint32_t i = 0; i < 2; i++) {
    device->workers[i].device = device;
    device->workers[i].number = i;
  }
  init_locks(device);
  struct pvgi_polling polling = pvgi_polling_make(config->poll_us);
  device->control_polling = device->served_polling = device->jobs_polling = polling;
  device->workers[0].polling = device->workers[1].polling = polling;
  soft_displays_init(device);
  if (config->iosfc) device->iosfc = soft_iosfc_create(device);
  if (config->iosfc && device->iosfc == NULL) {
    free_device(device);
    return NULL;
  }
  return device;
}

/* ---- the end ---- */

static void stop(struct soft_device *device) {
  pthread_mutex_lock(&device->lock);
  pthread_mutex_lock(&device->upcall_lock);
  atomic_store(&device->stopped, true);
  pthread_mutex_unlock(&device->upcall_lock);
  soft_wake_all(device);
  pthread_mutex_unlock(&device->lock);
  pvgi_upcalls_stop(&device->base);
  if (device->iosfc != NULL) soft_iosfc_stop(device->iosfc);
}

static void join_threads(struct soft_device *device) {
  /* The control thread first: it alone makes and frees channels and gives work to the others. */
  for (uint32_t i = 0; i < device->threads_started; i++) {
    pthread_join(*thread_of(device, i).thread, NULL);
    for (uint32_t fifo = 1; i == 0 && fifo <= CHILD_FIFO_MAX; fifo++) {
      if (device->channels[fifo] != NULL) soft_channel_free(device, fifo);
    }
  }
}

static void free_contents(struct soft_device *device) {
  for (uint32_t number = 0; number <= TASK_MAX; number++) {
    if (device->tasks[number].used) pvgi_range_release(&device->tasks[number].memory);
    soft_mappings_free(device, &device->tasks[number].mappings);
  }
  pthread_mutex_lock(&device->lock);
  soft_queue_flush_locked(device);
  pthread_mutex_unlock(&device->lock);
  struct pvgi_texture *texture;
  while ((texture = pvgi_texture_retire_of(device->handle)) != NULL) pvgi_texture_drop(texture);
}

/* ---- the interface ---- */

uint32_t pvg_device_create(const struct pvg_config *config, const struct pvg_ram_range *ranges, uint32_t range_count) {
  if (config == NULL) {
    pvgi_fail(PVG_E_ARGUMENT, "no configuration");
    return 0;
  }
  if (pvgi_check_config(config) != PVG_OK || pvgi_check_ranges(ranges, range_count) != PVG_OK) return 0;
  struct soft_device *device = new_device(config, ranges, range_count);
  if (device == NULL) {
    pvgi_fail(PVG_E_NO_MEMORY, "no memory for a device");
    return 0;
  }
  uint32_t handle = pvgi_device_publish(&device->base);
  if (handle == 0) {
    pvgi_fail(PVG_E_FULL, "there are too many devices");
    free_device(device);
    return 0;
  }
  if (!start_threads(device)) {
    pvg_device_destroy(handle);
    pvgi_fail(PVG_E_NO_MEMORY, "the system refused a thread");
    return 0;
  }
  if (pvgi_group_add_device(config->group, handle) != PVG_OK) {
    pvg_device_destroy(handle);
    return 0;
  }
  return handle;
}

int32_t pvg_device_reset(uint32_t handle) {
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t result = soft_access_begin(device, PVG_WINDOW_GFX);
  if (result == PVG_OK) {
    pthread_mutex_lock(&device->lock);
    uint64_t ticket = ++device->reset_asked;
    soft_wake_all(device);
    soft_control_await_locked(device, &device->reset_done, ticket);
    pthread_mutex_unlock(&device->lock);
    result = soft_access_end(device, PVG_WINDOW_GFX);
  }
  soft_device_leave(device);
  return result;
}

int32_t pvg_device_stop(uint32_t handle) {
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  stop(device);
  soft_device_leave(device);
  return PVG_OK;
}

int32_t pvg_device_destroy(uint32_t handle) {
  struct soft_device *device = (struct soft_device *)pvgi_device_retire(handle);
  if (device == NULL) return PVG_E_HANDLE;
  stop(device);
  pvgi_device_await_callers(&device->base);
  join_threads(device);
  pvgi_group_remove_device(device->config.group, handle);
  free_contents(device);
  free_device(device);
  return PVG_OK;
}
