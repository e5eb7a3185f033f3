/* SPDX-License-Identifier: Apache-2.0
 *
 * answers_task.c - tasks and their mappings, answered from the memory map.
 *
 * Invariant: a task has one reference on each region that it has mapped anything of, from then until it is destroyed, or the region's
 * memory is taken away from all tasks. The mutex is the
 * task mutex: it guards the list of tasks and each task's regions, and it is held while pages are mapped, so a task can't end meanwhile.
 */
#include "answers.h"

static struct pvgi_task *find_locked(const struct pvgi_tasks *tasks, uint64_t range) {
  for (uint32_t i = 0; range != 0 && i < PVGI_TASKS; i++) {
    if (tasks->list[i].range == range) return &tasks->list[i];
  }
  return NULL;
}

static bool fits(const struct pvgi_task *task, uint64_t offset, uint64_t length) {
  return length > 0 && offset <= task->length && length <= task->length - offset;
}

/* ---- there and gone ---- */

static struct pvgi_task *empty_locked(const struct pvgi_tasks *tasks) {
  for (uint32_t i = 0; i < PVGI_TASKS; i++) {
    if (tasks->list[i].range == 0) return &tasks->list[i];
  }
  return NULL;
}

bool pvgi_task_create(struct pvgi_answers *answers, uint64_t length, uint64_t *value) {
  struct pvgi_tasks *tasks = &answers->tasks;
  pthread_mutex_lock(&tasks->mutex);
  struct pvgi_task *task = empty_locked(tasks);
  uint32_t range = task == NULL ? 0 : pvg_range_create(answers->group, length);
  uint64_t address = range == 0 ? 0 : pvg_range_address(range);
  if (range != 0) {
    *task = (struct pvgi_task){.range = range, .address = address, .length = length};
    tasks->count++;
  }
  pthread_mutex_unlock(&tasks->mutex);
  PVGI_TRACE(answers, PVG_TRACE_CREATE_TASK, length, address);
  if (value != NULL) *value = range;
  return range != 0;
}

static void release_regions(const struct pvgi_answers *answers, const struct pvgi_task *task) {
  for (uint32_t word = 0; word < PVGI_SLOT_WORDS; word++) {
    for (uint64_t left = task->slots[word]; left != 0; left &= left - 1) {
      pvg_map_release(answers->map, 64 * word + (uint32_t)__builtin_ctzll(left));
    }
  }
}

bool pvgi_task_destroy(struct pvgi_answers *answers, uint64_t range) {
  struct pvgi_tasks *tasks = &answers->tasks;
  pthread_mutex_lock(&tasks->mutex);
  struct pvgi_task *task = find_locked(tasks, range);
  if (task != NULL) {
    PVGI_TRACE(answers, PVG_TRACE_DESTROY_TASK, task->address, task->regions);
    release_regions(answers, task);
    task->range = 0;
    tasks->count--;
    pvg_range_destroy((uint32_t)range);
  }
  pthread_mutex_unlock(&tasks->mutex);
  return task != NULL;
}

/* ---- mapped ---- */

/* Keeps the reference that was just taken if it is the task's first on that region, else gives it back. */
static void keep(const struct pvgi_answers *answers, struct pvgi_task *task, uint32_t slot, bool mapped) {
  uint64_t *word = &task->slots[slot / 64], bit = UINT64_C(1) << slot % 64;
  if (!mapped || (*word & bit) != 0) {
    pvg_map_release(answers->map, slot);
    return;
  }
  *word |= bit;
  task->regions++;
}

/* A piece of a MAP_MEMORY. */
struct piece {
  uint64_t gpa, length, target;
  uint32_t number;
  bool read_only;
};

/* The reference is taken before anything is mapped, so that the region can't go in between. */
static bool map_piece_locked(struct pvgi_answers *answers, struct pvgi_task *task, const struct piece *piece) {
  struct pvg_map_found found;
  PVGI_TRACE(answers, PVG_TRACE_MAP_MEMORY_RANGE, piece->number, piece->gpa, piece->length);
  if (!fits(task, piece->target, piece->length)) return false;
  if (pvg_map_lookup_acquire(answers->map, piece->gpa, piece->length, !piece->read_only, &found) != PVG_OK) return false;
  int32_t status = pvg_range_map(task->range, piece->target, found.ram, found.ram_offset, piece->length, piece->read_only);
  PVGI_TRACE(answers, PVG_TRACE_REMAP, (uint64_t)-status, found.address, task->address + piece->target);
  keep(answers, task, found.slot, status == PVG_OK);
  return status == PVG_OK;
}

/* A piece that fails leaves its target as it was, and the others are mapped all the same. */
static bool map_pieces_locked(struct pvgi_answers *answers, struct pvgi_task *task, const struct pvgi_call *call) {
  struct piece piece = {.target = call->words[1], .read_only = call->words[2] != 0};
  bool ok = true;
  for (uint32_t i = 0; i < call->piece_count; i++) {
    piece.number = i;
    piece.gpa = call->pieces[2 * i];
    piece.length = call->pieces[2 * i + 1];
    ok = task != NULL && map_piece_locked(answers, task, &piece) && ok;
    if (__builtin_add_overflow(piece.target, piece.length, &piece.target)) piece.target = UINT64_MAX;
  }
  return ok;
}

bool pvgi_task_map(struct pvgi_answers *answers, const struct pvgi_call *call) {
  struct pvgi_tasks *tasks = &answers->tasks;
  pthread_mutex_lock(&tasks->mutex);
  struct pvgi_task *task = find_locked(tasks, call->words[0]);
  uint64_t address = task == NULL ? 0 : task->address;
  PVGI_TRACE(answers, PVG_TRACE_MAP_MEMORY, address, call->piece_count, call->words[1], call->words[2]);
  bool ok = map_pieces_locked(answers, task, call);
  pthread_mutex_unlock(&tasks->mutex);
  return ok;
}

bool pvgi_task_unmap(struct pvgi_answers *answers, uint64_t range, uint64_t offset, uint64_t length) {
  struct pvgi_tasks *tasks = &answers->tasks;
  pthread_mutex_lock(&tasks->mutex);
  const struct pvgi_task *task = find_locked(tasks, range);
  PVGI_TRACE(answers, PVG_TRACE_UNMAP_MEMORY, task == NULL ? 0 : task->address, offset, length);
  bool ok = task != NULL && fits(task, offset, length) && pvg_range_unmap(task->range, offset, length) == PVG_OK;
  pthread_mutex_unlock(&tasks->mutex);
  return ok;
}

/* ---- taken away ---- */

void pvgi_task_forget(struct pvgi_answers *answers, uint32_t slot) {
  struct pvgi_tasks *tasks = &answers->tasks;
  uint64_t bit = UINT64_C(1) << slot % 64;
  pthread_mutex_lock(&tasks->mutex);
  for (uint32_t i = 0; tasks->list != NULL && i < PVGI_TASKS; i++) {
    struct pvgi_task *task = &tasks->list[i];
    uint64_t *word = &task->slots[slot / 64];
    if (task->range == 0 || (*word & bit) == 0) continue;
    *word &= ~bit;
    task->regions--;
    pvg_map_release(answers->map, slot);
  }
  pthread_mutex_unlock(&tasks->mutex);
}
