/* SPDX-License-Identifier: Apache-2.0
 *
 * memory_map.h - the memory map's snapshots and references, for those who look things up on a thread of PVG's.
 *
 * Between pvgi_map_enter() and pvgi_map_leave() the snapshot stays as it is, and no region that is in it is gone. That time is short:
 * nobody waits, publishes or enters again in between.
 */
#ifndef PVG_MEMORY_MAP_H
#define PVG_MEMORY_MAP_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "handle.h"
#include "internal.h"

#define PVGI_MAPS 256u
#define PVGI_MAP_STRIPES 16u

struct pvgi_range {
  uint64_t gpa, length, offset;
  uint32_t place;
};

struct pvgi_region {
  uint64_t address, length, ram_offset;
  uint32_t ram, slot, region, flags;
};

struct pvgi_snapshot {
  uint32_t range_count, region_count, host_count;
  struct pvgi_range ranges[PVG_MAP_RANGES];
  uint16_t hosts[PVG_MAP_SLOTS]; /* places of regions, by host address */
  struct pvgi_region regions[];
};

/* How many readers are inside, by the phase in which they came. */
struct pvgi_map_stripe {
  alignas(64) atomic_uint readers[2];
};

struct pvgi_map {
  struct pvgi_slot slot;
  uint32_t group;
  atomic_uint live; /* the handle, 0 while nothing lives here; written with the slot's mutex held */
  _Atomic(struct pvgi_snapshot *) snapshot;
  atomic_uint phase;                      /* the lowest bit counts */
  pthread_mutex_t publishing;
  atomic_uint rams[PVG_MAP_SLOTS + 1];    /* of the region that has the slot */
  struct pvgi_map_stripe stripes[PVGI_MAP_STRIPES];
  alignas(64) _Atomic int32_t cells[PVG_MAP_SLOTS + 1];
};

struct pvgi_map_reader {
  struct pvgi_map *map;
  const struct pvgi_snapshot *snapshot; /* NULL before the first one is published */
  atomic_uint *counter;
};

struct pvgi_wanted {
  uint64_t gpa, length;
  bool write;
};

/* memory_map.c. Enter: false, with its error text, if there is no such map. */
struct pvgi_map *pvgi_map_living(uint32_t map); /* NULL, with the error text, if there is none; the answer is of a moment */
bool pvgi_map_enter(uint32_t map, struct pvgi_map_reader *reader);
void pvgi_map_leave(const struct pvgi_map_reader *reader);
const struct pvgi_range *pvgi_map_range_at(const struct pvgi_snapshot *snapshot, uint64_t gpa);
bool pvgi_map_find(const struct pvgi_snapshot *snapshot, const struct pvgi_wanted *wanted, struct pvg_map_found *found);
bool pvgi_map_host_at(const struct pvgi_snapshot *snapshot, uint64_t address, struct pvg_map_found *found);
bool pvgi_map_copy(uint32_t map, uint64_t gpa, uint8_t *bytes, uint64_t length);

#endif
