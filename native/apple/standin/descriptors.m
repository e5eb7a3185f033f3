/* SPDX-License-Identifier: Apache-2.0
 *
 * descriptors.m - the classes that a host fills in. A descriptor has what that macOS's has, and answers to nothing else.
 */
#import "pg.h"

#include <Block.h>
#include <objc/runtime.h>

/* Setter and getter of a block, which is copied. */
#define BLOCK(type, field, setter, getter) \
  -(void)setter(type)block {               \
    if (field != NULL) Block_release(field); \
    field = block != NULL ? Block_copy(block) : NULL; \
  }                                        \
  -(type)getter {                          \
    return field;                          \
  }

#define DROP(field) \
  if (field != NULL) Block_release(field)

@implementation PGDisplayMode
- (id)initWithSizeInPixels:(PGDisplayCoord_t)given refreshRateInHz:(double)hertz {
  self = [super init];
  if (self == nil) return nil;
  size = given;
  rate = hertz;
  return self;
}
@end

@implementation PGDisplayDescriptor
- (NSString *)name { return name; }
- (void)setName:(NSString *)text {
  if ([text length] > 13) [NSException raise:NSInvalidArgumentException format:@"a display's name has 13 characters at most"];
  [name release];
  name = [text copy];
}
- (NSSize)sizeInMillimeters { return size; }
- (void)setSizeInMillimeters:(NSSize)given { size = given; }
- (dispatch_queue_t)queue { return queue; }
- (void)setQueue:(dispatch_queue_t)given {
  dispatch_retain(given);
  if (queue != NULL) dispatch_release(queue);
  queue = given;
}
BLOCK(PGModeChange, modeChange, setModeChangeHandler:, modeChangeHandler)
BLOCK(PGNewFrameEvent, newFrame, setNewFrameEventHandler:, newFrameEventHandler)
BLOCK(PGCursorGlyphChange, glyph, setCursorGlyphHandler:, cursorGlyphHandler)
BLOCK(PGCursorShowHide, show, setCursorShowHandler:, cursorShowHandler)
BLOCK(PGCursorMove, move, setCursorMoveHandler:, cursorMoveHandler)
- (void)dealloc {
  [name release];
  if (queue != NULL) dispatch_release(queue);
  DROP(modeChange);
  DROP(newFrame);
  DROP(glyph);
  DROP(show);
  DROP(move);
  [super dealloc];
}
@end

@implementation PGDeviceDescriptor
- (id)init {
  self = [super init];
  if (self != nil) ports = 1;
  return self;
}
- (id<MTLDevice>)device { return device; }
- (void)setDevice:(id<MTLDevice>)given {
  [given retain];
  [device release];
  device = given;
}
- (NSUInteger)mmioLength { return 0x4000; }
- (NSUInteger)displayPortCount { return ports; }
- (void)setDisplayPortCount:(NSUInteger)count {
  if (count < 1 || count > PVG_PORTS_MAX) [NSException raise:NSInvalidArgumentException format:@"a device has 1 to 8 ports"];
  ports = count;
}
- (bool)usingIOSurfaceMapper { return usesMapper; }
- (void)setUsingIOSurfaceMapper:(bool)uses { usesMapper = uses; }
BLOCK(PGRaiseInterrupt, raiseInterrupt, setRaiseInterrupt:, raiseInterrupt)
#if HAS_TASKS
BLOCK(PGCreateTask, createTask, setCreateTask:, createTask)
BLOCK(PGDestroyTask, destroyTask, setDestroyTask:, destroyTask)
BLOCK(PGMapMemory, mapMemory, setMapMemory:, mapMemory)
BLOCK(PGUnmapMemory, unmapMemory, setUnmapMemory:, unmapMemory)
BLOCK(PGReadMemory, readMemory, setReadMemory:, readMemory)
#endif
#if HAS_RANGES
- (id)memoryMapDescriptor { return memoryMap; }
- (void)setMemoryMapDescriptor:(id)map {
  [map retain];
  [memoryMap release];
  memoryMap = map;
}
#endif
- (void)dealloc {
  [device release];
  [memoryMap release];
  DROP(raiseInterrupt);
  DROP(createTask);
  DROP(destroyTask);
  DROP(mapMemory);
  DROP(unmapMemory);
  DROP(readMemory);
  [super dealloc];
}
@end

@implementation StandinMemoryMap
- (void)addRange:(PGGuestPhysicalRange_t)range {
  if (count == PG_RANGES) [NSException raise:NSRangeException format:@"too many ranges"];
  ranges[count++] = range;
}
@end

#if HAS_RANGES
@interface PGMemoryMapDescriptor : StandinMemoryMap
@end
@implementation PGMemoryMapDescriptor
@end
#endif

@implementation PGIOSurfaceHostDeviceDescriptor
BLOCK(PGIOSurfaceMap, map, setMapMemory:, mapMemory)
BLOCK(PGIOSurfaceUnmap, unmap, setUnmapMemory:, unmapMemory)
BLOCK(PGIOSurfaceInterrupt, raise, setRaiseInterrupt:, raiseInterrupt)
- (void)dealloc {
  DROP(map);
  DROP(unmap);
  DROP(raise);
  [super dealloc];
}
@end
