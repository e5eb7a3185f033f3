/* SPDX-License-Identifier: Apache-2.0
 *
 * mailbox.c - the one waiting primitive: a bounded queue of records that threads post to and take from.
 *
 * A mailbox is a ring under its slot's mutex. Threads that must wait sleep on a futex word, one for "not empty"
 * and one for "not full", that counts up with each change they wait for.
 *
 * Invariants:
 *  - The ring is touched only under the mutex and after the handle was found living there. Destroying may therefore
 *    free it at once: a thread that wakes afterwards sees another handle in the slot and leaves.
 *  - A side's words are never reset. A thread that waited on the slot's last mailbox leaves the counts as it must,
 *    whatever lives there by then.
 *  - `sleepers - called` is at least the number of threads that sleep and that no wake is under way for, so
 *    that nobody sleeps on while there is something for them (see call()).
 *
 * It does not look into records, and it does not order threads among each other: who wakes first takes first.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "handle.h"
#include "internal.h"

#define MAXIMUM_MAILBOXES 4096
#define MAXIMUM_CAPACITY 65536u
#define MAXIMUM_SPIN_US 1000u
#define MAXIMUM_TAKE 1024u
#define FOREVER INT64_MAX

_Static_assert(sizeof(struct pvg_record) == 64, "a record is 64 bytes in every language that reads it");

/* What one kind of waiter sleeps on. It has a cache line of its own because takers that spin read it while posters
 * work on the rest. */
struct side {
  alignas(64) _Atomic uint32_t sequence; /* the futex word; written under the mutex only */
  uint32_t sleepers;                     /* threads between deciding to sleep and having noticed that they woke */
  uint32_t called;                       /* how many of them a wake was issued for */
};

struct mailbox {
  struct pvgi_slot slot;
  uint32_t group;
  struct pvg_record *ring;
  uint32_t capacity;
  uint32_t head;
  uint32_t count;
  uint32_t spin_limit_us;
  uint32_t spin_us; /* adapts between an eighth of the limit and the limit */
  bool closed;
  struct side not_empty;
  struct side not_full;
};

static struct mailbox mailboxes[MAXIMUM_MAILBOXES] = {
    [0 ... MAXIMUM_MAILBOXES - 1] = {.slot = {.mutex = PTHREAD_MUTEX_INITIALIZER}}};
static struct pvgi_table table = PVGI_TABLE("mailbox", PVGI_TAG_MAILBOX, mailboxes);

/* How long one call may still wait. */
struct patience {
  int64_t deadline_ns; /* CLOCK_MONOTONIC, or FOREVER */
  bool expired;
  bool spun; /* a call spins once: if that was in vain the next record is hardly near either */
};

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct patience patience_for(int64_t timeout_us) {
  struct patience patience = {.deadline_ns = FOREVER, .expired = timeout_us == 0};
  if (timeout_us > 0) {
    int64_t now = now_ns();
    /* What would overflow is centuries away. */
    if (timeout_us < (INT64_MAX - now) / 1000) patience.deadline_ns = now + timeout_us * 1000;
  }
  return patience;
}

/* ---- futex ---- */

/* Sleeps until a wake, a signal or the deadline, but not at all if the word isn't `seen` any more. False if the
 * deadline has passed. */
static bool futex_sleep(struct side *side, uint32_t seen, int64_t deadline_ns) {
  struct timespec deadline = {.tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000};
  /* FUTEX_WAIT_BITSET takes an absolute time, so a spurious wake doesn't make the wait longer. */
  long result = syscall(SYS_futex, (void *)&side->sequence, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, seen,
                        deadline_ns == FOREVER ? NULL : &deadline, NULL, FUTEX_BITSET_MATCH_ANY);
  return !(result == -1 && errno == ETIMEDOUT);
}

/* The side may belong to another mailbox by now: slots are static, and a wake too many costs a thread one look. */
static void futex_wake(struct side *side, uint32_t threads) {
  if (threads == 0) return;
  syscall(SYS_futex, (void *)&side->sequence, FUTEX_WAKE | FUTEX_PRIVATE_FLAG,
          threads > INT_MAX ? INT_MAX : (int)threads, NULL, NULL, 0);
}

/* Announces `changes` things to wait for and says how many threads to wake once the mutex is released.
 *
 * The word must change before the mutex is released. Whoever decided to sleep took its snapshot under the mutex, so
 * either it saw what is announced here, or its snapshot is older than this store and the kernel, which compares
 * under its own lock, sends it back or has it queued when the wake comes. With the store after the release
 * a thread could look, find nothing, fall asleep on the old value and miss its wake.
 *
 * Relaxed order suffices, since all data passes under the mutex; the word alone carries nothing.
 *
 * A thread that was called but hasn't run yet isn't called again: a burst of posts to one sleeper costs one system
 * call. If the wake finds nobody queued, every thread counted here is on its way back anyway. */
