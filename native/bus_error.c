/* SPDX-License-Identifier: Apache-2.0
 *
 * bus_error.c - memory whose file was cut short: zeros instead of the end of the process.
 *
 * A file that somebody else has open may lose its end while this process has it mapped, and then whoever touches what is behind gets SIGBUS. The
 * handler finds out by atomic words alone whether the address is a RAM's or a range's; whoever touches one holds a reference on it, or a view of
 * addresses that stay, so it is what it was when the handler maps zeros there. Any other SIGBUS goes to whom it went before.
 *
 * It is installed with the first RAM that could do this, and stays: whoever installs one of his own afterwards has to call it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "guest_memory.h"

static struct sigaction before;

/* A part of this process's memory. */
struct span {
  uint64_t start, end, block;
};

static bool holds(struct pvgi_region *region, uint64_t address, struct span *span) {
  span->end = atomic_load(&region->end);
  span->start = atomic_load(&region->start);
  span->block = atomic_load(&region->block);
  /* Were it another's by now, the address wouldn't be the one that faulted. */
  return span->end != 0 && span->end == atomic_load(&region->end) && address >= span->start && address < span->end;
}

static bool find(const struct pvgi_table *table, uint64_t address, struct span *span) {
  for (uint32_t index = 0; index < table->capacity; index++) {
    if (holds(pvgi_region_at(table, index), address, span)) return true;
  }
  return false;
}

static bool put_zeros(uint64_t start, uint64_t length) {
  return mmap((void *)(uintptr_t)start, length, PROT_READ | PROT_WRITE, PVGI_ZERO_PAGES | MAP_FIXED, -1, 0) != MAP_FAILED;
}

/* Where there is no mapping to spare for a page, or it is part of a huge one, all around it becomes zeros. */
static bool mend(uint64_t address) {
  struct span span;
  if (!find(&pvgi_ram_table, address, &span) && !find(&pvgi_range_table, address, &span)) return false;
  uint64_t start = span.start + (address - span.start) / span.block * span.block;
  return put_zeros(start, span.block) || put_zeros(span.start, span.end - span.start);
}

static void pass_on(int number, siginfo_t *info, void *context) {
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    before.sa_sigaction(number, info, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(number);
  } else {
    /* What faulted does so again, and then ends the process as it would have. One that was sent is sent again. */
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(number, &action, NULL);
    if (info->si_code <= 0) raise(number);
  }
}

static void on_bus_error(int number, siginfo_t *info, void *context) {
  int error = errno;
  if (info->si_code != BUS_ADRERR || !mend((uint64_t)(uintptr_t)info->si_addr)) pass_on(number, info, context);
  errno = error;
}

static void install(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &before);
}

void pvgi_bus_errors_catch(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
}
