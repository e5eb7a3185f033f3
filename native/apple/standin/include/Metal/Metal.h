/* SPDX-License-Identifier: Apache-2.0
 *
 * Metal/Metal.h - as much of Metal as the bridge uses, for machines without it: our own declarations of its protocols. metal.m has them for Linux.
 */
#ifndef STANDIN_METAL_H
#define STANDIN_METAL_H

#import <Foundation/Foundation.h>

typedef NSUInteger MTLTextureUsage;
enum { MTLTextureUsageShaderRead = 1, MTLTextureUsageShaderWrite = 2, MTLTextureUsageRenderTarget = 4 };
typedef NSUInteger MTLPixelFormat;
enum { MTLPixelFormatBGRA8Unorm = 80 };
typedef NSUInteger MTLStorageMode;
enum { MTLStorageModeShared = 0, MTLStorageModeManaged = 1, MTLStorageModePrivate = 2 };
typedef NSUInteger MTLCommandBufferStatus;
enum { MTLCommandBufferStatusCompleted = 4, MTLCommandBufferStatusError = 5 };

typedef struct { NSUInteger x, y, z; } MTLOrigin;
typedef struct { NSUInteger width, height, depth; } MTLSize;
typedef struct { MTLOrigin origin; MTLSize size; } MTLRegion;

static inline MTLRegion MTLRegionMake2D(NSUInteger x, NSUInteger y, NSUInteger width, NSUInteger height) {
  return (MTLRegion){{x, y, 0}, {width, height, 1}};
}

@protocol MTLResource <NSObject>
@property(readonly) MTLStorageMode storageMode;
@end

@protocol MTLTexture <MTLResource>
@property(readonly) NSUInteger width;
@property(readonly) NSUInteger height;
- (void)getBytes:(void *)bytes bytesPerRow:(NSUInteger)bytesPerRow fromRegion:(MTLRegion)region mipmapLevel:(NSUInteger)level;
- (void)replaceRegion:(MTLRegion)region mipmapLevel:(NSUInteger)level withBytes:(const void *)bytes bytesPerRow:(NSUInteger)bytesPerRow;
@end

@interface MTLTextureDescriptor : NSObject {
@public
  NSUInteger width_, height_, usage_;
}
+ (MTLTextureDescriptor *)texture2DDescriptorWithPixelFormat:(MTLPixelFormat)format
                                                       width:(NSUInteger)width
                                                      height:(NSUInteger)height
                                                   mipmapped:(BOOL)mipmapped;
@property(readwrite, nonatomic) MTLTextureUsage usage;
@end

@protocol MTLBlitCommandEncoder <NSObject>
- (void)synchronizeResource:(id<MTLResource>)resource;
- (void)endEncoding;
@end

@protocol MTLCommandBuffer;
typedef void (^MTLCommandBufferHandler)(id<MTLCommandBuffer> buffer);

@protocol MTLCommandBuffer <NSObject>
@property(readonly) MTLCommandBufferStatus status;
- (void)addCompletedHandler:(MTLCommandBufferHandler)handler;
- (id<MTLBlitCommandEncoder>)blitCommandEncoder;
- (void)commit;
@end

@protocol MTLCommandQueue <NSObject>
- (id<MTLCommandBuffer>)commandBuffer;
@end

@protocol MTLDevice <NSObject>
@property(readonly) NSString *name;
@property(readonly) BOOL hasUnifiedMemory;
@property(readonly, getter=isRemovable) BOOL removable;
- (id<MTLCommandQueue>)newCommandQueue;
- (id<MTLTexture>)newTextureWithDescriptor:(MTLTextureDescriptor *)descriptor;
@end

NSArray *MTLCopyAllDevices(void);
id<MTLDevice> MTLCreateSystemDefaultDevice(void);

#endif
