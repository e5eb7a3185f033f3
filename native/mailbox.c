/* SPDX-License-Identifier: Apache-2.0
 *
 * mailbox.c - the one waiting primitive: a bounded queue of records that threads post to and take from.
 *
 * A mailbox is a ring with two ends. Posters work on one, takers on the other, each under a mutex of its own and on cache lines of its
 * own; what passes between them is a count for each end, which the other side polls, and sleeps until it changes.
 *
 * Invariants:
 *  - An end is touched only under its mutex and after the handle was found living there. Destroying holds both and may therefore free
 *    the ring at once: a thread that wakes afterwards sees another handle and leaves.
 *  - A place of the ring belongs to the takers from the post's change of `posted` until their change of `taken`, and to the posters
 *    else.
 *  - Counts are never reset, and bit 0 of both says that the mailbox is closed. A thread that waited on the slot's last mailbox leaves
 *    its marks as it must, whatever lives there by then.
 *  - A thread that sleeps is called after the change that it waits for, whoever made that (sleepers.c). Where several take, one of them polls
 *    at most, for the others would only take its core from it; and none is called for the record that this one will find.
 *
 * It does not look into records, and it does not order threads among each other: who wakes first takes first.
 */
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "handle.h"
#include "internal.h"
#include "polling.h"
#include "sleepers.h"

#define MAXIMUM_MAILBOXES 4096
#define MAXIMUM_CAPACITY 65536u
#define MAXIMUM_TAKE 1024u

#define CLOSED 1u
#define ONE 2u

_Static_assert(sizeof(struct pvg_record) == 64, "a record is 64 bytes in every language that reads it");

/* One end. What the other side reads has lines of its own, apart from what the end works with. */
struct end {
  alignas(64) pthread_mutex_t mutex;
  uint32_t handle; /* of the mailbox that lives here, 0 if none does */
  uint32_t place;  /* of the ring: where the next record goes, or comes from */
  struct pvg_record *ring;
  uint32_t capacity;
  struct pvgi_polling polling;
  struct pvgi_sleepers others; /* the other end's threads, which wait for its count: ONE for each record that passed here, and CLOSED */
};

struct mailbox {
  struct pvgi_slot slot; /* for making and ending only */
  uint32_t group;
  uint32_t taken_seen; /* the takers' count as posters last looked at it, so that they seldom do; guarded by the posters' mutex */
  struct end posted; /* the posters' end: takers sleep on its count */
  struct end taken;  /* the takers' end: posters sleep on its count */
};

#define END {.mutex = PTHREAD_MUTEX_INITIALIZER}
static struct mailbox mailboxes[MAXIMUM_MAILBOXES] = {
    [0 ... MAXIMUM_MAILBOXES - 1] = {.slot = {.mutex = PTHREAD_MUTEX_INITIALIZER}, .posted = END, .taken = END}};
static struct pvgi_table table = PVGI_TABLE("mailbox", PVGI_TAG_MAILBOX, mailboxes);

/* How long one call may still wait. */
struct patience {
  int64_t deadline_ns; /* CLOCK_MONOTONIC, or PVGI_FOREVER */
  bool expired;
};

static struct patience patience_for(int64_t timeout_us) {
  struct patience patience = {.deadline_ns = PVGI_FOREVER, .expired = timeout_us == 0};
  if (timeout_us > 0) {
    int64_t now = pvgi_now_ns();
    /* What would overflow is centuries away. */
    if (timeout_us < (INT64_MAX - now) / 1000) patience.deadline_ns = now + timeout_us * 1000;
  }
  return patience;
}

/* ---- waiting ---- */

static uint32_t records_between(uint32_t posted, uint32_t taken) { return ((posted & ~CLOSED) - (taken & ~CLOSED)) / ONE; }

