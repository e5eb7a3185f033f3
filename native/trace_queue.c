/* SPDX-License-Identifier: Apache-2.0
 *
 * trace_queue.c - what happened on PVG's own threads, kept until the host takes it.
 *
 * A bounded ring that many threads write to and any may take from, without a lock. A place's turn says whose it is: twice the lap when it
 * may be written, plus 1 when it may be read, so zeroed memory is an empty ring. Nobody waits for room: what doesn't fit is counted,
 * and the count is told as an entry of its own.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answers.h"

#define PLACES 16384u /* a power of two */

struct place {
  atomic_uint turn;
  struct pvg_trace_entry entry; /* its owner's, by the turn */
};

struct pvgi_traces {
  atomic_ullong head, tail; /* entries ever written, and taken */
  atomic_ullong lost;
  struct place places[PLACES];
};

/* Untouched places cost nothing but addresses. */
struct pvgi_traces *pvgi_traces_create(void) { return calloc(1, sizeof(struct pvgi_traces)); }

void pvgi_traces_free(struct pvgi_traces *traces) { free(traces); }

static uint32_t lap_of(unsigned long long position) { return 2u * (uint32_t)(position / PLACES); }

/* The next place whose turn is `ahead` past the lap's, taken out of `counter`; NULL if there is none. */
static struct place *claim(struct pvgi_traces *traces, atomic_ullong *counter, uint32_t ahead, unsigned long long *position) {
  *position = atomic_load(counter);
  for (;;) {
    struct place *place = &traces->places[*position % PLACES];
    uint32_t turn = atomic_load(&place->turn), wanted = lap_of(*position) + ahead;
    if (turn == wanted) {
      if (atomic_compare_exchange_weak(counter, position, *position + 1)) return place;
    } else if ((int32_t)(turn - wanted) < 0) {
      return NULL;
    } else {
      *position = atomic_load(counter);
    }
  }
}

static void fill(struct pvg_trace_entry *entry, uint32_t event) {
  static _Thread_local uint32_t thread;
  struct timespec now;
  if (thread == 0) thread = pvg_thread_id();
  clock_gettime(CLOCK_REALTIME, &now);
  *entry = (struct pvg_trace_entry){.event = event, .thread = thread};
  entry->nanoseconds = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void pvgi_traces_note(struct pvgi_traces *traces, uint32_t event, const uint64_t *words, uint32_t count) {
  unsigned long long position;
  struct place *place = claim(traces, &traces->head, 0, &position);
  if (place == NULL) {
    atomic_fetch_add(&traces->lost, 1);
    return;
  }
  fill(&place->entry, event);
  memcpy(place->entry.words, words, count * sizeof *words);
  atomic_store(&place->turn, lap_of(position) + 1);
}

int32_t pvgi_traces_take(struct pvgi_traces *traces, struct pvg_trace_entry *entries, uint32_t max) {
  uint32_t count = 0;
  unsigned long long position;
  struct place *place = NULL;
  while (count < max && (place = claim(traces, &traces->tail, 1, &position)) != NULL) {
    entries[count++] = place->entry;
    atomic_store(&place->turn, lap_of(position) + 2);
  }
  /* Told behind what was kept, since it is what came after that was lost. */
  if (count == max || atomic_load(&traces->lost) == 0) return (int32_t)count;
  fill(&entries[count], PVG_TRACE_LOST);
  entries[count++].words[0] = atomic_exchange(&traces->lost, 0);
  return (int32_t)count;
}
