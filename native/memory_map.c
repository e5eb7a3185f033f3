/* SPDX-License-Identifier: Apache-2.0
 *
 * memory_map.c - the guest's memory map as snapshots that anybody may read while a new one is published.
 *
 * Invariants:
 *  - A snapshot never changes. Readers find it by one atomic pointer, take no lock and wait for nobody.
 *  - Before a reader loads that pointer it counts itself in a counter of its stripe, and out again when it is through. A snapshot that
 *    was replaced is freed once each counter was seen at 0 since: whoever counts himself in later finds the new one. Readers
 *    that come meanwhile count in the other phase, so that they don't keep a counter above 0 for ever.
 *  - A map's memory is static, so any 32-bit number may be looked up at any time; `live` is the handle of the map that lives there, and
 *    is 0 before the last snapshot goes.
 *
 * What keeps a region's memory are its references (map_references.c), not the snapshot. Lock order: a map's slot, `publishing`, a RAM's.
 */
#include "memory_map.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct pvgi_map maps[PVGI_MAPS] = {
    [0 ... PVGI_MAPS - 1] = {.slot = {.mutex = PTHREAD_MUTEX_INITIALIZER}, .publishing = PTHREAD_MUTEX_INITIALIZER}};
static struct pvgi_table table = PVGI_TABLE("memory map", PVGI_TAG_MAP, maps);

/* ---- readers ---- */

/* Threads are spread over the stripes as they come, so that they seldom write to one cache line. The usual TLS model, although another would
 * spare a call into the dynamic linker: what it keeps for libraries that are loaded late is little, and a process may load many. */
static uint32_t own_stripe(void) {
  static atomic_uint next;
  static _Thread_local uint32_t stripe; /* plus 1 */
  if (stripe == 0) stripe = atomic_fetch_add(&next, 1) % PVGI_MAP_STRIPES + 1;
  return stripe - 1;
}

struct pvgi_map *pvgi_map_living(uint32_t handle) {
  struct pvgi_map *map = &maps[handle % PVGI_MAPS];
  if (handle != 0 && atomic_load(&map->live) == handle) return map;
  pvgi_no_such(&table, handle);
  return NULL;
}

/* Both orders must be sequentially consistent: were the load of the snapshot to come before the count, the publisher could see 0 and free
 * what was loaded. */
bool pvgi_map_enter(uint32_t handle, struct pvgi_map_reader *reader) {
  struct pvgi_map *map = &maps[handle % PVGI_MAPS];
  struct pvgi_map_stripe *stripe = &map->stripes[own_stripe()];
  reader->map = map;
  reader->counter = &stripe->readers[atomic_load_explicit(&map->phase, memory_order_relaxed) & 1];
  atomic_fetch_add(reader->counter, 1);
  reader->snapshot = atomic_load(&map->snapshot);
  if (handle != 0 && atomic_load(&map->live) == handle) return true;
  pvgi_map_leave(reader);
  pvgi_no_such(&table, handle);
  return false;
}

void pvgi_map_leave(const struct pvgi_map_reader *reader) { atomic_fetch_sub_explicit(reader->counter, 1, memory_order_release); }

/* Waits until each counter of a phase was seen at 0. A reader is through within a copy of its own, so it is worth to look again soon. */
static void await_phase(struct pvgi_map *map, uint32_t phase) {
  const struct timespec pause = {.tv_nsec = 20000};
  for (uint32_t i = 0; i < PVGI_MAP_STRIPES; i++) {
    while (atomic_load(&map->stripes[i].readers[phase]) != 0) nanosleep(&pause, NULL);
  }
}

/* Waits until whoever is reading now has left. `publishing` is held. */
static void await_readers(struct pvgi_map *map) {
  for (uint32_t round = 0; round < 2; round++) await_phase(map, atomic_fetch_xor(&map->phase, 1) & 1);
}

