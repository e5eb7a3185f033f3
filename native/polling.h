/* SPDX-License-Identifier: Apache-2.0
 *
 * polling.h - looking again for a while before going to sleep, as long as that has been worth it lately.
 *
 * To wake a sleeping core takes longer than most of what threads wait for here, so a thread polls first. How long adapts to how long the
 * last waits took, as QEMU's AIO contexts have it: it doubles while waits end soon after the polling did, and is halved, down to nothing,
 * when they take longer than polling ever may, so that an idle device costs nothing.
 *
 * On one core a poll is to give the core away, once: a change of threads without sleep and wake. Where that wasn't enough several times in a row, waits
 * sleep, and one in a while tries again. So those poll that others answer in their next turn, and those sleep that would only be in the way.
 *
 * Invariants: a poll gives its core away after a few looks if somebody else wants it, so polling never takes time from the thread that is
 * waited for. A `pvgi_polling` is guarded by the lock of whatever is waited for; a word that is polled must change before that lock is
 * released. Nothing here makes data visible: whoever saw the word change looks under the lock.
 */
#ifndef PVG_POLLING_H
#define PVG_POLLING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PVGI_POLL_MAX_US 1000u

struct pvgi_polling {
  uint32_t limit_ns; /* 0: never polls */
  uint32_t now_ns;   /* what the next wait polls for, 0..limit_ns */
  bool one_core;     /* a poll is to give it away once */
  uint32_t vain;     /* on one core: waits in a row that no poll was enough for, those among them that didn't poll */
};

/* What the library asks the system for while threads wait for each other; for statistics only. */
enum pvgi_syscall { PVGI_SYSCALL_WAIT, PVGI_SYSCALL_WAKE, PVGI_SYSCALL_YIELD, PVGI_SYSCALL_KINDS };

void pvgi_count_syscall(enum pvgi_syscall kind);

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t pvgi_now_ns(void);

/* Polling for `limit_us` at most, or, if the calling thread has one core only, which its threads-to-be inherit, once a wait; 0: never. */
struct pvgi_polling pvgi_polling_make(uint32_t limit_us);

/* True as soon as the word differs from `seen`, false at `end_ns`, or, on one core, if it doesn't after a turn of others. */
bool pvgi_poll(const _Atomic uint32_t *word, uint32_t seen, bool one_core, int64_t end_ns);

/* Tells how long a wait took from its begin, polling and sleep together, and whether the thread slept. */
void pvgi_polling_adapt(struct pvgi_polling *polling, int64_t waited_ns, bool slept);

/* A condition variable on which a thread polls before it sleeps. All of it is guarded by one mutex, as the condition is. */
struct pvgi_condition {
  pthread_cond_t *cond;       /* on CLOCK_MONOTONIC */
  _Atomic uint32_t *rings;    /* changes whenever the condition is signalled, before the mutex is released */
  struct pvgi_polling *polling;
};

/* Makes one on CLOCK_MONOTONIC, and waits until it is signalled, or that clock shows `deadline_ns`: false then. */
void pvgi_cond_init(pthread_cond_t *cond);
bool pvgi_cond_until(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ns);

/* One wait, from its first look to its last; begins as {0}. */
struct pvgi_wait {
  int64_t begin_ns;
  bool polled; /* long enough */
  bool slept;
};

/* One step of a loop that looks whether it still has to wait, with the mutex held: the first polls, if that is worth it, the others sleep
 * as pthread_cond_timedwait() does, for `timeout_ns` at most, or without end if that is below 0. True if time was all that passed. */
bool pvgi_wait_step(const struct pvgi_condition *condition, struct pvgi_wait *wait, pthread_mutex_t *mutex, int64_t timeout_ns);

/* The loop has ended because it had not to wait any more. */
void pvgi_wait_end(const struct pvgi_condition *condition, const struct pvgi_wait *wait);

#endif
