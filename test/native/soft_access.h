/* SPDX-License-Identifier: Apache-2.0
 *
 * soft_access.h - for the tests of what waits: accesses on threads of their own, and upcalls that are kept waiting.
 *
 * What is held is answered by the test. The access that is begun here is joined by the test, too.
 */
#ifndef SOFT_ACCESS_H
#define SOFT_ACCESS_H

#include "soft_host.h"

struct access {
  struct guest *guest;
  pthread_t thread;
  atomic_bool done;
  int32_t result;
  uint32_t window;
  uint64_t offset, value;
};

static inline void *access_main(void *argument) {
  struct access *access = argument;
  access->result = pvg_mmio_write(access->guest->host->device, access->window, access->offset, access->value);
  atomic_store(&access->done, true);
  return NULL;
}

static inline void begin_write(struct access *access, struct guest *guest, uint32_t window, uint64_t offset, uint64_t value) {
  *access = (struct access){.guest = guest, .window = window, .offset = offset, .value = value};
  CHECK(pthread_create(&access->thread, NULL, access_main, access) == 0);
}

static inline void begin_kick(struct access *access, struct guest *guest) {
  guest_write(guest, REG_FIFO_WRITTEN, guest->written);
  begin_write(access, guest, PVG_WINDOW_GFX, REG_MAIN_KICK, 1);
}

#define HOLD_MEMORY (1u << PVG_UPCALL_MAP_MEMORY | 1u << PVG_UPCALL_READ_MEMORY)

/* Three upcalls, from three threads of PVG's, wait at once while an access is in flight. */
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
