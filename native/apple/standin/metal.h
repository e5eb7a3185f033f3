/* SPDX-License-Identifier: Apache-2.0
 *
 * metal.h - the stand-in's Metal, as the stand-in of the framework uses it: work on command buffers, and the pixels of textures.
 */
#ifndef STANDIN_METAL_PRIVATE_H
#define STANDIN_METAL_PRIVATE_H

#import <Metal/Metal.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "standin.h"

/* Counts its objects. */
STANDIN_API
@interface StandinObject : NSObject
@end

STANDIN_API
@interface StandinTexture : StandinObject <MTLTexture> {
@public
  NSUInteger width, height;
  bool managed;
  pthread_mutex_t lock;
  uint32_t *vram, *ram; /* guarded by the lock; the same if it isn't managed */
  uint32_t soft, soft_device; /* what the framework encodes into, and whose; the framework's */
}
@end

STANDIN_API
@interface StandinCommandBuffer : StandinObject <MTLCommandBuffer> {
@public
  pthread_mutex_t lock;
  uint32_t outstanding; /* work that isn't done; the commit counts as one */
  bool failed, committed;
  NSMutableArray *synchronised;
  NSMutableArray *handlers;
}
/* Work that is done when workDone: is called, once. */
- (void)workBegun;
- (void)workDone:(bool)succeeded;
@end

#endif
