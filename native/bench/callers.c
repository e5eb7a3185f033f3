/* SPDX-License-Identifier: Apache-2.0
 *
 * callers.c - native threads that ask the host for mappings as PVG's own threads do, by the same upcalls, as fast as they are answered.
 *
 * Invariant: nothing is between the loop and the upcall, so what is counted is the way to the host and back and the host's work. It doesn't
 * know whether the host is JavaScript or C.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "../soft/iosfc.h"
#include "bench.h"

/* More than any thread of the soft PVG has. */
#define FIRST_CALLER 24u
/* Pages of a task that a caller has for itself, so that no mapping joins a neighbour's. */
#define CALLER_PAGES 4u

struct caller {
  struct soft_device *device;
  uint32_t range;
  uint32_t number;
  uint32_t calls;
  uint32_t refused;
  pthread_t thread;
};

static uint64_t page_of(const struct soft_device *device) { return 1ull << device->config.page_shift; }

static uint32_t make_task(struct soft_device *device, uint64_t length) {
  const struct pvgi_call call = {.kind = PVG_UPCALL_CREATE_TASK, .thread = FIRST_CALLER, .words = {length}};
  uint64_t range = 0;
  return pvgi_upcall(&device->base, &call, &range) ? (uint32_t)range : 0;
}

static bool destroy_task(struct soft_device *device, uint32_t range) {
  const struct pvgi_call call = {.kind = PVG_UPCALL_DESTROY_TASK, .thread = FIRST_CALLER, .words = {range}};
  return pvgi_upcall(&device->base, &call, NULL);
}

/* Has page `source` of guest memory mapped as page `target` of the task. */
static bool map_page(const struct caller *caller, uint64_t target, uint64_t source) {
  uint64_t page = page_of(caller->device);
  const uint64_t pieces[2] = {caller->device->ranges[0].gpa + source * page, page};
  const struct pvgi_call call = {
    .kind = PVG_UPCALL_MAP_MEMORY,
    .thread = FIRST_CALLER + caller->number,
    .words = {caller->range, target * page, 0, 1, pieces[0], pieces[1]},
    .pieces = pieces,
    .piece_count = 1,
  };
  return pvgi_upcall(&caller->device->base, &call, NULL);
}

static void *call_again_and_again(void *argument) {
  struct caller *caller = argument;
  for (uint32_t at = 0; at < caller->calls; at++) {
    if (!map_page(caller, caller->number * CALLER_PAGES, 1)) caller->refused++;
  }
  return NULL;
}

/* Runs the callers, each on a thread of its own, and counts from before the first begins until the last has ended. */
static uint32_t run_callers(struct caller *callers, uint32_t threads, struct pvg_bench_counts *counts) {
  struct pvg_bench_counts before;
  uint32_t refused = 0;
  pvg_bench_read(&before);
  for (uint32_t at = 0; at < threads; at++) {
    if (pthread_create(&callers[at].thread, NULL, call_again_and_again, &callers[at]) == 0) continue;
    callers[at].calls = 0;
    refused++;
  }
  for (uint32_t at = 0; at < threads; at++) {
    if (callers[at].calls == 0) continue;
    pthread_join(callers[at].thread, NULL);
    refused += callers[at].refused;
  }
  pvg_bench_since(&before, counts);
  return refused;
}

static int32_t outcome(uint32_t refused) {
  return refused == 0 ? PVG_OK : pvgi_fail(PVG_E_REFUSED, "the host refused %u calls", refused);
}

int32_t pvg_bench_map_calls(uint32_t handle, uint32_t threads, uint32_t calls, struct pvg_bench_counts *counts) {
  if (threads < 1 || threads > PVG_BENCH_THREADS || calls < 1) {
    return pvgi_fail(PVG_E_ARGUMENT, "expected 1..%u threads and at least one call", PVG_BENCH_THREADS);
  }
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return pvgi_fail(PVG_E_HANDLE, "no such device");
  uint32_t range = make_task(device, threads * CALLER_PAGES * page_of(device)), refused = range == 0;
  struct caller callers[PVG_BENCH_THREADS];
  for (uint32_t at = 0; at < threads; at++) {
    callers[at] = (struct caller){.device = device, .range = range, .number = at, .calls = calls};
  }
  if (refused == 0) refused = run_callers(callers, threads, counts) + !destroy_task(device, range);
  soft_device_leave(device);
  return outcome(refused);
}

int32_t pvg_bench_map_beside(uint32_t handle, uint32_t alive, uint32_t calls, struct pvg_bench_counts *counts) {
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return pvgi_fail(PVG_E_HANDLE, "no such device");
  struct caller caller = {.device = device, .calls = calls};
  uint32_t refused = 0;
  /* Pages in falling order in a rising range: the system can't join them. */
  caller.range = make_task(device, (alive + 2ull) * page_of(device));
  if (caller.range == 0) refused++;
  for (uint32_t at = 0; at < alive && refused == 0; at++) refused += !map_page(&caller, at, alive - at);
  struct pvg_bench_counts before;
  pvg_bench_read(&before);
  for (uint32_t at = 0; at < calls && refused == 0; at++) refused += !map_page(&caller, alive + 1, 1 + (at & 1));
  pvg_bench_since(&before, counts);
  if (caller.range != 0) refused += !destroy_task(device, caller.range);
  soft_device_leave(device);
  return outcome(refused);
}

/* What the mapper's thread looks at before each of its answers. */
static bool is_running(const struct soft_device *device) { return !atomic_load(&device->stopped); }

int32_t pvg_bench_iosfc(uint32_t handle, uint32_t calls, struct pvg_bench_counts *counts) {
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return pvgi_fail(PVG_E_HANDLE, "no such device");
  if (!pvgi_answers_itself(&device->base, PVG_UPCALL_IOSFC_MAP)) {
    soft_device_leave(device);
    return pvgi_fail(PVG_E_ARGUMENT, "the host answers this device's mapper");
  }
  uint64_t page = page_of(device);
  const uint64_t words[5] = {device->ranges[0].gpa + page, page};
  uint32_t refused = 0;
  struct pvg_bench_counts before;
  pvg_bench_read(&before);
  for (uint32_t at = 0; at < calls; at++) {
    uint64_t address = 0;
    refused += !(is_running(device) && pvgi_iosfc_map(device->own, words, &address));
    refused += !(is_running(device) && pvgi_iosfc_unmap(device->own, address));
  }
  pvg_bench_since(&before, counts);
  soft_device_leave(device);
  return outcome(refused);
}
