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

/* The first step up from not polling at all. */
#define FIRST_NS 4000u
/* Looks before the core is given away: a fraction of what a change of threads takes, since more threads than there are cores may poll, and the one
 * that is waited for may be behind them. On one core nothing can have changed before. */
#define LOOKS 6
/* On one core: after so many waits in a row that a poll wasn't enough for it is left, and so many waits later tried again. */
#define VAIN_LIMIT 4u
#define VAIN_REST 16u

static _Atomic uint64_t calls[PVGI_SYSCALL_KINDS];

void pvgi_count_syscall(enum pvgi_syscall kind) { atomic_fetch_add_explicit(&calls[kind], 1, memory_order_relaxed); }

int32_t pvg_wait_calls(uint64_t *counts) {
  if (counts == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the counts");
  for (int kind = 0; kind < PVGI_SYSCALL_KINDS; kind++) {
    counts[kind] = atomic_load_explicit(&calls[kind], memory_order_relaxed);
  }
  return PVG_OK;
}

int64_t pvgi_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* On one core whoever polls keeps the thread that it waits for from running, unless it gives the core away at once. */
static bool has_cores_to_spare(void) {
#ifndef __APPLE__
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) return CPU_COUNT(&cores) > 1;
#endif
  return sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

struct pvgi_polling pvgi_polling_make(uint32_t limit_us) {
  return (struct pvgi_polling){.limit_ns = limit_us * 1000, .now_ns = limit_us * 1000, .one_core = !has_cores_to_spare()};
}

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void give_core_away(void) {
  pvgi_count_syscall(PVGI_SYSCALL_YIELD);
  sched_yield();
}

static bool has_changed(const _Atomic uint32_t *word, uint32_t seen) { return atomic_load_explicit(word, memory_order_relaxed) != seen; }

bool pvgi_poll(const _Atomic uint32_t *word, uint32_t seen, bool one_core, int64_t end_ns) {
  if (one_core) {
    if (!has_changed(word, seen)) give_core_away();
    return has_changed(word, seen);
  }
  do {
    for (int look = 0; look < LOOKS; look++) {
      if (has_changed(word, seen)) return true;
      relax();
    }
    give_core_away();
  } while (pvgi_now_ns() < end_ns);
  return false;
}

static void adapt_on_one_core(struct pvgi_polling *polling, bool slept) {
  polling->vain = slept ? polling->vain + 1 : 0;
  if (polling->vain == VAIN_LIMIT + VAIN_REST) polling->vain = VAIN_LIMIT - 1;
  polling->now_ns = polling->vain < VAIN_LIMIT ? polling->limit_ns : 0;
}

void pvgi_polling_adapt(struct pvgi_polling *polling, int64_t waited_ns, bool slept) {
  if (polling->one_core) {
    adapt_on_one_core(polling, slept);
    return;
  }
  if (waited_ns <= polling->now_ns) return; /* polling was enough */
  if (waited_ns > polling->limit_ns) {
    /* By halves, so that one late answer among many doesn't end it. */
    polling->now_ns = polling->now_ns / 2 < FIRST_NS ? 0 : polling->now_ns / 2;
    return;
  }
  uint32_t next = polling->now_ns == 0 ? FIRST_NS : polling->now_ns * 2;
  polling->now_ns = next < polling->limit_ns ? next : polling->limit_ns;
}

/* ---- conditions ---- */

bool pvgi_cond_until(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ns) {
#ifdef __APPLE__
  int64_t left_ns = deadline_ns - pvgi_now_ns();
  if (left_ns < 0) left_ns = 0;
  struct timespec left = {.tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000};
  return pthread_cond_timedwait_relative_np(cond, mutex, &left) != ETIMEDOUT;
#else
  struct timespec deadline = {.tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000};
  return pthread_cond_timedwait(cond, mutex, &deadline) != ETIMEDOUT;
#endif
}

static bool sleep_for(const struct pvgi_condition *condition, pthread_mutex_t *mutex, int64_t timeout_ns) {
  pvgi_count_syscall(PVGI_SYSCALL_WAIT);
  if (timeout_ns < 0) return pthread_cond_wait(condition->cond, mutex) == ETIMEDOUT;
  return !pvgi_cond_until(condition->cond, mutex, pvgi_now_ns() + timeout_ns);
}

bool pvgi_wait_step(const struct pvgi_condition *condition, struct pvgi_wait *wait, pthread_mutex_t *mutex, int64_t timeout_ns) {
  struct pvgi_polling *polling = condition->polling;
  if (wait->begin_ns == 0 && polling->limit_ns != 0) wait->begin_ns = pvgi_now_ns();
  if (wait->polled || polling->now_ns == 0) {
    wait->slept = true;
    return sleep_for(condition, mutex, timeout_ns);
  }
  uint32_t seen = atomic_load_explicit(condition->rings, memory_order_relaxed);
  int64_t end_ns = wait->begin_ns + polling->now_ns;
  bool one_core = polling->one_core;
  pthread_mutex_unlock(mutex);
  bool rang = pvgi_poll(condition->rings, seen, one_core, end_ns);
  pthread_mutex_lock(mutex);
  /* Where several wait, a ring may have been another's: who has time left polls again. */
  wait->polled = !rang;
  return false;
}

void pvgi_wait_end(const struct pvgi_condition *condition, const struct pvgi_wait *wait) {
  if (wait->begin_ns != 0) pvgi_polling_adapt(condition->polling, pvgi_now_ns() - wait->begin_ns, wait->slept);
}

/* macOS has no other clock for a condition than the system's, but waits relatively (pvgi_cond_until). */
void pvgi_cond_init(pthread_cond_t *cond) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
#ifndef __APPLE__
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
#endif
  pthread_cond_init(cond, &attributes);
  pthread_condattr_destroy(&attributes);
}