/* For a record that was posted when the count was `posted`. Nobody is called for one that the thread which polls will take. */
static void call_taker(struct end *own, struct end *other, uint32_t posted) {
  if (pvgi_sleeping(&own->others) == 0) return;
  /* Below 0 where this record and later ones were taken already. */
  int32_t left = (int32_t)((posted & ~CLOSED) - (atomic_load(&other->others.count) & ~CLOSED)) / (int32_t)ONE;
  if (left > (int32_t)atomic_load(&own->others.polled)) pvgi_call(&own->others, 1);
}

/* Waits until the other end's count differs from `seen`, polling first if nobody else does and that has been worth it. Entered and left with
 * the own mutex held; false if the mailbox was destroyed meanwhile. */
static bool await_change(struct end *own, struct end *other, uint32_t seen, uint32_t mailbox, struct patience *patience) {
  struct pvgi_sleepers *sleepers = &other->others;
  uint32_t poll_ns = own->polling.now_ns;
  bool one_core = own->polling.one_core;
  bool first = own->polling.limit_ns != 0 && !atomic_exchange(&sleepers->polled, true);
  pthread_mutex_unlock(&own->mutex);
  int64_t begin_ns = first ? pvgi_now_ns() : 0, end_ns = begin_ns + poll_ns;
  if (end_ns > patience->deadline_ns) end_ns = patience->deadline_ns;
  bool changed = first && poll_ns != 0 && pvgi_poll(&sleepers->count, seen, one_core, end_ns);
  if (first) atomic_store(&sleepers->polled, false);
  if (!changed) patience->expired = !pvgi_sleep(sleepers, seen, patience->deadline_ns);
  int64_t waited_ns = first ? pvgi_now_ns() - begin_ns : 0;
  pthread_mutex_lock(&own->mutex);
  if (own->handle != mailbox) {
    /* Another mailbox may live here by now, whose posters relied on the poll. */
    if (first) call_taker(other, own, atomic_load(&sleepers->count));
    return false;
  }
  if (first && !patience->expired) pvgi_polling_adapt(&own->polling, waited_ns, !changed);
  return true;
}

/* ---- making and ending ---- */

static void settle(struct end *end, uint32_t handle, struct pvg_record *ring, uint32_t capacity) {
  end->handle = handle;
  end->ring = ring;
  end->capacity = capacity;
  end->place = 0;
}

static void lock_both(struct mailbox *box) {
  pthread_mutex_lock(&box->posted.mutex);
  pthread_mutex_lock(&box->taken.mutex);
}

static void unlock_both(struct mailbox *box) {
  pthread_mutex_unlock(&box->taken.mutex);
  pthread_mutex_unlock(&box->posted.mutex);
}

uint32_t pvg_mailbox_create(uint32_t group, uint32_t capacity, uint32_t poll_us) {
  if (capacity < 1 || capacity > MAXIMUM_CAPACITY || poll_us > PVGI_POLL_MAX_US) {
    pvgi_fail(PVG_E_ARGUMENT, "a mailbox has 1..%u records and polls 0..%u us, not %u and %u", MAXIMUM_CAPACITY, PVGI_POLL_MAX_US,
              capacity, poll_us);
    return 0;
  }
  struct pvg_record *ring = aligned_alloc(64, capacity * sizeof *ring);
  if (ring == NULL) {
    pvgi_fail(PVG_E_NO_MEMORY, "no memory for a mailbox of %u records", capacity);
    return 0;
  }
  struct mailbox *box = pvgi_slot_claim(&table);
  if (box == NULL) {
    free(ring);
    return 0;
  }
  uint32_t mailbox = box->slot.handle;
  box->group = group;
  lock_both(box);
  /* Whoever still decides to sleep on the last mailbox finds neither count as it was, since both go on from beyond its last post. */
  uint32_t count = (atomic_load(&box->posted.others.count) & ~CLOSED) + ONE;
  atomic_store(&box->posted.others.count, count);
  atomic_store(&box->taken.others.count, count);
  box->taken_seen = count;
  settle(&box->posted, mailbox, ring, capacity);
  settle(&box->taken, mailbox, ring, capacity);
  box->posted.polling = (struct pvgi_polling){0}; /* a full mailbox isn't emptied in the time that polling takes */
  box->taken.polling = pvgi_polling_make(poll_us);
  unlock_both(box);
  pthread_mutex_unlock(&box->slot.mutex);
  if (pvgi_group_add(group, PVGI_MAILBOX, mailbox) != PVG_OK) {
    pvg_mailbox_destroy(mailbox); /* succeeds, and so leaves the error text alone */
    return 0;
  }
  return mailbox;
}

