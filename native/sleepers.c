/* SPDX-License-Identifier: Apache-2.0
 *
 * sleepers.c - threads that sleep until a count changes; sleepers.h has the rules.
 *
 * Invariant: a thread that sleeps, and that no wake is under way for, is marked, at its place or in the number of the crowd (see
 * sleep_at_place()).
 */
#define _GNU_SOURCE
#include "sleepers.h"

#include <errno.h>
#include <limits.h>
#ifndef __APPLE__
#include <linux/futex.h>
#include <sys/syscall.h>
#endif
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "polling.h"

#define CROWD PVGI_PLACES
#define ALL_PLACES UINT32_MAX
#define WAITS(place) (1ull << (place))
#define TAKEN(place) (1ull << (32 + (place)))

_Static_assert(PVGI_PLACES == 32, "marks are two halves of 64 bits");

#ifdef __APPLE__
/* The system's, which has been there since macOS 10.12 and is what its C++ library waits with, though no header declares them. */
int __ulock_wait(uint32_t operation, void *address, uint64_t value, uint32_t timeout_us);
int __ulock_wake(uint32_t operation, void *address, uint64_t value);

#define UL_COMPARE_AND_WAIT 1u
#define ULF_WAKE_ALL 0x100u
#define LONGEST_US 1000000 /* what is waited for longer is looked at again: to the callers a wake without a reason */

static bool futex_sleep(_Atomic uint32_t *word, uint32_t seen, int64_t deadline_ns) {
  pvgi_count_syscall(PVGI_SYSCALL_WAIT);
  int64_t left_us = deadline_ns == PVGI_FOREVER ? LONGEST_US : (deadline_ns - pvgi_now_ns() + 999) / 1000;
  if (left_us <= 0) return false;
  bool whole = left_us <= LONGEST_US;
  int result = __ulock_wait(UL_COMPARE_AND_WAIT, (void *)word, seen, (uint32_t)(whole ? left_us : LONGEST_US));
  return !(result < 0 && errno == ETIMEDOUT && whole && deadline_ns != PVGI_FOREVER);
}

static void futex_wake(_Atomic uint32_t *word, int threads) {
  pvgi_count_syscall(PVGI_SYSCALL_WAKE);
  __ulock_wake(UL_COMPARE_AND_WAIT | (threads > 1 ? ULF_WAKE_ALL : 0), (void *)word, 0);
}
#else
/* Not at all if the word isn't `seen` any more. */
static bool futex_sleep(_Atomic uint32_t *word, uint32_t seen, int64_t deadline_ns) {
  struct timespec deadline = {.tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000};
  pvgi_count_syscall(PVGI_SYSCALL_WAIT);
  /* FUTEX_WAIT_BITSET takes an absolute time, so a spurious wake doesn't make the wait longer. */
  long result = syscall(SYS_futex, (void *)word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, seen,
                        deadline_ns == PVGI_FOREVER ? NULL : &deadline, NULL, FUTEX_BITSET_MATCH_ANY);
  return !(result == -1 && errno == ETIMEDOUT);
}

/* The word may be another thread's by now: a wake too many costs a thread one look. */
static void futex_wake(_Atomic uint32_t *word, int threads) {
  pvgi_count_syscall(PVGI_SYSCALL_WAKE);
  syscall(SYS_futex, (void *)word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, threads, NULL, NULL, 0);
}
#endif

/* The lowest place that is free, the caller's until it gives it back; CROWD if there is none. */
static uint32_t take_place(struct pvgi_sleepers *sleepers) {
  uint64_t marks = atomic_load(&sleepers->marks);
  uint32_t place;
  do {
    uint32_t taken = (uint32_t)(marks >> 32);
    if (taken == ALL_PLACES) return CROWD;
    place = (uint32_t)__builtin_ctz(~taken);
  } while (!atomic_compare_exchange_weak(&sleepers->marks, &marks, marks | TAKEN(place)));
  return place;
}

/* The word is set before the mark and the count looked at after it, and a caller has changed the count before it looks at the marks. So either
 * the thread finds the count changed, or the caller finds the mark. Whoever takes a mark away changes the word of it afterwards, also if that
 * was for a change which the thread knew of already: then it wakes in vain, but nobody sleeps on without a mark. */
static bool sleep_at_place(struct pvgi_sleepers *sleepers, uint32_t place, uint32_t seen, int64_t deadline_ns) {
  bool in_time = true;
  atomic_store(&sleepers->places[place], 1);
  atomic_fetch_or(&sleepers->marks, WAITS(place));
  if (atomic_load(&sleepers->count) == seen) in_time = futex_sleep(&sleepers->places[place], 1, deadline_ns);
  atomic_fetch_and(&sleepers->marks, ~(WAITS(place) | TAKEN(place)));
  return in_time;
}

static bool sleep_in_crowd(struct pvgi_sleepers *sleepers, uint32_t seen, int64_t deadline_ns) {
  bool in_time = true;
  uint32_t calls = atomic_load(&sleepers->crowd_calls);
  atomic_fetch_add(&sleepers->crowd, 1);
  if (atomic_load(&sleepers->count) == seen) in_time = futex_sleep(&sleepers->crowd_calls, calls, deadline_ns);
  atomic_fetch_sub(&sleepers->crowd, 1);
  return in_time;
}

bool pvgi_sleep(struct pvgi_sleepers *sleepers, uint32_t seen, int64_t deadline_ns) {
  uint32_t place = take_place(sleepers);
  return place == CROWD ? sleep_in_crowd(sleepers, seen, deadline_ns) : sleep_at_place(sleepers, place, seen, deadline_ns);
}

/* A thread that was called but hasn't run yet isn't called again: a burst of changes for one sleeper costs one system call. */
static bool call_one(struct pvgi_sleepers *sleepers) {
  uint64_t marks = atomic_load(&sleepers->marks);
  uint32_t place;
  do {
    if ((uint32_t)marks == 0) return false;
    place = (uint32_t)__builtin_ctz((uint32_t)marks);
  } while (!atomic_compare_exchange_weak(&sleepers->marks, &marks, marks & ~WAITS(place)));
  atomic_store(&sleepers->places[place], 0);
  futex_wake(&sleepers->places[place], 1);
  return true;
}

void pvgi_call(struct pvgi_sleepers *sleepers, uint32_t changes) {
  while (changes > 0 && call_one(sleepers)) changes--;
  if (changes == 0 || atomic_load(&sleepers->crowd) == 0) return;
  atomic_fetch_add(&sleepers->crowd_calls, 1);
  futex_wake(&sleepers->crowd_calls, changes > INT_MAX ? INT_MAX : (int)changes);
}

uint32_t pvgi_sleeping(struct pvgi_sleepers *sleepers) {
  return (uint32_t)__builtin_popcount((uint32_t)atomic_load(&sleepers->marks)) + atomic_load(&sleepers->crowd);
}
