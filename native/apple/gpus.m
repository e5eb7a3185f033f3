/* SPDX-License-Identifier: Apache-2.0
 *
 * gpus.m - what this PVG says of itself: its name, the GPUs that Metal lists, and its option ROM.
 *
 * The list is asked for with the count, and kept for the indices that were counted by it: GPUs may come and go. This file chooses none.
 */
#import "apple_pvg.h"

#include <string.h>

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static NSArray *list; /* guarded by list_lock */

const char *pvg_bridge_name(void) { return "apple"; }

int32_t pvg_bridge_can_suspend(void) { return apple_framework()->missing[0] == 0; }

int32_t pvg_gpu_count(void) {
  __block int32_t count = 0;
  int32_t result = apple_guard("Metal's list of GPUs", ^{
    NSArray *found = MTLCopyAllDevices();
    pthread_mutex_lock(&list_lock);
    NSArray *before = list;
    list = found;
    pthread_mutex_unlock(&list_lock);
    [before release];
    count = (int32_t)[found count];
  });
  return result == PVG_OK ? count : result;
}

id<MTLDevice> apple_gpu(uint32_t index) {
  __block id<MTLDevice> gpu = nil;
  pthread_mutex_lock(&list_lock);
  bool listed = list != nil;
  pthread_mutex_unlock(&list_lock);
  if (!listed && pvg_gpu_count() < 0) return nil;
  apple_guard("Metal's list of GPUs", ^{
    pthread_mutex_lock(&list_lock);
    NSArray *gpus = [list retain];
    pthread_mutex_unlock(&list_lock);
    if (index < [gpus count]) gpu = [[gpus objectAtIndex:index] retain];
    [gpus release];
  });
  if (gpu == nil) pvgi_fail(PVG_E_ARGUMENT, "there is no GPU %u", index);
  return gpu;
}

int32_t pvg_gpu_flags(uint32_t index) {
  id<MTLDevice> gpu = apple_gpu(index);
  if (gpu == nil) return PVG_E_ARGUMENT;
  __block int32_t flags = 0;
  int32_t result = apple_guard("Metal's GPU", ^{
    if ([gpu hasUnifiedMemory]) flags |= PVG_GPU_UNIFIED_MEMORY;
    if ([gpu isRemovable]) flags |= PVG_GPU_REMOVABLE;
    id<MTLDevice> preferred = MTLCreateSystemDefaultDevice();
    if (preferred == gpu) flags |= PVG_GPU_DEFAULT;
    [preferred release];
    [gpu release];
  });
  return result == PVG_OK ? flags : result;
}

int32_t pvg_option_rom(void *path, uint32_t room) {
  if (path == NULL && room != 0) return pvgi_fail(PVG_E_ARGUMENT, "no room for a path");
  const struct apple_framework *framework = apple_framework();
  if (framework->option_rom == NULL) return 0;
  __block int32_t length = 0;
  int32_t result = apple_guard("PGCopyOptionROMURL", ^{
    NSURL *url = framework->option_rom();
    const char *text = [[url path] UTF8String];
    size_t bytes = text != NULL ? strlen(text) : 0;
    length = (int32_t)bytes;
    if (bytes != 0) memcpy(path, text, bytes < room ? bytes : room);
    [url release];
  });
  return result == PVG_OK ? length : result;
}
