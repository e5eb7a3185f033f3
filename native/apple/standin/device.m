/* SPDX-License-Identifier: Apache-2.0
 *
 * device.m - PGDevice and the IOSurface host device, with a device of the software PVG behind them; and the factories of that macOS.
 */
#import "pg.h"

#include <objc/runtime.h>
#include <stdlib.h>
#include <unistd.h>

#pragma GCC visibility push(default)
id PGNewDeviceWithDescriptor(id descriptor);
id PGCreateDeviceWithDescriptor(id descriptor, NSError **error);
NSURL *PGCopyOptionROMURL(void);
#pragma GCC visibility pop

/* ---- which device a group is of ---- */

static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER;
static struct { uint32_t group; StandinDevice *device; } devices[256];

StandinDevice *pg_find(uint32_t group) {
  StandinDevice *found = nil;
  pthread_mutex_lock(&devices_lock);
  for (size_t at = 0; at < 256 && found == nil; at++) {
    if (devices[at].group == group) found = devices[at].device;
  }
  pthread_mutex_unlock(&devices_lock);
  return found;
}

static void note(uint32_t group, uint32_t with, StandinDevice *device) {
  pthread_mutex_lock(&devices_lock);
  for (size_t at = 0; at < 256; at++) {
    if (devices[at].group != group) continue;
    devices[at].group = with;
    devices[at].device = device;
    break;
  }
  pthread_mutex_unlock(&devices_lock);
}

/* The mapper that was made last on this thread; the next device that uses one has it. */
static _Thread_local PGIOSurfaceHostDevice *latest;

@implementation PGIOSurfaceHostDevice
/* STANDIN_NARROW_MAPPER: its registers have 32 bits, by what the runtime says of them. The types of a method that is there no function changes; in
 * the GNU runtime they stand behind its name. */
+ (void)load {
  Method reads = class_getInstanceMethod(self, @selector(mmioReadAtOffset:));
  if (getenv("STANDIN_NARROW_MAPPER") != NULL) ((const char **)(void *)reads)[1] = "I@:I";
}
- (id)initWithDescriptor:(PGIOSurfaceHostDeviceDescriptor *)given {
  self = [super init];
  if (self == nil) return nil;
  @try {
    if (!standin_fails(STANDIN_MAPPER)) descriptor = [given retain];
  } @finally {
    if (descriptor == nil) [self release];
  }
  if (given == nil || standin_get(STANDIN_NIL) == STANDIN_MAPPER) return nil;
  latest = self;
  return self;
}
- (uint64_t)mmioReadAtOffset:(uint64_t)offset {
  uint32_t value[2] = {0, 0};
  if (!standin_fails(STANDIN_MMIO)) pvg_mmio_read(soft, PVG_WINDOW_IOSFC, offset, value);
  return value[0] | (uint64_t)value[1] << 32;
}
- (void)mmioWriteAtOffset:(uint64_t)offset value:(uint64_t)value {
  if (!standin_fails(STANDIN_MMIO)) pvg_mmio_write(soft, PVG_WINDOW_IOSFC, offset, value);
}
- (void)dealloc {
  if (latest == self) latest = nil;
  [descriptor release];
  [super dealloc];
}
@end

/* ---- devices ---- */

static uint32_t make_soft(StandinDevice *device) {
  struct pvg_config config = {
    .version = PVG_BRIDGE_VERSION,
    .group = device->group,
    .page_shift = standin_get(STANDIN_PAGE_SHIFT) != 0 ? (uint32_t)standin_get(STANDIN_PAGE_SHIFT) : device->mapper != nil ? 14 : 12,
    .vectors = 32,
    .iosfc = device->mapper != nil,
    .ports = (uint32_t)device->descriptor->ports,
    .display_mm = {400, 300},
    .vsync = standin_get(STANDIN_VSYNC) != 0,
    .refuse_every = (uint32_t)standin_get(STANDIN_REFUSE_EVERY),
    .encode_delay_us = (uint32_t)standin_get(STANDIN_ENCODE_DELAY_US),
    .announce_every_frame = standin_get(STANDIN_ANNOUNCE_EVERY) != 0,
    .reads_wait = standin_get(STANDIN_READS_WAIT) != 0,
    .poll_us = 100,
  };
  for (uint32_t port = 0; port < config.ports; port++) config.display_serials[port] = port + 1;
  memcpy(config.display_name, "stand-in", 8);
  uint32_t mailbox = pvg_mailbox_create(device->group, 1, 0);
  for (uint32_t at = 0; at < PVG_CLASSES; at++) config.mailboxes[at] = mailbox;
  return pvg_device_create(&config, NULL, 0);
}

