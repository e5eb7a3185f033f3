/* SPDX-License-Identifier: Apache-2.0
 *
 * twin_guest.c - the twin's guest: a control ring, and packets that map one page.
 *
 * Invariant: what is measured of it is one register write through the actors; it tells PVG how much is in the ring by itself, since that
 * would be a second access. It draws nothing. test/bench/sides/guest.mjs does the same in JavaScript, word for word.
 */
#include "../soft/layout.h"
#include "twin.h"

/* Where things are in the guest's memory. */
#define RING 0x100000u
#define RING_LENGTH 0x100000u
#define SHARED_PAGE 0x200000u
#define TASK_LENGTH 0x200000u
#define TASK 1u

static bool set(const struct twin_guest *guest, uint64_t offset, uint32_t value) {
  return pvg_mmio_write(guest->twin->device, PVG_WINDOW_GFX, offset, value) == PVG_OK;
}

static uint32_t get(const struct twin_guest *guest, uint64_t offset) {
  uint32_t value[2] = {0};
  pvg_mmio_read(guest->twin->device, PVG_WINDOW_GFX, offset, value);
  return value[0];
}

static void put(struct twin_guest *guest, const uint32_t *words, uint32_t count) {
  for (uint32_t at = 0; at < count; at++) {
    __atomic_store_n((uint32_t *)(void *)(guest->memory + RING + (guest->written & (RING_LENGTH - 1))), words[at], __ATOMIC_RELAXED);
    guest->written += 4;
  }
}

bool twin_guest_start(struct twin_guest *guest, struct twin *twin) {
  *guest = (struct twin_guest){.twin = twin, .memory = (uint8_t *)(uintptr_t)pvg_ram_address(twin->ram)};
  const uint32_t task[] = {OP_DEFINE_TASK, 28, 0, TASK, 0, TASK_LENGTH, 0};
  bool ok = set(guest, REG_FIFO_BASE_PFN, (uint32_t)((TWIN_RAM_GPA + RING) >> TWIN_PAGE_SHIFT)) && set(guest, REG_FIFO_OFFSET, 0) &&
            set(guest, REG_FIFO_LENGTH, RING_LENGTH) &&
            set(guest, REG_SHARED_PFN, (uint32_t)((TWIN_RAM_GPA + SHARED_PAGE) >> TWIN_PAGE_SHIFT)) && set(guest, REG_START, 1);
  put(guest, task, sizeof task / sizeof *task);
  return ok && set(guest, REG_FIFO_WRITTEN, guest->written) && set(guest, REG_MAIN_KICK, 1);
}

bool twin_guest_map(struct twin_guest *guest) {
  const uint32_t page = 1u << TWIN_PAGE_SHIFT;
  const uint32_t words[] = {OP_MAP, 52, 0, TASK, 0, 0, 0, 1, 0, (uint32_t)TWIN_RAM_GPA + page, 0, page, 0};
  put(guest, words, sizeof words / sizeof *words);
  return set(guest, REG_FIFO_WRITTEN, guest->written) && twin_write(guest->twin, REG_MAIN_KICK, 1);
}

bool twin_guest_is_sane(struct twin_guest *guest) {
  return get(guest, REG_FAULT) == 0 && get(guest, REG_FIFO_READ) == guest->written;
}