static uint32_t call(struct side *side, uint32_t changes) {
  uint32_t sequence = atomic_load_explicit(&side->sequence, memory_order_relaxed);
  atomic_store_explicit(&side->sequence, sequence + 1u, memory_order_relaxed);
  uint32_t uncalled = side->sleepers - side->called;
  uint32_t threads = changes < uncalled ? changes : uncalled;
  side->called += threads;
  return threads;
}

/* ---- waiting ---- */

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* True as soon as the word differs from `seen`. */
static bool spin(struct side *side, uint32_t seen, int64_t end_ns) {
  do {
    for (int turn = 0; turn < 32; turn++) {
      /* Relaxed: a hint to go and look under the mutex, which is what makes the record visible. */
      if (atomic_load_explicit(&side->sequence, memory_order_relaxed) != seen) return true;
      relax();
    }
  } while (now_ns() < end_ns);
  return false;
}

static void adapt_spin(struct mailbox *box, bool worth_it) {
  uint32_t least = box->spin_limit_us / 8 > 0 ? box->spin_limit_us / 8 : 1;
  uint32_t next = worth_it ? box->spin_us * 2 : box->spin_us / 2;
  box->spin_us = next > box->spin_limit_us ? box->spin_limit_us : next < least ? least : next;
}

/* Both waits are entered and left with the mutex held and return false if the mailbox was destroyed meanwhile. The
 * snapshot is taken before the mutex is released, else a change in between would go unseen. */
static bool wait_spinning(struct mailbox *box, uint32_t mailbox, struct patience *patience) {
  uint32_t seen = atomic_load_explicit(&box->not_empty.sequence, memory_order_relaxed);
  uint32_t spin_us = box->spin_us;
  pthread_mutex_unlock(&box->slot.mutex);
  int64_t end_ns = now_ns() + (int64_t)spin_us * 1000;
  bool changed = spin(&box->not_empty, seen, end_ns < patience->deadline_ns ? end_ns : patience->deadline_ns);
  pthread_mutex_lock(&box->slot.mutex);
  patience->spun = true;
  if (box->slot.handle != mailbox) return false;
  adapt_spin(box, changed);
  return true;
}

static bool wait_sleeping(struct mailbox *box, struct side *side, uint32_t mailbox, struct patience *patience) {
  uint32_t seen = atomic_load_explicit(&side->sequence, memory_order_relaxed);
  side->sleepers++;
  pthread_mutex_unlock(&box->slot.mutex);
  if (!futex_sleep(side, seen, patience->deadline_ns)) patience->expired = true;
  pthread_mutex_lock(&box->slot.mutex);
  /* Whoever returns, for whatever reason, uses up one call: at worst another one is made in vain. */
  side->sleepers--;
  if (side->called > 0) side->called--;
  return box->slot.handle == mailbox;
}

/* ---- making and ending ---- */

static bool spinning_helps(void) { return sysconf(_SC_NPROCESSORS_ONLN) > 1; }

uint32_t pvg_mailbox_create(uint32_t group, uint32_t capacity, uint32_t spin_us) {
  if (capacity < 1 || capacity > MAXIMUM_CAPACITY || spin_us > MAXIMUM_SPIN_US) {
    pvgi_fail(PVG_E_ARGUMENT, "a mailbox has 1..%u records and spins 0..%u us, not %u and %u", MAXIMUM_CAPACITY,
              MAXIMUM_SPIN_US, capacity, spin_us);
    return 0;
  }
  struct pvg_record *ring = malloc(capacity * sizeof *ring);
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
  box->ring = ring;
  box->capacity = capacity;
  box->head = 0;
  box->count = 0;
  box->closed = false;
  box->spin_limit_us = spinning_helps() ? spin_us : 0;
  box->spin_us = box->spin_limit_us;
  pthread_mutex_unlock(&box->slot.mutex);
  if (pvgi_group_add(group, PVGI_MAILBOX, mailbox) != PVG_OK) {
    pvg_mailbox_destroy(mailbox); /* succeeds, and so leaves the error text alone */
    return 0;
  }
  return mailbox;
}

/* Releases the mutex and everybody who waits. */
static void unlock_and_release(struct mailbox *box) {
  uint32_t takers = call(&box->not_empty, UINT32_MAX) > 0 ? INT_MAX : 0;
  uint32_t posters = call(&box->not_full, UINT32_MAX) > 0 ? INT_MAX : 0;
  pthread_mutex_unlock(&box->slot.mutex);
  futex_wake(&box->not_empty, takers);
  futex_wake(&box->not_full, posters);
}

int32_t pvg_mailbox_close(uint32_t mailbox) {
  struct mailbox *box = pvgi_slot_lock(&table, mailbox);
  if (box == NULL) return pvgi_no_such(&table, mailbox);
  box->closed = true;
  unlock_and_release(box);
  return PVG_OK;
}