/* With both ends locked; the wakes are for after the release. */
static void mark_closed(struct mailbox *box) {
  atomic_fetch_or(&box->posted.others.count, CLOSED);
  atomic_fetch_or(&box->taken.others.count, CLOSED);
}

static void release_all(struct mailbox *box) {
  pvgi_call(&box->posted.others, UINT32_MAX);
  pvgi_call(&box->taken.others, UINT32_MAX);
}

int32_t pvg_mailbox_close(uint32_t mailbox) {
  struct mailbox *box = pvgi_slot_lock(&table, mailbox);
  if (box == NULL) return pvgi_no_such(&table, mailbox);
  lock_both(box);
  mark_closed(box);
  unlock_both(box);
  pthread_mutex_unlock(&box->slot.mutex);
  release_all(box);
  return PVG_OK;
}

int32_t pvg_mailbox_destroy(uint32_t mailbox) {
  struct mailbox *box = pvgi_slot_lock(&table, mailbox);
  if (box == NULL) return pvgi_no_such(&table, mailbox);
  uint32_t group = box->group;
  lock_both(box);
  mark_closed(box);
  free(box->posted.ring);
  settle(&box->posted, 0, NULL, 0);
  settle(&box->taken, 0, NULL, 0);
  unlock_both(box);
  box->slot.handle = 0;
  pthread_mutex_unlock(&box->slot.mutex);
  release_all(box);
  /* Only now may the slot be given away. The wakes are out, so that none of the old mailbox's sleepers can swallow one
   * that is meant for the next mailbox's. */
  pthread_mutex_lock(&box->slot.mutex);
  pvgi_slot_free_unlock(&table, &box->slot);
  pvgi_group_remove(group, PVGI_MAILBOX, mailbox);
  return PVG_OK;
}

/* ---- posting and taking ---- */

/* The mailbox in whose slot that handle would live, whether it does or not; NULL if there is no such slot. */
static struct mailbox *slot_of(uint32_t mailbox) {
  uint32_t index = mailbox & ((1u << PVGI_INDEX_BITS) - 1u);
  return index < MAXIMUM_MAILBOXES ? &mailboxes[index] : NULL;
}

/* An end, locked, of the living mailbox of that handle, or NULL. Handle 0 names none, whatever is in the slot. */
static bool enter(struct end *end, uint32_t mailbox) {
  pthread_mutex_lock(&end->mutex);
  if (mailbox != 0 && end->handle == mailbox) return true;
  pthread_mutex_unlock(&end->mutex);
  return false;
}

static int32_t leave_failing(struct end *end, int32_t status, const char *text, uint32_t mailbox) {
  pthread_mutex_unlock(&end->mutex);
  return pvgi_fail(status, text, mailbox);
}

int32_t pvg_mailbox_post(uint32_t mailbox, const void *record, int64_t timeout_us) {
  if (record == NULL || timeout_us < -1) return pvgi_fail(PVG_E_ARGUMENT, "no record, or a timeout below -1");
  struct mailbox *box = slot_of(mailbox);
  if (box == NULL || !enter(&box->posted, mailbox)) return pvgi_no_such(&table, mailbox);
  struct end *own = &box->posted, *other = &box->taken;
  struct patience patience = {.deadline_ns = 0};
  for (bool waited = false;; waited = true) {
    uint32_t posted = atomic_load_explicit(&own->others.count, memory_order_relaxed);
    if (posted & CLOSED) return leave_failing(own, PVG_E_CLOSED, "mailbox 0x%x is closed", mailbox);
    if (records_between(posted, box->taken_seen) < own->capacity) break;
    uint32_t taken = box->taken_seen = atomic_load(&other->others.count);
    if (records_between(posted, taken) < own->capacity) break;
    if (!waited) patience = patience_for(timeout_us);
    if (patience.expired) return leave_failing(own, PVG_E_FULL, "mailbox 0x%x is full", mailbox);
    if (!await_change(own, other, taken, mailbox, &patience)) {
      return leave_failing(own, PVG_E_CLOSED, "mailbox 0x%x was destroyed", mailbox);
    }
  }
  memcpy(&own->ring[own->place], record, sizeof *own->ring);
  own->place = own->place + 1 < own->capacity ? own->place + 1 : 0;
  uint32_t posted = atomic_fetch_add(&own->others.count, ONE) + ONE;
  pthread_mutex_unlock(&own->mutex);
  /* After the release, else the woken thread would run into the mutex. */
  call_taker(own, other, posted);
  return PVG_OK;
}