/* Replaces the snapshot and frees the old one when nobody can be reading it. `publishing` is held. */
static void replace(struct pvgi_map *map, struct pvgi_snapshot *snapshot) {
  struct pvgi_snapshot *old = atomic_exchange(&map->snapshot, snapshot);
  await_readers(map);
  free(old);
}

/* Notes whose the slots are. Whoever took one for its last region's must be through before anybody can have references on the new
 * one, or he could give one of those back. `publishing` is held. */
static void note_rams(struct pvgi_map *map, const struct pvgi_snapshot *snapshot) {
  bool changed = false;
  for (uint32_t i = 0; i < snapshot->host_count; i++) {
    const struct pvgi_region *region = &snapshot->regions[snapshot->hosts[i]];
    changed |= atomic_exchange(&map->rams[region->slot], region->ram) != region->ram;
  }
  if (changed) await_readers(map);
}

/* ---- what is published ---- */

/* Fills in a region from what the host says of it. */
static int32_t take_region(struct pvgi_region *out, const struct pvg_map_region *in) {
  const uint32_t flags = PVG_REGION_MAPPABLE | PVG_REGION_WRITABLE | PVG_REGION_REMOVED;
  if (in->slot < 1 || in->slot > PVG_MAP_SLOTS || (in->flags & ~flags) != 0 || in->length == 0) {
    return pvgi_fail(PVG_E_ARGUMENT, "region 0x%x has a slot, length or flags that make no sense", in->region);
  }
  struct pvgi_memory memory;
  int32_t status = pvgi_ram_acquire(in->ram, &memory);
  if (status < 0) return status;
  bool fits = in->ram_offset <= memory.length && in->length <= memory.length - in->ram_offset;
  *out = (struct pvgi_region){
    .address = (uint64_t)(uintptr_t)memory.base + in->ram_offset,
    .length = in->length,
    .ram_offset = in->ram_offset,
    .ram = in->ram,
    .slot = in->slot,
    .region = in->region,
    .flags = in->flags,
  };
  pvgi_ram_release(&memory);
  return fits ? PVG_OK : pvgi_fail(PVG_E_ARGUMENT, "region 0x%x leaves its RAM", in->region);
}

