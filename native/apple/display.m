/* SPDX-License-Identifier: Apache-2.0
 *
 * display.m - the displays of a device: made, their modes, and what a host may ask of them.
 *
 * A display is set once the framework has given it, which may have told of it before; so whoever wants it takes a reference under the lock, or gets
 * nil. Everything that is asked of the framework is asked on an entry's thread, since it may hold its lock while it waits for the host.
 */
#import "apple_pvg.h"

#include <string.h>

/* ---- making ---- */

static id<PGDisplayDescriptor> describe(struct apple_display *display) {
  const struct pvg_config *config = &display->device->config;
  id<PGDisplayDescriptor> descriptor = [[[apple_framework()->display_descriptor alloc] init] autorelease];
  if (descriptor == nil) return nil;
  char name[sizeof config->display_name + 1] = {0};
  memcpy(name, config->display_name, sizeof config->display_name);
  descriptor.name = [NSString stringWithUTF8String:name];
  descriptor.sizeInMillimeters = NSMakeSize(config->display_mm[0], config->display_mm[1]);
  descriptor.queue = display->device->queue;
  apple_events_describe(display, descriptor);
  return descriptor;
}

static int32_t make(struct apple_display *display) {
  struct apple_device *device = display->device;
  id<PGDisplayDescriptor> descriptor = describe(display);
  if (descriptor == nil) return pvgi_fail(PVG_E_REFUSED, "PGDisplayDescriptor gives no instance");
  id<PGDisplay> made = [device->device newDisplayWithDescriptor:descriptor
                                                           port:display->port
                                                      serialNum:device->config.display_serials[display->port]];
  if (made == nil) return pvgi_fail(PVG_E_REFUSED, "the framework gave no display for port %u", display->port);
  pthread_mutex_lock(&device->lock);
  display->display = made;
  pthread_mutex_unlock(&device->lock);
  return PVG_OK;
}

int32_t apple_displays_make(struct apple_device *device) {
  for (uint32_t port = 0; port < device->config.ports; port++) {
    int32_t result = make(&device->displays[port]);
    if (result != PVG_OK) return result;
  }
  return PVG_OK;
}

void apple_displays_release(struct apple_device *device) {
  for (uint32_t port = 0; port < device->config.ports; port++) {
    struct apple_display *display = &device->displays[port];
    pthread_mutex_lock(&device->lock);
    id<PGDisplay> made = display->display;
    display->display = nil;
    pthread_mutex_unlock(&device->lock);
    apple_shield("the release of a display", ^{
      [made release];
    });
  }
}

id<PGDisplay> apple_display_take(struct apple_display *display) {
  pthread_mutex_lock(&display->device->lock);
  id<PGDisplay> found = [display->display retain];
  pthread_mutex_unlock(&display->device->lock);
  return found;
}

struct apple_display *apple_display_enter(uint32_t handle, uint32_t port, int32_t *result) {
  struct apple_device *device = apple_device_enter(handle);
  *result = PVG_E_HANDLE;
  if (device == NULL) return NULL;
  bool there = port < device->config.ports;
  *result = there ? PVG_OK : pvgi_fail(PVG_E_UNSUPPORTED, "there is no port %u", port);
  if (!there) apple_device_leave(device);
  return there ? &device->displays[port] : NULL;
}

/* ---- what a host may ask ---- */

/* What a work does with the display that it is given, which is nil of a device that is no more. */
typedef int32_t (^question)(id<PGDisplay> display, struct apple_values *values);

static int32_t ask(struct apple_display *display, const char *what, question ask, struct apple_values *values) {
  id<PGDisplay> target = apple_display_take(display);
  int32_t result = apple_enter(display->device, what, ^int32_t(struct apple_values *got) {
    return target != nil ? ask(target, got) : pvgi_fail(PVG_E_CLOSED, "the device has no displays any more");
  }, values);
  [target release];
  return result;
}

