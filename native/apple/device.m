/* SPDX-License-Identifier: Apache-2.0
 *
 * device.m - the life of a device: made, reset, stopped, destroyed, and its registers.
 *
 * What the framework says while the device is made is held back until pvg_device_create() returns: records are kept, and a thread that asks
 * waits, but for the one that makes the device, whose question is answered no, since nobody can answer it before. Where anything is nil, or throws, all that
 * was made is given back and an error says what it was. A stop lets every caller go at once and enters nothing.
 */
#import "apple_pvg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a callback waits for its device to be made, and a destroy for threads to leave the framework. */
#define MAKING_PATIENCE_NS 5000000000
#define LEAVING_PATIENCE_NS 5000000000

static _Thread_local bool making; /* this thread makes a device now */

bool apple_is_creator(void) { return making; }

const char *pvg_device_thread_name(uint32_t thread) {
  switch (thread) {
    case THREAD_FRAMEWORK: return "pvg-framework";
    case THREAD_DISPLAY: return "pvg-display";
    case THREAD_GPU: return "pvg-gpu";
    default: return thread >= THREAD_ENTRY && thread < THREAD_ENTRY + APPLE_ENTRIES ? "pvg-entry" : "no thread of PVG's";
  }
}

/* ---- waiting and telling ---- */

/* Everybody looks again whether it still has to wait; with the lock held. */
void apple_wake(struct apple_device *device) {
  atomic_fetch_add_explicit(&device->done_rings, 1, memory_order_relaxed);
  pthread_cond_broadcast(&device->done_cond);
}

void apple_post(struct apple_device *device, const struct pvg_record *record) {
  bool early = false;
  pthread_mutex_lock(&device->lock);
  if (device->phase == PHASE_MAKING && !atomic_load(&device->stopped)) {
    early = true;
    if (device->early_count < APPLE_EARLY) device->early[device->early_count++] = *record;
  }
  pthread_mutex_unlock(&device->lock);
  if (!early) pvgi_post(&device->base, record);
}

/* Whether the host can be asked. */
static bool await_making(struct apple_device *device) {
  int64_t until = pvgi_now_ns() + MAKING_PATIENCE_NS;
  struct pvgi_condition done = {&device->done_cond, &device->done_rings, &device->done_polling};
  struct pvgi_wait wait = {0};
  pthread_mutex_lock(&device->lock);
  for (int64_t left; device->phase == PHASE_MAKING && !making && !atomic_load(&device->stopped) && (left = until - pvgi_now_ns()) > 0;) {
    pvgi_wait_step(&done, &wait, &device->lock, left);
  }
  pvgi_wait_end(&done, &wait);
  bool made = device->phase != PHASE_MAKING && !atomic_load(&device->stopped);
  pthread_mutex_unlock(&device->lock);
  return made;
}

bool apple_ask(struct apple_device *device, struct pvgi_call *call, uint64_t *value) {
  call->thread = pvgi_own_number() != 0 ? pvgi_own_number() : THREAD_FRAMEWORK;
  return await_making(device) && pvgi_upcall(&device->base, call, value);
}

/* ---- the structure ---- */

static void free_device(struct apple_device *device) {
  apple_tasks_free(device);
  for (uint32_t at = 0; at < PVGI_RAM_RANGES; at++) {
    if (device->memories[at].base != NULL) pvgi_ram_release(&device->memories[at]);
  }
  [device->state release];
  pthread_mutex_destroy(&device->lock);
  pthread_mutex_destroy(&device->tasks_lock);
  pthread_mutex_destroy(&device->mapper_lock);
  pthread_cond_destroy(&device->done_cond);
  pvgi_device_end(&device->base);
  free(device);
}

@implementation Keeper
- (void)dealloc {
  if (device != NULL) free_device(device);
  [super dealloc];
}
@end

/* A device whose only reference is its Keeper's, or NULL. */
static struct apple_device *new_device(const struct pvg_config *config, const struct pvg_ram_range *ranges, uint32_t count) {
  struct apple_device *device = calloc(1, sizeof *device);
  if (device == NULL) return NULL;
  device->config = *config;
  if (!pvgi_device_init(&device->base)) {
    free(device);
    return NULL;
  }
  for (uint32_t at = 0; at < count; at++) device->ranges[at] = ranges[at];
  device->range_count = count;
  pvgi_cond_init(&device->done_cond);
  pthread_mutex_init(&device->lock, NULL);
  pthread_mutex_init(&device->tasks_lock, NULL);
  pthread_mutex_init(&device->mapper_lock, NULL);
  device->done_polling = pvgi_polling_make(config->poll_us);
  for (uint32_t port = 0; port < PVG_PORTS_MAX; port++) {
    device->displays[port].device = device;
    device->displays[port].port = port;
  }
  device->keeper = [[Keeper alloc] init];
  device->keeper->device = device;
  return device;
}