#if HAS_TASKS
/* Bit n: the n-th call that makes no sense was answered yes. */
static int64_t call_wrongly(PGDeviceDescriptor *descriptor, PGTask_t *task) {
  PGPhysicalMemoryRange_t page = {0x40000000, 0x1000}, long_one = {0x40000000, 0x20000}, endless = {0x40000000, UINT64_MAX};
  PGPhysicalMemoryRange_t two[2] = {{0x40000000, 0x10000}, {0x40000000, 0x1000}};
  uint8_t byte;
  const bool yes[] = {
    descriptor->mapMemory(task, 1, 0x10000, false, &page),
    descriptor->mapMemory(task, 1, UINT64_MAX - 0xfff, false, &page),
    descriptor->mapMemory(task, 1, 0, false, &long_one),
    descriptor->mapMemory(task, 1, 0x1000, false, &endless),
    descriptor->mapMemory(task, 2, 0, false, two),
    descriptor->mapMemory(task, UINT32_MAX, 0, false, two),
    descriptor->mapMemory(task, 1, 0, false, NULL),
    descriptor->mapMemory((PGTask_t *)((uintptr_t)task + 8), 1, 0, false, &page),
    descriptor->mapMemory(NULL, 1, 0, false, &page),
    descriptor->unmapMemory(task, 0x10000, 0x1000),
    descriptor->unmapMemory(task, 0x1000, UINT64_MAX),
    descriptor->unmapMemory(NULL, 0, 0x1000),
    descriptor->readMemory(0x40000000, 0, &byte),
    descriptor->readMemory(UINT64_MAX, 2, &byte),
    descriptor->readMemory(0x40000000, 1, NULL),
    descriptor->readMemory(0x40000000, UINT64_MAX, &byte),
    descriptor->createTask(0, NULL) != NULL,
  };
  int64_t answers = 0;
  for (size_t at = 0; at < sizeof yes / sizeof *yes; at++) answers |= (int64_t)yes[at] << (at + 1);
  descriptor->destroyTask(NULL);
  return answers;
}
#endif

static void *call_early(void *argument) {
  PGDeviceDescriptor *descriptor = argument;
  @autoreleasepool {
    descriptor->raiseInterrupt(0);
    int64_t answers = 0;
#if HAS_TASKS
    void *base = NULL;
    /* A device whose memory was declared has no handlers for tasks. */
    PGTask_t *task = descriptor->createTask == NULL ? NULL : descriptor->createTask(0x10000, &base);
    if (task != NULL) answers |= 1;
    if (task != NULL && standin_get(STANDIN_EARLY) == 3) answers |= call_wrongly(descriptor, task);
    if (task != NULL) descriptor->destroyTask(task);
#endif
    standin_set(STANDIN_ANSWERS, answers | 1ll << 31);
    [descriptor release];
  }
  return NULL;
}

/* Callbacks while a device is made. */
static void be_early(PGDeviceDescriptor *descriptor) {
  [descriptor retain];
  pthread_t thread;
  if (standin_get(STANDIN_EARLY) == 2) {
    call_early(descriptor);
  } else if (pthread_create(&thread, NULL, call_early, descriptor) == 0) {
    pthread_detach(thread);
    usleep(20000);
  }
}

