/* SPDX-License-Identifier: Apache-2.0
 *
 * memory.m - where the software PVG's questions about guest memory go: to the host's blocks, or to the RAM that the host declared.
 *
 * These run on the software PVG's own threads, in the middle of what they do. A task's memory is the host's or, with declared RAM, ours; it is known to
 * the software PVG by a handle that is its place in a table.
 */
#define _GNU_SOURCE /* mremap */
#import "pg.h"

#include <string.h>
#include <sys/mman.h>

bool standin_upcall(struct pvgi_device *device, const struct pvgi_call *call, uint64_t *value);
int32_t standin_range_acquire(uint32_t range, struct pvgi_memory *memory);
void standin_range_release(struct pvgi_memory *memory);
int32_t standin_ram_find(uint64_t address, uint64_t length, struct pvgi_memory *memory);
void standin_ram_release(struct pvgi_memory *memory);

/* ---- handles: of all devices, since the software PVG asks without one ---- */

static pthread_mutex_t ranges_lock = PTHREAD_MUTEX_INITIALIZER;
static struct { uint8_t *base; uint64_t length; } ranges[4096];

static uint32_t publish(uint8_t *base, uint64_t length) {
  uint32_t handle = 0;
  pthread_mutex_lock(&ranges_lock);
  for (uint32_t at = 0; at < 4096 && handle == 0; at++) {
    if (ranges[at].base != NULL) continue;
    ranges[at].base = base;
    ranges[at].length = length;
    handle = at + 1;
  }
  pthread_mutex_unlock(&ranges_lock);
  return handle;
}

static void retire(uint8_t *base) {
  pthread_mutex_lock(&ranges_lock);
  for (uint32_t at = 0; at < 4096; at++) {
    if (ranges[at].base == base) ranges[at].base = NULL;
  }
  pthread_mutex_unlock(&ranges_lock);
}

int32_t standin_range_acquire(uint32_t range, struct pvgi_memory *memory) {
  if (range == 0 || range > 4096) return PVG_E_HANDLE;
  pthread_mutex_lock(&ranges_lock);
  *memory = (struct pvgi_memory){.base = ranges[range - 1].base, .length = ranges[range - 1].length};
  pthread_mutex_unlock(&ranges_lock);
  return memory->base != NULL ? PVG_OK : PVG_E_HANDLE;
}

/* The host has been told already. */
void standin_range_release(struct pvgi_memory *memory) { *memory = (struct pvgi_memory){0}; }

/* What the mapper was given it trusts. */
int32_t standin_ram_find(uint64_t address, uint64_t length, struct pvgi_memory *memory) {
  *memory = (struct pvgi_memory){.base = (uint8_t *)(uintptr_t)address, .length = length};
  return PVG_OK;
}

void standin_ram_release(struct pvgi_memory *memory) { *memory = (struct pvgi_memory){0}; }

/* ---- tasks ---- */

static struct pg_task *task_of(StandinDevice *device, uint64_t handle, uint8_t **base) {
  struct pvgi_memory memory = {0};
  if (handle > UINT32_MAX || standin_range_acquire((uint32_t)handle, &memory) != PVG_OK) return NULL;
  struct pg_task *found = NULL;
  pthread_mutex_lock(&device->lock);
  for (uint32_t at = 0; at < PG_TASKS; at++) {
    if (device->tasks[at].used && device->tasks[at].base == memory.base) found = &device->tasks[at];
  }
  pthread_mutex_unlock(&device->lock);
  *base = memory.base;
  return found;
}

static bool create(StandinDevice *device, uint64_t length, uint64_t *value) {
  struct pg_task task = {.used = true, .length = length};
  PGDeviceDescriptor *descriptor = device->descriptor;
  if (descriptor->createTask != NULL) {
    task.task = descriptor->createTask(length, (void **)&task.base);
    if (task.task == NULL) return false;
  } else {
    task.base = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (task.base == MAP_FAILED) return false;
  }
  bool kept = false;
  pthread_mutex_lock(&device->lock);
  for (uint32_t at = 0; at < PG_TASKS && !kept; at++) {
    if (device->tasks[at].used) continue;
    device->tasks[at] = task;
    kept = true;
  }
  pthread_mutex_unlock(&device->lock);
  *value = kept ? publish(task.base, length) : 0;
  return *value != 0;
}

static void destroy(StandinDevice *device, uint64_t handle) {
  uint8_t *base = NULL;
  struct pg_task *found = task_of(device, handle, &base);
  if (found == NULL) return;
  retire(base);
  struct pg_task task = *found;
  if (task.task != NULL) {
    device->descriptor->destroyTask(task.task);
  } else {
    munmap(task.base, task.length);
  }
  pthread_mutex_lock(&device->lock);
  found->used = false;
  pthread_mutex_unlock(&device->lock);
}

void pg_tasks_free(StandinDevice *device) {
  for (uint32_t at = 0; at < PG_TASKS; at++) {
    struct pg_task *task = &device->tasks[at];
    if (!task->used) continue;
    retire(task->base);
    if (task->task == NULL) munmap(task->base, task->length);
    if (task->task != NULL) device->descriptor->destroyTask(task->task);
  }
}

/* ---- declared RAM ---- */