/* ---- making one, on an entry's thread ---- */

static id<PGDeviceDescriptor> describe(struct apple_device *device, int32_t *result) {
  id<PGDeviceDescriptor> descriptor = [[[apple_framework()->device_descriptor alloc] init] autorelease];
  if (descriptor == nil) {
    *result = pvgi_fail(PVG_E_REFUSED, "PGDeviceDescriptor gives no instance");
    return nil;
  }
  descriptor.device = device->gpu;
  if (device->config.ports > 1 && !apple_answers(descriptor, @selector(setDisplayPortCount:), NULL)) {
    *result = pvgi_fail(PVG_E_UNSUPPORTED, "this framework's devices have 1 port, not %u", device->config.ports);
    return nil;
  }
  if (apple_answers(descriptor, @selector(setDisplayPortCount:), NULL)) descriptor.displayPortCount = device->config.ports;
  if (device->config.iosfc && !apple_answers(descriptor, @selector(setUsingIOSurfaceMapper:), NULL)) {
    *result = pvgi_fail(PVG_E_UNSUPPORTED, "this framework's devices don't know an IOSurface mapper");
    return nil;
  }
  if (device->config.iosfc) descriptor.usingIOSurfaceMapper = true;
  Keeper *keeper = device->keeper;
  descriptor.raiseInterrupt = ^(uint32_t vector) {
    apple_shield("raiseInterrupt", ^{
      struct pvg_record record = {.kind = PVG_UPCALL_RAISE_INTERRUPT, .thread = THREAD_FRAMEWORK, .words = {vector}};
      apple_post(keeper->device, &record);
    });
  };
  *result = apple_memory_describe(device, descriptor);
  return *result == PVG_OK ? descriptor : nil;
}

static int32_t make(struct apple_device *device) {
  const struct apple_framework *framework = apple_framework();
  device->gpu = apple_gpu(device->config.gpu);
  if (device->gpu == nil) return PVG_E_ARGUMENT;
  device->commands = [device->gpu newCommandQueue];
  if (device->commands == nil) return pvgi_fail(PVG_E_NO_MEMORY, "the GPU gives no command queue");
  device->queue = dispatch_queue_create("apple-gfx.display", DISPATCH_QUEUE_SERIAL);
  if (device->queue == NULL) return pvgi_fail(PVG_E_NO_MEMORY, "the system refused a dispatch queue");
  int32_t result = device->config.iosfc ? apple_iosfc_make(device) : PVG_OK;
  if (result != PVG_OK) return result;
  id<PGDeviceDescriptor> descriptor = describe(device, &result);
  if (descriptor == nil) return result;
  device->device = framework->factory(descriptor, NULL);
  if (device->device == nil) return pvgi_fail(PVG_E_REFUSED, "%s gave no device", framework->factory_name);
  device->mmio_length = (uint32_t)descriptor.mmioLength;
  if (descriptor.mmioLength < 4 || descriptor.mmioLength > 1u << 30) {
    return pvgi_fail(PVG_E_REFUSED, "the framework's registers have %llu bytes", (unsigned long long)descriptor.mmioLength);
  }
  return apple_displays_make(device);
}

/* Gives back what was made. The framework may ask while it ends, and is answered no. */
static void unmake(struct apple_device *device) {
  if (apple_answers(device->device, @selector(stop), "v@:")) {
    apple_shield("-[PGDevice stop]", ^{
      [device->device stop];
    });
  }
  apple_displays_release(device);
  apple_shield("the release of a device", ^{
    [device->device release];
    device->device = nil;
    [device->mapper release];
    device->mapper = nil;
    [device->commands release];
    device->commands = nil;
    [device->gpu release];
    device->gpu = nil;
  });
  if (device->queue != NULL) dispatch_release(device->queue);
  device->queue = NULL;
}

/* ---- the end ---- */