int32_t pvg_display_set_modes(uint32_t handle, uint32_t port, const struct pvg_display_mode *modes, uint32_t count) {
  if (pvgi_check_modes(modes, count) != PVG_OK) return PVG_E_ARGUMENT;
  int32_t result;
  struct apple_display *display = apple_display_enter(handle, port, &result);
  if (display == NULL) return result;
  struct apple_device *device = display->device;
  pthread_mutex_lock(&device->lock);
  bool runs = device->phase == PHASE_RUNNING;
  pthread_mutex_unlock(&device->lock);
  NSData *copy = runs ? [[NSData alloc] initWithBytes:modes length:count * sizeof *modes] : nil;
  result = !runs ? pvgi_fail(PVG_E_CLOSED, "the device was suspended")
                 : ask(display, "-[PGDisplay setModeList:]", ^int32_t(id<PGDisplay> target, struct apple_values *values) {
    (void)values;
    NSMutableArray *list = [NSMutableArray arrayWithCapacity:count];
    const struct pvg_display_mode *mode = [copy bytes];
    for (uint32_t at = 0; at < count; at++, mode++) {
      PGDisplayCoord_t size = {(uint16_t)mode->width, (uint16_t)mode->height};
      id made = [[apple_framework()->display_mode alloc] initWithSizeInPixels:size refreshRateInHz:mode->rate_mhz / 1000.0];
      if (made == nil) return pvgi_fail(PVG_E_REFUSED, "PGDisplayMode gives no instance for %ux%u", mode->width, mode->height);
      [list addObject:made];
      [made release];
    }
    target.modeList = list;
    return PVG_OK;
  }, NULL);
  [copy release];
  apple_device_leave(device);
  return result;
}

int32_t pvg_display_cursor_position(uint32_t handle, uint32_t port, uint32_t *position) {
  if (position == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the position");
  int32_t result;
  struct apple_display *display = apple_display_enter(handle, port, &result);
  if (display == NULL) return result;
  struct apple_values values = {0};
  result = ask(display, "-[PGDisplay cursorPosition]", ^int32_t(id<PGDisplay> target, struct apple_values *got) {
    PGDisplayCoord_t place = target.cursorPosition;
    got->words[0] = place.x;
    got->words[1] = place.y;
    return PVG_OK;
  }, &values);
  if (result == PVG_OK) position[0] = (uint32_t)values.words[0];
  if (result == PVG_OK) position[1] = (uint32_t)values.words[1];
  apple_device_leave(display->device);
  return result;
}

int32_t pvg_display_minimum_texture_usage(uint32_t handle, uint32_t port) {
  int32_t result;
  struct apple_display *display = apple_display_enter(handle, port, &result);
  if (display == NULL) return result;
  result = ask(display, "-[PGDisplay minimumTextureUsage]", ^int32_t(id<PGDisplay> target, struct apple_values *values) {
    (void)values;
    MTLTextureUsage usage = target.minimumTextureUsage;
    return usage <= INT32_MAX ? (int32_t)usage : pvgi_fail(PVG_E_REFUSED, "the display wants an unknown usage of its texture");
  }, NULL);
  apple_device_leave(display->device);
  return result;
}

/* The framework's counters where it has them; their type has changed with the years. */
uint64_t apple_count(id<PGDisplay> display, SEL selector, uint64_t otherwise) {
  if (apple_answers(display, selector, "Q@:|q@:|L@:")) {
    return ((uint64_t (*)(id, SEL))[(NSObject *)display methodForSelector:selector])(display, selector);
  }
  if (apple_answers(display, selector, "I@:|i@:")) {
    return ((uint32_t (*)(id, SEL))[(NSObject *)display methodForSelector:selector])(display, selector);
  }
  return otherwise;
}

int32_t pvg_display_present_counts(uint32_t handle, uint32_t port, uint64_t *counts) {
  if (counts == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the counts");
  int32_t result;
  struct apple_display *display = apple_display_enter(handle, port, &result);
  if (display == NULL) return result;
  struct apple_values values = {0};
  result = ask(display, "-[PGDisplay guestPresentCount]", ^int32_t(id<PGDisplay> target, struct apple_values *got) {
    got->words[0] = apple_count(target, @selector(guestPresentCount), atomic_load(&display->frames));
    got->words[1] = apple_count(target, @selector(hostPresentCount), atomic_load(&display->encoded));
    return PVG_OK;
  }, &values);
  if (result == PVG_OK) memcpy(counts, values.words, sizeof values.words);
  apple_device_leave(display->device);
  return result;
}

int32_t pvg_display_pending_events(uint32_t handle, uint32_t port) {
  int32_t result;
  struct apple_display *display = apple_display_enter(handle, port, &result);
  if (display == NULL) return result;
  result = (int32_t)(atomic_load(&display->telling) + pvgi_glyphs_held(&display->device->base, port));
  apple_device_leave(display->device);
  return result;
}
