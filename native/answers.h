/* SPDX-License-Identifier: Apache-2.0
 *
 * answers.h - upcalls about memory that are answered on the very thread of PVG's that makes them (pvg_bridge.h, struct pvg_config).
 *
 * Nothing here waits for the host, and nothing knows which PVG asks. Any thread may ask at any time, but for the IOSurface mapper's upcalls:
 * those are one thread's at a time, which is as PVG makes them, so that a mapping costs no lock. What makes and frees the answers
 * sees to it that nobody asks then.
 */
#ifndef PVG_ANSWERS_H
#define PVG_ANSWERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "internal.h"

/* An upcall, with what its kind hands over besides the words. */
struct pvgi_call {
  uint32_t kind;
  uint32_t thread;
  uint64_t words[6];
  const uint64_t *pieces;
  uint32_t piece_count;
  uint8_t *bytes; /* where a read goes */
  uint64_t length;
};

/* ---- what happened (trace_queue.c) ---- */

struct pvgi_traces;

struct pvgi_traces *pvgi_traces_create(void);
void pvgi_traces_free(struct pvgi_traces *traces);
int32_t pvgi_traces_take(struct pvgi_traces *traces, struct pvg_trace_entry *entries, uint32_t max);
void pvgi_traces_note(struct pvgi_traces *traces, uint32_t event, const uint64_t *words, uint32_t count);

/* ---- who has mapped what ---- */

/* As many mappings at different addresses as a mapper may have alive, in a table that is never more than half full: a mapper has
 * 65 536 surfaces, its ring and its table. */
#define PVGI_MAPPINGS 65600u
#define PVGI_MAPPING_SLOTS 131072u

/* Mappings at one address. */
struct pvgi_mapping {
  uint64_t address;
  uint32_t slot;
  uint32_t count; /* 0: the place is empty */
};

/* Of the thread that asks for the mapper; `alive` may be read by others. */
struct pvgi_iosfc {
  struct pvgi_mapping *mappings; /* PVGI_MAPPING_SLOTS of them, of `checked` only */
  uint32_t used;
  atomic_ullong alive;
};

#define PVGI_TASKS 512u /* as many as a PVG has, and as many again whose end it has not told yet */
#define PVGI_SLOT_WORDS (PVG_MAP_SLOTS / 64u + 1u)

struct pvgi_task {
  uint32_t range; /* 0: the place is empty */
  uint32_t regions;
  uint64_t address, length;
  uint64_t slots[PVGI_SLOT_WORDS]; /* regions that the task has a reference on, a bit each */
};

struct pvgi_tasks {
  pthread_mutex_t mutex;
  struct pvgi_task *list; /* PVGI_TASKS of them; guarded by the mutex */
  uint32_t count;         /* guarded by the mutex */
};

struct pvgi_answers {
  uint32_t group, map;
  uint32_t own_iosfc;      /* as of struct pvg_config; constant */
  uint32_t kinds;          /* bit n: upcalls of kind n are answered here; constant */
  atomic_uint own_traces;  /* bit n: event n is noted. It orders nothing: who reads an older one notes what was wanted a moment ago */
  struct pvgi_traces *traces;
  struct pvgi_iosfc iosfc;
  struct pvgi_tasks tasks;
};

/* Makes what the configuration, which was checked, asks for; NULL if there is no memory. */
struct pvgi_answers *pvgi_answers_create(const struct pvg_config *config);
void pvgi_answers_free(struct pvgi_answers *answers);

/* Whether upcalls of that kind are answered here. */
static inline bool pvgi_takes(const struct pvgi_answers *answers, uint32_t kind) { return kind < 32 && answers->kinds >> kind & 1u; }

/* Answers an upcall of such a kind: true for ok, and *value as the kind has it. */
bool pvgi_answer(struct pvgi_answers *answers, const struct pvgi_call *call, uint64_t *value);

/* Tasks there are, and mappings of the IOSurface mapper. */
void pvgi_answers_count(struct pvgi_answers *answers, uint64_t *counts);

static inline bool pvgi_traced(const struct pvgi_answers *answers, uint32_t event) {
  return atomic_load_explicit(&answers->own_traces, memory_order_relaxed) >> event & 1u;
}

/* What is noted from now on, of a mask that was checked. */
void pvgi_answers_trace(struct pvgi_answers *answers, uint32_t own_traces);

/* Notes an event that is asked for. */
#define PVGI_TRACE(answers, event, ...)                                                                              \
  do {                                                                                                               \
    if (pvgi_traced(answers, event)) {                                                                               \
      const uint64_t words_[] = {__VA_ARGS__};                                                                       \
      pvgi_traces_note((answers)->traces, event, words_, (uint32_t)(sizeof words_ / sizeof *words_));                \
    }                                                                                                                \
  } while (0)

/* answers_iosfc.c, answers_task.c: the same by kind, with the words that are the kind's. */
bool pvgi_iosfc_map(struct pvgi_answers *answers, const uint64_t words[5], uint64_t *value);
bool pvgi_iosfc_unmap(struct pvgi_answers *answers, uint64_t address);
bool pvgi_task_create(struct pvgi_answers *answers, uint64_t length, uint64_t *value);
bool pvgi_task_destroy(struct pvgi_answers *answers, uint64_t range);
bool pvgi_task_map(struct pvgi_answers *answers, const struct pvgi_call *call);
bool pvgi_task_unmap(struct pvgi_answers *answers, uint64_t range, uint64_t offset, uint64_t length);

/* Gives back all references that tasks have on a region. */
void pvgi_task_forget(struct pvgi_answers *answers, uint32_t slot);

#endif
