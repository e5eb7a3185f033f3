/* SPDX-License-Identifier: Apache-2.0
 *
 * tasks.m - guest memory for the framework, in whichever of its two models: it asks for pieces by tasks, or it was told where all of the RAM is.
 *
 * A task's address, which the framework hands back, is that of its place in a table, and is compared with the table before it is used. Offsets and
 * lengths are checked against the task here, whatever the host checks. A task's range stays mapped until the framework has said that the task is
 * destroyed, or is gone itself. Declared RAM stays mapped as long as the framework may look at it, but what memory comes or goes
 * later the framework doesn't learn.
 */
#import "apple_pvg.h"

#include <string.h>

/* The framework's name for a task. */
static PGTask_t *name_of(struct apple_task *task) { return (PGTask_t *)task; }

static struct apple_task *find_locked(struct apple_device *device, PGTask_t *name) {
  for (uint32_t at = 0; at < APPLE_TASKS; at++) {
    if (name == name_of(&device->tasks[at]) && device->tasks[at].range != 0) return &device->tasks[at];
  }
  return NULL;
}

/* Range and length of a task; false if it is none. */
static bool look_up(struct apple_device *device, PGTask_t *name, uint32_t *range, uint64_t *length) {
  pthread_mutex_lock(&device->tasks_lock);
  const struct apple_task *task = find_locked(device, name);
  if (task != NULL) {
    *range = task->range;
    *length = task->memory.length;
  }
  pthread_mutex_unlock(&device->tasks_lock);
  return task != NULL;
}

static struct apple_task *put(struct apple_device *device, uint32_t range, const struct pvgi_memory *memory) {
  struct apple_task *task = NULL;
  pthread_mutex_lock(&device->tasks_lock);
  for (uint32_t at = 0; at < APPLE_TASKS && task == NULL; at++) {
    if (device->tasks[at].range == 0) task = &device->tasks[at];
  }
  if (task != NULL) *task = (struct apple_task){.memory = *memory, .range = range};
  pthread_mutex_unlock(&device->tasks_lock);
  return task;
}

static PGTask_t *create_task(struct apple_device *device, uint64_t length, void **base) {
  uint64_t page = pvg_page_size(), range = 0;
  if (base == NULL || length == 0 || length > UINT64_MAX - page) return NULL;
  *base = NULL;
  struct pvgi_call create = {.kind = PVG_UPCALL_CREATE_TASK, .words = {(length + page - 1) / page * page}};
  if (!apple_ask(device, &create, &range)) return NULL;
  struct pvgi_memory memory = {0};
  bool found = range != 0 && range <= UINT32_MAX && pvgi_range_acquire((uint32_t)range, &memory) == PVG_OK;
  struct apple_task *task = found && memory.length >= length ? put(device, (uint32_t)range, &memory) : NULL;
  if (task != NULL) {
    *base = memory.base;
    return name_of(task);
  }
  /* What the host gave is no such range, or one task too many: it is handed back, and nothing of it is used. */
  if (found) pvgi_range_release(&memory);
  struct pvgi_call destroy = {.kind = PVG_UPCALL_DESTROY_TASK, .words = {range}};
  apple_ask(device, &destroy, NULL);
  return NULL;
}

static void destroy_task(struct apple_device *device, PGTask_t *name) {
  uint32_t range;
  uint64_t length;
  if (!look_up(device, name, &range, &length)) return;
  struct pvgi_call destroy = {.kind = PVG_UPCALL_DESTROY_TASK, .words = {range}};
  apple_ask(device, &destroy, NULL);
  struct pvgi_memory memory = {0};
  pthread_mutex_lock(&device->tasks_lock);
  struct apple_task *task = find_locked(device, name);
  if (task != NULL) memory = task->memory;
  if (task != NULL) *task = (struct apple_task){0};
  pthread_mutex_unlock(&device->tasks_lock);
  if (task != NULL) pvgi_range_release(&memory);
}

/* Whether pieces, one behind the other from `offset` on, lie in a task of that length. */
static bool fits(const PGPhysicalMemoryRange_t *pieces, uint32_t count, uint64_t offset, uint64_t length) {
  if (count > APPLE_PIECES_MAX || (count != 0 && pieces == NULL) || offset > length) return false;
  for (uint32_t at = 0; at < count; at++) {
    uint64_t bytes = pieces[at].physicalLength;
    if (bytes > length - offset || pieces[at].physicalAddress > UINT64_MAX - bytes) return false;
    offset += bytes;
  }
  return true;
}

_Static_assert(sizeof(PGPhysicalMemoryRange_t) == 16 && offsetof(PGPhysicalMemoryRange_t, physicalLength) == 8,
               "pieces are gpa, length pairs to the framework and the host alike");