/* Copies `wanted` records out, in at most two pieces. */
static void take_out(struct end *own, char *records, uint32_t wanted) {
  uint32_t straight = wanted < own->capacity - own->place ? wanted : own->capacity - own->place;
  memcpy(records, &own->ring[own->place], straight * sizeof *own->ring);
  if (straight < wanted) memcpy(records + straight * sizeof *own->ring, own->ring, (wanted - straight) * sizeof *own->ring);
  own->place = straight < wanted ? wanted - straight : (own->place + straight) % own->capacity;
}

int32_t pvg_mailbox_take(uint32_t mailbox, void *records, uint32_t max, int64_t timeout_us) {
  if (records == NULL || max < 1 || max > MAXIMUM_TAKE || timeout_us < -1) {
    return pvgi_fail(PVG_E_ARGUMENT, "no room for records, a count outside 1..%u or a timeout below -1", MAXIMUM_TAKE);
  }
  struct mailbox *box = slot_of(mailbox);
  if (box == NULL || !enter(&box->taken, mailbox)) return pvgi_no_such(&table, mailbox);
  struct end *own = &box->taken, *other = &box->posted;
  struct patience patience = {.deadline_ns = 0};
  uint32_t there;
  for (bool waited = false;; waited = true) {
    uint32_t taken = atomic_load_explicit(&own->others.count, memory_order_relaxed), posted = atomic_load(&other->others.count);
    there = records_between(posted, taken);
    if (there > 0) break;
    if (posted & CLOSED) return leave_failing(own, PVG_E_CLOSED, "mailbox 0x%x is closed and empty", mailbox);
    if (!waited) patience = patience_for(timeout_us);
    if (patience.expired) {
      pthread_mutex_unlock(&own->mutex);
      return 0;
    }
    if (!await_change(own, other, posted, mailbox, &patience)) {
      return leave_failing(own, PVG_E_CLOSED, "mailbox 0x%x was destroyed", mailbox);
    }
  }
  uint32_t wanted = there < max ? there : max;
  take_out(own, records, wanted);
  atomic_fetch_add(&own->others.count, wanted * ONE);
  pthread_mutex_unlock(&own->mutex);
  pvgi_call(&own->others, wanted);
  return (int32_t)wanted;
}

/* ---- statistics ---- */

int32_t pvg_mailbox_depth(uint32_t mailbox) {
  struct mailbox *box = slot_of(mailbox);
  if (box == NULL || !enter(&box->taken, mailbox)) return pvgi_no_such(&table, mailbox);
  /* With this end locked the other one's count is ahead of it or equal. */
  int32_t depth = (int32_t)records_between(atomic_load(&box->posted.others.count), atomic_load(&box->taken.others.count));
  pthread_mutex_unlock(&box->taken.mutex);
  return depth;
}

int32_t pvg_mailbox_waiters(uint32_t mailbox) {
  struct mailbox *box = slot_of(mailbox);
  if (box == NULL || !enter(&box->taken, mailbox)) return pvgi_no_such(&table, mailbox);
  uint32_t sleeping = pvgi_sleeping(&box->posted.others);
  pthread_mutex_unlock(&box->taken.mutex);
  return (int32_t)sleeping;
}
