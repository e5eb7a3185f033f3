/* SPDX-License-Identifier: Apache-2.0
 *
 * own.c - the software PVG's door to upcalls that its own threads answer (answers.h).
 *
 * A device has answers exactly if its configuration names a memory map. Upcalls of a stopped device are refused here as those are that the
 * host answers.
 */
#include "soft_pvg.h"

bool soft_answers_itself(const struct soft_device *device, uint32_t kind) {
  return device->own != NULL && pvgi_answers_take(device->own, kind);
}

bool soft_own_answer(struct soft_device *device, const struct pvgi_call *call, uint64_t *value) {
  if (value != NULL) *value = 0;
  return !atomic_load_explicit(&device->stopped, memory_order_relaxed) && pvgi_answer(device->own, call, value);
}

int32_t pvg_device_own_counts(uint32_t handle, uint64_t *counts) {
  if (counts == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the counts");
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  counts[0] = counts[1] = 0;
  if (device->own != NULL) pvgi_answers_count(device->own, counts);
  soft_device_leave(device);
  return PVG_OK;
}

int32_t pvg_device_traces(uint32_t handle, struct pvg_trace_entry *entries, uint32_t max) {
  if (entries == NULL && max != 0) return pvgi_fail(PVG_E_ARGUMENT, "no room for traces");
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t count = device->own == NULL ? 0 : pvgi_traces_take(device->own->traces, entries, max);
  soft_device_leave(device);
  return count;
}
