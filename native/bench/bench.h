/* SPDX-License-Identifier: Apache-2.0
 *
 * bench.h - what the benchmark has of native code: counting, placing threads, and native threads that ask the host as PVG's own do.
 *
 * These functions are in the benchmark's build of the library only (dist/native/bench/), and in the twin. They trust their caller: they are
 * no part of the ABI, and whoever gives them a wrong count measures nonsense. What is measured is the bridge's and PVG's own code.
 */
#ifndef PVG_BENCH_H
#define PVG_BENCH_H

#include "../pvg_bridge.h"

/* What a process has used up, or what a piece of work has. */
struct pvg_bench_counts {
  int64_t nanoseconds;
  int64_t processor_ns; /* of all threads; on one core as much as the time, unless others were on it too */
  int64_t voluntary;    /* context switches of all threads because they waited */
  int64_t involuntary;  /* and because others wanted the core */
  int64_t system_calls; /* of all threads; where they can't be counted, those with which they wait for each other */
};

#define PVG_BENCH_THREADS 16u

/* Has every thread that the process has now, and that they start from now on, run on that core only; -1: on the first that it may use. */
PVG_API int32_t pvg_bench_pin(int32_t cpu);

/* Counts system calls from now on: those of the calling thread and of the threads that are started by it or by those. `tracepoint` is the
 * system's number of raw_syscalls:sys_enter. PVG_E_UNSUPPORTED if this process may not. */
PVG_API int32_t pvg_bench_count_system_calls(uint32_t tracepoint);

/* What the process has used up so far. */
PVG_API int32_t pvg_bench_read(struct pvg_bench_counts *counts);

/* What it has used up since `before` was read. */
PVG_API int32_t pvg_bench_since(const struct pvg_bench_counts *before, struct pvg_bench_counts *counts);

/* `threads` (1..16) native threads have the host map `calls` pages each into a task, one MAP_MEMORY upcall a page. The task is made
 * before and destroyed afterwards, outside of what is counted. PVG_E_REFUSED if the host refuses anything. BLOCKS as an access does. */
PVG_API int32_t pvg_bench_map_calls(uint32_t device, uint32_t threads, uint32_t calls, struct pvg_bench_counts *counts);

/* One native thread has `alive` pages mapped in one task, none of which joins its neighbour, and then `calls` more, each in
 * place of the last; only these are counted. As above otherwise. */
PVG_API int32_t pvg_bench_map_beside(uint32_t device, uint32_t alive, uint32_t calls, struct pvg_bench_counts *counts);

/* The calling thread maps a page of guest memory for the IOSurface mapper and unmaps it, `calls` times, as the mapper's own thread does; nothing else may
 * use the mapper meanwhile. PVG_E_ARGUMENT of a device whose host does that. */
PVG_API int32_t pvg_bench_iosfc(uint32_t device, uint32_t calls, struct pvg_bench_counts *counts);

#endif