@implementation StandinDevice
- (id)initWithDescriptor:(PGDeviceDescriptor *)given {
  self = [super init];
  if (self == nil) return nil;
  pthread_mutex_init(&lock, NULL);
  descriptor = [given retain];
  if (given->usesMapper) mapper = [latest retain];
  held = [[NSMutableArray alloc] init];
  encodes = [[NSMutableDictionary alloc] init];
  group = pvg_group_create();
  note(0, group, self);
  soft = make_soft(self);
  if (mapper != nil) mapper->soft = soft;
  return self;
}
- (void)dealloc {
  pvg_group_destroy(group);
  note(group, 0, nil);
  pg_encodes_fail(self);
  pg_tasks_free(self);
  if (mapper != nil) mapper->soft = 0;
  [mapper release];
  [descriptor release];
  [held release];
  [encodes release];
  pthread_mutex_destroy(&lock);
  [super dealloc];
}
- (uint32_t)mmioReadAtOffset:(size_t)offset {
  uint32_t value[2] = {0, 0};
  if (!standin_fails(STANDIN_MMIO)) pvg_mmio_read(soft, PVG_WINDOW_GFX, offset, value);
  return value[0];
}
- (void)mmioWriteAtOffset:(size_t)offset value:(uint32_t)value {
  if (!standin_fails(STANDIN_MMIO)) pvg_mmio_write(soft, PVG_WINDOW_GFX, offset, value);
}
- (id<PGDisplay>)newDisplayWithDescriptor:(PGDisplayDescriptor *)given port:(NSUInteger)port serialNum:(uint32_t)serial {
  if (standin_fails(STANDIN_DISPLAY) || serial == 0 || port >= descriptor->ports) return nil;
  StandinDisplay *display = [[StandinDisplay alloc] init];
  display->device = [self retain];
  display->descriptor = [(id)given retain];
  display->port = (uint32_t)port;
  pthread_mutex_lock(&lock);
  displays[port] = display;
  pthread_mutex_unlock(&lock);
  return display;
}
- (void)reset {
  if (!standin_fails(STANDIN_RESET)) pvg_device_reset(soft);
}
- (void)stop {
  pvg_device_stop(soft);
  pg_encodes_fail(self);
}
- (void)willSuspend { pvg_device_suspend(soft); }
- (NSData *)finishSuspend {
  uint64_t length = 0;
  if (standin_fails(STANDIN_SUSPEND) || pvg_device_state(soft, NULL, 0, &length) != PVG_OK) return nil;
  NSMutableData *state = [NSMutableData dataWithLength:length];
  pvg_device_state(soft, [state mutableBytes], length, &length);
  return state;
}
- (BOOL)willResumeWithSuspendState:(NSData *)state error:(NSError **)error {
  pthread_mutex_lock(&lock);
  resuming = true;
  pthread_mutex_unlock(&lock);
  if (pvg_device_resume(soft, [state bytes], [state length]) == PVG_OK) return YES;
  NSDictionary *why = [NSDictionary dictionaryWithObject:[NSString stringWithUTF8String:pvg_last_error()] forKey:NSLocalizedDescriptionKey];
  if (error != NULL) *error = [NSError errorWithDomain:@"Standin" code:1 userInfo:why];
  return NO;
}
- (void)didResume { pg_release_held(self); }
@end

/* ---- functions ---- */

static id make(PGDeviceDescriptor *descriptor) {
  if (standin_fails(STANDIN_DEVICE)) return nil;
  bool asks = descriptor->createTask != NULL && descriptor->mapMemory != NULL, declares = descriptor->memoryMap != nil;
  if (asks && declares) [NSException raise:NSInvalidArgumentException format:@"both models of guest memory"];
  if (!asks && !declares) [NSException raise:NSInvalidArgumentException format:@"no model of guest memory"];
  if (standin_get(STANDIN_EARLY) != 0) be_early(descriptor);
  StandinDevice *device = [[StandinDevice alloc] initWithDescriptor:descriptor];
  if (device->soft != 0) return device;
  [device release];
  return nil;
}

#if HAS_NEW
id PGNewDeviceWithDescriptor(id descriptor) { return make(descriptor); }
#endif

#if HAS_CREATE
id PGCreateDeviceWithDescriptor(id descriptor, NSError **error) {
  id device = make(descriptor);
  if (device == nil && error != NULL) *error = nil;
  return device;
}
#endif

/* Any file will do: it is this one. */
NSURL *PGCopyOptionROMURL(void) { return [[NSURL alloc] initFileURLWithPath:[NSString stringWithUTF8String:getenv("STANDIN_FRAMEWORK")]]; }