static void stop(struct apple_device *device) {
  pthread_mutex_lock(&device->lock);
  pthread_mutex_lock(&device->upcall_lock);
  atomic_store(&device->stopped, true);
  pthread_mutex_unlock(&device->upcall_lock);
  apple_wake(device);
  pthread_mutex_unlock(&device->lock);
  pvgi_upcalls_stop(&device->base);
}

int32_t pvg_device_stop(uint32_t handle) {
  struct apple_device *device = apple_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  stop(device);
  apple_device_leave(device);
  return PVG_OK;
}

int32_t pvg_device_destroy(uint32_t handle) {
  struct apple_device *device = (struct apple_device *)pvgi_device_retire(handle);
  if (device == NULL) return PVG_E_HANDLE;
  stop(device);
  pvgi_device_await_callers(&device->base);
  apple_leave(device, ^int32_t(struct apple_values *values) {
    (void)values;
    unmake(device);
    return PVG_OK;
  }, LEAVING_PATIENCE_NS);
  pvgi_group_remove_device(device->config.group, handle);
  struct pvgi_texture *texture;
  while ((texture = pvgi_texture_retire_of(handle)) != NULL) pvgi_texture_drop(texture);
  @autoreleasepool {
    [device->keeper release];
  }
  return PVG_OK;
}

/* ---- creation ---- */

/* From now on the host is told, first what came meanwhile. */
static void begin(struct apple_device *device) {
  pthread_mutex_lock(&device->lock);
  for (uint32_t told = 0; told < device->early_count; told++) {
    struct pvg_record record = device->early[told];
    pthread_mutex_unlock(&device->lock);
    pvgi_post(&device->base, &record);
    pthread_mutex_lock(&device->lock);
  }
  device->phase = PHASE_RUNNING;
  apple_wake(device);
  pthread_mutex_unlock(&device->lock);
}

