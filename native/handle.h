/* SPDX-License-Identifier: Apache-2.0
 *
 * handle.h - handles and the tables of slots behind them.
 *
 * A handle is made of a kind tag (bits 28..31), a generation (bits 14..27) and a slot's index (bits 0..13).
 *
 * Invariants: a slot's memory is static and its mutex lives as long as the process, so that any 32-bit number
 * may be looked up at any time; a slot's `handle` is that of the object living in it and 0 if there is none, and
 * changes under the slot's mutex only. No tag is 0, so no handle is; no tag has the top bit, so a handle is a
 * positive int32 too.
 *
 * It does not know what lives in a slot, nor does it count references: the tables' owners do.
 */
#ifndef PVG_HANDLE_H
#define PVG_HANDLE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* Tags 5 to 7 are left to the objects of a PVG: devices, textures and whatever else it makes. */
enum pvgi_tag { PVGI_TAG_GROUP = 1, PVGI_TAG_MAILBOX = 2, PVGI_TAG_RAM = 3, PVGI_TAG_RANGE = 4, PVGI_TAG_MAP = 5 };

#define PVGI_INDEX_BITS 14u
#define PVGI_GENERATION_BITS 14u

/* The first member of every object that has a handle. */
struct pvgi_slot {
  pthread_mutex_t mutex;
  uint32_t handle;     /* guarded by mutex */
  uint32_t generation; /* of the last object that lived here; guarded by mutex */
  uint32_t next_free;  /* index + 1 of the next free slot, 0 at the end; guarded by the table's mutex */
};

struct pvgi_table {
  pthread_mutex_t mutex;
  const char *noun; /* for error texts */
  enum pvgi_tag tag;
  uint32_t capacity;
  size_t stride; /* bytes from one slot to the next */
  void *slots;
  uint32_t used;       /* slots that ever lived; those from here on are fresh */
  uint32_t first_free; /* index + 1, 0 if there is none */
  uint32_t last_free;
};

#define PVGI_TABLE(table_noun, table_tag, array)                                                   \
  {                                                                                                \
    .mutex = PTHREAD_MUTEX_INITIALIZER, .noun = (table_noun), .tag = (table_tag),                  \
    .capacity = sizeof(array) / sizeof((array)[0]), .stride = sizeof((array)[0]), .slots = (array) \
  }

/* A slot for a new object, locked and with its handle set, or NULL (and the error text of PVG_E_FULL). */
void *pvgi_slot_claim(struct pvgi_table *table);

/* The living object of that handle, locked, or NULL without any error text. */
void *pvgi_slot_lock(struct pvgi_table *table, uint32_t handle);

void pvgi_slot_unlock(struct pvgi_slot *slot);

/* Gives the slot, whose mutex the caller holds, back for the next object and unlocks it. */
void pvgi_slot_free_unlock(struct pvgi_table *table, struct pvgi_slot *slot);

/* PVG_E_HANDLE with its text. */
int32_t pvgi_no_such(const struct pvgi_table *table, uint32_t handle);

#endif