struct request { uint64_t offset; uint32_t count; bool read_only; };

static bool map_memory(struct apple_device *device, PGTask_t *name, struct request request, const PGPhysicalMemoryRange_t *pieces) {
  uint32_t range;
  uint64_t length;
  if (!look_up(device, name, &range, &length) || !fits(pieces, request.count, request.offset, length)) return false;
  struct pvgi_call map = {.kind = PVG_UPCALL_MAP_MEMORY,
                          .words = {range, request.offset, request.read_only, request.count},
                          .pieces = (const uint64_t *)(const void *)pieces,
                          .piece_count = request.count};
  if (request.count != 0) map.words[4] = pieces[0].physicalAddress;
  if (request.count != 0) map.words[5] = pieces[0].physicalLength;
  return apple_ask(device, &map, NULL);
}

static bool unmap_memory(struct apple_device *device, PGTask_t *name, uint64_t offset, uint64_t bytes) {
  uint32_t range;
  uint64_t length;
  if (!look_up(device, name, &range, &length) || offset > length || bytes > length - offset) return false;
  struct pvgi_call unmap = {.kind = PVG_UPCALL_UNMAP_MEMORY, .words = {range, offset, bytes}};
  return apple_ask(device, &unmap, NULL);
}

static bool read_memory(struct apple_device *device, uint64_t gpa, uint64_t length, void *destination) {
  if (destination == NULL || length == 0 || length > APPLE_READ_MAX || gpa > UINT64_MAX - length) return false;
  struct pvgi_call read = {.kind = PVG_UPCALL_READ_MEMORY,
                           .words = {gpa, length, (uint64_t)(uintptr_t)destination},
                           .bytes = destination,
                           .length = length};
  return apple_ask(device, &read, NULL);
}

/* ---- the two models ---- */

static void describe_tasks(struct apple_device *device, id<PGDeviceDescriptor> descriptor) {
  Keeper *keeper = device->keeper;
  descriptor.createTask = ^PGTask_t *(uint64_t length, void **base) {
    __block PGTask_t *task = NULL;
    apple_shield("createTask", ^{
      task = create_task(keeper->device, length, base);
    });
    return task;
  };
  descriptor.destroyTask = ^(PGTask_t *task) {
    apple_shield("destroyTask", ^{
      destroy_task(keeper->device, task);
    });
  };
  descriptor.mapMemory = ^bool(PGTask_t *task, uint32_t count, uint64_t offset, bool read_only, PGPhysicalMemoryRange_t *pieces) {
    __block bool mapped = false;
    apple_shield("mapMemory", ^{
      mapped = map_memory(keeper->device, task, (struct request){offset, count, read_only}, pieces);
    });
    return mapped;
  };
  descriptor.unmapMemory = ^bool(PGTask_t *task, uint64_t offset, uint64_t length) {
    __block bool unmapped = false;
    apple_shield("unmapMemory", ^{
      unmapped = unmap_memory(keeper->device, task, offset, length);
    });
    return unmapped;
  };
  descriptor.readMemory = ^bool(uint64_t gpa, uint64_t length, void *destination) {
    __block bool read = false;
    apple_shield("readMemory", ^{
      read = read_memory(keeper->device, gpa, length, destination);
    });
    return read;
  };
}

static int32_t describe_ranges(struct apple_device *device, id<PGDeviceDescriptor> descriptor) {
  id<PGMemoryMapDescriptor> map = [[[apple_framework()->memory_map alloc] init] autorelease];
  if (map == nil) return pvgi_fail(PVG_E_REFUSED, "PGMemoryMapDescriptor gives no instance");
  for (uint32_t at = 0; at < device->range_count; at++) {
    const struct pvg_ram_range *range = &device->ranges[at];
    int32_t result = pvgi_ram_acquire(range->ram, &device->memories[at]);
    if (result != PVG_OK) return result;
    [map addRange:(PGGuestPhysicalRange_t){range->gpa, range->length, device->memories[at].base + range->ram_offset}];
  }
  descriptor.memoryMapDescriptor = map;
  return PVG_OK;
}

int32_t apple_memory_describe(struct apple_device *device, id<PGDeviceDescriptor> descriptor) {
  if (apple_framework()->model == MODEL_RANGES) return describe_ranges(device, descriptor);
  describe_tasks(device, descriptor);
  return PVG_OK;
}

/* The framework is gone, so nobody looks at them any more. */
void apple_tasks_free(struct apple_device *device) {
  for (uint32_t at = 0; at < APPLE_TASKS; at++) {
    if (device->tasks[at].range != 0) pvgi_range_release(&device->tasks[at].memory);
  }
}
