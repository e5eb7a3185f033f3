/* SPDX-License-Identifier: Apache-2.0
 *
 * twin_memory.c - the twin's memory map and tasks: what the product's BQL actor does for task upcalls (device.md 4.1, 4.3).
 *
 * Look-ups and references are the library's own (memory_map.c). Invariant: a task holds one reference on the one region there is once it
 * has mapped anything of it. The map doesn't change.
 */
#include <string.h>

#include "twin.h"

#define GFX_BASE 0x30000000ull
#define GFX_LENGTH 0x4000ull
#define IOSFC_BASE 0x30080000ull
#define IOSFC_LENGTH 0x10000ull
#define SLOT 1u

bool twin_memory_open(struct twin *twin) {
  const struct pvg_map_range ranges[] = {
    {.gpa = GFX_BASE, .length = GFX_LENGTH, .place = PVG_MAP_REGISTERS},
    {.gpa = IOSFC_BASE, .length = IOSFC_LENGTH, .place = PVG_MAP_REGISTERS},
    {.gpa = TWIN_RAM_GPA, .length = TWIN_RAM_LENGTH},
  };
  const struct pvg_map_region region = {
    .length = TWIN_RAM_LENGTH, .ram = twin->ram, .slot = SLOT, .region = 1, .flags = PVG_REGION_MAPPABLE | PVG_REGION_WRITABLE};
  twin->map = pvg_map_create(twin->group);
  _Atomic int32_t *cells = (_Atomic int32_t *)(uintptr_t)pvg_map_cells(twin->map);
  if (cells == NULL) return false;
  cells[SLOT] = 0; /* the slot is taken, without references */
  return pvg_map_publish(twin->map, ranges, sizeof ranges / sizeof *ranges, &region, 1) == PVG_OK;
}

static struct twin_task *task_of(struct twin *twin, uint32_t range) {
  for (uint32_t at = 0; at < TWIN_TASKS; at++) {
    if (twin->tasks[at].range == range) return &twin->tasks[at];
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
  if (task->slot != 0) pvg_map_release(twin->map, task->slot);
  pvg_range_destroy(task->range);
  *task = (struct twin_task){0};
  return true;
}

static bool fits(const struct twin_task *task, uint64_t offset, uint64_t length) {
  return length > 0 && offset <= task->length && length <= task->length - offset;
}

static bool map_piece(struct twin *twin, struct twin_task *task, const uint64_t piece[2], uint64_t target, bool read_only) {
  struct pvg_map_found found;
  if (pvg_map_lookup(twin->map, piece[0], piece[1], !read_only, &found) != PVG_OK || !fits(task, target, piece[1])) return false;
  if (pvg_range_map(task->range, target, found.ram, found.ram_offset, piece[1], read_only) != PVG_OK) return false;
  if (task->slot != found.slot) {
    pvg_map_acquire(twin->map, found.slot);
    task->slot = found.slot;
  }
  return true;
}

bool twin_task_map(struct twin *twin, const struct pvg_record *record) {
  struct twin_task *task = record->words[0] != 0 ? task_of(twin, (uint32_t)record->words[0]) : NULL;
  uint64_t target = record->words[1], count = record->words[3], pieces[2 * TWIN_BATCH];
  if (task == NULL || count > TWIN_BATCH) return false;
  /* The first piece comes with the record. */
  if (count == 1) memcpy(pieces, &record->words[4], 2 * sizeof pieces[0]);
  else if (pvg_upcall_pieces(twin->device, record->id, 0, pieces, (uint32_t)count) != (int32_t)count) return false;
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
