/* SPDX-License-Identifier: Apache-2.0
 *
 * mappings.c - what of guest memory a task shows, and where: kept for the day on which the device is suspended.
 *
 * Invariant: a task's list is sorted by offset and its entries don't overlap, nor could two neighbours be one. Neighbours become one
 * only if a single RAM range that the host declared holds both, because the host may refuse a piece that leaves what it looks up as one.
 * A device has SOFT_MAPPINGS entries at most. Room for what a packet may add is taken before the host is asked, so that its yes can always
 * be noted down. This file doesn't map anything; a list belongs to whoever holds its task's rw lock for writing, or has the task at rest.
 */
#include <stdlib.h>
#include <string.h>

#include "soft_pvg.h"

static uint64_t end_of(const struct soft_task_mapping *mapping) { return mapping->offset + mapping->length; }

/* The first entry that ends behind `offset`. */
static uint32_t find(const struct soft_mappings *mappings, uint64_t offset) {
  uint32_t low = 0, high = mappings->count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (end_of(&mappings->list[middle]) > offset) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/* Takes room for `count` entries instead of what is in [from, to), which may cut one entry in two; false if there is none.
 * soft_mappings_settle() gives back what was not used. */
bool soft_mappings_reserve(struct soft_device *device, struct soft_mappings *mappings, uint64_t from, uint64_t to, uint32_t count) {
  uint32_t first = find(mappings, from), more = count;
  if (first < mappings->count && mappings->list[first].offset < from && end_of(&mappings->list[first]) > to) more++;
  if (atomic_fetch_add(&device->mappings, more) + more > SOFT_MAPPINGS) {
    atomic_fetch_sub(&device->mappings, more);
    return false;
  }
  mappings->reserved = mappings->count + more;
  if (mappings->reserved <= mappings->room) return true;
  uint32_t room = mappings->reserved < 2 * mappings->room ? 2 * mappings->room : mappings->reserved;
  struct soft_task_mapping *list = realloc(mappings->list, room * sizeof *list);
  if (list == NULL) {
    atomic_fetch_sub(&device->mappings, more);
    return false;
  }
  mappings->list = list;
  mappings->room = room;
  return true;
}

void soft_mappings_settle(struct soft_device *device, struct soft_mappings *mappings) {
  atomic_fetch_sub(&device->mappings, mappings->reserved - mappings->count);
}

void soft_mappings_free(struct soft_device *device, struct soft_mappings *mappings) {
  atomic_fetch_sub(&device->mappings, mappings->count);
  free(mappings->list);
  *mappings = (struct soft_mappings){0};
}

/* Moves the entries from `from` on so that they begin at `to`. */
static void move_tail(struct soft_mappings *mappings, uint32_t from, uint32_t to) {
  size_t moved = mappings->count - from;
  if (moved != 0) memmove(mappings->list + to, mappings->list + from, moved * sizeof *mappings->list);
  mappings->count += to - from;
}

static void skip(struct soft_task_mapping *mapping, uint64_t length) {
  mapping->offset += length;
  mapping->gpa += length;
  mapping->length -= length;
}

/* Forgets [from, to); one entry may become two, for which there is room. */
void soft_mappings_cut(struct soft_mappings *mappings, uint64_t from, uint64_t to) {
  if (from >= to) return;
  struct soft_task_mapping *list = mappings->list;
  uint32_t first = find(mappings, from);
  if (first < mappings->count && list[first].offset < from) {
    if (end_of(&list[first]) > to) {
      move_tail(mappings, first, first + 1);
      list[first].length = from - list[first].offset;
      skip(&list[first + 1], to - list[first + 1].offset);
      return;
    }
    list[first].length = from - list[first].offset;
    first++;
  }
  uint32_t last = first;
  while (last < mappings->count && end_of(&list[last]) <= to) last++;
  if (last < mappings->count && list[last].offset < to) skip(&list[last], to - list[last].offset);
  move_tail(mappings, last, first);
}

static bool in_one_range(const struct soft_device *device, uint64_t gpa, uint64_t length) {
  for (uint32_t i = 0; i < device->range_count; i++) {
    const struct pvg_ram_range *range = &device->ranges[i];
    if (gpa >= range->gpa && gpa - range->gpa < range->length) return length <= range->length - (gpa - range->gpa);
  }
  return false;
}

/* Makes `next` part of the entry before it if the two can be one. */
static bool join(const struct soft_device *device, struct soft_task_mapping *mapping, const struct soft_task_mapping *next) {
  if (end_of(mapping) != next->offset || mapping->gpa + mapping->length != next->gpa) return false;
  if (mapping->read_only != next->read_only) return false;
  if (!in_one_range(device, mapping->gpa, mapping->length + next->length)) return false;
  mapping->length += next->length;
  return true;
}

/* Notes that `count` pieces (gpa, length pairs) are mapped from `offset` on, one behind the other, instead of what was there. */
void soft_mappings_put(struct soft_device *device, struct soft_mappings *mappings, uint64_t offset, bool read_only,
                       const uint64_t *pieces, uint32_t count) {
  uint64_t end = offset;
  for (uint32_t i = 0; i < count; i++) end += pieces[2 * i + 1];
  soft_mappings_cut(mappings, offset, end);
  struct soft_task_mapping *list = mappings->list;
  uint32_t out = find(mappings, offset), tail = out + count;
  move_tail(mappings, out, tail);
  for (uint32_t i = 0; i < count; i++) {
    struct soft_task_mapping next = {.offset = offset, .length = pieces[2 * i + 1], .gpa = pieces[2 * i], .read_only = read_only};
    offset += next.length;
    if (next.length == 0 || (out != 0 && join(device, &list[out - 1], &next))) continue;
    list[out++] = next;
  }
  if (out != 0 && tail < mappings->count && join(device, &list[out - 1], &list[tail])) tail++;
  move_tail(mappings, tail, out);
}