/* Where a piece of it is, NULL if it isn't all in one range. */
static uint8_t *declared(StandinDevice *device, uint64_t gpa, uint64_t length) {
  StandinMemoryMap *map = device->descriptor->memoryMap;
  for (uint32_t at = 0; at < map->count; at++) {
    PGGuestPhysicalRange_t *range = &map->ranges[at];
    if (gpa < range->physicalAddress || gpa - range->physicalAddress >= range->physicalLength) continue;
    uint64_t offset = gpa - range->physicalAddress;
    return length <= range->physicalLength - offset ? (uint8_t *)range->hostAddress + offset : NULL;
  }
  return NULL;
}

/* A second view of guest pages: mremap() of shared memory with a length of 0. */
static bool show(StandinDevice *device, uint8_t *target, uint64_t gpa, uint64_t length) {
  uint8_t *source = declared(device, gpa, length);
  if (source == NULL || length == 0 || ((uintptr_t)source | (uintptr_t)target | length) % 4096 != 0) return false;
  return mremap(source, 0, length, MREMAP_MAYMOVE | MREMAP_FIXED, target) != MAP_FAILED;
}

static bool map_declared(StandinDevice *device, const struct pg_task *task, const struct pvgi_call *call) {
  uint64_t offset = call->words[1];
  bool all = true;
  for (uint32_t at = 0; at < call->piece_count; at++) {
    uint64_t gpa = call->pieces[2 * at], length = call->pieces[2 * at + 1];
    bool inside = offset <= task->length && length <= task->length - offset;
    all = inside && show(device, task->base + offset, gpa, length) && all;
    offset += length;
  }
  return all;
}

static bool unmap_declared(const struct pg_task *task, uint64_t offset, uint64_t length) {
  if (length == 0 || offset > task->length || length > task->length - offset || (offset | length) % 4096 != 0) return false;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  return mmap(task->base + offset, length, PROT_READ | PROT_WRITE, flags, -1, 0) != MAP_FAILED;
}

/* ---- questions ---- */

static bool map(StandinDevice *device, const struct pvgi_call *call) {
  uint8_t *base;
  struct pg_task *task = task_of(device, call->words[0], &base);
  if (task == NULL) return false;
  if (task->task == NULL) return map_declared(device, task, call);
  PGPhysicalMemoryRange_t *pieces = (PGPhysicalMemoryRange_t *)(uintptr_t)call->pieces;
  return device->descriptor->mapMemory(task->task, call->piece_count, call->words[1], call->words[2] != 0, pieces);
}

static bool unmap(StandinDevice *device, const struct pvgi_call *call) {
  uint8_t *base;
  struct pg_task *task = task_of(device, call->words[0], &base);
  if (task == NULL) return false;
  if (task->task == NULL) return unmap_declared(task, call->words[1], call->words[2]);
  return device->descriptor->unmapMemory(task->task, call->words[1], call->words[2]);
}

static bool read_guest(StandinDevice *device, const struct pvgi_call *call) {
  if (device->descriptor->readMemory != NULL) return device->descriptor->readMemory(call->words[0], call->words[1], call->bytes);
  const uint8_t *source = declared(device, call->words[0], call->words[1]);
  if (source != NULL) memcpy(call->bytes, source, call->words[1]);
  return source != NULL;
}

static bool iosfc_map(StandinDevice *device, const struct pvgi_call *call, uint64_t *value) {
  const uint64_t *words = call->words;
  void *address = NULL;
  PGIOSurfaceMap ask = device->mapper->descriptor->map;
  bool ok = ask(words[0], words[1], words[2] != 0, &address, (void *)(uintptr_t)words[3], (void *)(uintptr_t)words[4]);
  *value = (uint64_t)(uintptr_t)address;
  return ok;
}

static bool iosfc_unmap(StandinDevice *device, const struct pvgi_call *call) {
  void *words[6];
  for (uint32_t at = 0; at < 6; at++) words[at] = (void *)(uintptr_t)call->words[at];
  return device->mapper->descriptor->unmap(words[0], words[1], words[2], words[3], words[4], words[5]);
}

static bool answer(StandinDevice *device, const struct pvgi_call *call, uint64_t *value) {
  switch (call->kind) {
    case PVG_UPCALL_CREATE_TASK: return create(device, call->words[0], value);
    case PVG_UPCALL_DESTROY_TASK: destroy(device, call->words[0]); return true;
    case PVG_UPCALL_MAP_MEMORY: return map(device, call);
    case PVG_UPCALL_UNMAP_MEMORY: return unmap(device, call);
    case PVG_UPCALL_READ_MEMORY: return read_guest(device, call);
    case PVG_UPCALL_IOSFC_MAP: return iosfc_map(device, call, value);
    case PVG_UPCALL_IOSFC_UNMAP: return iosfc_unmap(device, call);
    default: return false;
  }
}

bool standin_upcall(struct pvgi_device *soft, const struct pvgi_call *call, uint64_t *value) {
  uint64_t unused, *out = value != NULL ? value : &unused;
  *out = 0;
  StandinDevice *device = pg_find(soft->config.group);
  bool ok = false;
  @autoreleasepool {
    if (device != nil) ok = answer(device, call, out);
  }
  return ok;
}
