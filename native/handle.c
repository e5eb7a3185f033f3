/* SPDX-License-Identifier: Apache-2.0
 *
 * handle.c - handles and the tables of slots behind them; handle.h has the invariants.
 *
 * Free slots are reused oldest first and only once no fresh one is left, so that a stale handle meets its own
 * generation again only after the whole table was gone through 16 383 times. Lock order: a slot's mutex may be
 * held when the table's is taken, never the other way round.
 */
#include "handle.h"

#include "internal.h"

#define INDEX_MASK ((1u << PVGI_INDEX_BITS) - 1u)
#define GENERATION_MASK ((1u << PVGI_GENERATION_BITS) - 1u)
#define TAG_SHIFT (PVGI_INDEX_BITS + PVGI_GENERATION_BITS)

static struct pvgi_slot *slot_at(const struct pvgi_table *table, uint32_t index) {
  return (struct pvgi_slot *)(void *)((char *)table->slots + (size_t)index * table->stride);
}

static uint32_t index_of(const struct pvgi_table *table, const struct pvgi_slot *slot) {
  return (uint32_t)((size_t)((const char *)slot - (const char *)table->slots) / table->stride);
}

/* Index + 1 of a slot that nobody else will be given, or 0. */
static uint32_t pop_free(struct pvgi_table *table) {
  uint32_t place = 0;
  pthread_mutex_lock(&table->mutex);
  if (table->used < table->capacity) {
    place = ++table->used;
  } else if (table->first_free != 0) {
    place = table->first_free;
    table->first_free = slot_at(table, place - 1)->next_free;
    if (table->first_free == 0) table->last_free = 0;
  }
  pthread_mutex_unlock(&table->mutex);
  return place;
}

void *pvgi_slot_claim(struct pvgi_table *table) {
  uint32_t place = pop_free(table);
  if (place == 0) {
    pvgi_fail(PVG_E_FULL, "there are %u %ss already, which is the limit", table->capacity, table->noun);
    return NULL;
  }
  struct pvgi_slot *slot = slot_at(table, place - 1);
  pthread_mutex_lock(&slot->mutex);
  slot->generation = (slot->generation & GENERATION_MASK) == GENERATION_MASK ? 1u : slot->generation + 1u;
  slot->handle = (uint32_t)table->tag << TAG_SHIFT | slot->generation << PVGI_INDEX_BITS | (place - 1);
  return slot;
}

void *pvgi_slot_lock(struct pvgi_table *table, uint32_t handle) {
  uint32_t index = handle & INDEX_MASK;
  if (handle >> TAG_SHIFT != (uint32_t)table->tag || index >= table->capacity) return NULL;
  struct pvgi_slot *slot = slot_at(table, index);
  pthread_mutex_lock(&slot->mutex);
  if (slot->handle == handle) return slot;
  pthread_mutex_unlock(&slot->mutex);
  return NULL;
}

void pvgi_slot_unlock(struct pvgi_slot *slot) { pthread_mutex_unlock(&slot->mutex); }

void pvgi_slot_free_unlock(struct pvgi_table *table, struct pvgi_slot *slot) {
  uint32_t place = index_of(table, slot) + 1;
  slot->handle = 0;
  pthread_mutex_lock(&table->mutex);
  slot->next_free = 0;
  if (table->last_free != 0) {
    slot_at(table, table->last_free - 1)->next_free = place;
  } else {
    table->first_free = place;
  }
  table->last_free = place;
  pthread_mutex_unlock(&table->mutex);
  pthread_mutex_unlock(&slot->mutex);
}

int32_t pvgi_no_such(const struct pvgi_table *table, uint32_t handle) {
  return pvgi_fail(PVG_E_HANDLE, "no living %s has the handle 0x%x", table->noun, handle);
}
