/* SPDX-License-Identifier: Apache-2.0
 *
 * iosfc_state.c - the IOSurface mapper in a device's state: taken, checked, and mapped anew.
 *
 * The mapper's thread has nothing to do all this time, since every access to the mapper completes before a device rests, and none
 * begins before it runs. The table in guest memory is as the guest left it, so it is mapped again and not written.
 */
#include <stdlib.h>

#include "iosfc.h"
#include "state.h"

/* ---- taken ---- */

static void take_surface(struct soft_saved_iosfc *saved, const struct soft_surface *surface, uint32_t number) {
  bool mapped = soft_iosfc_mapped(&surface->mapping);
  if (!mapped && surface->times == 0) return;
  struct soft_saved_surface *out = &saved->surfaces[saved->surface_count++];
  *out = (struct soft_saved_surface){.number = number, .times = surface->times, .mapped = mapped};
  if (!mapped) return;
  out->flags = surface->flags;
  out->gpa = surface->gpa;
  out->length = surface->length;
}

int32_t soft_iosfc_take(struct soft_saved_iosfc *saved, struct soft_iosfc *iosfc) {
  saved->surfaces = calloc(IOSFC_SURFACES, sizeof *saved->surfaces);
  if (saved->surfaces == NULL) return pvgi_fail(PVG_E_NO_MEMORY, "no memory for the state of the surfaces");
  pthread_mutex_lock(&iosfc->lock);
  saved->ring_base = iosfc->ring_base;
  saved->ring_capacity = iosfc->ring_capacity;
  saved->table_base = iosfc->table_base;
  saved->producer = iosfc->producer;
  saved->consumer = iosfc->consumer;
  saved->status = iosfc->status;
  saved->ring_mapped = soft_iosfc_mapped(&iosfc->ring.mapping);
  saved->table_mapped = soft_iosfc_mapped(&iosfc->table.mapping);
  for (uint32_t number = 0; number < IOSFC_SURFACES; number++) take_surface(saved, &iosfc->surfaces[number], number);
  pthread_mutex_unlock(&iosfc->lock);
  return PVG_OK;
}

/* ---- checked ---- */

static const char *check_surface(const struct soft_saved_surface *surface) {
  struct soft_entry entry = {.gpa = surface->gpa, .length = surface->length, .flags = surface->flags};
  if (surface->number >= IOSFC_SURFACES || surface->mapped > 1) return "has a surface of a bad number, or a bad flag of it";
  if (surface->times == 0) return "has a surface that was never mapped";
  bool empty = surface->gpa == 0 && surface->length == 0 && surface->flags == 0;
  bool sane = surface->mapped ? soft_surface_is_sane(&entry) : empty;
  return sane ? NULL : "has a surface of no memory";
}

const char *soft_iosfc_check(const struct soft_saved_iosfc *saved) {
  uint64_t capacity = saved->ring_capacity;
  bool ring = capacity >= 1 && capacity <= IOSFC_RING_MAX && (capacity & (capacity - 1)) == 0 && saved->ring_base % 16 == 0;
  if (saved->ring_mapped > 1 || saved->table_mapped > 1) return "has a flag that is neither 0 nor 1";
  if (saved->status > (IOSFC_STATUS_DONE | IOSFC_STATUS_FAULT)) return "has an unknown status";
  if (saved->ring_mapped && !ring) return "has mapped a ring that makes no sense";
  if (saved->table_mapped && saved->table_base % 16 != 0) return "has mapped a table that makes no sense";
  for (uint32_t at = 0; at < saved->surface_count; at++) {
    const char *wrong = check_surface(&saved->surfaces[at]);
    if (wrong != NULL) return wrong;
    if (at != 0 && saved->surfaces[at].number <= saved->surfaces[at - 1].number) return "has surfaces that are out of order";
  }
  return NULL;
}

/* ---- mapped anew ---- */

static int32_t map_pieces_locked(struct soft_iosfc *iosfc, const struct soft_saved_iosfc *saved) {
  if (iosfc->asked != 0) return PVG_E_ARGUMENT; /* somebody has used it */
  iosfc->ring_base = saved->ring_base;
  iosfc->ring_capacity = saved->ring_capacity;
  iosfc->table_base = saved->table_base;
  iosfc->producer = saved->producer;
  iosfc->consumer = saved->consumer;
  iosfc->status = saved->status;
  return soft_iosfc_ensure_locked(iosfc, saved->ring_mapped, saved->table_mapped) ? PVG_OK : PVG_E_REFUSED;
}

int32_t soft_iosfc_resume(struct soft_iosfc *iosfc, const struct soft_saved_iosfc *saved) {
  pthread_mutex_lock(&iosfc->lock);
  int32_t result = map_pieces_locked(iosfc, saved);
  pthread_mutex_unlock(&iosfc->lock);
  if (result != PVG_OK) return result;
  for (uint32_t at = 0; at < saved->surface_count; at++) {
    const struct soft_saved_surface *surface = &saved->surfaces[at];
    const struct soft_entry entry = {
      .surface = surface->number, .gpa = surface->gpa, .length = surface->length, .flags = surface->flags};
    iosfc->surfaces[surface->number].times = surface->times;
    if (surface->mapped && !soft_surface_map(iosfc, &entry)) return PVG_E_REFUSED;
  }
  return PVG_OK;
}
