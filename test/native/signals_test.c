/* SPDX-License-Identifier: Apache-2.0
 *
 * signals_test.c - event descriptors, and vectors that are signalled on them, against every rule that pvg_socket.h gives for them.
 *
 * The descriptors' owners are hostile: they fill them, make them block, and take them away at any moment. Who would wait for ever is ended by
 * an alarm.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "check.h"
#include "descriptors.h"
#include "pvg_socket.h"

#define FULL (UINT64_MAX - 1)

/* How often it was signalled since the last look; 0 if it wasn't. */
static uint64_t taken(int fd) {
  uint64_t count = 0;
  CHECK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
  return read(fd, &count, sizeof count) == sizeof count ? count : 0;
}

static void fill(int fd) {
  uint64_t count = FULL;
  taken(fd);
  CHECK(write(fd, &count, sizeof count) == sizeof count);
}

static void test_events(void) {
  int event = pvg_event_create();
  CHECK(event >= 0 && (fcntl(event, F_GETFD) & FD_CLOEXEC) != 0 && (fcntl(event, F_GETFL) & O_NONBLOCK) != 0);
  CHECK(pvg_event_is(event) == 1 && taken(event) == 0);
  /* More often than the library can have unfinished. */
  for (int count = 0; count < 1000; count++) CHECK(pvg_event_signal(event) == PVG_OK);
  CHECK(taken(event) == 1000);
  fill(event);
  CHECK(fcntl(event, F_SETFL, 0) == 0);
  for (int count = 0; count < 200; count++) CHECK(pvg_event_signal(event) == PVG_OK);
  CHECK(taken(event) >= FULL);
  int ends[2], timer = timerfd_create(CLOCK_MONOTONIC, 0);
  CHECK(pipe(ends) == 0);
  CHECK(pvg_event_is(ends[1]) == 0 && pvg_event_is(timer) == 0 && pvg_event_is(-1) == 0);
  close(timer);
  close(ends[0]);
  close(ends[1]);
  close(event);
  CHECK(pvg_event_is(event) == 0 && pvg_event_signal(event) == PVG_E_ARGUMENT && pvg_event_signal(-1) == PVG_E_ARGUMENT);
}

static void test_vectors(void) {
  int before = open_descriptors();
  uint32_t group = pvg_group_create(), other = pvg_group_create();
  int first = pvg_event_create(), second = pvg_event_create();
  CHECK(pvg_signal_raise(group, 0) == 0);
  CHECK(pvg_signal_set(group, 0, first) == PVG_OK && pvg_signal_set(group, PVG_SIGNALS - 1, second) == PVG_OK);
  CHECK(pvg_signal_raise(group, 0) == 1 && pvg_signal_raise(group, 1) == 0 && pvg_signal_raise(other, 0) == 0);
  CHECK(pvg_signal_raise(group, PVG_SIGNALS - 1) == 1 && pvg_signal_raise(group, PVG_SIGNALS) == 0);
  CHECK(taken(first) == 1 && taken(second) == 1);
  /* Replaced, shared by two vectors, and taken away. */
  CHECK(pvg_signal_set(group, 0, second) == PVG_OK && pvg_signal_raise(group, 0) == 1 && pvg_signal_raise(group, PVG_SIGNALS - 1) == 1);
  CHECK(taken(first) == 0 && taken(second) == 2);
  CHECK(pvg_signal_set(group, 0, -1) == PVG_OK && pvg_signal_set(group, 0, -1) == PVG_OK && pvg_signal_raise(group, 0) == 0);
  /* What is refused changes nothing. */
  int ends[2];
  CHECK(pipe(ends) == 0);
  CHECK(pvg_signal_set(group, PVG_SIGNALS - 1, ends[1]) == PVG_E_ARGUMENT && pvg_signal_set(group, PVG_SIGNALS - 1, 999) == PVG_E_ARGUMENT);
  CHECK(pvg_signal_set(group, PVG_SIGNALS, first) == PVG_E_ARGUMENT && pvg_signal_set(999, 0, first) == PVG_E_HANDLE);
  CHECK(pvg_signal_raise(group, PVG_SIGNALS - 1) == 1 && taken(second) == 1);
  close(ends[0]);
  close(ends[1]);
  /* The caller's own may be closed: the vector has one of the library's. */
  int kept = fcntl(second, F_DUPFD_CLOEXEC, 0);
  close(second);
  CHECK(pvg_signal_raise(group, PVG_SIGNALS - 1) == 1 && taken(kept) == 1);
  /* With the group goes what it had, and nothing can be set any more. */
  CHECK(pvg_group_destroy(group) == PVG_OK);
  CHECK(pvg_signal_raise(group, PVG_SIGNALS - 1) == 0 && taken(kept) == 0 && pvg_signal_set(group, 0, first) == PVG_E_HANDLE);
  CHECK(pvg_group_destroy(other) == PVG_OK);
  close(first);
  close(kept);
  CHECK(open_descriptors() == before);
}

