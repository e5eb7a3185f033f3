/* SPDX-License-Identifier: Apache-2.0
 *
 * own.c - answers a record as the software PVG's own threads would, for tests and measurements.
 */
#include <string.h>

#include "iosfc.h"

/* A record of one piece has it in its last words. */
static int32_t answer_record(struct soft_device *device, const struct pvg_record *record, uint64_t *value) {
  bool map = record->kind == PVG_UPCALL_MAP_MEMORY, whole = record->kind != PVG_UPCALL_READ_MEMORY && (!map || record->words[3] <= 1);
  struct pvgi_call call = {.kind = record->kind, .thread = record->thread};
  memcpy(call.words, record->words, sizeof call.words);
  if (map) call.pieces = &call.words[4];
  if (map) call.piece_count = (uint32_t)record->words[3];
  value[0] = 0;
  if (!whole || !pvgi_answers_itself(&device->base, record->kind)) {
    return pvgi_fail(PVG_E_UNSUPPORTED, "PVG doesn't answer upcall kind %u by itself from its record", record->kind);
  }
  return pvgi_own_answer(&device->base, &call, value) ? PVG_OK : pvgi_fail(PVG_E_REFUSED, "the answer is no");
}

int32_t pvg_device_own_answer(uint32_t handle, const struct pvg_record *record, uint64_t *value) {
  if (record == NULL || value == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no record, or no room for the answer");
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  /* The mapper's upcalls are its thread's, so they are answered while that has nothing to do. */
  if (device->iosfc != NULL) soft_iosfc_rest(device->iosfc);
  int32_t result = answer_record(device, record, value);
  if (device->iosfc != NULL) pthread_mutex_unlock(&device->iosfc->lock);
  soft_device_leave(device);
  return result;
}
