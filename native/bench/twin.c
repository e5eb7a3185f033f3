/* SPDX-License-Identifier: Apache-2.0
 *
 * twin.c - the twin's command line: does one kind of work for a while and prints what it took as one line of JSON.
 *
 *   twin SCENARIO PLACEMENT WARM COUNT POLL TRACEPOINT
 *
 * SCENARIO: map-1, map-4, iosfc, write, write-map. PLACEMENT: pinned (every thread on one core) or free. WARM and COUNT:
 * operations before the count and in it. POLL: how long the product's threads may poll, in microseconds. TRACEPOINT: the number of
 * raw_syscalls:sys_enter, 0 if system calls are not to be counted; `twin tracepoint` prints it. It runs one scenario a process, so that none
 * finds what another has left.
 *
 * Invariant: the answers are checked. A scenario in which anything was refused ends with exit code 1 and no JSON.
 */
#define _GNU_SOURCE /* unshare */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../soft/layout.h"
#include "twin.h"

struct request {
  const char *scenario;
  bool pinned;
  uint32_t warm, count, poll_us, tracepoint;
};

typedef bool work(struct twin *twin, uint32_t count, struct pvg_bench_counts *counts);

static bool map_one(struct twin *twin, uint32_t count, struct pvg_bench_counts *counts) {
  return pvg_bench_map_calls(twin->device, 1, count, counts) == PVG_OK;
}

static bool map_four(struct twin *twin, uint32_t count, struct pvg_bench_counts *counts) {
  return pvg_bench_map_calls(twin->device, 4, count / 4, counts) == PVG_OK;
}

/* The look-up and the reference, called directly, and then its end by the address. */
static bool look_up(struct twin *twin, uint32_t count, struct pvg_bench_counts *counts) {
  const uint64_t page = 1u << TWIN_PAGE_SHIFT;
  struct pvg_bench_counts before;
  bool ok = true;
  pvg_bench_read(&before);
  for (uint32_t at = 0; at < count && ok; at++) {
    struct pvg_map_found found, back;
    ok = pvg_map_lookup_acquire(twin->map, TWIN_RAM_GPA + page, page, 1, &found) == PVG_OK &&
         pvg_map_release_host(twin->map, found.address, &back) == PVG_OK && back.slot == found.slot;
  }
  pvg_bench_since(&before, counts);
  return ok;
}

static bool write_plain(struct twin *twin, uint32_t count, struct pvg_bench_counts *counts) {
  struct pvg_bench_counts before;
  bool ok = true;
  pvg_bench_read(&before);
  for (uint32_t at = 0; at < count && ok; at++) ok = twin_write(twin, REG_FIFO_LENGTH, at);
  pvg_bench_since(&before, counts);
  uint32_t value[2];
  return ok && pvg_mmio_read(twin->device, PVG_WINDOW_GFX, REG_FIFO_LENGTH, value) == PVG_OK && value[0] == count - 1;
}

static bool write_mapping(struct twin *twin, uint32_t count, struct pvg_bench_counts *counts) {
  static struct twin_guest guest;
  if (guest.twin == NULL && !twin_guest_start(&guest, twin)) return false;
  struct pvg_bench_counts before;
  bool ok = true;
  pvg_bench_read(&before);
  for (uint32_t at = 0; at < count && ok; at++) ok = twin_guest_map(&guest);
  pvg_bench_since(&before, counts);
  return ok && twin_guest_is_sane(&guest);
}

static const struct {
  const char *name;
  work *run;
} scenarios[] = {{"map-1", map_one}, {"map-4", map_four}, {"iosfc", look_up}, {"write", write_plain}, {"write-map", write_mapping}};

static int fail(const char *text) {
  fprintf(stderr, "twin: %s\n", text);
  return 2;
}

/* The number of a tracepoint, 0 if it can't be told. */
static int read_number(const char *path) {
  char text[16] = {0};
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || read(fd, text, sizeof text - 1) <= 0) text[0] = '0';
  if (fd >= 0) close(fd);
  return atoi(text);
}

/* Where the tracing file system isn't mounted, it is mounted for this process only, if this process may do that. */
static int print_tracepoint(void) {
  const char *path = "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id";
  int number = read_number(path);
  if (number == 0 && unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
      mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL) == 0) {
    number = read_number(path);
  }
  if (number != 0 && pvg_bench_count_system_calls((uint32_t)number) != PVG_OK) number = 0;
  printf("%d\n", number);
  return 0;
}

static int run(const struct request *request) {
  work *work = NULL;
  for (size_t at = 0; at < sizeof scenarios / sizeof *scenarios; at++) {
    if (strcmp(scenarios[at].name, request->scenario) == 0) work = scenarios[at].run;
  }
  if (work == NULL) return fail("no such scenario");
  if (request->tracepoint != 0) pvg_bench_count_system_calls(request->tracepoint);
  /* Before anything looks how many cores there are. */
  if (request->pinned && pvg_bench_pin(-1) != PVG_OK) return fail(pvg_last_error());
  static struct twin twin;
  struct pvg_bench_counts counts;
  if (!twin_open(&twin, request->poll_us)) return fail(pvg_last_error());
  bool ok = work(&twin, request->warm, &counts) && work(&twin, request->count, &counts) && atomic_load(&twin.refused) == 0;
  twin_close(&twin);
  if (!ok) {
    fprintf(stderr, "twin: %s: something was refused or answered wrongly\n", request->scenario);
    return 1;
  }
  printf("{\"operations\":%u,\"nanoseconds\":%lld,\"processorNs\":%lld,\"voluntary\":%lld,\"involuntary\":%lld,\"systemCalls\":%lld}\n", request->count,
         (long long)counts.nanoseconds, (long long)counts.processor_ns, (long long)counts.voluntary, (long long)counts.involuntary, (long long)counts.system_calls);
  return 0;
}

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "tracepoint") == 0) return print_tracepoint();
  if (count != 7) return fail("usage: twin SCENARIO pinned|free WARM COUNT POLL TRACEPOINT, or twin tracepoint");
  const struct request request = {
    .scenario = arguments[1],
    .pinned = strcmp(arguments[2], "pinned") == 0,
    .warm = (uint32_t)strtoul(arguments[3], NULL, 10),
    .count = (uint32_t)strtoul(arguments[4], NULL, 10),
    .poll_us = (uint32_t)strtoul(arguments[5], NULL, 10),
    .tracepoint = (uint32_t)strtoul(arguments[6], NULL, 10),
  };
  if (request.warm < 4 || request.count < 4 || request.count % 4 != 0) return fail("WARM and COUNT are 4 at least, COUNT a multiple of 4");
  return run(&request);
}
