/* SPDX-License-Identifier: Apache-2.0
 *
 * sleepers.h - threads that sleep until a count changes.
 *
 * Whoever changes the count calls afterwards. The thread at the lowest place is called first, and who comes back to sleep takes the lowest
 * that is free: of several threads that are seldom needed at once the same one works each time, and has its code and data in its core's caches.
 *
 * It knows nothing of what is counted, and polls nothing; `polled` is its callers'.
 */
#ifndef PVG_SLEEPERS_H
#define PVG_SLEEPERS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Places to sleep at; whoever finds none joins the crowd, which is called last. */
#define PVGI_PLACES 32u

#define PVGI_FOREVER INT64_MAX

/* Static memory: a thread may call for it, or leave it, whatever has become of what was counted. Begins as zeros. */
struct pvgi_sleepers {
  alignas(64) _Atomic uint32_t count;   /* changes by sequentially consistent operations only */
  alignas(64) _Atomic uint64_t marks;   /* by place; upper half: somebody has it; lower half: and waits there to be called */
  _Atomic uint32_t places[PVGI_PLACES]; /* futex words: 1 from before the lower mark is set until somebody calls */
  atomic_bool polled;                   /* a thread polls the count; it clears this before it looks for the last time */
  _Atomic uint32_t crowd;               /* threads that wait without a place */
  _Atomic uint32_t crowd_calls;         /* their futex word; changes with each call */
};

/* Sleeps until a call, a signal or the deadline (CLOCK_MONOTONIC), but not at all if the count isn't `seen` any more. False if the
 * deadline has passed. */
bool pvgi_sleep(struct pvgi_sleepers *sleepers, uint32_t seen, int64_t deadline_ns);

/* Calls as many threads as there are `changes` to the count, if so many sleep. */
void pvgi_call(struct pvgi_sleepers *sleepers, uint32_t changes);

/* Threads that sleep and were not called; a value of the moment. */
uint32_t pvgi_sleeping(struct pvgi_sleepers *sleepers);

#endif
