/* SPDX-License-Identifier: Apache-2.0
 *
 * iosfc_registers.c - accesses to the registers of the IOSurface mapper.
 *
 * A write that says where ring and table are, or that there are new entries, completes when the mapper's thread has seen it through;
 * everything else completes at once. Any value may come from the guest: it is stored here, and checked by the thread when it is used.
 */
#include "iosfc.h"

static uint64_t read_locked(const struct soft_iosfc *iosfc, uint64_t offset) {
  switch (offset) {
    case IOSFC_RING_BASE: return iosfc->ring_base;
    case IOSFC_RING_CAPACITY: return iosfc->ring_capacity;
    case IOSFC_TABLE: return iosfc->table_base;
    case IOSFC_PRODUCER: return iosfc->producer;
    case IOSFC_CONSUMER: return iosfc->consumer;
    case IOSFC_STATUS: return iosfc->status;
    default: return 0;
  }
}

uint64_t soft_iosfc_read(struct soft_iosfc *iosfc, uint64_t offset) {
  pthread_mutex_lock(&iosfc->lock);
  uint64_t value = read_locked(iosfc, offset & ~7ull);
  pthread_mutex_unlock(&iosfc->lock);
  return offset % 8 == 0 ? value : value >> 32;
}

/* Stores the value; true if the thread must see it. */
static bool write_locked(struct soft_iosfc *iosfc, uint64_t offset, uint64_t value) {
  switch (offset) {
    case IOSFC_RING_BASE:
      iosfc->ring_base = value;
      iosfc->producer = iosfc->consumer = 0;
      iosfc->ring_generation++;
      iosfc->restarts++;
      return true;
    case IOSFC_RING_CAPACITY:
      iosfc->ring_capacity = value;
      iosfc->ring_generation++;
      return true;
    case IOSFC_TABLE:
      iosfc->table_base = value;
      iosfc->table_generation++;
      return true;
    case IOSFC_PRODUCER:
      iosfc->producer = (uint32_t)value;
      iosfc->kicked = true;
      return true;
    case IOSFC_STATUS: iosfc->status &= ~(uint32_t)value; return false;
    default: return false;
  }
}

void soft_iosfc_write(struct soft_iosfc *iosfc, uint64_t offset, uint64_t value) {
  struct soft_device *device = iosfc->device;
  pthread_mutex_lock(&iosfc->lock);
  if (write_locked(iosfc, offset, value)) {
    uint64_t ticket = ++iosfc->asked;
    struct pvgi_note note;
    pthread_cond_signal(&iosfc->work_cond);
    pvgi_note_begin(&device->base, &note, PVG_WAIT_THREAD, THREAD_IOSFC);
    while (iosfc->done < ticket && !atomic_load(&device->stopped)) pthread_cond_wait(&iosfc->done_cond, &iosfc->lock);
    pvgi_note_end(&device->base, &note);
  }
  pthread_mutex_unlock(&iosfc->lock);
}
