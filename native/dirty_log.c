/* SPDX-License-Identifier: Apache-2.0
 *
 * dirty_log.c - which pages of a RAM ranges may have written since somebody asked last.
 *
 * A page that a range shows for writing may be written at any moment, so those count that are shown now, and those that were since: they are
 * noted when they are shown no more, after the pages were replaced. So nothing is done when a page is mapped, and nothing at all while nobody asks.
 * Who asks looks through the ranges first and empties the log then: what is shown no more in between is in it.
 */
#include <stdlib.h>
#include <string.h>

#include "guest_memory.h"

/* RAMs that have a log, so that others cost no look-up. */
static atomic_uint logs;

static void set_bits(uint64_t *words, uint64_t from, uint64_t to) {
  for (uint64_t bit = from; bit < to;) {
    if (bit % 64 == 0 && to - bit >= 64) {
      words[bit / 64] = UINT64_MAX;
      bit += 64;
    } else {
      words[bit / 64] |= UINT64_C(1) << bit % 64;
      bit++;
    }
  }
}

/* Pages that [offset, offset+length) has a byte of. */
static void set_pages(uint64_t *words, uint64_t page_bytes, uint64_t offset, uint64_t length) {
  set_bits(words, offset / page_bytes, (offset + length - 1) / page_bytes + 1);
}

static uint64_t pages_of(uint64_t length, uint64_t page_bytes) { return (length + page_bytes - 1) / page_bytes; }

void pvgi_dirty_note(const struct pvgi_piece *piece) {
  if (!piece->writable || atomic_load(&logs) == 0) return;
  struct pvgi_region *ram = pvgi_slot_lock(&pvgi_ram_table, piece->ram);
  if (ram == NULL) return;
  if (ram->log != NULL) set_pages(ram->log, pvg_page_size(), piece->ram_offset, piece->length);
  pvgi_slot_unlock(&ram->slot);
}

void pvgi_dirty_free(struct pvgi_region *ram) {
  if (ram->log == NULL) return;
  free(ram->log);
  ram->log = NULL;
  atomic_fetch_sub(&logs, 1);
}

/* What is asked for, and where the answer goes. */
struct question {
  uint32_t ram;
  uint64_t page_bytes;
  uint64_t *words;
};

static void add_shown(const struct question *question) {
  uint32_t count = pvgi_region_count(&pvgi_range_table);
  for (uint32_t index = 0; index < count; index++) {
    struct pvgi_region *range = pvgi_region_at(&pvgi_range_table, index);
    pthread_mutex_lock(&range->slot.mutex);
    for (uint32_t at = 0; range->base != NULL && at < range->pieces.count; at++) {
      const struct pvgi_piece *piece = &range->pieces.list[at];
      if (piece->ram != question->ram || !piece->writable) continue;
      set_pages(question->words, question->page_bytes, piece->ram_offset, piece->length);
    }
    pthread_mutex_unlock(&range->slot.mutex);
  }
}

/* Adds what the log holds, and empties it; its mutex is held. */
static void add_logged(const struct question *question, struct pvgi_region *ram) {
  uint64_t page = pvg_page_size(), count = pages_of(ram->length, page);
  for (uint64_t word = 0; word < (count + 63) / 64; word++) {
    for (uint64_t left = ram->log[word]; left != 0; left &= left - 1) {
      set_pages(question->words, question->page_bytes, page * (64 * word + (uint64_t)__builtin_ctzll(left)), page);
    }
    ram->log[word] = 0;
  }
}

/* Nobody has noted what was shown so far, so all of it counts. */
static int32_t begin_log(const struct question *question, struct pvgi_region *ram) {
  ram->log = calloc((pages_of(ram->length, pvg_page_size()) + 63) / 64, sizeof *ram->log);
  if (ram->log == NULL) return pvgi_fail(PVG_E_NO_MEMORY, "no memory to log what of RAM 0x%x is written", question->ram);
  atomic_fetch_add(&logs, 1);
  set_bits(question->words, 0, pages_of(ram->length, question->page_bytes));
  return PVG_OK;
}

/* PVG_OK if the question makes sense for a RAM of that length. */
static int32_t check_question(uint64_t length, uint64_t page_bytes, uint64_t words) {
  bool sane = page_bytes >= pvg_page_size() && (page_bytes & (page_bytes - 1)) == 0 && page_bytes <= UINT64_C(1) << 40;
  if (!sane) {
    return pvgi_fail(PVG_E_ARGUMENT, "pages of 0x%llx bytes can't be told apart, expected a power of two from 0x%x on",
                     (unsigned long long)page_bytes, pvg_page_size());
  }
  if (words == (pages_of(length, page_bytes) + 63) / 64) return PVG_OK;
  return pvgi_fail(PVG_E_BOUNDS, "%llu words are no bit for each page of the RAM", (unsigned long long)words);
}

int32_t pvg_ram_take_dirty(uint32_t ram, uint64_t page_bytes, uint64_t *words, uint64_t count) {
  struct pvgi_memory memory;
  int32_t status = pvgi_ram_acquire(ram, &memory);
  if (status != PVG_OK) return status;
  status = words == NULL ? pvgi_fail(PVG_E_ARGUMENT, "no room for the pages") : check_question(memory.length, page_bytes, count);
  if (status == PVG_OK) {
    const struct question question = {.ram = ram, .page_bytes = page_bytes, .words = words};
    struct pvgi_region *region = memory.owner;
    memset(words, 0, count * sizeof *words);
    add_shown(&question);
    pthread_mutex_lock(&region->slot.mutex);
    if (region->log != NULL) {
      add_logged(&question, region);
    } else {
      status = begin_log(&question, region);
    }
    pthread_mutex_unlock(&region->slot.mutex);
  }
  pvgi_ram_release(&memory);
  return status;
}

int32_t pvg_ram_end_dirty(uint32_t ram) {
  struct pvgi_region *region = pvgi_slot_lock(&pvgi_ram_table, ram);
  if (region == NULL) return pvgi_no_such(&pvgi_ram_table, ram);
  pvgi_dirty_free(region);
  pvgi_slot_unlock(&region->slot);
  return PVG_OK;
}
