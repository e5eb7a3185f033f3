/* SPDX-License-Identifier: Apache-2.0
 *
 * counts.c - what work costs: time, context switches, system calls; and where a process's threads run.
 *
 * Invariant: time and switches are read once before and once after, which takes nothing from what is between. System calls, if they are asked
 * for, are counted by the kernel, by its own tracepoint, which makes each of them slower: a run that counts them tells no times. Where the kernel
 * doesn't let us, the library's own count of the calls with which threads wait for each other stands in, which is most of them on every way that
 * is measured, and the same on all sides.
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "../internal.h"
#include "bench.h"

static int calls_fd = -1;

int32_t pvg_bench_pin(int32_t cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu < 0) {
    if (sched_getaffinity(0, sizeof set, &set) != 0) return pvgi_fail(PVG_E_UNSUPPORTED, "the system tells no affinity");
    for (cpu = 0; !CPU_ISSET((unsigned)cpu, &set);) cpu++;
    CPU_ZERO(&set);
  }
  CPU_SET((unsigned)cpu, &set);
  DIR *tasks = opendir("/proc/self/task");
  if (tasks == NULL) return pvgi_fail(PVG_E_UNSUPPORTED, "/proc/self/task can't be read: %s", strerror(errno));
  int32_t result = PVG_OK;
  for (struct dirent *entry = readdir(tasks); entry != NULL; entry = readdir(tasks)) {
    if (entry->d_name[0] == '.') continue;
    /* A thread that has ended meanwhile needs no place. */
    if (sched_setaffinity((pid_t)atoi(entry->d_name), sizeof set, &set) != 0 && errno != ESRCH) {
      result = pvgi_fail(PVG_E_ARGUMENT, "core %d: %s", cpu, strerror(errno));
    }
  }
  closedir(tasks);
  return result;
}

int32_t pvg_bench_count_system_calls(uint32_t tracepoint) {
  struct perf_event_attr attributes = {
    .type = PERF_TYPE_TRACEPOINT, .size = sizeof attributes, .config = tracepoint, .inherit = 1};
  calls_fd = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
  return calls_fd >= 0 ? PVG_OK : pvgi_fail(PVG_E_UNSUPPORTED, "system calls can't be counted: %s", strerror(errno));
}

static int64_t nanoseconds_of(struct timeval time) { return (int64_t)time.tv_sec * 1000000000 + time.tv_usec * 1000; }

int32_t pvg_bench_read(struct pvg_bench_counts *counts) {
  struct rusage usage;
  struct timespec now;
  uint64_t calls = 0, waits[3] = {0};
  bool counted = calls_fd >= 0 && read(calls_fd, &calls, sizeof calls) == sizeof calls;
  if (!counted && pvg_wait_calls(waits) == PVG_OK) calls = waits[0] + waits[1] + waits[2];
  getrusage(RUSAGE_SELF, &usage);
  clock_gettime(CLOCK_MONOTONIC, &now);
  *counts = (struct pvg_bench_counts){
    .nanoseconds = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
    .processor_ns = nanoseconds_of(usage.ru_utime) + nanoseconds_of(usage.ru_stime),
    .voluntary = usage.ru_nvcsw,
    .involuntary = usage.ru_nivcsw,
    .system_calls = (int64_t)calls,
  };
  return PVG_OK;
}

int32_t pvg_bench_since(const struct pvg_bench_counts *before, struct pvg_bench_counts *counts) {
  pvg_bench_read(counts);
  counts->nanoseconds -= before->nanoseconds;
  counts->processor_ns -= before->processor_ns;
  counts->voluntary -= before->voluntary;
  counts->involuntary -= before->involuntary;
  counts->system_calls -= before->system_calls;
  return PVG_OK;
}
