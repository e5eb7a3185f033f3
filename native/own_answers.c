/* SPDX-License-Identifier: Apache-2.0
 *
 * own_answers.c - the door to upcalls that a PVG's own threads answer (answers.h).
 *
 * A device has answers exactly if its configuration names a memory map. Upcalls of a stopped device are refused here as those are that the
 * host answers. Answering one by hand is in the PVG's own folder, since it knows who else may be asking.
 */
#include <string.h>

#include "pvg_device.h"

int32_t pvg_device_own_counts(uint32_t handle, uint64_t *counts) {
  if (counts == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the counts");
  struct pvgi_device *device = pvgi_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  counts[0] = counts[1] = 0;
  if (device->own != NULL) pvgi_answers_count(device->own, counts);
  pvgi_device_leave(device);
  return PVG_OK;
}

int32_t pvg_device_own_forget(uint32_t handle, uint32_t slot) {
  if (slot < 1 || slot > PVG_MAP_SLOTS) return pvgi_fail(PVG_E_ARGUMENT, "slot %u is out of range", slot);
  struct pvgi_device *device = pvgi_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  if (device->own != NULL) pvgi_task_forget(device->own, slot);
  pvgi_device_leave(device);
  return PVG_OK;
}

int32_t pvg_device_traces(uint32_t handle, struct pvg_trace_entry *entries, uint32_t max) {
  if (entries == NULL && max != 0) return pvgi_fail(PVG_E_ARGUMENT, "no room for traces");
  struct pvgi_device *device = pvgi_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t count = device->own == NULL ? 0 : pvgi_traces_take(device->own->traces, entries, max);
  pvgi_device_leave(device);
  return count;
}

int32_t pvg_device_set_traces(uint32_t handle, uint32_t own_traces) {
  if (own_traces >> PVG_TRACE_EVENTS != 0) {
    return pvgi_fail(PVG_E_ARGUMENT, "own_traces is 0x%x: there are %u events", own_traces, PVG_TRACE_EVENTS);
  }
  struct pvgi_device *device = pvgi_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  if (device->own != NULL) pvgi_answers_trace(device->own, own_traces);
  pvgi_device_leave(device);
  return PVG_OK;
}
