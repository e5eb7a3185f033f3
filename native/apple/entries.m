/* SPDX-License-Identifier: Apache-2.0
 *
 * entries.m - the threads that enter the framework for those who call the bridge.
 *
 * An access may wait in the framework for as long as it likes: for callbacks, and for another processor of the guest's. Nothing takes a thread
 * out of there, so it is never a caller's: a stop lets the caller go at once, and leaves the thread to come back when it can. A call is made
 * of what it needs (the block, which was copied, and what it gives), has a reference each of caller and thread, and holds the Keeper.
 *
 * Invariant: `inside` is how many threads have a call in hand. A thread ends when it is told to, and has none.
 */
#import "apple_pvg.h"

#include <Block.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct apple_call {
  atomic_uint refs;
  const char *what;
  apple_work work;
  struct apple_values values;
  int32_t result;
  bool done; /* guarded by device.lock */
  char error[256];
};

struct apple_entry {
  struct apple_device *device;
  uint32_t number;
  pthread_t thread;
  pthread_cond_t cond;
  _Atomic uint32_t rings; /* change with `call`; polled */
  struct pvgi_polling polling;
  struct apple_call *call; /* in hand, or to be taken; guarded by device.lock */
};

static void drop(struct apple_call *call) {
  if (atomic_fetch_sub(&call->refs, 1) != 1) return;
  Block_release(call->work);
  free(call);
}

static struct apple_call *new_call(const char *what, apple_work work) {
  struct apple_call *call = calloc(1, sizeof *call);
  if (call == NULL) return NULL;
  call->what = what;
  call->work = Block_copy(work);
  atomic_init(&call->refs, 2);
  return call;
}

static void carry_out(struct apple_call *call) {
  __block int32_t result = PVG_E_REFUSED;
  int32_t guarded = apple_guard(call->what, ^{
    result = call->work(&call->values);
  });
  call->result = guarded != PVG_OK ? guarded : result;
  if (call->result < 0) snprintf(call->error, sizeof call->error, "%s", pvg_last_error());
}

static void *entry_main(void *argument) {
  struct apple_entry *entry = argument;
  struct apple_device *device = entry->device;
  Keeper *keeper = device->keeper; /* its reference was taken for this thread */
  struct pvgi_condition given = {&entry->cond, &entry->rings, &entry->polling};
  pthread_mutex_lock(&device->lock);
  for (;;) {
    struct pvgi_wait wait = {0};
    while (entry->call == NULL && !device->entries.quit) pvgi_wait_step(&given, &wait, &device->lock, -1);
    pvgi_wait_end(&given, &wait);
    struct apple_call *call = entry->call;
    if (call == NULL) break;
    pthread_mutex_unlock(&device->lock);
    carry_out(call);
    pthread_mutex_lock(&device->lock);
    call->done = true;
    apple_wake(device);
    pthread_mutex_unlock(&device->lock);
    /* It may be the last that knows the framework's device, which then ends here, and may ask meanwhile. */
    apple_shield("the end of a call", ^{
      drop(call);
    });
    pthread_mutex_lock(&device->lock);
    entry->call = NULL;
    device->entries.inside--;
    apple_wake(device);
  }
  pthread_mutex_unlock(&device->lock);
  @autoreleasepool {
    [keeper release];
  }
  return NULL;
}

static struct apple_entry *new_entry_locked(struct apple_device *device) {
  struct apple_entries *entries = &device->entries;
  if (entries->count == APPLE_ENTRIES) return NULL;
  struct apple_entry *entry = calloc(1, sizeof *entry);
  if (entry == NULL) return NULL;
  entry->device = device;
  entry->number = THREAD_ENTRY + entries->count;
  entry->polling = pvgi_polling_make(device->config.poll_us);
  pvgi_cond_init(&entry->cond);
  [device->keeper retain];
  if (pvgi_thread_create(&entry->thread, entry->number, entry_main, entry) != 0) {
    [device->keeper release];
    pthread_cond_destroy(&entry->cond);
    free(entry);
    return NULL;
  }
  entries->list[entries->count++] = entry;
  return entry;
}

