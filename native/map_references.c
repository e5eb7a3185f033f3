/* SPDX-License-Identifier: Apache-2.0
 *
 * map_references.c - look-ups in the memory map that take references, and what gives them back.
 *
 * Invariant: exactly one caller, of this file or of the host's own code, makes a removed region's cell REMOVED without references; it
 * destroys the RAM. The cell is one atomic word, so no order of what happens to it can lose or repeat that. What keeps a
 * slot from being another region's in the middle of this: a region is taken out of the snapshot before it is removed, while a reader is
 * in a snapshot no publisher of a newer one returns, and a region that has a slot after another gets references only when nobody
 * who read before it had the slot is still at it.
 */
#include "memory_map.h"

#define REMOVED 1
#define ONE 2

/* Takes a reference if the slot is somebody's. */
static bool acquire(struct pvgi_map *map, uint32_t slot) {
  int32_t before = atomic_load_explicit(&map->cells[slot], memory_order_relaxed);
  while (before >= 0 && before <= INT32_MAX - ONE) {
    if (atomic_compare_exchange_weak(&map->cells[slot], &before, before + ONE)) return true;
  }
  return false;
}

/* Gives one back if there is one. The RAM goes before the slot does, because the next region in the slot has another. */
static bool release(struct pvgi_map *map, uint32_t slot, bool *gone) {
  int32_t before = atomic_load_explicit(&map->cells[slot], memory_order_relaxed);
  do {
    if (before < ONE) return false;
  } while (!atomic_compare_exchange_weak(&map->cells[slot], &before, before - ONE));
  *gone = before - ONE == REMOVED;
  if (*gone) {
    pvg_ram_destroy(atomic_load(&map->rams[slot]));
    atomic_store(&map->cells[slot], PVG_MAP_FREE);
  }
  return true;
}

/* ---- by guest-physical address ---- */

static int32_t look_up(uint32_t handle, const struct pvgi_wanted *wanted, bool takes, struct pvg_map_found *found) {
  struct pvgi_map_reader reader;
  if (found == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for what is found");
  if (!pvgi_map_enter(handle, &reader)) return PVG_E_HANDLE;
  bool ok = pvgi_map_find(reader.snapshot, wanted, found) && (!takes || acquire(reader.map, found->slot));
  pvgi_map_leave(&reader);
  if (ok) return PVG_OK;
  return pvgi_fail(PVG_E_BOUNDS, "0x%llx bytes at 0x%llx can't be mapped", (unsigned long long)wanted->length,
                   (unsigned long long)wanted->gpa);
}

int32_t pvg_map_lookup(uint32_t map, uint64_t gpa, uint64_t length, uint32_t write, struct pvg_map_found *found) {
  const struct pvgi_wanted wanted = {.gpa = gpa, .length = length, .write = write != 0};
  return look_up(map, &wanted, false, found);
}

int32_t pvg_map_lookup_acquire(uint32_t map, uint64_t gpa, uint64_t length, uint32_t write, struct pvg_map_found *found) {
  const struct pvgi_wanted wanted = {.gpa = gpa, .length = length, .write = write != 0};
  return look_up(map, &wanted, true, found);
}

/* ---- by host address ---- */

/* A region that was removed may be gone, and its slot another's. While the caller reads, that other one has no references yet. */
static bool has_slot(struct pvgi_map *map, const struct pvg_map_found *found) {
  return atomic_load(&map->rams[found->slot]) == found->ram;
}

static int32_t no_region(uint64_t address) {
  return pvgi_fail(PVG_E_BOUNDS, "nothing of the memory map is at the host address 0x%llx", (unsigned long long)address);
}

int32_t pvg_map_find_host(uint32_t handle, uint64_t address, struct pvg_map_found *found) {
  struct pvgi_map_reader reader;
  if (found == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for what is found");
  if (!pvgi_map_enter(handle, &reader)) return PVG_E_HANDLE;
  bool ok = pvgi_map_host_at(reader.snapshot, address, found);
  if (ok && (found->flags & PVG_REGION_REMOVED) != 0) {
    ok = has_slot(reader.map, found) && atomic_load(&reader.map->cells[found->slot]) >= ONE;
  }
  pvgi_map_leave(&reader);
  return ok ? PVG_OK : no_region(address);
}

int32_t pvg_map_release_host(uint32_t handle, uint64_t address, struct pvg_map_found *found) {
  struct pvgi_map_reader reader;
  bool gone = false;
  if (found == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for what is found");
  if (!pvgi_map_enter(handle, &reader)) return PVG_E_HANDLE;
  bool ok = pvgi_map_host_at(reader.snapshot, address, found);
  ok = ok && has_slot(reader.map, found) && release(reader.map, found->slot, &gone);
  pvgi_map_leave(&reader);
  if (!ok) return no_region(address);
  return gone ? 1 : PVG_OK;
}

/* ---- by slot ---- */

static int32_t wrong_slot(uint32_t slot, const char *why) { return pvgi_fail(PVG_E_ARGUMENT, "slot %u %s", slot, why); }

/* Whoever names a slot has a reference, which is what keeps it: nothing has to be read for that. */
static struct pvgi_map *map_of(uint32_t handle, uint32_t slot, int32_t *status) {
  *status = PVG_E_HANDLE;
  struct pvgi_map *map = pvgi_map_living(handle);
  if (map == NULL || (slot >= 1 && slot <= PVG_MAP_SLOTS)) return map;
  *status = wrong_slot(slot, "is out of range");
  return NULL;
}

int32_t pvg_map_acquire(uint32_t handle, uint32_t slot) {
  int32_t status;
  struct pvgi_map *map = map_of(handle, slot, &status);
  if (map == NULL) return status;
  return acquire(map, slot) ? PVG_OK : wrong_slot(slot, "is free, or has as many references as can be counted");
}

int32_t pvg_map_release(uint32_t handle, uint32_t slot) {
  int32_t status;
  bool gone = false;
  struct pvgi_map *map = map_of(handle, slot, &status);
  if (map == NULL) return status;
  if (!release(map, slot, &gone)) return wrong_slot(slot, "has no reference to give back");
  return gone ? 1 : PVG_OK;
}

int32_t pvg_map_references(uint32_t handle, uint32_t slot) {
  int32_t status;
  struct pvgi_map *map = map_of(handle, slot, &status);
  if (map == NULL) return status;
  int32_t cell = atomic_load(&map->cells[slot]);
  return cell < 0 ? 0 : cell / ONE;
}
