/* SPDX-License-Identifier: Apache-2.0
 *
 * events.m - what the framework tells of a display: modes, frames and the cursor.
 *
 * All of it comes on the device's own serial queue, so in order, and what waits for the host there holds up only what comes behind it. `telling` counts
 * handlers in progress; what the queue still has in it nobody knows. A glyph is copied, with bounds: it is the framework's, made of the guest's.
 */
#import "apple_pvg.h"

#include <stdlib.h>
#include <string.h>

#define NOWHERE 0xffffu

/* A record that nobody waits for. */
static void tell(struct apple_display *display, struct pvg_record record) {
  record.thread = THREAD_DISPLAY;
  record.words[0] = display->port;
  apple_post(display->device, &record);
}

static void tell_mode(struct apple_display *display, PGDisplayCoord_t size, uint32_t format) {
  struct apple_device *device = display->device;
  if (!device->config.mode_change_waits) {
    tell(display, (struct pvg_record){.kind = PVG_UPCALL_MODE_CHANGE, .words = {0, size.x, size.y, format}});
    return;
  }
  struct pvgi_call call = {.kind = PVG_UPCALL_MODE_CHANGE, .words = {display->port, size.x, size.y, format}};
  apple_ask(device, &call, NULL);
}

/* Where the cursor is as the framework has it now; on no display while there is none. */
static PGDisplayCoord_t place_of(struct apple_display *display) {
  id<PGDisplay> found = apple_display_take(display);
  PGDisplayCoord_t place = found != nil ? found.cursorPosition : (PGDisplayCoord_t){NOWHERE, NOWHERE};
  [found release];
  return place;
}

/* Bounded copies of what a bitmap says of itself; false if it makes no sense. */
static bool describe_glyph(id<PGGlyph> glyph, PGDisplayCoord_t hotspot, uint64_t words[6]) {
  NSInteger width = [glyph pixelsWide], height = [glyph pixelsHigh], row = [glyph bytesPerRow], bits = [glyph bitsPerPixel];
  if (width < 1 || height < 1 || width > APPLE_GLYPH_SIDE_MAX || height > APPLE_GLYPH_SIDE_MAX || bits < 1 || bits > 128) return false;
  if (row < 1 || (uint64_t)row > APPLE_GLYPH_MAX_LENGTH || (uint64_t)row * (uint64_t)height > APPLE_GLYPH_MAX_LENGTH) return false;
  if ((uint64_t)width * (uint64_t)bits > 8 * (uint64_t)row) return false;
  words[1] = (uint64_t)width << 32 | (uint64_t)height;
  words[2] = (uint64_t)hotspot.x << 32 | hotspot.y;
  words[3] = (uint64_t)row;
  words[4] = (uint64_t)bits;
  words[5] = (uint64_t)row * (uint64_t)height;
  return true;
}

static void tell_glyph(struct apple_display *display, id<PGGlyph> glyph, PGDisplayCoord_t hotspot) {
  struct apple_device *device = display->device;
  struct pvg_record record = {.kind = PVG_UPCALL_CURSOR_GLYPH, .thread = THREAD_DISPLAY, .words = {display->port}};
  const unsigned char *pixels = [glyph bitmapData];
  if (pixels == NULL || !describe_glyph(glyph, hotspot, record.words)) return;
  uint8_t *bytes = malloc(record.words[5]);
  if (bytes == NULL) return;
  memcpy(bytes, pixels, record.words[5]);
  pthread_mutex_lock(&device->lock);
  bool made = device->phase != PHASE_MAKING;
  pthread_mutex_unlock(&device->lock);
  /* A cursor from before the host knows the device is one that the guest sets again. */
  if (!made || !pvgi_post_glyph(&device->base, &record, bytes)) free(bytes);
}

/* Runs a handler, which is counted while it runs. */
static void handle(struct apple_display *display, const char *what, void (^body)(void)) {
  atomic_fetch_add(&display->telling, 1);
  apple_shield(what, body);
  atomic_fetch_sub(&display->telling, 1);
}

void apple_events_describe(struct apple_display *display, id<PGDisplayDescriptor> descriptor) {
  Keeper *keeper = display->device->keeper;
  uint32_t port = display->port;
  descriptor.modeChangeHandler = ^(PGDisplayCoord_t size, uint32_t format) {
    struct apple_display *told = &keeper->device->displays[port];
    handle(told, "modeChange", ^{
      tell_mode(told, size, format);
    });
  };
  descriptor.newFrameEventHandler = ^{
    struct apple_display *told = &keeper->device->displays[port];
    handle(told, "newFrameEvent", ^{
      atomic_fetch_add(&told->frames, 1);
      tell(told, (struct pvg_record){.kind = PVG_UPCALL_NEW_FRAME});
    });
  };
  descriptor.cursorGlyphHandler = ^(id<PGGlyph> glyph, PGDisplayCoord_t hotspot) {
    struct apple_display *told = &keeper->device->displays[port];
    handle(told, "cursorGlyph", ^{
      tell_glyph(told, glyph, hotspot);
    });
  };
  descriptor.cursorShowHandler = ^(BOOL show) {
    struct apple_display *told = &keeper->device->displays[port];
    handle(told, "cursorShow", ^{
      PGDisplayCoord_t place = place_of(told);
      tell(told, (struct pvg_record){.kind = PVG_UPCALL_CURSOR_SHOW, .words = {0, show ? 1 : 0, place.x, place.y}});
    });
  };
  descriptor.cursorMoveHandler = ^{
    struct apple_display *told = &keeper->device->displays[port];
    handle(told, "cursorMove", ^{
      PGDisplayCoord_t place = place_of(told);
      tell(told, (struct pvg_record){.kind = PVG_UPCALL_CURSOR_MOVE, .words = {0, place.x, place.y}});
    });
  };
}
