/* SPDX-License-Identifier: Apache-2.0
 *
 * iosfc.m - the framework's IOSurface mapper: a host device of its own, whose callbacks give it guest memory by host address.
 *
 * All of a piece must lie in one RAM, which the host has checked and is checked here again; the RAM isn't kept by this file, since the host holds a
 * reference until the piece is unmapped. Types were checked before (apple_framework_check()): its registers have 64 bits.
 */
#import "apple_pvg.h"

static uint64_t word(const void *opaque) { return (uint64_t)(uintptr_t)opaque; }

/* Where our own threads answer, one at a time does. */
static bool ask(struct apple_device *device, struct pvgi_call *call, uint64_t *value) {
  if (!pvgi_answers_itself(&device->base, call->kind)) return apple_ask(device, call, value);
  pthread_mutex_lock(&device->mapper_lock);
  bool ok = apple_ask(device, call, value);
  pthread_mutex_unlock(&device->mapper_lock);
  return ok;
}

static void undo(struct apple_device *device, uint64_t address) {
  struct pvgi_call unmap = {.kind = PVG_UPCALL_IOSFC_UNMAP, .words = {address}};
  ask(device, &unmap, NULL);
}

static bool map(struct apple_device *device, struct pvgi_call *call, void **address) {
  uint64_t found = 0, length = call->words[1];
  if (address == NULL) return false;
  *address = NULL;
  if (length == 0 || call->words[0] > UINT64_MAX - length || !ask(device, call, &found)) return false;
  struct pvgi_memory memory;
  if (found == 0 || pvgi_ram_find(found, length, &memory) != PVG_OK) {
    undo(device, found);
    return false;
  }
  pvgi_ram_release(&memory);
  *address = (void *)(uintptr_t)found;
  return true;
}

static void describe(struct apple_device *device, id<PGIOSurfaceHostDeviceDescriptor> descriptor) {
  Keeper *keeper = device->keeper;
  descriptor.mapMemory = ^bool(uint64_t gpa, uint64_t length, bool read_only, void **address, void *e, void *f) {
    __block bool mapped = false;
    apple_shield("the mapper's mapMemory", ^{
      struct pvgi_call call = {.kind = PVG_UPCALL_IOSFC_MAP, .words = {gpa, length, read_only, word(e), word(f)}};
      mapped = map(keeper->device, &call, address);
    });
    return mapped;
  };
  descriptor.unmapMemory = ^bool(void *address, void *b, void *c, void *d, void *e, void *f) {
    __block bool unmapped = false;
    apple_shield("the mapper's unmapMemory", ^{
      struct pvgi_call call = {.kind = PVG_UPCALL_IOSFC_UNMAP, .words = {word(address), word(b), word(c), word(d), word(e), word(f)}};
      unmapped = ask(keeper->device, &call, NULL);
    });
    return unmapped;
  };
  descriptor.raiseInterrupt = ^bool(uint32_t vector) {
    apple_shield("the mapper's raiseInterrupt", ^{
      struct pvg_record record = {.kind = PVG_UPCALL_IOSFC_INTERRUPT, .thread = THREAD_FRAMEWORK, .words = {vector}};
      apple_post(keeper->device, &record);
    });
    return true;
  };
}

int32_t apple_iosfc_make(struct apple_device *device) {
  const struct apple_framework *framework = apple_framework();
  id<PGIOSurfaceHostDeviceDescriptor> descriptor = [[[framework->iosfc_descriptor alloc] init] autorelease];
  if (descriptor == nil) return pvgi_fail(PVG_E_REFUSED, "PGIOSurfaceHostDeviceDescriptor gives no instance");
  describe(device, descriptor);
  device->mapper = [[framework->iosfc_device alloc] initWithDescriptor:descriptor];
  return device->mapper != nil ? PVG_OK : pvgi_fail(PVG_E_REFUSED, "PGIOSurfaceHostDevice gives no instance");
}

int32_t pvg_device_own_answer(uint32_t handle, const struct pvg_record *record, uint64_t *value) {
  if (record == NULL || value == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no record, or no room for the answer");
  struct apple_device *device = apple_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  apple_device_leave(device);
  return pvgi_fail(PVG_E_UNSUPPORTED, "Apple's PVG makes its upcalls itself");
}
