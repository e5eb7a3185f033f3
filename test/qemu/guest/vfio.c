/* SPDX-License-Identifier: Apache-2.0
 *
 * vfio.c - the machine by the kernel's vfio-pci driver, behind an IOMMU.
 *
 * Invariant: the device reaches the one huge page that is mapped for it, at an address which is none of the guest's own, and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine.h"

#define ADDRESS 0x40000000ull

static void take_from_others(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver_override", name);
  sysfs_write(path, "vfio-pci");
  snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver", name);
  if (access(path, F_OK) != 0) sysfs_write("/sys/bus/pci/drivers_probe", name);
}

static int open_group(const char *name) {
  char path[256], target[256] = {0};
  snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/iommu_group", name);
  if (readlink(path, target, sizeof target - 1) < 0) failed("iommu: the device is in no group: %s", strerror(errno));
  const char *number = strrchr(target, '/');
  snprintf(path, sizeof path, "/dev/vfio/%s", number == NULL ? "" : number + 1);
  int group = open(path, O_RDWR);
  if (group < 0) failed("vfio: %s: %s", path, strerror(errno));
  struct vfio_group_status status = {.argsz = sizeof status};
  if (ioctl(group, VFIO_GROUP_GET_STATUS, &status) != 0 || (status.flags & VFIO_GROUP_FLAGS_VIABLE) == 0) {
    failed("vfio: the device's group has members with other drivers");
  }
  return group;
}

static void map_memory(struct machine *machine, int container) {
  int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB;
  machine->ram = mmap(NULL, RAM_LENGTH, PROT_READ | PROT_WRITE, kind, -1, 0);
  if (machine->ram == MAP_FAILED) failed("memory: no huge page: %s", strerror(errno));
  machine->address = ADDRESS;
  struct vfio_iommu_type1_dma_map map = {
    .argsz = sizeof map,
    .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
    .vaddr = (uint64_t)(uintptr_t)machine->ram,
    .iova = ADDRESS,
    .size = RAM_LENGTH,
  };
  if (ioctl(container, VFIO_IOMMU_MAP_DMA, &map) != 0) failed("iommu: mapping memory: %s", strerror(errno));
}

static void map_registers(struct machine *machine, int device) {
  struct vfio_region_info info = {.argsz = sizeof info, .index = VFIO_PCI_BAR0_REGION_INDEX};
  if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info) != 0) failed("vfio: BAR 0: %s", strerror(errno));
  if (info.size != BAR_LENGTH) failed("BAR 0 has 0x%llx bytes, not 0x%x", (unsigned long long)info.size, BAR_LENGTH);
  void *bar = mmap(NULL, BAR_LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, device, (off_t)info.offset);
  if (bar == MAP_FAILED) failed("vfio: mapping BAR 0: %s", strerror(errno));
  machine->bar = bar;
  info = (struct vfio_region_info){.argsz = sizeof info, .index = VFIO_PCI_CONFIG_REGION_INDEX};
  if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info) != 0) failed("vfio: configuration space: %s", strerror(errno));
  uint16_t command;
  if (pread(device, &command, sizeof command, (off_t)info.offset + 4) != sizeof command) failed("vfio: reading the command register");
  command |= 6; /* memory, and the device may reach memory */
  if (pwrite(device, &command, sizeof command, (off_t)info.offset + 4) != sizeof command) failed("vfio: writing the command register");
}

/* The kernel may give fewer vectors than it is asked for. */
static bool enable(int device, const int *fds, uint32_t count) {
  union {
    struct vfio_irq_set set;
    char bytes[sizeof(struct vfio_irq_set) + 32 * sizeof(int)];
  } request = {.set = {
                 .argsz = (uint32_t)(sizeof request.set + count * sizeof *fds),
                 .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
                 .index = VFIO_PCI_MSI_IRQ_INDEX,
                 .count = count,
               }};
  memcpy(request.set.data, fds, count * sizeof *fds);
  return ioctl(device, VFIO_DEVICE_SET_IRQS, &request) == 0;
}

static void enable_interrupts(struct machine *machine, int device) {
  struct vfio_irq_info info = {.argsz = sizeof info, .index = VFIO_PCI_MSI_IRQ_INDEX};
  if (ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, &info) != 0 || info.count == 0) failed("the device has no MSI");
  machine->vectors_offered = info.count;
  for (int at = 0; at < 2; at++) machine->fds[at] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  machine->vectors = info.count >= 2 && enable(device, machine->fds, 2) ? 2 : 1;
  if (machine->vectors == 1 && !enable(device, machine->fds, 1)) failed("vfio: enabling MSI: %s", strerror(errno));
}

static uint32_t wait_for_eventfd(struct machine *machine, int timeout_ms) {
  struct pollfd fds[2] = {{.fd = machine->fds[0], .events = POLLIN}, {.fd = machine->fds[1], .events = POLLIN}};
  uint32_t came = 0;
  if (poll(fds, machine->vectors, timeout_ms) <= 0) return 0;
  for (uint32_t at = 0; at < machine->vectors; at++) {
    uint64_t count;
    if (read(machine->fds[at], &count, sizeof count) == sizeof count) came |= 1u << at;
  }
  return came;
}

void machine_open_vfio(struct machine *machine, const char *name) {
  machine->name = name;
  machine->wait = wait_for_eventfd;
  take_from_others(name);
  int container = open("/dev/vfio/vfio", O_RDWR), group = open_group(name);
  if (container < 0) failed("vfio: /dev/vfio/vfio: %s", strerror(errno));
  if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) != 0) failed("vfio: taking the group: %s", strerror(errno));
  if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) != 0) failed("vfio: choosing the IOMMU: %s", strerror(errno));
  map_memory(machine, container);
  int device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
  if (device < 0) failed("vfio: opening the device: %s", strerror(errno));
  map_registers(machine, device);
  enable_interrupts(machine, device);
}
