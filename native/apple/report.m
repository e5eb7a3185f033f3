/* SPDX-License-Identifier: Apache-2.0
 *
 * report.m - what of the framework is there on this machine, in words: what a user pastes into an issue.
 *
 * Every name that the bridge asks for is here, with the types that the runtime gives, so that a framework that has changed shows how. It makes nothing.
 */
#import "apple_pvg.h"

#include <objc/runtime.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
  char *at;
  uint32_t room, length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  uint32_t length = (uint32_t)strlen(line), left = text->length < text->room ? text->room - text->length : 0;
  if (left != 0) memcpy(text->at + text->length, line, length < left ? length : left);
  text->length += length;
}

static void add_class(struct text *text, const char *name, const char *const *selectors) {
  Class class = objc_getClass(name);
  add(text, "class %s: %s\n", name, class != Nil ? "there" : "MISSING");
  for (; class != Nil && *selectors != NULL; selectors++) {
    Method method = class_getInstanceMethod(class, sel_registerName(*selectors));
    const char *types = method != NULL ? method_getTypeEncoding(method) : NULL;
    add(text, "  -%s  %s\n", *selectors, method == NULL ? "MISSING" : types != NULL ? types : "there, without types");
  }
}

static void add_classes(struct text *text) {
  static const char *const device[] = {"setDevice:", "mmioLength", "setDisplayPortCount:", "setRaiseInterrupt:", "setCreateTask:", "setDestroyTask:",
                                       "setMapMemory:", "setUnmapMemory:", "setReadMemory:", "setUsingIOSurfaceMapper:", "setMemoryMapDescriptor:", NULL};
  static const char *const display[] = {"setName:", "setSizeInMillimeters:", "setQueue:", "setModeChangeHandler:", "setNewFrameEventHandler:",
                                        "setCursorGlyphHandler:", "setCursorShowHandler:", "setCursorMoveHandler:", NULL};
  static const char *const mode[] = {"initWithSizeInPixels:refreshRateInHz:", NULL};
  static const char *const map[] = {"addRange:", NULL};
  static const char *const mapper[] = {"initWithDescriptor:", "mmioReadAtOffset:", "mmioWriteAtOffset:value:", NULL};
  static const char *const mapping[] = {"setMapMemory:", "setUnmapMemory:", "setRaiseInterrupt:", NULL};
  add_class(text, "PGDeviceDescriptor", device);
  add_class(text, "PGDisplayDescriptor", display);
  add_class(text, "PGDisplayMode", mode);
  add_class(text, "PGMemoryMapDescriptor", map);
  add_class(text, "PGIOSurfaceHostDevice", mapper);
  add_class(text, "PGIOSurfaceHostDeviceDescriptor", mapping);
}

static void add_gpus(struct text *text) {
  int32_t count = pvg_gpu_count();
  if (count < 0) add(text, "GPUs: %s\n", pvg_last_error());
  for (int32_t at = 0; at < count; at++) {
    id<MTLDevice> gpu = apple_gpu((uint32_t)at);
    int32_t flags = pvg_gpu_flags((uint32_t)at);
    add(text, "GPU %d: %s%s%s%s\n", at, [[gpu name] UTF8String], flags & PVG_GPU_UNIFIED_MEMORY ? ", unified memory" : "",
        flags & PVG_GPU_REMOVABLE ? ", removable" : "", flags & PVG_GPU_DEFAULT ? ", the default" : "");
    [gpu release];
  }
}

int32_t pvg_bridge_report(void *room, uint32_t bytes) {
  if (room == NULL && bytes != 0) return pvgi_fail(PVG_E_ARGUMENT, "no room for the report");
  __block struct text text = {.at = room, .room = bytes};
  int32_t result = apple_guard("the report", ^{
    const struct apple_framework *framework = apple_framework();
    static const char *const models[] = {"none", "tasks", "declared ranges"};
    add(&text, "ParavirtualizedGraphics.framework: %s\n", framework->missing[0] != 0 ? framework->missing : "can be used");
    add(&text, "guest memory by: %s\n", models[framework->model]);
    add(&text, "factory: %s\n", framework->factory != NULL ? framework->factory_name : "none");
    add(&text, "option ROM: %s\n", framework->option_rom != NULL ? "PGCopyOptionROMURL" : "none");
    add(&text, "IOSurface mapper: %s\n", apple_framework_check(true) == PVG_OK ? "can be used" : pvg_last_error());
    add_classes(&text);
    add_gpus(&text);
  });
  return result == PVG_OK ? (int32_t)text.length : result;
}
