/* SPDX-License-Identifier: Apache-2.0
 *
 * iosfc.h - the private structures of the IOSurface mapper.
 *
 * struct soft_iosfc has a thread, which alone maps, unmaps and reads the ring, but for a resume, when there is nothing that it
 * could do. Its lock is at the place of device.lock in the order (soft_pvg.h), is never held together with it, and never during
 * an upcall or a post. What a comment calls the thread's own needs no lock; the rest is guarded by it. A device has one exactly if
 * its configuration says so.
 */
#ifndef SOFT_IOSFC_H
#define SOFT_IOSFC_H

#include "soft_pvg.h"

/* Guest memory that the host gave: its host address, and what keeps it. Where the host answers, that is a reference on the RAM that
 * holds all of it; where the mapper's own thread does, it is the reference that the answer took on its region. */
struct soft_mapping {
  struct pvgi_memory memory;
  uint64_t address;
  bool mapped;
};

static inline bool soft_iosfc_mapped(const struct soft_mapping *mapping) { return mapping->mapped; }

/* What the guest puts into the ring, as it is there. */
struct soft_entry {
  uint32_t opcode, surface;
  uint64_t gpa, length;
  uint32_t flags, result;
};

_Static_assert(sizeof(struct soft_entry) == IOSFC_ENTRY_SIZE, "an entry is read as it is in the ring");

struct soft_surface {
  struct soft_mapping mapping;
  uint64_t gpa, length;
  uint32_t flags;
  uint32_t times; /* it was mapped */
};

/* The ring or the table. */
struct soft_piece {
  struct soft_mapping mapping;
  uint64_t generation; /* of the registers that it was mapped for */
  uint64_t length;
};

struct soft_iosfc {
  struct soft_device *device;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t work_cond, done_cond;

  uint64_t ring_base, ring_capacity, table_base;
  uint32_t producer, consumer, status;
  uint64_t ring_generation, table_generation; /* writes to the registers that say where they are */
  uint64_t restarts;                          /* writes to IOSFC_RING_BASE */

  uint64_t asked, done; /* writes that the thread has to see, and that it has; a write is through when done >= its own number */
  bool kicked;          /* IOSFC_PRODUCER was written */

  /* The thread's own. */
  struct soft_piece ring, table;
  struct soft_surface surfaces[IOSFC_SURFACES];
};

/* iosfc.c: create leaves the thread to be started; stop releases who waits once device.stopped is set; free gives back what is mapped,
 * without upcalls, when the thread has ended. */
struct soft_iosfc *soft_iosfc_create(struct soft_device *device);
void *soft_iosfc_main(void *argument);
void soft_iosfc_rest(struct soft_iosfc *iosfc);
void soft_iosfc_stop(struct soft_iosfc *iosfc);
void soft_iosfc_free(struct soft_iosfc *iosfc);
bool soft_surface_is_sane(const struct soft_entry *entry);
bool soft_surface_map(struct soft_iosfc *iosfc, const struct soft_entry *entry);
bool soft_iosfc_ensure_locked(struct soft_iosfc *iosfc, bool with_ring, bool with_table);

/* iosfc_registers.c: one access of a caller who is inside the device. */
uint64_t soft_iosfc_read(struct soft_iosfc *iosfc, uint64_t offset);
void soft_iosfc_write(struct soft_iosfc *iosfc, uint64_t offset, uint64_t value);

#endif
