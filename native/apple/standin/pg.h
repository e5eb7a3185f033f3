/* SPDX-License-Identifier: Apache-2.0
 *
 * pg.h - the private structures of the stand-in of ParavirtualizedGraphics.framework.
 *
 * STANDIN_MACOS says which macOS's it is, times ten: 130, 154, 260 or 270. Behind each PGDevice is a device of the software PVG in a group of its own, by
 * which upcalls find their way back.
 */
#ifndef STANDIN_PG_H
#define STANDIN_PG_H

#import "../framework.h"
#import "metal.h"

#include "../../pvg_device.h"

#define HAS_TASKS (STANDIN_MACOS < 270)
#define HAS_RANGES (STANDIN_MACOS >= 154)
#define HAS_NEW (STANDIN_MACOS < 270)
#define HAS_CREATE (STANDIN_MACOS >= 260)

#define PG_TASKS 512u
#define PG_RANGES 64u

@class StandinDevice, StandinDisplay, PGIOSurfaceHostDevice;

@interface PGDisplayMode : StandinObject {
@public
  PGDisplayCoord_t size;
  double rate;
}
- (id)initWithSizeInPixels:(PGDisplayCoord_t)size refreshRateInHz:(double)rate;
@end

@interface PGDisplayDescriptor : StandinObject {
@public
  NSString *name;
  NSSize size;
  dispatch_queue_t queue;
  PGModeChange modeChange;
  PGNewFrameEvent newFrame;
  PGCursorGlyphChange glyph;
  PGCursorShowHide show;
  PGCursorMove move;
}
@end

@interface PGDeviceDescriptor : StandinObject {
@public
  id<MTLDevice> device;
  NSUInteger ports;
  bool usesMapper;
  PGRaiseInterrupt raiseInterrupt;
  PGCreateTask createTask;
  PGDestroyTask destroyTask;
  PGMapMemory mapMemory;
  PGUnmapMemory unmapMemory;
  PGReadMemory readMemory;
  id memoryMap;
}
@end

/* What the guest's RAM is where it is declared. */
@interface StandinMemoryMap : StandinObject {
@public
  PGGuestPhysicalRange_t ranges[PG_RANGES];
  uint32_t count;
}
@end

@interface PGIOSurfaceHostDeviceDescriptor : StandinObject {
@public
  PGIOSurfaceMap map;
  PGIOSurfaceUnmap unmap;
  PGIOSurfaceInterrupt raise;
}
@end

@interface PGIOSurfaceHostDevice : StandinObject {
@public
  PGIOSurfaceHostDeviceDescriptor *descriptor;
  uint32_t soft; /* 0 until there is a device */
}
@end

struct pg_task {
  bool used;
  PGTask_t *task; /* the host's, of the task model */
  uint8_t *base;
  uint64_t length;
};

@interface StandinDevice : StandinObject <PGDevice> {
@public
  PGDeviceDescriptor *descriptor;
  PGIOSurfaceHostDevice *mapper;
  uint32_t group, soft;
  pthread_mutex_t lock;
  StandinDisplay *displays[PVG_PORTS_MAX]; /* no references; guarded by the lock */
  NSMutableArray *held;                    /* events from before the displays were attached again; guarded by the lock */
  bool resuming;                           /* guarded by the lock */
  struct pg_task tasks[PG_TASKS];          /* guarded by the lock; the handle of task n is n + 1 */
  NSMutableDictionary *encodes;            /* by frame id; guarded by the lock */
  uint64_t encodeNumber;
}
@end

@interface StandinDisplay : StandinObject <PGDisplay> {
@public
  StandinDevice *device;
  PGDisplayDescriptor *descriptor;
  uint32_t port;
  NSArray *modes;
}
@end

/* An encode on its way. */
@interface StandinEncode : StandinObject {
@public
  StandinCommandBuffer *buffer;
  StandinTexture *texture;
}
@end

/* device.m: the device of a group, or nil. No reference: the software PVG's threads, which ask, end before it does, and must not be those that end it. */
StandinDevice *pg_find(uint32_t group);

/* display.m */
void pg_encode_done(StandinDevice *device, uint64_t id, bool succeeded);
void pg_encodes_fail(StandinDevice *device);

/* memory.m */
void pg_tasks_free(StandinDevice *device);

/* events.m */
void pg_release_held(StandinDevice *device);

#endif
