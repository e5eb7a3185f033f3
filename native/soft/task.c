/* SPDX-License-Identifier: Apache-2.0
 *
 * task.c - PVG's tasks, and the jobs that map and unmap their memory: two threads carry them out while the control thread goes on, which carries the
 * last one of a kick out itself.
 *
 * A task's rw lock is written while the host maps, so whoever executes commands in that task waits for the host; that
 * is what makes the real framework hard to live with. A task's range stays referenced until the host has been told that the task
 * is destroyed. This file doesn't parse packets.
 */
#include <stdlib.h>

#include "soft_pvg.h"

bool soft_task_create(struct soft_device *device, uint32_t number, uint64_t length) {
  uint64_t range = 0;
  struct pvgi_call create = {.kind = PVG_UPCALL_CREATE_TASK, .thread = THREAD_CONTROL, .words = {length}};
  if (!pvgi_upcall(&device->base, &create, &range)) return false;
  struct pvgi_memory memory = {0};
  bool found = range <= UINT32_MAX && pvgi_range_acquire((uint32_t)range, &memory) == PVG_OK;
  if (!found || memory.length < length) {
    /* The host gave something that is no such range: it is handed back, and nothing of it is used. */
    if (found) pvgi_range_release(&memory);
    struct pvgi_call destroy = {.kind = PVG_UPCALL_DESTROY_TASK, .thread = THREAD_CONTROL, .words = {range}};
    pvgi_upcall(&device->base, &destroy, NULL);
    return false;
  }
  struct soft_task *task = &device->tasks[number];
  pthread_mutex_lock(&device->lock);
  task->memory = memory;
  task->length = length;
  task->range = (uint32_t)range;
  task->dying = false;
  task->used = true;
  pthread_mutex_unlock(&device->lock);
  return true;
}

/* Waits until no job of the task is left. */
static void await_jobs_locked(struct soft_device *device, uint32_t number) {
  if (device->tasks[number].pending == 0) return;
  struct pvgi_note note;
  pvgi_note_begin(&device->base, &note, PVG_WAIT_THREAD, THREAD_TASK + number % 2);
  while (device->tasks[number].pending != 0) pthread_cond_wait(&device->done_cond, &device->lock);
  pvgi_note_end(&device->base, &note);
}

/* Waits until no channel executes commands in the task, which is dying, so that none begins to. */
static void await_commands_locked(struct soft_device *device, const struct soft_task *task) {
  for (uint32_t fifo = 1; fifo <= CHILD_FIFO_MAX; fifo++) {
    const struct soft_channel *channel = device->channels[fifo];
    if (channel == NULL || channel->executes != task) continue;
    struct pvgi_note note;
    pvgi_note_begin(&device->base, &note, PVG_WAIT_THREAD, THREAD_CHANNEL + fifo);
    while (channel->executes == task) pthread_cond_wait(&device->done_cond, &device->lock);
    pvgi_note_end(&device->base, &note);
  }
}

void soft_task_destroy(struct soft_device *device, uint32_t number) {
  struct soft_task *task = &device->tasks[number];
  pthread_mutex_lock(&device->lock);
  if (!task->used) {
    pthread_mutex_unlock(&device->lock);
    return;
  }
  task->dying = true;
  await_jobs_locked(device, number);
  await_commands_locked(device, task);
  pthread_mutex_unlock(&device->lock);
  soft_task_write_lock(task);
  struct pvgi_call destroy = {.kind = PVG_UPCALL_DESTROY_TASK, .thread = THREAD_CONTROL, .words = {task->range}};
  pvgi_upcall(&device->base, &destroy, NULL);
  pvgi_range_release(&task->memory);
  pthread_mutex_lock(&device->lock);
  soft_mappings_free(device, &task->mappings);
  task->memory = (struct pvgi_memory){0};
  task->length = 0;
  task->range = 0;
  task->used = false;
  task->dying = false;
  pthread_mutex_unlock(&device->lock);
  soft_task_write_unlock(task);
}

/* Of a MAP that the host didn't answer with yes nobody knows which pieces it has mapped: none counts as mapped, and what was there
 * before doesn't either. The guest, whose device has faulted, can't know better. */
bool soft_task_map(struct soft_device *device, uint32_t thread, struct soft_task *task, uint64_t offset, bool read_only,
                   const uint64_t *pieces, uint32_t count) {
  struct pvgi_call map = {
    .kind = PVG_UPCALL_MAP_MEMORY,
    .thread = thread,
    .words = {task->range, offset, read_only, count, count ? pieces[0] : 0, count ? pieces[1] : 0},
    .pieces = pieces,
    .piece_count = count,
  };
  uint64_t end = offset;
  for (uint32_t i = 0; i < count; i++) end += pieces[2 * i + 1];
  soft_task_write_lock(task);
  bool room = soft_mappings_reserve(device, &task->mappings, offset, end, count), ok = room && pvgi_upcall(&device->base, &map, NULL);
  if (ok) soft_mappings_put(device, &task->mappings, offset, read_only, pieces, count);
  if (room && !ok) soft_mappings_cut(&task->mappings, offset, end);
  if (room) soft_mappings_settle(device, &task->mappings);
  soft_task_write_unlock(task);
  return ok;
}

/* What the host refuses to unmap stays mapped. */
static bool unmap(struct soft_device *device, uint32_t thread, struct soft_task *task, uint64_t offset, uint64_t length) {
  struct pvgi_call call = {.kind = PVG_UPCALL_UNMAP_MEMORY, .thread = thread, .words = {task->range, offset, length}};
  soft_task_write_lock(task);
  bool room = soft_mappings_reserve(device, &task->mappings, offset, offset + length, 0), ok = room && pvgi_upcall(&device->base, &call, NULL);
  if (ok) soft_mappings_cut(&task->mappings, offset, offset + length);
  if (room) soft_mappings_settle(device, &task->mappings);
  soft_task_write_unlock(task);
  return ok;
}

