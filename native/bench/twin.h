/* SPDX-License-Identifier: Apache-2.0
 *
 * twin.h - the benchmark's twin: the device's data path in C, without Node, as the product's rival.
 *
 * It has the same threads and hops as the product in its default revision: a vCPU posts an access to the BQL actor, which posts a job to the
 * background queue, whose thread enters PVG and posts the result back; the BQL actor answers PVG's upcalls and the vCPU. Mailboxes, memory,
 * PVG and the native callers are the library's own objects, so that what differs is who runs the actors: JavaScript or C.
 *
 * Invariant: no thread, lock or copy that the product doesn't have. What it leaves out is what the benchmark doesn't measure: displays,
 * interrupts, lock sections that wait for each other, ends in the middle of something.
 */
#ifndef PVG_TWIN_H
#define PVG_TWIN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bench.h"

#define TWIN_RAM_GPA 0x40000000ull
#define TWIN_RAM_LENGTH (256ull << 20)
#define TWIN_PAGE_SHIFT 14u
#define TWIN_TASKS 64u
#define TWIN_JOBS 64u
#define TWIN_BATCH 64u

/* The product's numbers of its messages (actors/messages.ts). */
enum twin_message {
  MESSAGE_ACCESS = PVG_KIND_HOST + 0x00,
  MESSAGE_JOB_DONE = PVG_KIND_HOST + 0x01,
  MESSAGE_JOB = PVG_KIND_HOST + 0x10,
  MESSAGE_REPLY = PVG_KIND_HOST + 0x30
};

struct twin_task {
  uint32_t range; /* 0: there is none */
  uint32_t slot;  /* of the region that it has a reference on, 0 before the first */
  uint64_t length;
};

/* A thread's end of the mailboxes: what it posts leaves when it takes, or posts again, as the product's src/runtime/mailbox.ts has it. */
struct twin_post {
  uint32_t to; /* 0: nothing waits */
  struct pvg_record record;
};

/* An access whose job PVG has. */
struct twin_job {
  uint32_t token;
  uint32_t replies;
};

struct twin {
  uint32_t group, ram, device;
  uint32_t bql, background, replies;
  uint32_t poll_us;
  pthread_t bql_thread, background_thread;
  uint32_t map;                       /* the library's memory map: RAM and two register windows, as the product's */
  struct twin_task tasks[TWIN_TASKS]; /* the BQL actor's */
  struct twin_job jobs[TWIN_JOBS];    /* the BQL actor's */
  struct twin_post bql_post;          /* the BQL actor's */
  uint32_t last_job;                  /* the BQL actor's */
  uint32_t token;                     /* the vCPU's */
  atomic_uint refused;                /* upcalls that were answered not ok */
};

/* A guest's control ring, and what it has put in. */
struct twin_guest {
  struct twin *twin;
  uint8_t *memory;
  uint32_t written;
};

/* twin_memory.c: the map, and what the task upcalls do; false: refused. */
bool twin_memory_open(struct twin *twin);
bool twin_task_create(struct twin *twin, const struct pvg_record *record, uint64_t *range);
bool twin_task_destroy(struct twin *twin, const struct pvg_record *record);
bool twin_task_map(struct twin *twin, const struct pvg_record *record);
bool twin_task_unmap(struct twin *twin, const struct pvg_record *record);

/* twin_actors.c: false if the system refuses something. The vCPU's write is the calling thread's. */
bool twin_open(struct twin *twin, uint32_t poll_us);
void twin_close(struct twin *twin);
bool twin_write(struct twin *twin, uint32_t offset, uint32_t value);

/* twin_guest.c: ring, shared page and task 1; one write that has one map upcall inside; whether PVG has done all and found no fault. */
bool twin_guest_start(struct twin_guest *guest, struct twin *twin);
bool twin_guest_map(struct twin_guest *guest);
bool twin_guest_is_sane(struct twin_guest *guest);

#endif
