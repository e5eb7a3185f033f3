/* SPDX-License-Identifier: Apache-2.0
 *
 * framework.h - ParavirtualizedGraphics.framework as this bridge knows it: our own declarations of its classes, protocols, blocks and functions.
 *
 * Names, types and numbers are the framework's; some of them it declares in no header, so all that can be missing is asked for before it is
 * used (framework.m), by its type encoding where that might be another. Nothing here is linked: classes and functions are looked up.
 */
#ifndef APPLE_FRAMEWORK_H
#define APPLE_FRAMEWORK_H

#import <Foundation/Foundation.h>
#import <Metal/Metal.h>
#include <dispatch/dispatch.h>
#include <stdbool.h>
#include <stdint.h>

/* A task is the host's: the framework hands its address back and never looks at it. */
typedef struct PGTask_s PGTask_t;

typedef struct PGPhysicalMemoryRange_s {
  uint64_t physicalAddress;
  uint64_t physicalLength;
} PGPhysicalMemoryRange_t;

/* Guest RAM that is declared when a device is made, and where the host has it. */
typedef struct PGGuestPhysicalRange_s {
  uint64_t physicalAddress;
  uint64_t physicalLength;
  void *hostAddress;
} PGGuestPhysicalRange_t;

typedef struct PGDisplayCoord_s {
  uint16_t x;
  uint16_t y;
} PGDisplayCoord_t;

typedef PGTask_t *(^PGCreateTask)(uint64_t vmSize, void **baseAddress);
typedef void (^PGDestroyTask)(PGTask_t *task);
typedef bool (^PGMapMemory)(PGTask_t *task, uint32_t rangeCount, uint64_t virtualOffset, bool readOnly,
                            PGPhysicalMemoryRange_t *ranges);
typedef bool (^PGUnmapMemory)(PGTask_t *task, uint64_t virtualOffset, uint64_t length);
typedef bool (^PGReadMemory)(uint64_t physicalAddress, uint64_t length, void *destination);
typedef void (^PGRaiseInterrupt)(uint32_t vector);

/* An NSBitmapImageRep, whose class is AppKit's. */
@protocol PGGlyph <NSObject>
- (NSInteger)pixelsWide;
- (NSInteger)pixelsHigh;
- (NSInteger)bitsPerPixel;
- (NSInteger)bytesPerRow;
- (unsigned char *)bitmapData;
@end

typedef void (^PGModeChange)(PGDisplayCoord_t sizeInPixels, uint32_t pixelFormat);
typedef void (^PGNewFrameEvent)(void);
typedef void (^PGCursorGlyphChange)(id<PGGlyph> glyph, PGDisplayCoord_t hotspot);
typedef void (^PGCursorShowHide)(BOOL show);
typedef void (^PGCursorMove)(void);

/* ---- what is made by name ---- */

@protocol PGMemoryMapDescriptor <NSObject>
- (void)addRange:(PGGuestPhysicalRange_t)range;
@end

@protocol PGDeviceDescriptor <NSObject>
@property(nonatomic, readwrite, retain) id<MTLDevice> device;
@property(nonatomic, readwrite) NSUInteger mmioLength;
@property(nonatomic, readwrite) NSUInteger displayPortCount;
@property(nonatomic, readwrite, copy) PGCreateTask createTask;
@property(nonatomic, readwrite, copy) PGDestroyTask destroyTask;
@property(nonatomic, readwrite, copy) PGMapMemory mapMemory;
@property(nonatomic, readwrite, copy) PGUnmapMemory unmapMemory;
@property(nonatomic, readwrite, copy) PGReadMemory readMemory;
@property(nonatomic, readwrite, copy) PGRaiseInterrupt raiseInterrupt;
@property(nonatomic, readwrite) bool usingIOSurfaceMapper;
@property(nonatomic, readwrite, retain) id<PGMemoryMapDescriptor> memoryMapDescriptor;
@end

@protocol PGDisplayMode <NSObject>
- (id)initWithSizeInPixels:(PGDisplayCoord_t)size refreshRateInHz:(double)rate;
@end

@protocol PGDisplayDescriptor <NSObject>
@property(nonatomic, readwrite, copy) NSString *name;
@property(nonatomic, readwrite) NSSize sizeInMillimeters;
@property(nonatomic, readwrite, assign) dispatch_queue_t queue;
@property(nonatomic, readwrite, copy) PGModeChange modeChangeHandler;
@property(nonatomic, readwrite, copy) PGNewFrameEvent newFrameEventHandler;
@property(nonatomic, readwrite, copy) PGCursorGlyphChange cursorGlyphHandler;
@property(nonatomic, readwrite, copy) PGCursorShowHide cursorShowHandler;
@property(nonatomic, readwrite, copy) PGCursorMove cursorMoveHandler;
@end

@protocol PGDisplay <NSObject>
@property(nonatomic, readwrite, copy) NSArray *modeList;
@property(nonatomic, readonly) MTLTextureUsage minimumTextureUsage;
@property(nonatomic, readonly) PGDisplayCoord_t cursorPosition;
- (BOOL)encodeCurrentFrameToCommandBuffer:(id<MTLCommandBuffer>)buffer texture:(id<MTLTexture>)texture region:(MTLRegion)region;
/* And, where they are there, guestPresentCount and hostPresentCount: numbers, of 32 bits or 64. */
@end

@protocol PGDevice <NSObject>
- (uint32_t)mmioReadAtOffset:(size_t)offset;
- (void)mmioWriteAtOffset:(size_t)offset value:(uint32_t)value;
- (id<PGDisplay>)newDisplayWithDescriptor:(id<PGDisplayDescriptor>)descriptor port:(NSUInteger)port serialNum:(uint32_t)serial NS_RETURNS_RETAINED;
@optional
- (void)reset;
- (void)stop;
- (void)willSuspend;
- (NSData *)finishSuspend;
- (BOOL)willResumeWithSuspendState:(NSData *)state error:(NSError **)error;
- (void)didResume;
@end

/* Further arguments are opaque, and passed to traces only. */
typedef bool (^PGIOSurfaceMap)(uint64_t physicalAddress, uint64_t length, bool readOnly, void **address, void *e, void *f);
typedef bool (^PGIOSurfaceUnmap)(void *address, void *b, void *c, void *d, void *e, void *f);
typedef bool (^PGIOSurfaceInterrupt)(uint32_t vector);

@protocol PGIOSurfaceHostDeviceDescriptor <NSObject>
@property(nonatomic, readwrite, copy) PGIOSurfaceMap mapMemory;
@property(nonatomic, readwrite, copy) PGIOSurfaceUnmap unmapMemory;
@property(nonatomic, readwrite, copy) PGIOSurfaceInterrupt raiseInterrupt;
@end

@protocol PGIOSurfaceHostDevice <NSObject>
- (id)initWithDescriptor:(id<PGIOSurfaceHostDeviceDescriptor>)descriptor;
- (uint64_t)mmioReadAtOffset:(uint64_t)offset;
- (void)mmioWriteAtOffset:(uint64_t)offset value:(uint64_t)value;
@end

/* ---- functions ---- */

/* The second argument is for a factory that tells errors; one that doesn't never looks at it. */
typedef id (*PGDeviceFactory)(id descriptor, NSError **error);
typedef NSURL *(*PGOptionROM)(void);

#endif