static bool run_job(struct soft_device *device, uint32_t thread, const struct soft_job *job) {
  struct soft_task *task = &device->tasks[job->task];
  if (job->opcode == OP_MAP) {
    return soft_task_map(device, thread, task, job->offset, job->flags & MAP_READ_ONLY, job->pieces, job->count);
  }
  return unmap(device, thread, task, job->offset, job->length);
}

/* Carries out the next of a worker's jobs, on whichever thread; nobody may be at one of them. Entered and left with the lock. */
static void run_next_locked(struct soft_worker *worker, uint32_t thread) {
  struct soft_device *device = worker->device;
  struct soft_job job = worker->jobs[worker->head];
  worker->head = (worker->head + 1) % SOFT_JOBS;
  worker->count--;
  worker->busy = true;
  pthread_mutex_unlock(&device->lock);
  /* On a stopped device every upcall is refused at once, so what is left is carried out as failures. */
  bool ok = run_job(device, thread, &job);
  free(job.pieces);
  pthread_mutex_lock(&device->lock);
  if (!ok) {
    /* A packet that failed leaves no stamp behind. */
    device->retire[job.retire].stamp = 0;
    soft_fault_locked(device, FAULT_MEMORY, job.opcode);
  }
  device->tasks[job.task].pending--;
  worker->busy = false;
  soft_retire_done_locked(device, job.retire);
}

/* Whether there is a job whose turn it is: a task's are carried out one after the other. */
static bool has_turn_locked(const struct soft_worker *worker) { return worker->count != 0 && !worker->busy; }

void *soft_worker_main(void *argument) {
  struct soft_worker *worker = argument;
  struct soft_device *device = worker->device;
  uint32_t thread = THREAD_TASK + worker->number;
  struct pvgi_condition given = {&worker->cond, &worker->given, &worker->polling};
  pthread_mutex_lock(&device->lock);
  for (;;) {
    struct pvgi_wait wait = {0};
    while (!has_turn_locked(worker) && !atomic_load(&device->stopped)) pvgi_wait_step(&given, &wait, &device->lock, -1);
    pvgi_wait_end(&given, &wait);
    if (!has_turn_locked(worker)) break; /* what is left the control thread is at */
    run_next_locked(worker, thread);
    atomic_fetch_add_explicit(&device->jobs_done, 1, memory_order_relaxed);
    pthread_mutex_unlock(&device->lock);
    pthread_cond_broadcast(&device->done_cond);
    soft_interrupts(device, thread);
    pthread_mutex_lock(&device->lock);
  }
  pthread_mutex_unlock(&device->lock);
  return NULL;
}

static void await_room_locked(struct soft_device *device, const struct soft_worker *worker) {
  struct pvgi_note note;
  pvgi_note_begin(&device->base, &note, PVG_WAIT_THREAD, THREAD_TASK + worker->number);
  while (worker->count == SOFT_JOBS) pthread_cond_wait(&device->done_cond, &device->lock);
  pvgi_note_end(&device->base, &note);
}

void soft_worker_submit(struct soft_device *device, const struct soft_job *job) {
  struct soft_worker *worker = &device->workers[job->task % 2];
  pthread_mutex_lock(&device->lock);
  if (worker->count == SOFT_JOBS) await_room_locked(device, worker);
  if (atomic_load(&device->stopped)) {
    /* The worker may have ended; nobody would take the job. */
    soft_retire_done_locked(device, job->retire);
    pthread_mutex_unlock(&device->lock);
    free(job->pieces);
    return;
  }
  device->tasks[job->task].pending++;
  worker->jobs[(worker->head + worker->count) % SOFT_JOBS] = *job;
  worker->count++;
  worker->called = false;
  pthread_mutex_unlock(&device->lock);
}

void soft_workers_call_locked(struct soft_device *device) {
  for (uint32_t i = 0; i < 2; i++) {
    struct soft_worker *worker = &device->workers[i];
    if (worker->called || worker->count == 0) continue;
    worker->called = true;
    atomic_fetch_add_explicit(&worker->given, 1, memory_order_relaxed);
    pthread_cond_signal(&worker->cond);
  }
}

/* The control thread would only wait for a job that nobody was called for, and carries it out itself: to hand it over, and to be woken when it is done,
 * takes longer than most jobs do. */
static void help_locked(struct soft_device *device) {
  for (uint32_t i = 0; i < 2; i++) {
    struct soft_worker *worker = &device->workers[i];
    while (!worker->called && has_turn_locked(worker)) run_next_locked(worker, THREAD_CONTROL);
  }
}

void soft_workers_drain_locked(struct soft_device *device) {
  help_locked(device);
  struct pvgi_condition done = {&device->done_cond, &device->jobs_done, &device->jobs_polling};
  /* A stopped device drains by itself, because every upcall then returns at once. */
  for (uint32_t i = 0; i < 2; i++) {
    struct soft_worker *worker = &device->workers[i];
    if (worker->count == 0 && !worker->busy) continue;
    struct pvgi_note note;
    pvgi_note_begin(&device->base, &note, PVG_WAIT_THREAD, THREAD_TASK + i);
    struct pvgi_wait step = {0};
    while (worker->count != 0 || worker->busy) pvgi_wait_step(&done, &step, &device->lock, -1);
    pvgi_wait_end(&done, &step);
    pvgi_note_end(&device->base, &note);
  }
}
