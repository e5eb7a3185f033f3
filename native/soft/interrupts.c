/* SPDX-License-Identifier: Apache-2.0
 *
 * interrupts.c - faults, and interrupts that were raised under the lock and are posted without it.
 *
 * A raised interrupt is a bit of the device's until somebody posts it, and on a suspended device for good, as a part of its state. This file doesn't
 * decide what is a fault.
 */
#include "soft_pvg.h"

/* Halts the device; the first fault is kept. The caller posts the interrupt with soft_interrupts() after unlocking. */
void soft_fault_locked(struct soft_device *device, uint32_t fault, uint32_t opcode) {
  if (device->halted || atomic_load(&device->stopped)) return;
  device->halted = true;
  device->fault = fault << 16 | (opcode & 0xffffu);
  if (!(device->gpu_status & GPU_STATUS_FAULT)) device->interrupts |= 1;
  device->gpu_status |= GPU_STATUS_FAULT;
  soft_wake_all(device);
}

/* Posts the interrupts that were raised under the lock; called without any lock but a task's. */
void soft_interrupts(struct soft_device *device, uint32_t thread) {
  pthread_mutex_lock(&device->lock);
  /* A device that is being suspended keeps them: they are raised after the resume. */
  uint32_t raised = device->phase == PHASE_RUNNING ? device->interrupts : 0;
  if (raised == 0) {
    pthread_mutex_unlock(&device->lock);
    return;
  }
  device->interrupts = 0;
  device->raising |= 1u << thread;
  pthread_mutex_unlock(&device->lock);
  for (uint32_t i = 0; i < 2; i++) {
    if (!(raised & 1u << i)) continue;
    uint32_t last = device->config.vectors - 1;
    uint32_t vector = i == 0 ? VECTOR_GPU : VECTOR_DISPLAY < last ? VECTOR_DISPLAY : last;
    struct pvg_record record = {.kind = PVG_UPCALL_RAISE_INTERRUPT, .thread = thread, .words = {vector}};
    pvgi_post(&device->base, &record);
  }
  pthread_mutex_lock(&device->lock);
  device->raising &= ~(1u << thread);
  soft_rested_locked(device);
  pthread_mutex_unlock(&device->lock);
}
