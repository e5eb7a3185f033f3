/* SPDX-License-Identifier: Apache-2.0
 *
 * polling_test.c - how long waits poll: it grows and drops as waits take, never beyond its limit, on one core too; and what takes tell of themselves.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "check.h"
#include "polling.h"
#include "pvg_bridge.h"

static void test_adaptation(void) {
  struct pvgi_polling polling = {.limit_ns = 100000, .now_ns = 0};
  /* A wait that polling could have covered makes it poll, and longer each time, up to the limit. */
  uint32_t steps[] = {4000, 8000, 16000, 32000, 64000, 100000, 100000};
  for (size_t at = 0; at < sizeof steps / sizeof steps[0]; at++) {
    pvgi_polling_adapt(&polling, 100000, true);
    CHECK(polling.now_ns == steps[at]);
  }
  /* One that ended while it polled leaves it as it is. */
  polling.now_ns = 32000;
  pvgi_polling_adapt(&polling, 32000, false);
  CHECK(polling.now_ns == 32000);
  /* Those that took longer than polling ever may halve it, down to nothing. */
  uint32_t down[] = {16000, 8000, 4000, 0, 0};
  for (size_t at = 0; at < sizeof down / sizeof down[0]; at++) {
    pvgi_polling_adapt(&polling, 100001, true);
    CHECK(polling.now_ns == down[at]);
  }
}

static void test_limits(void) {
  CHECK(pvgi_polling_make(0).limit_ns == 0 && pvgi_polling_make(0).now_ns == 0);
  struct pvgi_polling polling = pvgi_polling_make(50);
  CHECK(polling.now_ns == 50000 && polling.limit_ns == 50000);
}

/* The calling thread has one core after that, and so have those that it makes. */
static bool use_one_core(void) {
#ifdef __APPLE__
  return false;
#else
  cpu_set_t cores;
  int core = sched_getcpu();
  CPU_ZERO(&cores);
  CPU_SET(core < 0 ? 0 : (size_t)core, &cores);
  return sched_setaffinity(0, sizeof cores, &cores) == 0;
#endif
}

/* Waits in a row, until the next polls or doesn't; how many. */
static uint32_t waits_until(struct pvgi_polling *polling, bool polls, bool slept) {
  uint32_t waits = 0;
  for (; (polling->now_ns != 0) != polls && waits < 100; waits++) pvgi_polling_adapt(polling, 1, slept);
  return waits;
}

static void test_adaptation_on_one_core(void) {
  struct pvgi_polling polling = pvgi_polling_make(50);
  CHECK(polling.one_core && polling.now_ns == 50000);
  CHECK(pvgi_polling_make(0).limit_ns == 0);
  /* However long it took: what counts is whether it was enough to give the core away. */
  for (int round = 0; round < 3; round++) {
    CHECK(waits_until(&polling, false, true) == 4 && waits_until(&polling, true, true) == 16);
    /* The one that tries again. */
    CHECK(waits_until(&polling, false, true) == 1 && waits_until(&polling, true, true) == 16);
    pvgi_polling_adapt(&polling, 1000000, false);
    CHECK(polling.now_ns == 50000);
  }
}

static uint64_t calls_of(enum pvgi_syscall kind) {
  uint64_t counts[PVGI_SYSCALL_KINDS] = {0};
  CHECK(pvg_wait_calls(counts) == PVG_OK);
  return counts[kind];
}

static uint64_t yields(void) { return calls_of(PVGI_SYSCALL_YIELD); }

static void test_poll(void) {
  _Atomic uint32_t word = 7;
  CHECK(pvgi_poll(&word, 6, false, pvgi_now_ns() + 1000000000) && pvgi_poll(&word, 6, true, pvgi_now_ns() + 1000000000));
  /* It gives its core away before it gives up, and on one core that is all. */
  uint64_t before = yields();
  CHECK(!pvgi_poll(&word, 7, false, pvgi_now_ns() + 1000) && yields() > before);
  before = yields();
  CHECK(!pvgi_poll(&word, 7, true, pvgi_now_ns() + 1000000000) && yields() == before + 1);
}

/* ---- conditions ---- */

static struct {
  pthread_mutex_t mutex;
  pthread_cond_t cond;
  _Atomic uint32_t rings;
  struct pvgi_polling polling;
  int turn; /* whose it is: 0 or 1 */
} ball = {.mutex = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};

static void play(int player, int rounds) {
  struct pvgi_condition thrown = {&ball.cond, &ball.rings, &ball.polling};
  pthread_mutex_lock(&ball.mutex);
  for (int round = 0; round < rounds; round++) {
    struct pvgi_wait wait = {0};
    while (ball.turn != player) pvgi_wait_step(&thrown, &wait, &ball.mutex, -1);
    pvgi_wait_end(&thrown, &wait);
    ball.turn = 1 - player;
    atomic_fetch_add(&ball.rings, 1);
    pthread_cond_broadcast(&ball.cond);
    if (round % 100 == 0) {
      /* Long enough for the other to fall asleep. */
      pthread_mutex_unlock(&ball.mutex);
      usleep(500);
      pthread_mutex_lock(&ball.mutex);
    }
  }
  pthread_mutex_unlock(&ball.mutex);
}

