/* SPDX-License-Identifier: Apache-2.0
 *
 * metal.m - Metal for machines without it: one GPU, whose textures are memory, and whose command buffers complete on a thread of their own.
 *
 * A managed texture's RAM copy follows when a synchronise is in a buffer, and only then, at its end. Nothing here draws.
 */
#import "metal.h"

#include <Block.h>
#include <dispatch/dispatch.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC visibility push(default)
NSArray *MTLCopyAllDevices(void);
id<MTLDevice> MTLCreateSystemDefaultDevice(void);
#pragma GCC visibility pop

@implementation StandinObject
- (id)init {
  self = [super init];
  if (self != nil) standin_count(1);
  return self;
}
- (void)dealloc {
  standin_count(-1);
  [super dealloc];
}
@end

@implementation MTLTextureDescriptor
+ (MTLTextureDescriptor *)texture2DDescriptorWithPixelFormat:(MTLPixelFormat)format
                                                       width:(NSUInteger)width
                                                      height:(NSUInteger)height
                                                   mipmapped:(BOOL)mipmapped {
  if (format != MTLPixelFormatBGRA8Unorm || mipmapped) [NSException raise:NSInvalidArgumentException format:@"another texture than BGRA8"];
  MTLTextureDescriptor *descriptor = [[[MTLTextureDescriptor alloc] init] autorelease];
  descriptor->width_ = width;
  descriptor->height_ = height;
  descriptor->usage_ = MTLTextureUsageShaderRead;
  return descriptor;
}
- (MTLTextureUsage)usage { return usage_; }
- (void)setUsage:(MTLTextureUsage)usage { usage_ = usage; }
@end

/* ---- textures ---- */

@implementation StandinTexture
- (void)dealloc {
  if (managed) free(ram);
  free(vram);
  pthread_mutex_destroy(&lock);
  [super dealloc];
}
- (MTLStorageMode)storageMode { return managed ? MTLStorageModeManaged : MTLStorageModeShared; }
- (NSUInteger)width { return width; }
- (NSUInteger)height { return height; }
- (void)check:(MTLRegion)region level:(NSUInteger)level row:(NSUInteger)row {
  bool all = region.origin.x == 0 && region.origin.y == 0 && region.size.width == width && region.size.height == height && level == 0;
  if (!all || row != 4 * width) [NSException raise:NSRangeException format:@"not the whole texture"];
}
- (void)getBytes:(void *)bytes bytesPerRow:(NSUInteger)row fromRegion:(MTLRegion)region mipmapLevel:(NSUInteger)level {
  [self check:region level:level row:row];
  pthread_mutex_lock(&lock);
  memcpy(bytes, ram, 4 * width * height);
  pthread_mutex_unlock(&lock);
}
- (void)replaceRegion:(MTLRegion)region mipmapLevel:(NSUInteger)level withBytes:(const void *)bytes bytesPerRow:(NSUInteger)row {
  [self check:region level:level row:row];
  pthread_mutex_lock(&lock);
  memcpy(vram, bytes, 4 * width * height);
  if (managed) memcpy(ram, bytes, 4 * width * height);
  pthread_mutex_unlock(&lock);
}
@end

/* ---- command buffers ---- */

static dispatch_queue_t gpu_queue;
static pthread_once_t gpu_once = PTHREAD_ONCE_INIT;

/* The one that completes buffers lives as long as the process. */
static void make_queue(void) {
  gpu_queue = dispatch_queue_create("standin.gpu", DISPATCH_QUEUE_SERIAL);
  standin_count(-1);
}

@interface StandinBlit : StandinObject <MTLBlitCommandEncoder> {
@public
  StandinCommandBuffer *buffer;
}
@end

@implementation StandinBlit
- (void)synchronizeResource:(id<MTLResource>)resource { [buffer->synchronised addObject:resource]; }
- (void)endEncoding {
}
- (void)dealloc {
  [buffer release];
  [super dealloc];
}
@end

