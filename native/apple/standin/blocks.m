/* SPDX-License-Identifier: Apache-2.0
 *
 * blocks.m - blocks keep the objects that they capture, as on macOS. The blocks runtime of Linux leaves that out.
 *
 * These are found before the runtime's own, which they hand everything else to.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#import <Foundation/Foundation.h>
#include <dlfcn.h>

#include "standin.h"

enum { FIELD_IS_OBJECT = 3 };

typedef void (*assigner)(void *, const void *, const int);
typedef void (*disposer)(const void *, const int);

STANDIN_API void _Block_object_assign(void *to, const void *object, const int flags);
STANDIN_API void _Block_object_dispose(const void *object, const int flags);

static assigner real_assign;
static disposer real_dispose;

__attribute__((constructor)) static void find(void) {
  real_assign = (assigner)dlsym(RTLD_NEXT, "_Block_object_assign");
  real_dispose = (disposer)dlsym(RTLD_NEXT, "_Block_object_dispose");
}

void _Block_object_assign(void *to, const void *object, const int flags) {
  if (flags == FIELD_IS_OBJECT) {
    *(id *)to = [(id)(uintptr_t)object retain];
  } else {
    real_assign(to, object, flags);
  }
}

void _Block_object_dispose(const void *object, const int flags) {
  if (flags == FIELD_IS_OBJECT) {
    [(id)(uintptr_t)object release];
  } else {
    real_dispose(object, flags);
  }
}