static void *other_player(void *argument) {
  play(1, *(int *)argument);
  return NULL;
}

/* A wake that is lost anywhere between polling and sleeping stops the game. */
static void test_no_wake_is_lost(uint32_t limit_us) {
  int rounds = 3000;
  pthread_t other;
  ball.polling = pvgi_polling_make(limit_us);
  ball.turn = 0;
  CHECK(pthread_create(&other, NULL, other_player, &rounds) == 0);
  play(0, rounds);
  pthread_join(other, NULL);
}

/* Only to who sleeps: a sleep is counted with the mutex held. */
static void *throw_to_sleepers(void *argument) {
  uint64_t sleeps = *(uint64_t *)argument;
  for (int round = 0; round < 4 + 2 * 17; round++) {
    while (calls_of(PVGI_SYSCALL_WAIT) == sleeps) usleep(100);
    pthread_mutex_lock(&ball.mutex);
    sleeps = calls_of(PVGI_SYSCALL_WAIT);
    ball.turn++;
    atomic_fetch_add(&ball.rings, 1);
    pthread_cond_broadcast(&ball.cond);
    pthread_mutex_unlock(&ball.mutex);
  }
  return NULL;
}

/* On one core whoever always has to sleep gives its core away for nothing four times, and then at every seventeenth wait. */
static void test_long_waits_dont_poll(void) {
  struct pvgi_condition thrown = {&ball.cond, &ball.rings, &ball.polling};
  pthread_t other;
  ball.polling = pvgi_polling_make(1000);
  ball.turn = 0;
  uint64_t before = yields(), sleeps = calls_of(PVGI_SYSCALL_WAIT);
  CHECK(pthread_create(&other, NULL, throw_to_sleepers, &sleeps) == 0);
  pthread_mutex_lock(&ball.mutex);
  for (int round = 0; round < 4 + 2 * 17; round++) {
    struct pvgi_wait wait = {0};
    while (ball.turn == round) pvgi_wait_step(&thrown, &wait, &ball.mutex, -1);
    pvgi_wait_end(&thrown, &wait);
  }
  pthread_mutex_unlock(&ball.mutex);
  pthread_join(other, NULL);
  CHECK(yields() == before + 4 + 2);
}

/* ---- mailboxes ---- */

static struct pvg_transfer *own_transfer(void) { return (struct pvg_transfer *)(uintptr_t)pvg_thread_transfer(); }

static int32_t transfer_to(uint32_t to, uint32_t id) {
  struct pvg_transfer *transfer = own_transfer();
  transfer->to = to;
  transfer->posted = (struct pvg_record){.kind = PVG_KIND_HOST, .id = id};
  return pvg_mailbox_transfer();
}

static void *no_transfer(void *argument) {
  (void)argument;
  CHECK(pvg_mailbox_transfer() == PVG_E_ARGUMENT);
  /* A new one begins with zeros, which name no mailbox. */
  CHECK(own_transfer() != NULL && own_transfer()->to == 0 && pvg_mailbox_transfer() < 0);
  return NULL;
}

