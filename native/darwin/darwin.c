/* SPDX-License-Identifier: Apache-2.0
 *
 * darwin.c - memory on macOS, in the words of darwin.h; and what this library doesn't do there yet.
 *
 * No memory of others can be given to a device, and there is no vfio-user server: what these need of the system (sealed files, /proc, event descriptors) a Mac
 * doesn't have. Each such function says so. A Mac's VMM maps the device's own RAM instead (pvg_ram_address()).
 */
#include <dlfcn.h>
#include <errno.h>
#include <mach/mach.h>
#include <stdatomic.h>
#include <stdio.h>

#include "darwin.h"
#include "../internal.h"
#include "../own_mappings.h"
#include "../pvg_socket.h"

/* Threads of the library's may be alive when whoever has loaded it lets go of it, so it stays for as long as the process. */
__attribute__((constructor)) static void stay(void) {
  Dl_info own;
  if (dladdr((const void *)(uintptr_t)&stay, &own) != 0) (void)dlopen(own.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

int pvgi_memory_file(void) {
  static atomic_uint number;
  char name[32];
  snprintf(name, sizeof name, "/pvg-%d-%u", (int)getpid(), atomic_fetch_add(&number, 1));
  int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (fd >= 0) shm_unlink(name);
  return fd;
}

void *pvgi_map_again(void *source, size_t length, void *target) {
  vm_address_t address = (vm_address_t)(uintptr_t)target;
  vm_prot_t current, maximum;
  kern_return_t result = vm_remap(mach_task_self(), &address, length, 0, VM_FLAGS_FIXED | VM_FLAGS_OVERWRITE, mach_task_self(),
                                       (vm_address_t)(uintptr_t)source, FALSE, &current, &maximum, VM_INHERIT_NONE);
  if (result == KERN_SUCCESS) return target;
  errno = ENOMEM;
  return MAP_FAILED;
}

/* ---- what there isn't ---- */

static int32_t missing(const char *what) { return pvgi_fail(PVG_E_UNSUPPORTED, "%s: not on macOS", what); }

static uint32_t no_ram(void) {
  missing("memory of others as guest RAM");
  return 0;
}

uint32_t pvg_ram_import(uint32_t group, int32_t fd, uint64_t offset, uint64_t length, uint32_t writable) {
  (void)group, (void)fd, (void)offset, (void)length, (void)writable;
  return no_ram();
}

uint32_t pvg_ram_import_address(uint32_t group, uint64_t address, uint64_t length, uint32_t writable) {
  (void)group, (void)address, (void)length, (void)writable;
  return no_ram();
}

int32_t pvgi_check_shared(uint64_t address, uint64_t length, bool writable) {
  (void)address, (void)length, (void)writable;
  return missing("a look at this process's mappings");
}

int32_t pvg_memory_share(uint64_t address, uint64_t length) {
  (void)address, (void)length;
  return missing("making memory shared");
}

uint64_t pvg_memory_address(const void *memory) { return (uint64_t)(uintptr_t)memory; }

int32_t pvg_socket_listen(const char *path) { return (void)path, missing("a vfio-user socket"); }
int32_t pvg_socket_connect(const char *path) { return (void)path, missing("a vfio-user socket"); }
int32_t pvg_socket_listens(int32_t fd) { return (void)fd, missing("a vfio-user socket"); }
int32_t pvg_socket_accept(int32_t listener, int32_t wake) { return (void)listener, (void)wake, missing("a vfio-user socket"); }

int32_t pvg_socket_receive(int32_t socket, int32_t wake, void *bytes, uint32_t room, int32_t *descriptors, uint32_t poll_us,
                           int32_t timeout_ms) {
  (void)socket, (void)wake, (void)bytes, (void)room, (void)descriptors, (void)poll_us, (void)timeout_ms;
  return missing("a vfio-user socket");
}

int32_t pvg_socket_send(int32_t socket, int32_t wake, const void *bytes, uint32_t length, const int32_t *descriptors, uint32_t count,
                        int32_t timeout_ms) {
  (void)socket, (void)wake, (void)bytes, (void)length, (void)descriptors, (void)count, (void)timeout_ms;
  return missing("a vfio-user socket");
}

int32_t pvg_socket_pair(int32_t *sockets) { return (void)sockets, missing("a vfio-user socket"); }
int32_t pvg_descriptor_duplicate(int32_t fd) { return (void)fd, missing("another's descriptor"); }
int32_t pvg_descriptor_close(int32_t fd) { return (void)fd, missing("another's descriptor"); }
int32_t pvg_event_create(void) { return missing("an event descriptor"); }
int32_t pvg_event_is(int32_t fd) { return (void)fd, 0; }
int32_t pvg_event_signal(int32_t fd) { return (void)fd, missing("an event descriptor"); }

int32_t pvg_signal_set(uint32_t group, uint32_t vector, int32_t fd) {
  (void)group, (void)vector, (void)fd;
  return missing("an event descriptor");
}

int32_t pvg_signal_raise(uint32_t group, uint32_t vector) {
  (void)group, (void)vector;
  return 0;
}

void pvgi_signals_end(uint32_t group) { (void)group; }
