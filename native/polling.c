/* SPDX-License-Identifier: Apache-2.0
 *
 * polling.c - adaptive polling; polling.h has the rules.
 *
 * It knows neither mailboxes nor PVG.
 */
#define _GNU_SOURCE
#include "polling.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

/* The first step up from not polling at all, and how many looks lie between two looks at the clock. */
#define FIRST_NS 4000u
#define LOOKS 32

static _Atomic uint64_t calls[PVGI_CALL_KINDS];

void pvgi_count_call(enum pvgi_call call) { atomic_fetch_add_explicit(&calls[call], 1, memory_order_relaxed); }

int32_t pvg_wait_calls(uint64_t *counts) {
  if (counts == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the counts");
  for (int kind = 0; kind < PVGI_CALL_KINDS; kind++) {
    counts[kind] = atomic_load_explicit(&calls[kind], memory_order_relaxed);
  }
  return PVG_OK;
}

int64_t pvgi_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* On one core whoever polls keeps the thread that it waits for from running. */
static bool has_cores_to_spare(void) {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) return CPU_COUNT(&cores) > 1;
  return sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

struct pvgi_polling pvgi_polling_make(uint32_t limit_us) {
  uint32_t limit_ns = has_cores_to_spare() ? limit_us * 1000 : 0;
  return (struct pvgi_polling){.limit_ns = limit_ns, .now_ns = limit_ns};
}

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

bool pvgi_poll(const _Atomic uint32_t *word, uint32_t seen, int64_t end_ns) {
  do {
    for (int look = 0; look < LOOKS; look++) {
      if (atomic_load_explicit(word, memory_order_relaxed) != seen) return true;
      relax();
    }
    pvgi_count_call(PVGI_CALL_YIELD);
    sched_yield();
  } while (pvgi_now_ns() < end_ns);
  return false;
}

void pvgi_polling_adapt(struct pvgi_polling *polling, int64_t waited_ns) {
  if (waited_ns <= polling->now_ns) return; /* polling was enough */
  if (waited_ns > polling->limit_ns) {
    polling->now_ns = 0;
    return;
  }
  uint32_t next = polling->now_ns == 0 ? FIRST_NS : polling->now_ns * 2;
  polling->now_ns = next < polling->limit_ns ? next : polling->limit_ns;
}

/* ---- bells ---- */

void pvgi_bell_init(struct pvgi_bell *bell, uint32_t limit_us) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&bell->cond, &monotonic);
  pthread_condattr_destroy(&monotonic);
  atomic_init(&bell->rings, 0);
  bell->polling = pvgi_polling_make(limit_us);
}

void pvgi_bell_destroy(struct pvgi_bell *bell) { pthread_cond_destroy(&bell->cond); }

void pvgi_bell_ring(struct pvgi_bell *bell) {
  atomic_fetch_add_explicit(&bell->rings, 1, memory_order_relaxed);
  pthread_cond_broadcast(&bell->cond);
}

static bool sleep_on(struct pvgi_bell *bell, pthread_mutex_t *mutex, int64_t deadline_ns) {
  pvgi_count_call(PVGI_CALL_WAIT);
  if (deadline_ns < 0) return pthread_cond_wait(&bell->cond, mutex) == ETIMEDOUT;
  struct timespec deadline = {.tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000};
  return pthread_cond_timedwait(&bell->cond, mutex, &deadline) == ETIMEDOUT;
}

bool pvgi_bell_wait(struct pvgi_bell *bell, pthread_mutex_t *mutex, int64_t timeout_ns) {
  int64_t begin_ns = pvgi_now_ns(), deadline_ns = timeout_ns < 0 ? -1 : begin_ns + timeout_ns;
  uint32_t seen = atomic_load_explicit(&bell->rings, memory_order_relaxed), poll_ns = bell->polling.now_ns;
  bool rang = false, expired = false;
  if (poll_ns != 0) {
    int64_t end_ns = begin_ns + poll_ns;
    pthread_mutex_unlock(mutex);
    rang = pvgi_poll(&bell->rings, seen, deadline_ns < 0 || end_ns < deadline_ns ? end_ns : deadline_ns);
    pthread_mutex_lock(mutex);
    rang = rang || atomic_load_explicit(&bell->rings, memory_order_relaxed) != seen;
  }
  if (!rang) expired = sleep_on(bell, mutex, deadline_ns);
  if (!expired && bell->polling.limit_ns != 0) pvgi_polling_adapt(&bell->polling, pvgi_now_ns() - begin_ns);
  return expired;
}
