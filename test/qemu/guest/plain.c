/* SPDX-License-Identifier: Apache-2.0
 *
 * plain.c - the machine without an IOMMU: sysfs, a huge page, and MSIs into memory.
 *
 * An MSI is a write of a word to an address. Whoever programs it says which: here it is a word of the device's own memory, so a guest sees the
 * message itself. Waiting is looking at that word between naps; registers are not read. One vector is enabled, since a second message
 * would come to the same word.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"

#define CAPABILITIES 0x34
#define MSI_CAPABILITY 5
#define MESSAGE 0x600u
/* Where in the page messages come to: behind all that the driver has there. */
#define MESSAGE_AT (RAM_LENGTH - PAGE)
#define NAP_NS 50000

static uint64_t physical(const void *address) {
  uint64_t entry = 0;
  int fd = open("/proc/self/pagemap", O_RDONLY);
  off_t at = (off_t)((uintptr_t)address / PAGE * sizeof entry);
  if (fd < 0 || pread(fd, &entry, sizeof entry, at) != sizeof entry) failed("memory: /proc/self/pagemap: %s", strerror(errno));
  close(fd);
  uint64_t frame = entry & ((1ull << 55) - 1);
  if (frame == 0) failed("memory: the kernel doesn't tell where the page is");
  return frame * PAGE;
}

static uint32_t get(int fd, int at, int size) {
  uint32_t value = 0;
  if (pread(fd, &value, (size_t)size, at) != size) failed("configuration space: reading 0x%x: %s", at, strerror(errno));
  return value;
}

static void put(int fd, int at, uint32_t value, int size) {
  if (pwrite(fd, &value, (size_t)size, at) != size) failed("configuration space: writing 0x%x: %s", at, strerror(errno));
}

static int find_msi(int fd) {
  int at = (int)get(fd, CAPABILITIES, 1);
  for (int steps = 0; at != 0 && steps < 48; steps++) {
    if (get(fd, at, 1) == MSI_CAPABILITY) return at;
    at = (int)get(fd, at + 1, 1);
  }
  failed("the device has no MSI");
}

static void enable_interrupts(struct machine *machine, int fd) {
  int at = find_msi(fd);
  uint32_t control = get(fd, at + 2, 2), offered = control >> 1 & 7;
  if ((control & 0x80) == 0) failed("the device's MSI has no 64-bit addresses");
  machine->vectors_offered = 1u << offered;
  machine->vectors = 1;
  uint64_t message = machine->address + MESSAGE_AT;
  put(fd, at + 4, (uint32_t)message, 4);
  put(fd, at + 8, (uint32_t)(message >> 32), 4);
  put(fd, at + 12, MESSAGE, 2);
  put(fd, at + 2, (control & ~0x70u) | 1, 2);
}

static uint32_t take_message(struct machine *machine) {
  uint32_t *word = (uint32_t *)(void *)(machine->ram + MESSAGE_AT);
  uint32_t message = __atomic_exchange_n(word, 0, __ATOMIC_ACQ_REL);
  if (message == 0) return 0;
  if (message != MESSAGE) failed("interrupts: the message 0x%x is none that was programmed", message);
  return 1;
}

static uint32_t wait_for_message(struct machine *machine, int timeout_ms) {
  const struct timespec nap = {.tv_nsec = NAP_NS};
  for (int64_t left = timeout_ms * 1000000ll; left > 0; left -= NAP_NS) {
    uint32_t came = take_message(machine);
    if (came != 0) return came;
    nanosleep(&nap, NULL);
  }
  return 0;
}

void machine_open_plain(struct machine *machine, const char *name) {
  char path[256];
  machine->name = name;
  machine->wait = wait_for_message;
  machine->ram = mmap(NULL, RAM_LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
  if (machine->ram == MAP_FAILED) failed("memory: no huge page: %s", strerror(errno));
  memset(machine->ram, 0, RAM_LENGTH);
  machine->address = physical(machine->ram);
  snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/reset", name);
  sysfs_write(path, "1");
  snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/enable", name);
  sysfs_write(path, "1");
  snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/config", name);
  int config = open(path, O_RDWR);
  if (config < 0) failed("%s: %s", path, strerror(errno));
  put(config, 4, get(config, 4, 2) | 6, 2);
  snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/resource0", name);
  int bar = open(path, O_RDWR | O_SYNC);
  void *registers = bar < 0 ? MAP_FAILED : mmap(NULL, BAR_LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, bar, 0);
  if (registers == MAP_FAILED) failed("%s: %s", path, strerror(errno));
  machine->bar = registers;
  enable_interrupts(machine, config);
}
