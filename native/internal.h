/* SPDX-License-Identifier: Apache-2.0
 *
 * internal.h - what the library's own files need of each other and its callers must not see.
 */
#ifndef PVG_INTERNAL_H
#define PVG_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "pvg_bridge.h"

/* Writes the calling thread's error text and returns `status`. (error.c) */
int32_t pvgi_fail(int32_t status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A piece of host memory that stays mapped until it is released. */
struct pvgi_memory {
  uint8_t *base;
  uint64_t length;
  void *owner; /* for the release only */
};

/* Takes a reference on a task range or a RAM by handle; PVG_E_HANDLE if there is none. The bytes stay mapped until the
 * reference is given back, also when the handle is destroyed meanwhile. (guest_memory.c) */
int32_t pvgi_range_acquire(uint32_t range, struct pvgi_memory *memory);
void pvgi_range_release(struct pvgi_memory *memory);
int32_t pvgi_ram_acquire(uint32_t ram, struct pvgi_memory *memory);
void pvgi_ram_release(struct pvgi_memory *memory);

/* As pvgi_ram_acquire() for the RAM that holds all of [address, address+length), by host address; PVG_E_BOUNDS if none does. What it
 * takes grows with the logarithm of how many RAMs there are. */
int32_t pvgi_ram_find(uint64_t address, uint64_t length, struct pvgi_memory *memory);

/* Registers a PVG device with its group: closing the group calls pvg_device_stop() on it, destroying the group
 * pvg_device_destroy(). Fails with PVG_E_CLOSED if the group is closed already. (group.c) */
int32_t pvgi_group_add_device(uint32_t group, uint32_t device);
void pvgi_group_remove_device(uint32_t group, uint32_t device);

/* As pvgi_group_add_device for what guest_memory.c, memory_map.c and mailbox.c make; `kind` selects the destructor. */
enum pvgi_kind { PVGI_MAILBOX, PVGI_RAM, PVGI_RANGE, PVGI_MAP, PVGI_DEVICE };
int32_t pvgi_group_add(uint32_t group, enum pvgi_kind kind, uint32_t handle);
void pvgi_group_remove(uint32_t group, enum pvgi_kind kind, uint32_t handle);

/* Closes the descriptors that the vectors of a group's device are signalled on; the group's handle is dead already. (signals.c) */
void pvgi_signals_end(uint32_t group);

#endif
