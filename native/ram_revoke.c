/* SPDX-License-Identifier: Apache-2.0
 *
 * ram_revoke.c - taking RAM away from everybody in this process at once.
 *
 * Invariant: when pvg_ram_revoke() returns PVG_OK, no page of the old RAM is mapped by this library, and none will be. First the RAM is marked, under
 * its mutex: whoever maps it does so before that, and has then noted it in its range when the range is looked through, or never. A
 * copy that is in progress goes on with zeros, since the addresses stay: nobody has to be waited for.
 */
#include <unistd.h>

#include "guest_memory.h"

static bool put_zeros(uint8_t *target, uint64_t length) {
  return mmap(target, length, PROT_READ | PROT_WRITE, PVGI_ZERO_PAGES | MAP_FIXED, -1, 0) != MAP_FAILED;
}

/* Takes the RAM's own pages away; also of one that was destroyed while something refers to it still. */
static bool revoke_base(uint32_t ram, int *fd) {
  struct pvgi_region *region = pvgi_region_at(&pvgi_ram_table, ram & ((1u << PVGI_INDEX_BITS) - 1u));
  bool ok = true;
  *fd = -1;
  pthread_mutex_lock(&region->slot.mutex);
  if (region->name == ram) {
    *fd = region->fd;
    region->fd = -1;
    region->revoked = true;
    ok = put_zeros(region->base, region->length);
  }
  pthread_mutex_unlock(&region->slot.mutex);
  return ok;
}

/* Takes pages out of a range. To replace a whole mapping takes no mapping to spare; where the system has put some together that are
 * several here, and has none to spare, the range loses all of them. */
static bool revoke_pieces_locked(struct pvgi_region *range, uint32_t ram) {
  struct pvgi_pieces *pieces = &range->pieces;
  for (uint32_t at = 0; at < pieces->count;) {
    const struct pvgi_piece piece = pieces->list[at];
    if (piece.ram != ram) {
      at++;
    } else if (put_zeros(range->base + piece.offset, piece.length)) {
      pvgi_pieces_cut(pieces, piece.offset, piece.offset + piece.length);
    } else if (put_zeros(range->base, range->length)) {
      pvgi_pieces_free(pieces);
    } else {
      return false;
    }
  }
  return true;
}

static bool revoke_ranges(uint32_t ram) {
  uint32_t count = pvgi_region_count(&pvgi_range_table);
  bool ok = true;
  for (uint32_t index = 0; index < count; index++) {
    struct pvgi_region *range = pvgi_region_at(&pvgi_range_table, index);
    pthread_mutex_lock(&range->slot.mutex);
    if (range->base != NULL) ok = revoke_pieces_locked(range, ram) && ok;
    pthread_mutex_unlock(&range->slot.mutex);
  }
  return ok;
}

int32_t pvg_ram_revoke(uint32_t ram) {
  int fd;
  if (ram >> (PVGI_INDEX_BITS + PVGI_GENERATION_BITS) != PVGI_TAG_RAM) return pvgi_no_such(&pvgi_ram_table, ram);
  bool base = revoke_base(ram, &fd);
  bool ranges = revoke_ranges(ram);
  if (fd >= 0) close(fd);
  if (base && ranges) return PVG_OK;
  return pvgi_fail(PVG_E_NO_MEMORY, "the system doesn't take the pages of RAM 0x%x away", ram);
}