struct shared {
  uint32_t group;
  int event;
  int stop;
  int raised; /* modulo 2^32 */
};

static void *raise_all(void *argument) {
  struct shared *shared = argument;
  while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) pvg_signal_raise(shared->group, 3);
  return NULL;
}

/* Once set() has returned nothing comes on the one from before, whoever raises meanwhile. */
static void test_races(void) {
  struct shared shared = {.group = pvg_group_create()};
  pthread_t threads[2];
  for (int each = 0; each < 2; each++) CHECK(pthread_create(&threads[each], NULL, raise_all, &shared) == 0);
  int events[2] = {pvg_event_create(), pvg_event_create()};
  for (int round = 0; round < 5000; round++) {
    int now = events[round % 2], before = events[1 - round % 2];
    CHECK(pvg_signal_set(shared.group, 3, round % 3 == 0 ? -1 : now) == PVG_OK);
    taken(before);
    if (round % 16 == 0) usleep(20);
    CHECK(taken(before) == 0);
    if (round % 3 == 0) CHECK(pvg_signal_set(shared.group, 3, now) == PVG_OK);
  }
  /* Also when the group goes. */
  CHECK(pvg_group_destroy(shared.group) == PVG_OK);
  taken(events[0]);
  taken(events[1]);
  usleep(1000);
  CHECK(taken(events[0]) == 0 && taken(events[1]) == 0);
  __atomic_store_n(&shared.stop, 1, __ATOMIC_RELAXED);
  for (int each = 0; each < 2; each++) pthread_join(threads[each], NULL);
  close(events[0]);
  close(events[1]);
}

/* Fills the descriptor and makes it block, so that whoever has looked before and writes after would wait, and leaves it so until others got on. */
static void *be_hostile(void *argument) {
  struct shared *shared = argument;
  while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
    uint64_t count;
    fcntl(shared->event, F_SETFL, O_NONBLOCK);
    if (read(shared->event, &count, sizeof count) < 0) continue;
    count = FULL;
    if (write(shared->event, &count, sizeof count) < 0) continue;
    fcntl(shared->event, F_SETFL, 0);
    int before = __atomic_load_n(&shared->raised, __ATOMIC_RELAXED);
    while (__atomic_load_n(&shared->raised, __ATOMIC_RELAXED) - before < 3 && !__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) continue;
  }
  return NULL;
}

static void test_hostile_owner(void) {
  struct shared shared = {.group = pvg_group_create(), .event = eventfd(0, 0)};
  CHECK(pvg_signal_set(shared.group, 0, shared.event) == PVG_OK);
  fill(shared.event);
  CHECK(fcntl(shared.event, F_SETFL, 0) == 0);
  for (int count = 0; count < 200; count++) CHECK(pvg_signal_raise(shared.group, 0) == 1);
  CHECK(taken(shared.event) >= FULL && pvg_signal_raise(shared.group, 0) == 1 && taken(shared.event) == 1);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, be_hostile, &shared) == 0);
  for (int count = 0; count < 100000; count++) {
    CHECK(pvg_signal_raise(shared.group, 0) == 1);
    __atomic_fetch_add(&shared.raised, 1, __ATOMIC_RELAXED);
  }
  __atomic_store_n(&shared.stop, 1, __ATOMIC_RELAXED);
  pthread_join(thread, NULL);
  CHECK(pvg_group_destroy(shared.group) == PVG_OK);
  close(shared.event);
}

int main(void) {
  alarm(120);
  test_events();
  test_vectors();
  test_races();
  test_hostile_owner();
  return 0;
}
