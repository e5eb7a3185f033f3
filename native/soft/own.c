/* SPDX-License-Identifier: Apache-2.0
 *
 * own.c - the software PVG's door to upcalls that its own threads answer (answers.h).
 *
 * A device has answers exactly if its configuration names a memory map. Upcalls of a stopped device are refused here as those are that the
 * host answers.
 */
#include <string.h>

#include "iosfc.h"

int32_t pvg_device_own_counts(uint32_t handle, uint64_t *counts) {
  if (counts == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the counts");
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  counts[0] = counts[1] = 0;
  if (device->own != NULL) pvgi_answers_count(device->own, counts);
  soft_device_leave(device);
  return PVG_OK;
}

int32_t pvg_device_own_forget(uint32_t handle, uint32_t slot) {
  if (slot < 1 || slot > PVG_MAP_SLOTS) return pvgi_fail(PVG_E_ARGUMENT, "slot %u is out of range", slot);
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  if (device->own != NULL) pvgi_task_forget(device->own, slot);
  soft_device_leave(device);
  return PVG_OK;
}

/* A record of one piece has it in its last words. */
static int32_t answer_record(struct soft_device *device, const struct pvg_record *record, uint64_t *value) {
  bool map = record->kind == PVG_UPCALL_MAP_MEMORY, whole = record->kind != PVG_UPCALL_READ_MEMORY && (!map || record->words[3] <= 1);
  struct pvgi_call call = {.kind = record->kind, .thread = record->thread};
  memcpy(call.words, record->words, sizeof call.words);
  if (map) call.pieces = &call.words[4];
  if (map) call.piece_count = (uint32_t)record->words[3];
  value[0] = 0;
  if (!whole || !soft_answers_itself(device, record->kind)) {
    return pvgi_fail(PVG_E_UNSUPPORTED, "PVG doesn't answer upcall kind %u by itself from its record", record->kind);
  }
  return soft_own_answer(device, &call, value) ? PVG_OK : pvgi_fail(PVG_E_REFUSED, "the answer is no");
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

int32_t pvg_device_traces(uint32_t handle, struct pvg_trace_entry *entries, uint32_t max) {
  if (entries == NULL && max != 0) return pvgi_fail(PVG_E_ARGUMENT, "no room for traces");
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t count = device->own == NULL ? 0 : pvgi_traces_take(device->own->traces, entries, max);
  soft_device_leave(device);
  return count;
}

int32_t pvg_device_set_traces(uint32_t handle, uint32_t own_traces) {
  if (own_traces >> PVG_TRACE_EVENTS != 0) {
    return pvgi_fail(PVG_E_ARGUMENT, "own_traces is 0x%x: there are %u events", own_traces, PVG_TRACE_EVENTS);
  }
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  if (device->own != NULL) pvgi_answers_trace(device->own, own_traces);
  soft_device_leave(device);
  return PVG_OK;
}
