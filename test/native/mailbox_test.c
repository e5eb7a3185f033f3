/* SPDX-License-Identifier: Apache-2.0
 *
 * mailbox_test.c - groups and mailboxes against every rule that pvg_bridge.h gives for them.
 *
 * Each test makes a group of its own and destroys it. It says nothing about speed.
 */
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

#define PRODUCERS 4
#define CONSUMERS 3
#define EACH 20000

struct consumer {
  uint32_t mailbox;
  uint64_t taken;
  uint64_t sum;
};

static uint32_t shared_box;

static void *produce(void *argument) {
  uint32_t number = (uint32_t)(uintptr_t)argument;
  for (uint64_t place = 1; place <= EACH; place++) {
    struct pvg_record record = {.kind = PVG_KIND_HOST, .id = number, .words = {place}};
    CHECK(pvg_mailbox_post(shared_box, &record, -1) == PVG_OK);
  }
  return NULL;
}

static void *consume(void *argument) {
  struct consumer *consumer = argument;
  struct pvg_record records[7];
  uint64_t last[PRODUCERS] = {0};
  int32_t count;
  while ((count = pvg_mailbox_take(consumer->mailbox, records, 7, -1)) > 0) {
    for (int32_t at = 0; at < count; at++) {
      CHECK(records[at].words[0] > last[records[at].id]);
      last[records[at].id] = records[at].words[0];
      consumer->sum += records[at].words[0];
    }
    consumer->taken += (uint64_t)count;
  }
  CHECK(count == PVG_E_CLOSED);
  return NULL;
}

static void test_order_and_loss(uint32_t capacity, uint32_t poll_us) {
  uint32_t group = pvg_group_create();
  shared_box = pvg_mailbox_create(group, capacity, poll_us);
  CHECK(shared_box != 0);
  pthread_t producers[PRODUCERS], consumers[CONSUMERS];
  struct consumer states[CONSUMERS] = {{0}};
  for (int at = 0; at < CONSUMERS; at++) {
    states[at].mailbox = shared_box;
    CHECK(pthread_create(&consumers[at], NULL, consume, &states[at]) == 0);
  }
  for (uintptr_t at = 0; at < PRODUCERS; at++) CHECK(pthread_create(&producers[at], NULL, produce, (void *)at) == 0);
  for (int at = 0; at < PRODUCERS; at++) pthread_join(producers[at], NULL);
  CHECK(pvg_mailbox_close(shared_box) == PVG_OK);
  uint64_t taken = 0, sum = 0;
  for (int at = 0; at < CONSUMERS; at++) {
    pthread_join(consumers[at], NULL);
    taken += states[at].taken;
    sum += states[at].sum;
  }
  CHECK(taken == (uint64_t)PRODUCERS * EACH);
  CHECK(sum == (uint64_t)PRODUCERS * EACH * (EACH + 1) / 2);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

/* Two takers that go on only when both have a record, so that each record needs a taker of its own, also while another one polls. */
#define PAIRS 20000

struct pairs {
  uint32_t mailbox;
  pthread_mutex_t mutex;
  pthread_cond_t met;
  uint64_t arrived;
};

/* Until the other taker of the pair, or both, have come. */
static void await_pair_locked(struct pairs *pairs, uint64_t arrivals) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += 10;
  while (pairs->arrived < arrivals) CHECK(pthread_cond_timedwait(&pairs->met, &pairs->mutex, &end) == 0);
}

static void *meet(void *argument) {
  struct pairs *pairs = argument;
  struct pvg_record record;
  while (pvg_mailbox_take(pairs->mailbox, &record, 1, -1) == 1) {
    pthread_mutex_lock(&pairs->mutex);
    uint64_t pair = pairs->arrived++ / 2;
    pthread_cond_broadcast(&pairs->met);
    await_pair_locked(pairs, 2 * (pair + 1));
    pthread_mutex_unlock(&pairs->mutex);
  }
  return NULL;
}

