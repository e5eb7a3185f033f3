/* SPDX-License-Identifier: Apache-2.0
 *
 * range_pieces.c - which pages of which RAM a task range shows, in a sorted list.
 *
 * It is bounded by what it describes: two neighbouring entries are two mappings to the system as well, which allows a process 65 530 of them.
 * Entries come mostly in order, which makes noting one a step or two. Whoever calls holds the range's mutex.
 */
#include <stdlib.h>
#include <string.h>

#include "guest_memory.h"

static uint64_t end_of(const struct pvgi_piece *piece) { return piece->offset + piece->length; }

/* The first entry that ends behind `offset`. */
static uint32_t find(const struct pvgi_pieces *pieces, uint64_t offset) {
  uint32_t low = 0, high = pieces->count;
  if (high != 0 && end_of(&pieces->list[high - 1]) <= offset) return high;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (end_of(&pieces->list[middle]) > offset) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/* A piece may cut another in two, and take a place between. */
bool pvgi_pieces_reserve(struct pvgi_pieces *pieces) {
  if (pieces->room - pieces->count >= 2) return true;
  uint32_t room = pieces->room < 8 ? 16 : 2 * pieces->room;
  struct pvgi_piece *list = realloc(pieces->list, room * sizeof *list);
  if (list == NULL) return false;
  pieces->list = list;
  pieces->room = room;
  return true;
}

/* Moves the entries from `from` on so that they begin at `to`. */
static void move_tail(struct pvgi_pieces *pieces, uint32_t from, uint32_t to) {
  if (from == to) return;
  memmove(pieces->list + to, pieces->list + from, (pieces->count - from) * sizeof *pieces->list);
  pieces->count += to - from;
}

static void skip(struct pvgi_piece *piece, uint64_t length) {
  piece->offset += length;
  piece->ram_offset += length;
  piece->length -= length;
}

/* Notes that [from, to) of an entry is shown no more. */
static void drop(const struct pvgi_piece *piece, uint64_t from, uint64_t to) {
  struct pvgi_piece part = *piece;
  if (part.offset < from) skip(&part, from - part.offset);
  if (end_of(&part) > to) part.length = to - part.offset;
  pvgi_dirty_note(&part);
}

void pvgi_pieces_cut(struct pvgi_pieces *pieces, uint64_t from, uint64_t to) {
  struct pvgi_piece *list = pieces->list;
  uint32_t first = find(pieces, from), last = first;
  while (last < pieces->count && list[last].offset < to) drop(&list[last++], from, to);
  if (first == last) return;
  /* What is left of the first entry in front, and of the last one behind; they may be the same. */
  struct pvgi_piece behind = list[last - 1];
  bool keeps_front = list[first].offset < from, keeps_behind = end_of(&behind) > to;
  if (keeps_front) list[first].length = from - list[first].offset;
  uint32_t kept = first + (keeps_front ? 1 : 0);
  move_tail(pieces, last, kept + (keeps_behind ? 1 : 0));
  if (!keeps_behind) return;
  skip(&behind, to - behind.offset);
  list[kept] = behind;
}

/* Makes `next` part of the entry before it if the two can be one. */
static bool join(struct pvgi_piece *piece, const struct pvgi_piece *next) {
  if (piece->ram != next->ram || piece->writable != next->writable || end_of(piece) != next->offset ||
      piece->ram_offset + piece->length != next->ram_offset) {
    return false;
  }
  piece->length += next->length;
  return true;
}

void pvgi_pieces_put(struct pvgi_pieces *pieces, const struct pvgi_piece *piece) {
  pvgi_pieces_cut(pieces, piece->offset, end_of(piece));
  struct pvgi_piece *list = pieces->list;
  uint32_t at = find(pieces, piece->offset);
  if (at != 0 && join(&list[at - 1], piece)) {
    if (at < pieces->count && join(&list[at - 1], &list[at])) move_tail(pieces, at + 1, at);
    return;
  }
  struct pvgi_piece joined = *piece;
  if (at < pieces->count && join(&joined, &list[at])) {
    list[at] = joined;
    return;
  }
  move_tail(pieces, at, at + 1);
  list[at] = *piece;
}

void pvgi_pieces_free(struct pvgi_pieces *pieces) {
  for (uint32_t at = 0; at < pieces->count; at++) pvgi_dirty_note(&pieces->list[at]);
  free(pieces->list);
  *pieces = (struct pvgi_pieces){0};
}