static void test_transfer(void) {
  pthread_t other;
  CHECK(pthread_create(&other, NULL, no_transfer, NULL) == 0 && pthread_join(other, NULL) == 0);
  uint32_t group = pvg_group_create();
  uint32_t there = pvg_mailbox_create(group, 2, 0), here = pvg_mailbox_create(group, 2, 0), gone = pvg_mailbox_create(group, 1, 0);
  struct pvg_record record = {.kind = PVG_KIND_HOST, .id = 5}, taken = {0};
  struct pvg_transfer *transfer = own_transfer();
  CHECK(transfer != NULL && transfer == own_transfer() && (uintptr_t)transfer->taken % 64 == 0);
  transfer->from = here;
  transfer->max = 1;
  transfer->timeout_us = -1;
  CHECK(pvg_mailbox_post(here, &record, 0) == PVG_OK);
  CHECK(transfer_to(there, 6) == 1 && transfer->taken[0].id == 5 && transfer->to == 0);
  CHECK(pvg_mailbox_take(there, &taken, 1, 0) == 1 && taken.id == 6);
  transfer->timeout_us = 0;
  CHECK(transfer_to(there, 7) == 0 && pvg_mailbox_depth(there) == 1);
  /* Nothing is posted twice. */
  CHECK(pvg_mailbox_transfer() == 0 && pvg_mailbox_depth(there) == 1);
  /* What nobody will take is dropped, and the take goes on. */
  CHECK(pvg_mailbox_destroy(gone) == PVG_OK && pvg_mailbox_post(here, &record, 0) == PVG_OK && transfer_to(gone, 8) == 1);
  transfer->max = PVG_TRANSFER_RECORDS + 1;
  CHECK(pvg_mailbox_transfer() == PVG_E_ARGUMENT);
  transfer->max = PVG_TRANSFER_RECORDS;
  CHECK(pvg_mailbox_post(here, &record, 0) == PVG_OK && pvg_mailbox_post(here, &record, 0) == PVG_OK && pvg_mailbox_transfer() == 2);
  CHECK(pvg_group_close(group, PVG_CAUSE_CLOSED) == PVG_OK);
  CHECK(transfer_to(there, 9) == PVG_E_CLOSED);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

static void *post_to_sleepers(void *argument) {
  uint32_t box = *(uint32_t *)argument;
  struct pvg_record record = {.kind = PVG_KIND_HOST};
  for (int round = 0; round < 4 + 2 * 17; round++) {
    while (pvg_mailbox_waiters(box) == 0) usleep(100);
    CHECK(pvg_mailbox_post(box, &record, 0) == PVG_OK);
  }
  return NULL;
}

/* As test_long_waits_dont_poll(). */
static void test_long_takes_dont_poll(void) {
  uint32_t group = pvg_group_create(), box = pvg_mailbox_create(group, 1, 1000);
  struct pvg_record record;
  pthread_t other;
  uint64_t before = yields();
  CHECK(pthread_create(&other, NULL, post_to_sleepers, &box) == 0);
  for (int round = 0; round < 4 + 2 * 17; round++) CHECK(pvg_mailbox_take(box, &record, 1, -1) == 1);
  pthread_join(other, NULL);
  CHECK(yields() == before + 4 + 2);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

/* ---- who is woken ---- */

#define SLEEPERS 40 /* more than have places of their own */

static struct {
  uint32_t box;
  _Atomic uint32_t taken[SLEEPERS];
} crew;

static void *take_all(void *argument) {
  uint32_t number = (uint32_t)(uintptr_t)argument;
  struct pvg_record record;
  while (pvg_mailbox_take(crew.box, &record, 1, -1) == 1) atomic_fetch_add(&crew.taken[number], 1);
  return NULL;
}

static uint32_t busiest(uint32_t sleepers, uint32_t *total) {
  uint32_t most = 0;
  *total = 0;
  for (uint32_t at = 0; at < sleepers; at++) {
    uint32_t taken = atomic_load(&crew.taken[at]);
    *total += taken;
    if (taken > most) most = taken;
  }
  return most;
}

static void test_the_same_thread_is_woken(uint32_t sleepers) {
  uint32_t group = pvg_group_create(), total;
  pthread_t threads[SLEEPERS];
  crew.box = pvg_mailbox_create(group, 64, 0);
  for (uint32_t at = 0; at < sleepers; at++) {
    atomic_store(&crew.taken[at], 0);
    CHECK(pthread_create(&threads[at], NULL, take_all, (void *)(uintptr_t)at) == 0);
  }
  struct pvg_record record = {0};
  /* One at a time, with everybody asleep: it is always the same one's. */
  for (uint32_t round = 1; round <= 50; round++) {
    while (pvg_mailbox_waiters(crew.box) != (int32_t)sleepers) usleep(100);
    CHECK(pvg_mailbox_post(crew.box, &record, 0) == PVG_OK);
    while (busiest(sleepers, &total), total < round) usleep(100);
  }
  CHECK(busiest(sleepers, &total) == 50);
  /* Many at once: nothing stays behind, whoever is called. */
  for (uint32_t round = 0; round < 1000; round++) CHECK(pvg_mailbox_post(crew.box, &record, -1) == PVG_OK);
  while (busiest(sleepers, &total), total < 1050) usleep(100);
  CHECK(pvg_mailbox_close(crew.box) == PVG_OK);
  for (uint32_t at = 0; at < sleepers; at++) pthread_join(threads[at], NULL);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

static void test_times_and_calls(void) {
  uint32_t group = pvg_group_create(), box = pvg_mailbox_create(group, 1, 0);
  struct pvg_transfer *transfer = own_transfer();
  uint64_t before[3], after[3];
  CHECK(pvg_wait_calls(NULL) == PVG_E_ARGUMENT && pvg_wait_calls(before) == PVG_OK);
  int64_t begin = pvgi_now_ns();
  transfer->from = box;
  transfer->max = 1;
  transfer->timeout_us = 2000;
  CHECK(pvg_mailbox_transfer() == 0 && transfer->entered_ns == 0 && transfer->returned_ns == 0);
  transfer->timed = 1;
  CHECK(pvg_mailbox_transfer() == 0);
  CHECK((int64_t)transfer->entered_ns >= begin && transfer->returned_ns >= transfer->entered_ns + 2000000);
  CHECK((int64_t)transfer->returned_ns <= pvgi_now_ns());
  CHECK(pvg_wait_calls(after) == PVG_OK && after[0] > before[0]);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

int main(void) {
  test_adaptation();
  test_limits();
  test_poll();
  test_no_wake_is_lost(0);
  test_no_wake_is_lost(50);
  test_no_wake_is_lost(1000);
  test_transfer();
  test_the_same_thread_is_woken(2);
  test_the_same_thread_is_woken(SLEEPERS);
  test_times_and_calls();
  if (use_one_core()) {
    test_adaptation_on_one_core();
    test_no_wake_is_lost(50);
    test_long_waits_dont_poll();
    test_long_takes_dont_poll();
    test_transfer();
    test_the_same_thread_is_woken(2);
  }
  return 0;
}