static void test_taker_for_each(uint32_t poll_us) {
  uint32_t group = pvg_group_create();
  struct pairs pairs = {
      .mailbox = pvg_mailbox_create(group, 4, poll_us), .mutex = PTHREAD_MUTEX_INITIALIZER, .met = PTHREAD_COND_INITIALIZER};
  pthread_t takers[2];
  struct pvg_record record = {.kind = PVG_KIND_HOST};
  for (int at = 0; at < 2; at++) CHECK(pthread_create(&takers[at], NULL, meet, &pairs) == 0);
  for (uint64_t pair = 0; pair < PAIRS; pair++) {
    for (int at = 0; at < 2; at++) CHECK(pvg_mailbox_post(pairs.mailbox, &record, -1) == PVG_OK);
    pthread_mutex_lock(&pairs.mutex);
    await_pair_locked(&pairs, 2 * (pair + 1));
    pthread_mutex_unlock(&pairs.mutex);
    /* Now and then nobody polls any more. */
    if (pair % 512 == 511) usleep(2000);
  }
  CHECK(pvg_mailbox_close(pairs.mailbox) == PVG_OK);
  for (int at = 0; at < 2; at++) pthread_join(takers[at], NULL);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

static void test_full_empty_and_drain(void) {
  uint32_t group = pvg_group_create();
  uint32_t box = pvg_mailbox_create(group, 2, 100);
  struct pvg_record record = {.kind = PVG_KIND_HOST}, out[4];
  CHECK(pvg_mailbox_take(box, out, 4, 0) == 0);
  int64_t start = now_us();
  CHECK(pvg_mailbox_take(box, out, 4, 20000) == 0 && now_us() - start >= 20000);
  for (uint32_t at = 0; at < 2; at++) {
    record.id = at;
    CHECK(pvg_mailbox_post(box, &record, 0) == PVG_OK);
  }
  CHECK(pvg_mailbox_depth(box) == 2 && pvg_mailbox_waiters(box) == 0);
  CHECK(pvg_mailbox_post(box, &record, 0) == PVG_E_FULL);
  start = now_us();
  CHECK(pvg_mailbox_post(box, &record, 20000) == PVG_E_FULL && now_us() - start >= 20000);
  CHECK(pvg_mailbox_post(box, &record, -2) == PVG_E_ARGUMENT && pvg_mailbox_post(box, NULL, 0) == PVG_E_ARGUMENT);
  CHECK(pvg_mailbox_take(box, out, 0, 0) == PVG_E_ARGUMENT && pvg_mailbox_take(box, out, 1025, 0) == PVG_E_ARGUMENT);
  CHECK(pvg_mailbox_close(box) == PVG_OK && pvg_mailbox_close(box) == PVG_OK);
  CHECK(pvg_mailbox_post(box, &record, -1) == PVG_E_CLOSED);
  CHECK(pvg_mailbox_take(box, out, 4, INT64_MAX) == 2 && out[0].id == 0 && out[1].id == 1);
  CHECK(pvg_mailbox_take(box, out, 4, 0) == PVG_E_CLOSED);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

struct blocked {
  uint32_t box;
  int posts;
  int32_t result;
};

static void *block(void *argument) {
  struct blocked *blocked = argument;
  struct pvg_record record = {0};
  blocked->result = blocked->posts ? pvg_mailbox_post(blocked->box, &record, -1)
                                   : pvg_mailbox_take(blocked->box, &record, 1, -1);
  return NULL;
}

/* how: 0 closes the mailbox, 1 destroys it and reuses slots at once, 2 closes the group, 3 destroys the group. */
static void test_release(int how) {
  uint32_t group = pvg_group_create(), other = pvg_group_create();
  uint32_t empty = pvg_mailbox_create(group, 1, 0), full = pvg_mailbox_create(group, 1, 0);
  struct pvg_record record = {0};
  CHECK(pvg_mailbox_post(full, &record, 0) == PVG_OK);
  pthread_t threads[6];
  struct blocked states[6];
  for (int at = 0; at < 6; at++) {
    states[at] = (struct blocked){.box = at % 2 ? full : empty, .posts = at % 2};
    CHECK(pthread_create(&threads[at], NULL, block, &states[at]) == 0);
  }
  while (pvg_mailbox_waiters(empty) != 3) usleep(100);
  usleep(10000);
  if (how == 0) CHECK(pvg_mailbox_close(empty) == PVG_OK && pvg_mailbox_close(full) == PVG_OK);
  if (how == 1) CHECK(pvg_mailbox_destroy(empty) == PVG_OK && pvg_mailbox_destroy(full) == PVG_OK);
  if (how == 2) CHECK(pvg_group_close(group, PVG_CAUSE_CLOSED) == PVG_OK);
  if (how == 3) CHECK(pvg_group_destroy(group) == PVG_OK);
  for (int at = 0; at < 6; at++) {
    pthread_join(threads[at], NULL);
    CHECK(states[at].result == PVG_E_CLOSED);
  }
  if (how == 1) CHECK(pvg_mailbox_take(empty, &record, 1, -1) == PVG_E_HANDLE);
  CHECK(pvg_group_destroy(group) == (how == 3 ? PVG_E_HANDLE : PVG_OK));
  CHECK(pvg_mailbox_depth(full) == PVG_E_HANDLE);
  CHECK(pvg_group_destroy(other) == PVG_OK);
}

static void test_handles(void) {
  uint32_t group = pvg_group_create();
  uint32_t first = pvg_mailbox_create(group, 1, 0);
  struct pvg_record record = {0};
  for (uint32_t at = 0; at < 32; at++) CHECK(pvg_mailbox_depth(first ^ 1u << at) == PVG_E_HANDLE);
  CHECK(pvg_mailbox_depth(0) == PVG_E_HANDLE && pvg_mailbox_depth(UINT32_MAX) == PVG_E_HANDLE);
  CHECK(pvg_mailbox_depth(group) == PVG_E_HANDLE && pvg_group_close(first, 1) == PVG_E_HANDLE);
  CHECK(pvg_mailbox_destroy(first) == PVG_OK && pvg_mailbox_destroy(first) == PVG_E_HANDLE);
  /* More than there are slots, so that the first one's is used again. */
  for (int at = 0; at < 9000; at++) {
    uint32_t box = pvg_mailbox_create(group, 1, 0);
    CHECK(box != 0 && box != first && pvg_mailbox_post(first, &record, 0) == PVG_E_HANDLE);
    CHECK(pvg_mailbox_destroy(box) == PVG_OK);
  }
  CHECK(pvg_mailbox_create(group, 0, 0) == 0 && pvg_mailbox_create(group, 65537, 0) == 0);
  CHECK(pvg_mailbox_create(group, 1, 1001) == 0 && pvg_mailbox_create(first, 1, 0) == 0);
  CHECK(strlen(pvg_last_error()) > 0);
  CHECK(pvg_group_close(group, 0) == PVG_E_ARGUMENT && pvg_group_close(group, 4) == PVG_E_ARGUMENT);
  CHECK(pvg_group_cause(group) == PVG_CAUSE_NONE);
  CHECK(pvg_group_close(group, PVG_CAUSE_CLOSED) == PVG_OK && pvg_group_close(group, PVG_CAUSE_THREAD) == PVG_OK);
  CHECK(pvg_group_cause(group) == PVG_CAUSE_CLOSED && pvg_mailbox_create(group, 1, 0) == 0);
  CHECK(pvg_group_destroy(group) == PVG_OK && pvg_group_cause(group) == PVG_E_HANDLE);
  group = pvg_group_create();
  CHECK(pvg_group_close(group, PVG_CAUSE_DEADLOCK) == PVG_OK && pvg_group_cause(group) == PVG_CAUSE_DEADLOCK);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

static void *guard_and_end(void *argument) {
  uint32_t *groups = argument;
  for (int at = 0; at < 8; at++) CHECK(pvg_group_guard(groups[at]) == PVG_OK);
  CHECK(pvg_group_guard(groups[8]) == PVG_E_FULL && pvg_group_guard(groups[0]) == PVG_OK);
  CHECK(pvg_group_unguard(groups[7]) == PVG_OK && pvg_group_unguard(groups[7]) == PVG_E_ARGUMENT);
  CHECK(pvg_group_destroy(groups[6]) == PVG_OK);
  CHECK(pvg_group_guard(groups[7]) == PVG_OK && pvg_group_guard(groups[8]) == PVG_OK);
  CHECK(pvg_group_unguard(groups[7]) == PVG_OK && pvg_group_unguard(groups[8]) == PVG_OK);
  pthread_exit(NULL);
}

static void test_guard(void) {
  uint32_t groups[9];
  for (int at = 0; at < 9; at++) CHECK((groups[at] = pvg_group_create()) != 0);
  struct blocked state = {.box = pvg_mailbox_create(groups[0], 1, 1000)};
  pthread_t taker, guard;
  CHECK(pthread_create(&taker, NULL, block, &state) == 0);
  CHECK(pthread_create(&guard, NULL, guard_and_end, groups) == 0);
  pthread_join(guard, NULL);
  pthread_join(taker, NULL);
  CHECK(state.result == PVG_E_CLOSED);
  for (int at = 0; at < 6; at++) CHECK(pvg_group_cause(groups[at]) == PVG_CAUSE_THREAD);
  CHECK(pvg_group_cause(groups[6]) == PVG_E_HANDLE);
  CHECK(pvg_group_cause(groups[7]) == PVG_CAUSE_NONE && pvg_group_cause(groups[8]) == PVG_CAUSE_NONE);
  for (int at = 0; at < 9; at++) CHECK(pvg_group_destroy(groups[at]) == (at == 6 ? PVG_E_HANDLE : PVG_OK));
}

static void *destroy_group(void *argument) { return (void *)(intptr_t)pvg_group_destroy(*(uint32_t *)argument); }

static void test_destroy_race(void) {
  for (int turn = 0; turn < 300; turn++) {
    uint32_t group = pvg_group_create();
    for (int at = 0; at < 8; at++) CHECK(pvg_mailbox_create(group, 4, 0) != 0);
    pthread_t threads[2];
    void *results[2];
    for (int at = 0; at < 2; at++) CHECK(pthread_create(&threads[at], NULL, destroy_group, &group) == 0);
    for (int at = 0; at < 2; at++) pthread_join(threads[at], &results[at]);
    CHECK((intptr_t)results[0] + (intptr_t)results[1] == PVG_OK + PVG_E_HANDLE);
  }
}

int main(void) {
  CHECK(pvg_bridge_version() == PVG_BRIDGE_VERSION);
  CHECK(pvg_last_error() != NULL);
  test_order_and_loss(1, 0);
  test_order_and_loss(5, 50);
  test_order_and_loss(1024, 1000);
  test_taker_for_each(0);
  test_taker_for_each(100);
  test_full_empty_and_drain();
  for (int how = 0; how < 4; how++) test_release(how);
  test_handles();
  test_guard();
  test_destroy_race();
  return 0;
}
