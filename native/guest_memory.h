/* SPDX-License-Identifier: Apache-2.0
 *
 * guest_memory.h - what the files that make and show guest memory share: the tables of RAMs and task ranges.
 *
 * guest_memory.c: what both have in common, and RAM; ram_import.c: RAM that is somebody else's; shared_memory.c: memory of this process that
 * is to be shared; task_range.c: ranges, and what is mapped there; range_pieces.c: the record of that; ram_revoke.c: taking RAM away
 * while ranges show it; dirty_log.c: what ranges may have written; bus_error.c: RAM whose file was cut short.
 *
 * Lock order: a range's mutex, then a RAM's, then that of the places.
 */
#ifndef PVG_GUEST_MEMORY_H
#define PVG_GUEST_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "handle.h"
#include "internal.h"

#define PVGI_RAMS 16384u
#define PVGI_RANGES 4096u
#define PVGI_ZERO_PAGES (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

/* `length` bytes of a range that show a RAM from `ram_offset` on. */
struct pvgi_piece {
  uint64_t offset, length, ram_offset;
  uint32_t ram; /* its handle; the RAM may be gone */
  uint32_t writable;
};

/* Sorted by offset; no two overlap, nor could two neighbours be one. */
struct pvgi_pieces {
  struct pvgi_piece *list;
  uint32_t count, room;
};

/* A RAM or a range. While it has references its slot isn't free, even when its handle is dead already. */
struct pvgi_region {
  struct pvgi_slot slot;
  uint32_t group;
  uint32_t references; /* by pvgi_*_acquire, without the handle's own */
  uint32_t name;       /* the handle, also when that is dead; 0 once the slot is free */
  uint8_t *base;
  uint64_t length;
  /* What bus_error.c looks at from a signal handler: `end` is 0 while the others change. */
  atomic_ullong start, end;
  atomic_ullong block; /* the smallest piece that can be replaced: a page, or a huge one */
  /* Of a RAM: */
  int fd;             /* while it lives and was not revoked, if it has one, else -1 */
  uint64_t fd_offset; /* of its first byte in the file */
  bool writable;      /* ranges may show it for writing */
  bool kept;          /* somebody may have a view of it: its addresses stay when it is gone */
  bool revoked;
  uint64_t *log; /* dirty_log.c; NULL while nobody asks */
  /* Of a range: */
  struct pvgi_pieces pieces;
};

extern struct pvgi_table pvgi_ram_table, pvgi_range_table;

/* ---- guest_memory.c ---- */

bool pvgi_is_aligned(uint64_t value);
int32_t pvgi_check_piece(const char *noun, uint64_t offset, uint64_t length, uint64_t whole);
bool pvgi_check_length(const char *noun, uint64_t length, uint64_t maximum);
bool pvgi_check_ram_length(uint64_t length);

/* How many slots were ever used; what comes into one behind those was made after this. */
uint32_t pvgi_region_count(struct pvgi_table *table);

static inline struct pvgi_region *pvgi_region_at(const struct pvgi_table *table, uint32_t index) {
  return (struct pvgi_region *)table->slots + index;
}

/* Gives `what` a slot and a handle, and enters it in its group. Gives mapping and descriptor back if that fails: 0 then. */
uint32_t pvgi_region_publish(struct pvgi_table *table, enum pvgi_kind kind, const struct pvgi_region *what);
int32_t pvgi_region_destroy(struct pvgi_table *table, enum pvgi_kind kind, uint32_t handle);
int32_t pvgi_region_acquire(struct pvgi_table *table, uint32_t handle, struct pvgi_memory *memory);
void pvgi_region_release(struct pvgi_table *table, struct pvgi_memory *memory);
uint64_t pvgi_region_address(struct pvgi_table *table, uint32_t handle);

/* ---- range_pieces.c: the range's mutex is held ---- */

/* Takes room for what one pvgi_pieces_put() or pvgi_pieces_cut() may add; false if there is no memory. */
bool pvgi_pieces_reserve(struct pvgi_pieces *pieces);

/* Forgets what is in [from, to), and notes what of it may have been written. The pages there must have been replaced. */
void pvgi_pieces_cut(struct pvgi_pieces *pieces, uint64_t from, uint64_t to);

/* Notes a piece in place of what was there. */
void pvgi_pieces_put(struct pvgi_pieces *pieces, const struct pvgi_piece *piece);
void pvgi_pieces_free(struct pvgi_pieces *pieces);

/* ---- dirty_log.c ---- */

/* A piece isn't shown any more: its pages may have been written until now. Takes the RAM's mutex. */
void pvgi_dirty_note(const struct pvgi_piece *piece);
void pvgi_dirty_free(struct pvgi_region *ram);

/* ---- bus_error.c ---- */

/* From now on a page of a RAM or a range that can't be had becomes zeros, instead of ending the process. */
void pvgi_bus_errors_catch(void);

#endif