/* Gives the call to a thread that has none: the one of the lowest number, whose core knows the work. */
static struct apple_entry *give_locked(struct apple_device *device, struct apple_call *call) {
  struct apple_entry *entry = NULL;
  for (uint32_t at = 0; at < device->entries.count && entry == NULL; at++) {
    if (device->entries.list[at]->call == NULL) entry = device->entries.list[at];
  }
  if (entry == NULL) entry = new_entry_locked(device);
  if (entry == NULL) return NULL;
  entry->call = call;
  device->entries.inside++;
  atomic_fetch_add_explicit(&entry->rings, 1, memory_order_relaxed);
  pthread_cond_signal(&entry->cond);
  return entry;
}

static int32_t await_locked(struct apple_device *device, struct apple_call *call, uint32_t number) {
  struct pvgi_condition done = {&device->done_cond, &device->done_rings, &device->done_polling};
  struct pvgi_wait wait = {0};
  struct pvgi_note note;
  pvgi_note_begin(&device->base, &note, PVG_WAIT_THREAD, number);
  while (!call->done && !atomic_load(&device->stopped)) pvgi_wait_step(&done, &wait, &device->lock, -1);
  pvgi_wait_end(&done, &wait);
  pvgi_note_end(&device->base, &note);
  return call->done ? call->result : PVG_E_CLOSED;
}

int32_t apple_enter(struct apple_device *device, const char *what, apple_work work, struct apple_values *values) {
  struct apple_call *call = new_call(what, work);
  if (values != NULL) *values = (struct apple_values){0};
  if (call == NULL) return pvgi_fail(PVG_E_NO_MEMORY, "no memory for a call of the framework");
  int32_t result = PVG_E_CLOSED;
  pthread_mutex_lock(&device->lock);
  struct apple_entry *entry = NULL;
  bool stopped = atomic_load(&device->stopped);
  if (!stopped) entry = give_locked(device, call);
  if (entry != NULL) result = await_locked(device, call, entry->number);
  bool done = call->done;
  pthread_mutex_unlock(&device->lock);
  if (values != NULL) *values = (struct apple_values){.given = entry != NULL};
  if (done && values != NULL) memcpy(values->words, call->values.words, sizeof values->words);
  if (done && result < 0) pvgi_fail(result, "%s", call->error);
  if (!done) result = pvgi_fail(PVG_E_CLOSED, "the device was stopped");
  if (entry == NULL && !stopped) result = pvgi_fail(PVG_E_NO_MEMORY, "no more threads to enter the framework with");
  if (entry == NULL) drop(call);
  drop(call);
  return result;
}

/* ---- the end ---- */

static void await_empty_locked(struct apple_device *device, int64_t patience_ns) {
  struct pvgi_condition done = {&device->done_cond, &device->done_rings, &device->done_polling};
  struct pvgi_wait wait = {0};
  int64_t until = pvgi_now_ns() + patience_ns;
  for (int64_t left; device->entries.inside != 0 && (left = until - pvgi_now_ns()) > 0;) {
    pvgi_wait_step(&done, &wait, &device->lock, left);
  }
  pvgi_wait_end(&done, &wait);
}

static void end_entry(struct apple_entry *entry, bool left) {
  if (!left) {
    pthread_detach(entry->thread);
    return; /* what is left behind is the thread's for as long as it is in the framework */
  }
  pthread_join(entry->thread, NULL);
  pthread_cond_destroy(&entry->cond);
  free(entry);
}

bool apple_leave(struct apple_device *device, apple_work work, int64_t patience_ns) {
  struct apple_call *call = new_call("the end of a device", work);
  struct apple_entries *entries = &device->entries;
  pthread_mutex_lock(&device->lock);
  struct apple_entry *entry = call != NULL ? give_locked(device, call) : NULL;
  await_empty_locked(device, patience_ns);
  entries->quit = true;
  bool left = entries->inside == 0;
  for (uint32_t at = 0; at < entries->count; at++) {
    atomic_fetch_add_explicit(&entries->list[at]->rings, 1, memory_order_relaxed);
    pthread_cond_signal(&entries->list[at]->cond);
  }
  uint32_t count = entries->count;
  pthread_mutex_unlock(&device->lock);
  for (uint32_t at = 0; at < count; at++) end_entry(entries->list[at], left);
  if (call != NULL && entry == NULL) drop(call);
  if (call != NULL) drop(call);
  return left && entry != NULL;
}