@implementation StandinCommandBuffer
- (id)init {
  self = [super init];
  if (self == nil) return nil;
  pthread_mutex_init(&lock, NULL);
  outstanding = 1;
  synchronised = [[NSMutableArray alloc] init];
  handlers = [[NSMutableArray alloc] init];
  return self;
}
- (void)dealloc {
  for (NSValue *handler in handlers) Block_release([handler pointerValue]);
  [handlers release];
  [synchronised release];
  pthread_mutex_destroy(&lock);
  [super dealloc];
}
- (MTLCommandBufferStatus)status { return failed ? MTLCommandBufferStatusError : MTLCommandBufferStatusCompleted; }
- (void)addCompletedHandler:(MTLCommandBufferHandler)handler {
  if (committed) [NSException raise:NSInternalInconsistencyException format:@"a handler behind the commit"];
  [handlers addObject:[NSValue valueWithPointer:Block_copy(handler)]];
}
- (id<MTLBlitCommandEncoder>)blitCommandEncoder {
  StandinBlit *blit = [[[StandinBlit alloc] init] autorelease];
  blit->buffer = [self retain];
  return blit;
}
- (void)complete {
  for (StandinTexture *texture in synchronised) {
    pthread_mutex_lock(&texture->lock);
    if (texture->managed) memcpy(texture->ram, texture->vram, 4 * texture->width * texture->height);
    pthread_mutex_unlock(&texture->lock);
  }
  for (NSValue *handler in handlers) ((MTLCommandBufferHandler)[handler pointerValue])(self);
}
- (void)workBegun {
  pthread_mutex_lock(&lock);
  outstanding++;
  pthread_mutex_unlock(&lock);
}
- (void)workDone:(bool)succeeded {
  pthread_mutex_lock(&lock);
  failed = failed || !succeeded;
  bool last = --outstanding == 0;
  pthread_mutex_unlock(&lock);
  if (!last) return;
  pthread_once(&gpu_once, make_queue);
  dispatch_async(gpu_queue, ^{
    [self complete];
  });
}
- (void)commit {
  committed = true;
  [self workDone:true];
}
@end

/* ---- devices ---- */

@interface StandinQueue : StandinObject <MTLCommandQueue>
@end

@implementation StandinQueue
- (id<MTLCommandBuffer>)commandBuffer {
  return standin_fails(STANDIN_BUFFER) ? nil : [[[StandinCommandBuffer alloc] init] autorelease];
}
@end

@interface StandinGpu : NSObject <MTLDevice>
@end

@implementation StandinGpu
- (NSString *)name { return @"Stand-in"; }
- (BOOL)hasUnifiedMemory { return YES; }
- (BOOL)isRemovable { return NO; }
- (id<MTLCommandQueue>)newCommandQueue { return standin_fails(STANDIN_QUEUE) ? nil : [[StandinQueue alloc] init]; }
- (id<MTLTexture>)newTextureWithDescriptor:(MTLTextureDescriptor *)descriptor {
  if (standin_fails(STANDIN_TEXTURE)) return nil;
  StandinTexture *texture = [[StandinTexture alloc] init];
  pthread_mutex_init(&texture->lock, NULL);
  texture->width = descriptor->width_;
  texture->height = descriptor->height_;
  texture->managed = standin_get(STANDIN_MANAGED) != 0;
  texture->vram = malloc(4 * texture->width * texture->height);
  texture->ram = texture->managed ? malloc(4 * texture->width * texture->height) : texture->vram;
  if (texture->vram != NULL && texture->ram != NULL) {
    /* Nobody says what is in a new one. */
    memset(texture->vram, 0xa5, 4 * texture->width * texture->height);
    return texture;
  }
  [texture release];
  return nil;
}
@end

static StandinGpu *gpu;
static pthread_once_t device_once = PTHREAD_ONCE_INIT;

static void make_gpu(void) { gpu = [[StandinGpu alloc] init]; }

NSArray *MTLCopyAllDevices(void) {
  if (standin_fails(STANDIN_GPUS)) return nil;
  pthread_once(&device_once, make_gpu);
  return [[NSArray alloc] initWithObjects:gpu, nil];
}

id<MTLDevice> MTLCreateSystemDefaultDevice(void) {
  pthread_once(&device_once, make_gpu);
  return [gpu retain];
}