static int32_t check(const struct pvg_config *config, const struct pvg_ram_range *ranges, uint32_t count) {
  if (config == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no configuration");
  int32_t result = apple_framework_check(config->iosfc != 0);
  if (result == PVG_OK) result = pvgi_check_config(config);
  if (result == PVG_OK) result = pvgi_check_ranges(ranges, count);
  if (result != PVG_OK) return result;
  const uint32_t soft[] = {config->refuse_every,         config->encode_delay_us, config->managed_textures,
                           config->announce_every_frame, config->reads_wait,      config->virtual_clock};
  static const char *const names[] = {"refuse_every",         "encode_delay_us", "managed_textures",
                                      "announce_every_frame", "reads_wait",      "virtual_clock"};
  for (size_t at = 0; at < sizeof soft / sizeof *soft; at++) {
    if (soft[at] != 0) return pvgi_fail(PVG_E_UNSUPPORTED, "%s is the software PVG's, and this is Apple's", names[at]);
  }
  return PVG_OK;
}

uint32_t pvg_device_create(const struct pvg_config *config, const struct pvg_ram_range *ranges, uint32_t count) {
  if (check(config, ranges, count) != PVG_OK) return 0;
  struct apple_device *device = new_device(config, ranges, count);
  uint32_t handle = device != NULL ? pvgi_device_publish(&device->base) : 0;
  if (handle == 0) {
    if (device == NULL) pvgi_fail(PVG_E_NO_MEMORY, "no memory for a device");
    if (device != NULL) pvgi_fail(PVG_E_FULL, "there are too many devices");
    if (device != NULL) [device->keeper release];
    return 0;
  }
  int32_t result = apple_enter(device, "the making of a device", ^int32_t(struct apple_values *values) {
    (void)values;
    making = true;
    __block int32_t made = PVG_E_REFUSED;
    int32_t guarded = apple_guard("the making of a device", ^{
      made = make(device);
    });
    making = false;
    return guarded != PVG_OK ? guarded : made;
  }, NULL);
  char error[256];
  if (result != PVG_OK) snprintf(error, sizeof error, "%s", pvg_last_error());
  if (result == PVG_OK) begin(device);
  if (result == PVG_OK && pvgi_group_add_device(config->group, handle) == PVG_OK) return handle;
  pvg_device_destroy(handle);
  if (result != PVG_OK) pvgi_fail(result, "%s", error);
  return 0;
}

/* ---- registers ---- */

int32_t pvg_mmio_length(uint32_t handle, uint32_t window) {
  struct apple_device *device = apple_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t length = window == PVG_WINDOW_GFX ? (int32_t)device->mmio_length : APPLE_IOSFC_LENGTH;
  bool there = window == PVG_WINDOW_GFX || (window == PVG_WINDOW_IOSFC && device->config.iosfc);
  apple_device_leave(device);
  return there ? length : pvgi_fail(PVG_E_UNSUPPORTED, "the device has no window %u", window);
}

static int32_t check_access(struct apple_device *device, uint32_t window, uint64_t offset) {
  if (window > PVG_WINDOW_IOSFC || (window == PVG_WINDOW_IOSFC && !device->config.iosfc)) {
    return pvgi_fail(PVG_E_UNSUPPORTED, "the device has no window %u", window);
  }
  uint64_t length = window == PVG_WINDOW_GFX ? device->mmio_length : APPLE_IOSFC_LENGTH;
  if (offset % 4 != 0 || offset > length - 4) {
    return pvgi_fail(PVG_E_ARGUMENT, "offset 0x%llx is no register's", (unsigned long long)offset);
  }
  pthread_mutex_lock(&device->lock);
  bool runs = device->phase == PHASE_RUNNING;
  if (runs) device->used = true;
  pthread_mutex_unlock(&device->lock);
  return runs ? PVG_OK : pvgi_fail(PVG_E_CLOSED, "the device is suspended, or is being resumed");
}

int32_t pvg_mmio_read(uint32_t handle, uint32_t window, uint64_t offset, uint32_t *value) {
  if (value == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the value");
  struct apple_device *device = apple_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  struct apple_values values = {0};
  id<PGDevice> target = device->device; /* which the block keeps, whatever becomes of the device */
  id<PGIOSurfaceHostDevice> mapper = device->mapper;
  int32_t result = check_access(device, window, offset);
  if (result == PVG_OK && window == PVG_WINDOW_GFX) {
    result = apple_enter(device, "-[PGDevice mmioReadAtOffset:]", ^int32_t(struct apple_values *got) {
      got->words[0] = [target mmioReadAtOffset:(size_t)offset];
      return PVG_OK;
    }, &values);
  } else if (result == PVG_OK) {
    result = apple_enter(device, "-[PGIOSurfaceHostDevice mmioReadAtOffset:]", ^int32_t(struct apple_values *got) {
      got->words[0] = [mapper mmioReadAtOffset:offset];
      return PVG_OK;
    }, &values);
  }
  value[0] = (uint32_t)values.words[0];
  value[1] = (uint32_t)(values.words[0] >> 32);
  apple_device_leave(device);
  return result;
}

int32_t pvg_mmio_write(uint32_t handle, uint32_t window, uint64_t offset, uint64_t value) {
  struct apple_device *device = apple_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  id<PGDevice> target = device->device;
  id<PGIOSurfaceHostDevice> mapper = device->mapper;
  int32_t result = check_access(device, window, offset);
  if (result == PVG_OK && window == PVG_WINDOW_GFX) {
    result = apple_enter(device, "-[PGDevice mmioWriteAtOffset:value:]", ^int32_t(struct apple_values *got) {
      (void)got;
      [target mmioWriteAtOffset:(size_t)offset value:(uint32_t)value];
      return PVG_OK;
    }, NULL);
  } else if (result == PVG_OK) {
    result = apple_enter(device, "-[PGIOSurfaceHostDevice mmioWriteAtOffset:value:]", ^int32_t(struct apple_values *got) {
      (void)got;
      [mapper mmioWriteAtOffset:offset value:value];
      return PVG_OK;
    }, NULL);
  }
  apple_device_leave(device);
  return result;
}

int32_t pvg_device_reset(uint32_t handle) {
  struct apple_device *device = apple_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  id<PGDevice> target = device->device;
  int32_t result = check_access(device, PVG_WINDOW_GFX, 0);
  if (result == PVG_OK && !apple_answers(target, @selector(reset), "v@:")) {
    result = pvgi_fail(PVG_E_UNSUPPORTED, "this framework's devices can't be reset");
  } else if (result == PVG_OK) {
    result = apple_enter(device, "-[PGDevice reset]", ^int32_t(struct apple_values *got) {
      (void)got;
      [target reset];
      return PVG_OK;
    }, NULL);
  }
  apple_device_leave(device);
  return result;
}
