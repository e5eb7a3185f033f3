/* SPDX-License-Identifier: Apache-2.0
 *
 * answers_iosfc.c - the IOSurface mapper's map and unmap, answered from the memory map.
 *
 * Invariant: each mapping has one reference on its region, from the answer that makes it to the one that undoes it. `checked` knows every
 * mapping by its host address, in a hash table with open addresses: what is looked up there, and how long that takes, doesn't
 * depend on how many there are. No memory is mapped here: PVG gets a host address in guest RAM.
 */
#include "answers.h"

/* The pages of a guest that has an IOSurface mapper, and how many neighbours share a cache line of the table. */
#define PAGE_SHIFT 14
#define PAGE_MASK ((UINT64_C(1) << PAGE_SHIFT) - 1u)
#define NEIGHBOURS 4u

/* ---- mappings by address ---- */

/* Surfaces mostly begin at the same place of a page and follow each other: four neighbours are in one cache line, and nothing else is near
 * by intention, since a run of places that are all taken is what makes a look-up long. */
static inline uint32_t home_of(uint64_t address) {
  uint64_t page = address >> PAGE_SHIFT, key = page / NEIGHBOURS << PAGE_SHIFT | (address & PAGE_MASK);
  key = (key ^ key >> 32) * UINT64_C(0x9e3779b97f4a7c15);
  return (uint32_t)(key >> 32) % (PVGI_MAPPING_SLOTS / NEIGHBOURS) * NEIGHBOURS + (uint32_t)(page % NEIGHBOURS);
}

/* The place of the address's mappings, or the empty one where they would be. One is empty, so this ends. */
static inline struct pvgi_mapping *place_of(const struct pvgi_iosfc *iosfc, uint64_t address) {
  uint32_t at = home_of(address);
  while (iosfc->mappings[at].count != 0 && iosfc->mappings[at].address != address) at = (at + 1) % PVGI_MAPPING_SLOTS;
  return &iosfc->mappings[at];
}

/* Empties a place and moves those behind it up that would no longer be found. */
static void empty(struct pvgi_iosfc *iosfc, struct pvgi_mapping *mapping) {
  struct pvgi_mapping *mappings = iosfc->mappings;
  uint32_t hole = (uint32_t)(mapping - mappings);
  for (uint32_t at = (hole + 1) % PVGI_MAPPING_SLOTS; mappings[at].count != 0; at = (at + 1) % PVGI_MAPPING_SLOTS) {
    /* It stays if its home is behind the hole and not behind itself, going around. */
    uint32_t home = home_of(mappings[at].address);
    if ((at - home) % PVGI_MAPPING_SLOTS < (at - hole) % PVGI_MAPPING_SLOTS) continue;
    mappings[hole] = mappings[at];
    hole = at;
  }
  mappings[hole].count = 0;
  iosfc->used--;
}

/* Notes a mapping; false if there is no place for it. */
static bool note(struct pvgi_iosfc *iosfc, uint64_t address, uint32_t slot) {
  struct pvgi_mapping *mapping = place_of(iosfc, address);
  bool fits = mapping->count != 0 ? mapping->count != UINT32_MAX : iosfc->used < PVGI_MAPPINGS;
  if (fits && mapping->count == 0) {
    mapping->address = address;
    mapping->slot = slot;
    iosfc->used++;
  }
  if (fits) mapping->count++;
  return fits;
}

/* Forgets a mapping at that very address: its region's slot, or 0 if there is none. */
static uint32_t forget(struct pvgi_iosfc *iosfc, uint64_t address) {
  struct pvgi_mapping *mapping = place_of(iosfc, address);
  uint32_t slot = mapping->count != 0 ? mapping->slot : 0;
  if (slot != 0 && --mapping->count == 0) empty(iosfc, mapping);
  return slot;
}

/* ---- upcalls ---- */

/* Nobody else writes it, so this needs no atomic step. */
static void count(struct pvgi_iosfc *iosfc, int change) {
  unsigned long long alive = atomic_load_explicit(&iosfc->alive, memory_order_relaxed);
  atomic_store_explicit(&iosfc->alive, alive + (unsigned long long)(long long)change, memory_order_relaxed);
}

/* The reference is taken first: a mapping that can't be noted then gives it back. */
static bool look_up(struct pvgi_answers *answers, const uint64_t *words, uint64_t *address) {
  struct pvg_map_found found;
  if (pvg_map_lookup_acquire(answers->map, words[0], words[1], words[2] == 0, &found) != PVG_OK) return false;
  if (answers->own_iosfc == PVG_OWN_IOSFC_CHECKED && !note(&answers->iosfc, found.address, found.slot)) {
    pvg_map_release(answers->map, found.slot);
    return false;
  }
  *address = found.address;
  count(&answers->iosfc, 1);
  return true;
}

bool pvgi_iosfc_map(struct pvgi_answers *answers, const uint64_t words[5], uint64_t *value) {
  uint64_t address = 0;
  bool ok = look_up(answers, words, &address);
  PVGI_TRACE(answers, PVG_TRACE_IOSFC_MAP, words[0], words[1], words[2], (uint64_t)(uintptr_t)value, words[3], words[4], address);
  if (value != NULL) *value = address;
  return ok;
}

/* Traces tell the region, which is known by its address as long as the reference isn't given back. */
static bool unmap_checked(struct pvgi_answers *answers, uint64_t address) {
  uint32_t slot = forget(&answers->iosfc, address);
  if (slot == 0) {
    PVGI_TRACE(answers, PVG_TRACE_IOSFC_UNMAP_NOTHING, address);
    return false;
  }
  struct pvg_map_found found;
  if (pvgi_traced(answers, PVG_TRACE_IOSFC_UNMAP_REGION) && pvg_map_find_host(answers->map, address, &found) == PVG_OK) {
    PVGI_TRACE(answers, PVG_TRACE_IOSFC_UNMAP_REGION, address, found.region);
  }
  pvg_map_release(answers->map, slot);
  count(&answers->iosfc, -1);
  return true;
}

/* The reference may be a task's, and so there may be fewer mappings than references given back. */
static bool unmap_any(struct pvgi_answers *answers, uint64_t address) {
  struct pvg_map_found found;
  if (pvg_map_release_host(answers->map, address, &found) < 0) return false;
  if (atomic_load_explicit(&answers->iosfc.alive, memory_order_relaxed) != 0) count(&answers->iosfc, -1);
  PVGI_TRACE(answers, PVG_TRACE_IOSFC_UNMAP_REGION, address, found.region);
  return true;
}

bool pvgi_iosfc_unmap(struct pvgi_answers *answers, uint64_t address) {
  return answers->own_iosfc == PVG_OWN_IOSFC_CHECKED ? unmap_checked(answers, address) : unmap_any(answers, address);
}
