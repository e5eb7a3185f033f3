/* SPDX-License-Identifier: Apache-2.0
 *
 * machine.h - what the guest's driver needs of the machine it runs on: registers, memory that the device can reach, and interrupts.
 *
 * There are two ways to have that in user space, and so two machines. vfio.c drives the device as Linux means it: the kernel's vfio-pci
 * driver hands out registers, a mapping of our memory in the IOMMU, and an eventfd for each MSI. plain.c is for a machine without an IOMMU, which
 * Debian's kernels don't let vfio-pci work on: registers by the file in sysfs, a huge page by its physical address, and MSIs that are addressed
 * to a word of that page instead of a processor, so that they can be seen to come without a driver in the kernel.
 *
 * Invariant: whatever can't be had ends the program with one line that says what it was.
 */
#ifndef GUEST_MACHINE_H
#define GUEST_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#define VENDOR 0x106bu
#define DEVICE 0xeeeeu
#define BAR_LENGTH 0x4000u
#define RAM_LENGTH 0x200000u
#define PAGE 0x1000u

struct machine {
  const char *name;         /* of the device in sysfs, as 0000:01:00.0 */
  volatile uint32_t *bar;   /* registers, from BAR 0's start on */
  uint8_t *ram;             /* RAM_LENGTH bytes that the device can read and write */
  uint64_t address;         /* where the device finds them */
  uint32_t vectors;         /* MSI vectors that are enabled, 1 at least */
  uint32_t vectors_offered; /* that the device has */
  /* Sleeps until an interrupt has come since the last call, or so many milliseconds have passed: the vectors as a bit set. */
  uint32_t (*wait)(struct machine *machine, int timeout_ms);
  int fds[32]; /* the machine's own */
};

/* The one device 106b:eeee, as a folder in sysfs; its name is static. NULL if there is none, or more than one. */
const char *machine_find(void);

/* Opens it one way or the other. */
void machine_open_vfio(struct machine *machine, const char *name);
void machine_open_plain(struct machine *machine, const char *name);

/* A file of the device in sysfs: what it says as a number, and writing text to it. */
uint64_t sysfs_number(const char *name, const char *file);
void sysfs_write(const char *path, const char *text);

/* A result, on a line of its own. */
void ok(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline uint32_t mmio_read(const struct machine *machine, uint32_t offset) { return machine->bar[offset / 4]; }
static inline void mmio_write(const struct machine *machine, uint32_t offset, uint32_t value) { machine->bar[offset / 4] = value; }

#endif
