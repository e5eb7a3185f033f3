/* SPDX-License-Identifier: Apache-2.0
 *
 * twin_memory.c - the twin's memory map and tasks: what the product's BQL actor does for task upcalls (device.md 4.1, 4.3).
 *
 * Invariant: a task holds one reference on a region it has mapped anything of. It knows one map that doesn't change, and no ROM.
 */
#include "twin.h"

void twin_memory_open(struct twin *twin) {
  struct twin_memory *memory = &twin->memory;
  memory->regions[0] = (struct twin_region){
    .gpa = TWIN_RAM_GPA, .length = TWIN_RAM_LENGTH, .host = pvg_ram_address(twin->ram), .ram = twin->ram};
  memory->region_count = 1;
}

/* The region that holds all of [gpa, gpa+length), or NULL. The list is in the order of addresses. */
struct twin_region *twin_lookup(struct twin_memory *memory, uint64_t gpa, uint64_t length) {
  uint32_t low = 0, high = memory->region_count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (memory->regions[middle].gpa + memory->regions[middle].length <= gpa) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == memory->region_count || length == 0) return NULL;
  struct twin_region *region = &memory->regions[low];
  return gpa >= region->gpa && length <= region->length - (gpa - region->gpa) ? region : NULL;
}

struct twin_region *twin_lookup_host(struct twin_memory *memory, uint64_t address) {
  for (uint32_t at = 0; at < memory->region_count; at++) {
    struct twin_region *region = &memory->regions[at];
    if (address >= region->host && address - region->host < region->length) return region;
  }
  return NULL;
}

static struct twin_task *task_of(struct twin *twin, uint32_t range) {
  for (uint32_t at = 0; at < TWIN_TASKS; at++) {
    if (twin->memory.tasks[at].range == range) return &twin->memory.tasks[at];
  }
  return NULL;
}

bool twin_task_create(struct twin *twin, const struct pvg_record *record, uint64_t *range) {
  struct twin_task *task = task_of(twin, 0);
  uint32_t made = task != NULL ? pvg_range_create(twin->group, record->words[0]) : 0;
  if (made == 0) return false;
  *task = (struct twin_task){.range = made, .length = record->words[0]};
  *range = made;
  return true;
}

bool twin_task_destroy(struct twin *twin, const struct pvg_record *record) {
  struct twin_task *task = record->words[0] != 0 ? task_of(twin, (uint32_t)record->words[0]) : NULL;
  if (task == NULL) return false;
  if (task->region != NULL) atomic_fetch_sub(&task->region->references, 1);
  pvg_range_destroy(task->range);
  *task = (struct twin_task){0};
  return true;
}

static bool fits(const struct twin_task *task, uint64_t offset, uint64_t length) {
  return length > 0 && offset <= task->length && length <= task->length - offset;
}

static bool map_piece(struct twin *twin, struct twin_task *task, const uint64_t piece[2], uint64_t target, bool read_only) {
  struct twin_region *region = twin_lookup(&twin->memory, piece[0], piece[1]);
  if (region == NULL || !fits(task, target, piece[1])) return false;
  uint64_t offset = piece[0] - region->gpa;
  if (pvg_range_map(task->range, target, region->ram, offset, piece[1], read_only) != PVG_OK) return false;
  if (task->region != region) {
    atomic_fetch_add(&region->references, 1);
    task->region = region;
  }
  return true;
}

bool twin_task_map(struct twin *twin, const struct pvg_record *record) {
  struct twin_task *task = record->words[0] != 0 ? task_of(twin, (uint32_t)record->words[0]) : NULL;
  uint64_t target = record->words[1], count = record->words[3], pieces[2 * TWIN_BATCH];
  if (task == NULL || count > TWIN_BATCH) return false;
  if (pvg_upcall_pieces(twin->device, record->id, 0, pieces, (uint32_t)count) != (int32_t)count) return false;
  bool ok = true;
  for (uint64_t at = 0; at < count; at++) {
    ok = map_piece(twin, task, &pieces[2 * at], target, record->words[2] != 0) && ok;
    target += pieces[2 * at + 1];
  }
  return ok;
}

bool twin_task_unmap(struct twin *twin, const struct pvg_record *record) {
  struct twin_task *task = record->words[0] != 0 ? task_of(twin, (uint32_t)record->words[0]) : NULL;
  return task != NULL && fits(task, record->words[1], record->words[2]) &&
         pvg_range_unmap(task->range, record->words[1], record->words[2]) == PVG_OK;
}