int32_t pvg_mailbox_destroy(uint32_t mailbox) {
  struct mailbox *box = pvgi_slot_lock(&table, mailbox);
  if (box == NULL) return pvgi_no_such(&table, mailbox);
  uint32_t group = box->group;
  box->slot.handle = 0;
  box->closed = true;
  free(box->ring);
  box->ring = NULL;
  box->count = 0;
  unlock_and_release(box);
  /* Only now may the slot be given away. The wakes are out, so that none of the old mailbox's sleepers can swallow one
   * that is meant for the next mailbox's. */
  pthread_mutex_lock(&box->slot.mutex);
  pvgi_slot_free_unlock(&table, &box->slot);
  pvgi_group_remove(group, PVGI_MAILBOX, mailbox);
  return PVG_OK;
}

/* ---- posting and taking ---- */

int32_t pvg_mailbox_post(uint32_t mailbox, const void *record, int64_t timeout_us) {
  if (record == NULL || timeout_us < -1) return pvgi_fail(PVG_E_ARGUMENT, "no record, or a timeout below -1");
  struct patience patience = patience_for(timeout_us);
  struct mailbox *box = pvgi_slot_lock(&table, mailbox);
  if (box == NULL) return pvgi_no_such(&table, mailbox);
  while (!box->closed && box->count == box->capacity) {
    if (patience.expired) {
      uint32_t capacity = box->capacity;
      pthread_mutex_unlock(&box->slot.mutex);
      return pvgi_fail(PVG_E_FULL, "mailbox 0x%x holds %u records already", mailbox, capacity);
    }
    if (!wait_sleeping(box, &box->not_full, mailbox, &patience)) {
      pthread_mutex_unlock(&box->slot.mutex);
      return pvgi_fail(PVG_E_CLOSED, "mailbox 0x%x was destroyed", mailbox);
    }
  }
  if (box->closed) {
    pthread_mutex_unlock(&box->slot.mutex);
    return pvgi_fail(PVG_E_CLOSED, "mailbox 0x%x is closed", mailbox);
  }
  uint32_t tail = box->head + box->count < box->capacity ? box->head + box->count : box->head + box->count - box->capacity;
  memcpy(&box->ring[tail], record, sizeof *box->ring);
  box->count++;
  uint32_t threads = call(&box->not_empty, 1);
  pthread_mutex_unlock(&box->slot.mutex);
  /* After the release, else the woken thread would run into the mutex. */
  futex_wake(&box->not_empty, threads);
  return PVG_OK;
}

/* Copies up to `max` records out, in at most two pieces, and returns how many. */
static uint32_t take_out(struct mailbox *box, char *records, uint32_t max) {
  uint32_t wanted = box->count < max ? box->count : max;
  uint32_t straight = wanted < box->capacity - box->head ? wanted : box->capacity - box->head;
  memcpy(records, &box->ring[box->head], straight * sizeof *box->ring);
  memcpy(records + straight * sizeof *box->ring, box->ring, (wanted - straight) * sizeof *box->ring);
  box->head = straight < wanted ? wanted - straight : (box->head + straight) % box->capacity;
  box->count -= wanted;
  return wanted;
}

int32_t pvg_mailbox_take(uint32_t mailbox, void *records, uint32_t max, int64_t timeout_us) {
  if (records == NULL || max < 1 || max > MAXIMUM_TAKE || timeout_us < -1) {
    return pvgi_fail(PVG_E_ARGUMENT, "no room for records, a count outside 1..%u or a timeout below -1", MAXIMUM_TAKE);
  }
  struct patience patience = patience_for(timeout_us);
  struct mailbox *box = pvgi_slot_lock(&table, mailbox);
  if (box == NULL) return pvgi_no_such(&table, mailbox);
  while (box->count == 0) {
    if (box->closed || patience.expired) {
      bool closed = box->closed;
      pthread_mutex_unlock(&box->slot.mutex);
      return closed ? pvgi_fail(PVG_E_CLOSED, "mailbox 0x%x is closed and empty", mailbox) : 0;
    }
    bool spins = box->spin_us > 0 && !patience.spun;
    if (!(spins ? wait_spinning(box, mailbox, &patience)
                : wait_sleeping(box, &box->not_empty, mailbox, &patience))) {
      pthread_mutex_unlock(&box->slot.mutex);
      return pvgi_fail(PVG_E_CLOSED, "mailbox 0x%x was destroyed", mailbox);
    }
  }
  uint32_t taken = take_out(box, records, max);
  uint32_t threads = call(&box->not_full, taken);
  pthread_mutex_unlock(&box->slot.mutex);
  futex_wake(&box->not_full, threads);
  return (int32_t)taken;
}

/* ---- statistics ---- */

int32_t pvg_mailbox_depth(uint32_t mailbox) {
  struct mailbox *box = pvgi_slot_lock(&table, mailbox);
  if (box == NULL) return pvgi_no_such(&table, mailbox);
  int32_t depth = (int32_t)box->count;
  pthread_mutex_unlock(&box->slot.mutex);
  return depth;
}

int32_t pvg_mailbox_waiters(uint32_t mailbox) {
  struct mailbox *box = pvgi_slot_lock(&table, mailbox);
  if (box == NULL) return pvgi_no_such(&table, mailbox);
  int32_t waiters = (int32_t)(box->not_empty.sleepers - box->not_empty.called);
  pthread_mutex_unlock(&box->slot.mutex);
  return waiters;
}
