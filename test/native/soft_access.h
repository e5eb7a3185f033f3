/* SPDX-License-Identifier: Apache-2.0
 *
 * soft_access.h - for the tests of what waits: accesses on threads of their own, and upcalls that are kept waiting.
 *
 * What is held is answered by the test. The access that is begun here is joined by the test, too.
 */
#ifndef SOFT_ACCESS_H
#define SOFT_ACCESS_H

#include "soft_guest.h"

struct access {
  struct guest *guest;
  pthread_t thread;
  atomic_uint system; /* the system's number of that thread */
  atomic_bool done;
  int32_t result;
  bool reads;
  uint32_t window;
  uint64_t offset, value;
};

static inline void *access_main(void *argument) {
  struct access *access = argument;
  uint32_t device = access->guest->host->device, value[2];
  atomic_store(&access->system, pvg_thread_id());
  access->result = access->reads ? pvg_mmio_read(device, access->window, access->offset, value)
                                 : pvg_mmio_write(device, access->window, access->offset, access->value);
  atomic_store(&access->done, true);
  return NULL;
}

static inline void begin_write(struct access *access, struct guest *guest, uint32_t window, uint64_t offset, uint64_t value) {
  *access = (struct access){.guest = guest, .window = window, .offset = offset, .value = value};
  CHECK(pthread_create(&access->thread, NULL, access_main, access) == 0);
}

static inline void begin_read(struct access *access, struct guest *guest, uint64_t offset) {
  *access = (struct access){.guest = guest, .reads = true, .window = PVG_WINDOW_GFX, .offset = offset};
  CHECK(pthread_create(&access->thread, NULL, access_main, access) == 0);
}

static inline void begin_kick(struct access *access, struct guest *guest) {
  guest_write(guest, REG_FIFO_WRITTEN, guest->written);
  begin_write(access, guest, PVG_WINDOW_GFX, REG_MAIN_KICK, 1);
}

/* ---- who waits ---- */

#define WAITS_MAX 32

/* The wait of that thread of PVG's, or of the caller with that number of the system's; false if there is none. */
static inline bool find_wait(struct host *host, uint32_t thread, uint32_t system, struct pvg_wait *found) {
  struct pvg_wait waits[WAITS_MAX];
  int32_t count = pvg_device_waits(host->device, waits, WAITS_MAX);
  CHECK(count >= 0 && count < WAITS_MAX);
  for (int32_t at = 0; at < count; at++) {
    CHECK(waits[at].waiter != 0 && waits[at].reserved == 0);
    if (waits[at].thread != thread || (thread == 0 && waits[at].waiter != system)) continue;
    *found = waits[at];
    return true;
  }
  return false;
}

static inline bool waits_for(struct host *host, uint32_t thread, uint32_t system, uint32_t what, uint32_t target) {
  struct pvg_wait wait;
  return find_wait(host, thread, system, &wait) && wait.what == what && wait.target == target;
}

/* How many of PVG's threads sleep in an upcall of one of those kinds. */
static inline uint32_t sleepers(struct host *host, uint32_t kinds) {
  struct pvg_wait waits[WAITS_MAX];
  uint32_t found = 0;
  int32_t count = pvg_device_waits(host->device, waits, WAITS_MAX);
  for (int32_t at = 0; at < count; at++) found += waits[at].what == PVG_WAIT_UPCALL && (kinds >> waits[at].target & 1);
  return found;
}

/* ---- upcalls that are kept ---- */

#define HOLD_MEMORY (1u << PVG_UPCALL_MAP_MEMORY | 1u << PVG_UPCALL_READ_MEMORY)

/* Three upcalls, two maps and a read, from three threads of PVG's, wait at once while an access is in flight. */
static inline void hold_three(struct host *host, struct guest *guest, struct access *access) {
  stage_open(host, guest);
  guest_start(guest, 0);
  CONTROL(guest, OP_DEFINE_TASK, 0, 2, 0, TASK_LENGTH, 0);
  guest_kick(guest);
  atomic_store(&host->hold, HOLD_MEMORY);
  CONTROL(guest, OP_MAP, 1, 1, 0, 0, 0, 1, 0, (uint32_t)RAM_GPA, 0, PAGE, 0);
  CONTROL(guest, OP_MAP, 2, 2, 1, 0, 0, 2, 0, (uint32_t)RAM_GPA, 0, PAGE, 0, (uint32_t)RAM_GPA + 9 * PAGE, 0, PAGE, 0);
  CONTROL(guest, OP_CURSOR_GLYPH, 3, 0, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
  begin_kick(access, guest);
  AWAIT(atomic_load(&host->held_count) == 3);
}

#endif
