/* SPDX-License-Identifier: Apache-2.0
 *
 * framework.m - finds the framework, and decides by what it answers to which of its two models of guest memory is used.
 *
 * The task model (createTask ... readMemory) is what macOS has had since 11, and 27 has no more: the host is asked for each piece of guest memory. In
 * the other one, since 15.4, guest RAM is declared when a device is made. Where there are both the host is asked, since it then sees what is
 * mapped, takes memory away and answers for memory that comes later. APPLE_GFX_MEMORY=tasks|ranges chooses otherwise. Never both: the framework
 * refuses a descriptor that has both. Nothing here makes a device.
 */
#import "apple_pvg.h"

#include <dlfcn.h>
#include <objc/runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PVG_FRAMEWORK
#define PVG_FRAMEWORK "/System/Library/Frameworks/ParavirtualizedGraphics.framework/ParavirtualizedGraphics"
#endif

static struct apple_framework framework;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ---- types ---- */

/* Copies a type encoding without its offsets, qualifiers and the names of structures: "B40@0:8{three=QQ^v}16" is "B@:{QQ^v}". */
static void strip(const char *types, char *text, size_t room) {
  size_t length = 0;
  for (; *types != 0 && length + 1 < room; types++) {
    if (*types >= '0' && *types <= '9') continue;
    if (strchr("rnNoORV", *types) != NULL) continue;
    text[length++] = *types;
    if (*types != '{') continue;
    const char *equals = types;
    while (*equals != 0 && *equals != '=' && *equals != '}') equals++;
    if (*equals == '=') types = equals;
  }
  text[length] = 0;
}

/* Whether `types` is one of those in `list`, between "|". */
static bool is_listed(const char *types, const char *list) {
  size_t length = strlen(types);
  for (const char *at = list; at != NULL; at = strchr(at, '|')) {
    if (*at == '|') at++;
    if (strncmp(at, types, length) == 0 && (at[length] == 0 || at[length] == '|')) return true;
  }
  return false;
}

bool apple_class_has(Class class, SEL selector, const char *types) {
  Method method = class != Nil ? class_getInstanceMethod(class, selector) : NULL;
  if (method == NULL) return false;
  const char *given = method_getTypeEncoding(method);
  if (types == NULL) return true;
  if (given == NULL) return false;
  char stripped[128];
  strip(given, stripped, sizeof stripped);
  return is_listed(stripped, types);
}

bool apple_answers(id object, SEL selector, const char *types) {
  return object != nil && apple_class_has(object_getClass(object), selector, types);
}

/* ---- the look-up ---- */

static bool asks(Class descriptor) {
  return apple_class_has(descriptor, @selector(setCreateTask:), NULL) && apple_class_has(descriptor, @selector(setDestroyTask:), NULL) &&
         apple_class_has(descriptor, @selector(setMapMemory:), NULL) && apple_class_has(descriptor, @selector(setUnmapMemory:), NULL) &&
         apple_class_has(descriptor, @selector(setReadMemory:), NULL);
}

static bool declares(Class descriptor) {
  return framework.memory_map != Nil && apple_class_has(framework.memory_map, @selector(addRange:), "v@:{QQ^v}") &&
         apple_class_has(descriptor, @selector(setMemoryMapDescriptor:), NULL);
}

static enum apple_model model_of(Class descriptor) {
  const char *wanted = getenv("APPLE_GFX_MEMORY");
  bool tasks = asks(descriptor), ranges = declares(descriptor);
  if (wanted != NULL && strcmp(wanted, "tasks") == 0) ranges = false;
  if (wanted != NULL && strcmp(wanted, "ranges") == 0) tasks = false;
  return tasks ? MODEL_TASKS : ranges ? MODEL_RANGES : MODEL_NONE;
}

static void miss(const char *what) {
  if (framework.missing[0] == 0) snprintf(framework.missing, sizeof framework.missing, "%s", what);
}

static void look_up_classes(void) {
  framework.device_descriptor = objc_getClass("PGDeviceDescriptor");
  framework.display_descriptor = objc_getClass("PGDisplayDescriptor");
  framework.display_mode = objc_getClass("PGDisplayMode");
  framework.memory_map = objc_getClass("PGMemoryMapDescriptor");
  framework.iosfc_device = objc_getClass("PGIOSurfaceHostDevice");
  framework.iosfc_descriptor = objc_getClass("PGIOSurfaceHostDeviceDescriptor");
  if (framework.device_descriptor == Nil) miss("there is no class PGDeviceDescriptor");
  if (framework.display_descriptor == Nil) miss("there is no class PGDisplayDescriptor");
  if (framework.display_mode == Nil) miss("there is no class PGDisplayMode");
}

/* The older factory goes with the older model where there are both. */
static void look_up_functions(void *image) {
  const char *names[2] = {"PGNewDeviceWithDescriptor", "PGCreateDeviceWithDescriptor"};
  uint32_t first = framework.model == MODEL_RANGES;
  for (uint32_t at = 0; at < 2 && framework.factory == NULL; at++) {
    framework.factory_name = names[(first + at) % 2];
    framework.factory = (PGDeviceFactory)dlsym(image, framework.factory_name);
  }
  framework.option_rom = (PGOptionROM)dlsym(image, "PGCopyOptionROMURL");
  if (framework.factory == NULL) miss("there is neither PGNewDeviceWithDescriptor nor PGCreateDeviceWithDescriptor");
}

static void look_up(void) {
  void *image = dlopen(PVG_FRAMEWORK, RTLD_NOW | RTLD_GLOBAL);
  if (image == NULL) {
    const char *why = dlerror();
    snprintf(framework.missing, sizeof framework.missing, "%s", why != NULL ? why : "it can't be loaded");
    return;
  }
  look_up_classes();
  if (framework.device_descriptor != Nil) framework.model = model_of(framework.device_descriptor);
  if (framework.model == MODEL_NONE) miss("it answers to neither model of guest memory");
  look_up_functions(image);
}

const struct apple_framework *apple_framework(void) {
  pthread_once(&once, look_up);
  return &framework;
}

int32_t apple_framework_check(bool iosfc) {
  const struct apple_framework *found = apple_framework();
  if (found->missing[0] != 0) {
    return pvgi_fail(PVG_E_UNSUPPORTED, "ParavirtualizedGraphics.framework can't be used: %s", found->missing);
  }
  if (!iosfc) return PVG_OK;
  bool mapper = apple_class_has(found->iosfc_device, @selector(initWithDescriptor:), "@@:@") &&
                apple_class_has(found->iosfc_device, @selector(mmioReadAtOffset:), "Q@:Q") &&
                apple_class_has(found->iosfc_device, @selector(mmioWriteAtOffset:value:), "v@:QQ") && found->iosfc_descriptor != Nil;
  if (!mapper) return pvgi_fail(PVG_E_UNSUPPORTED, "the framework's IOSurface mapper isn't there, or its registers don't have 64 bits");
  return PVG_OK;
}