/* How many entries of `hosts` start in front of an address. */
static uint32_t hosts_before(const struct pvgi_snapshot *snapshot, uint64_t address) {
  uint32_t low = 0, high = snapshot->host_count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (snapshot->regions[snapshot->hosts[middle]].address < address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* Puts a region among `hosts`, where it belongs by address; false if it overlaps another. */
static bool enter_host(struct pvgi_snapshot *snapshot, uint16_t place) {
  const struct pvgi_region *regions = snapshot->regions;
  uint32_t at = hosts_before(snapshot, regions[place].address);
  memmove(&snapshot->hosts[at + 1], &snapshot->hosts[at], (snapshot->host_count - at) * sizeof *snapshot->hosts);
  snapshot->hosts[at] = place;
  snapshot->host_count++;
  const struct pvgi_region *region = &regions[place];
  const struct pvgi_region *before = at > 0 ? &regions[snapshot->hosts[at - 1]] : NULL;
  const struct pvgi_region *behind = at + 1 < snapshot->host_count ? &regions[snapshot->hosts[at + 1]] : NULL;
  return (before == NULL || before->address + before->length <= region->address) &&
         (behind == NULL || region->address + region->length <= behind->address);
}

static int32_t take_regions(struct pvgi_snapshot *snapshot, const struct pvg_map_region *regions, uint32_t count) {
  bool taken[PVG_MAP_SLOTS + 1] = {false};
  for (uint32_t i = 0; i < count; i++) {
    int32_t status = take_region(&snapshot->regions[i], &regions[i]);
    if (status == PVG_E_HANDLE && (regions[i].flags & PVG_REGION_REMOVED) != 0) continue;
    if (status < 0) return status;
    if (taken[regions[i].slot]) return pvgi_fail(PVG_E_ARGUMENT, "two regions have the slot %u", regions[i].slot);
    taken[regions[i].slot] = true;
    if (!enter_host(snapshot, (uint16_t)i)) return pvgi_fail(PVG_E_ARGUMENT, "region 0x%x overlaps another's memory", regions[i].region);
  }
  return PVG_OK;
}

static bool range_is_sane(const struct pvg_map_range *range, const struct pvgi_snapshot *snapshot) {
  if (range->length == 0 || range->gpa + range->length < range->gpa || range->reserved != 0) return false;
  if (range->place == PVG_MAP_REGISTERS) return true;
  if (range->place >= snapshot->region_count) return false;
  const struct pvgi_region *region = &snapshot->regions[range->place];
  return (region->flags & PVG_REGION_REMOVED) == 0 && range->offset <= region->length && range->length <= region->length - range->offset;
}

static int32_t take_ranges(struct pvgi_snapshot *snapshot, const struct pvg_map_range *ranges, uint32_t count) {
  uint64_t free_from = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (!range_is_sane(&ranges[i], snapshot)) return pvgi_fail(PVG_E_ARGUMENT, "range %u is empty, or leaves its region", i);
    if (ranges[i].gpa < free_from) return pvgi_fail(PVG_E_ARGUMENT, "range %u is out of order, or overlaps another", i);
    free_from = ranges[i].gpa + ranges[i].length;
    snapshot->ranges[i] =
      (struct pvgi_range){.gpa = ranges[i].gpa, .length = ranges[i].length, .offset = ranges[i].offset, .place = ranges[i].place};
  }
  snapshot->range_count = count;
  return PVG_OK;
}

int32_t pvg_map_publish(uint32_t handle, const struct pvg_map_range *ranges, uint32_t range_count,
                        const struct pvg_map_region *regions, uint32_t region_count) {
  if (range_count > PVG_MAP_RANGES || region_count > PVG_MAP_SLOTS || (range_count != 0 && ranges == NULL) ||
      (region_count != 0 && regions == NULL)) {
    return pvgi_fail(PVG_E_ARGUMENT, "a map has 0..%u ranges and 0..%u regions", PVG_MAP_RANGES, PVG_MAP_SLOTS);
  }
  struct pvgi_map *map = &maps[handle % PVGI_MAPS];
  struct pvgi_snapshot *snapshot = calloc(1, sizeof *snapshot + region_count * sizeof *snapshot->regions);
  if (snapshot == NULL) return pvgi_fail(PVG_E_NO_MEMORY, "no memory for a snapshot of the memory map");
  snapshot->region_count = region_count;
  int32_t status = take_regions(snapshot, regions, region_count);
  if (status == PVG_OK) status = take_ranges(snapshot, ranges, range_count);
  pthread_mutex_lock(&map->publishing);
  if (status == PVG_OK && (handle == 0 || atomic_load(&map->live) != handle)) status = pvgi_no_such(&table, handle);
  if (status == PVG_OK) {
    note_rams(map, snapshot);
    replace(map, snapshot);
  }
  pthread_mutex_unlock(&map->publishing);
  if (status != PVG_OK) free(snapshot);
  return status;
}

/* ---- looking things up ---- */

const struct pvgi_range *pvgi_map_range_at(const struct pvgi_snapshot *snapshot, uint64_t gpa) {
  uint32_t low = 0, high = snapshot == NULL ? 0 : snapshot->range_count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (snapshot->ranges[middle].gpa <= gpa) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return NULL;
  const struct pvgi_range *range = &snapshot->ranges[low - 1];
  return gpa - range->gpa < range->length ? range : NULL;
}

static void found_at(struct pvg_map_found *found, const struct pvgi_region *region, uint64_t offset, uint64_t contiguous) {
  *found = (struct pvg_map_found){
    .address = region->address + offset,
    .contiguous = contiguous,
    .ram_offset = region->ram_offset + offset,
    .ram = region->ram,
    .slot = region->slot,
    .region = region->region,
    .flags = region->flags,
  };
}

/* The second half of both look-ups, by guest-physical address. */
bool pvgi_map_find(const struct pvgi_snapshot *snapshot, const struct pvgi_wanted *wanted, struct pvg_map_found *found) {
  const struct pvgi_range *range = pvgi_map_range_at(snapshot, wanted->gpa);
  if (range == NULL || range->place == PVG_MAP_REGISTERS || wanted->length == 0) return false;
  const struct pvgi_region *region = &snapshot->regions[range->place];
  uint64_t into = wanted->gpa - range->gpa;
  uint32_t needed = PVG_REGION_MAPPABLE | (wanted->write ? PVG_REGION_WRITABLE : 0);
  if ((region->flags & needed) != needed || wanted->length > range->length - into) return false;
  found_at(found, region, range->offset + into, range->length - into);
  return true;
}

bool pvgi_map_host_at(const struct pvgi_snapshot *snapshot, uint64_t address, struct pvg_map_found *found) {
  uint32_t low = 0, high = snapshot == NULL ? 0 : snapshot->host_count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (snapshot->regions[snapshot->hosts[middle]].address <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return false;
  const struct pvgi_region *region = &snapshot->regions[snapshot->hosts[low - 1]];
  uint64_t offset = address - region->address;
  if (offset >= region->length) return false;
  found_at(found, region, offset, region->length - offset);
  return true;
}

/* Copies guest memory as PVG reads it: every byte of it is memory, of whatever kind. It may be copied in part if it isn't. */
bool pvgi_map_copy(uint32_t handle, uint64_t gpa, uint8_t *bytes, uint64_t length) {
  struct pvgi_map_reader reader;
  if (!pvgi_map_enter(handle, &reader)) return false;
  uint64_t done = 0;
  while (done < length) {
    const struct pvgi_range *range = pvgi_map_range_at(reader.snapshot, gpa + done);
    if (range == NULL || range->place == PVG_MAP_REGISTERS || gpa + done < gpa) break;
    uint64_t into = gpa + done - range->gpa, size = range->length - into;
    if (size > length - done) size = length - done;
    memcpy(bytes + done, (const uint8_t *)(uintptr_t)(reader.snapshot->regions[range->place].address + range->offset + into), size);
    done += size;
  }
  pvgi_map_leave(&reader);
  return done == length;
}

/* ---- maps ---- */

uint32_t pvg_map_create(uint32_t group) {
  struct pvgi_map *map = pvgi_slot_claim(&table);
  if (map == NULL) return 0;
  uint32_t handle = map->slot.handle;
  map->group = group;
  atomic_store(&map->cells[0], 1);
  for (uint32_t slot = 1; slot <= PVG_MAP_SLOTS; slot++) atomic_store(&map->cells[slot], PVG_MAP_FREE);
  atomic_store(&map->live, handle);
  pvgi_slot_unlock(&map->slot);
  if (pvgi_group_add(group, PVGI_MAP, handle) == PVG_OK) return handle;
  pvg_map_destroy(handle); /* succeeds, and so leaves the error text alone */
  return 0;
}

uint64_t pvg_map_cells(uint32_t handle) {
  struct pvgi_map *map = pvgi_slot_lock(&table, handle);
  if (map == NULL) {
    pvgi_no_such(&table, handle);
    return 0;
  }
  uint64_t address = (uint64_t)(uintptr_t)map->cells;
  pvgi_slot_unlock(&map->slot);
  return address;
}

int32_t pvg_map_destroy(uint32_t handle) {
  struct pvgi_map *map = pvgi_slot_lock(&table, handle);
  if (map == NULL) return pvgi_no_such(&table, handle);
  uint32_t group = map->group;
  pthread_mutex_lock(&map->publishing);
  atomic_store(&map->live, 0);
  replace(map, NULL);
  pthread_mutex_unlock(&map->publishing);
  pvgi_slot_free_unlock(&table, &map->slot);
  pvgi_group_remove(group, PVGI_MAP, handle);
  return PVG_OK;
}
