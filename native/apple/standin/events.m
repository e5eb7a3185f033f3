/* SPDX-License-Identifier: Apache-2.0
 *
 * events.m - where the software PVG's news goes: interrupts to the host's blocks at once, a display's events by its queue, encodes to their buffers.
 */
#import "pg.h"

#include <stdlib.h>

int32_t standin_post(struct pvgi_device *device, const struct pvg_record *record);
bool standin_post_glyph(struct pvgi_device *device, const struct pvg_record *record, uint8_t *bytes);

@interface StandinGlyph : StandinObject <PGGlyph> {
@public
  uint64_t words[6];
  uint8_t *bytes; /* owned */
}
@end

@implementation StandinGlyph
- (NSInteger)pixelsWide { return (NSInteger)(words[1] >> 32); }
- (NSInteger)pixelsHigh { return (NSInteger)(words[1] & 0xffffffffu); }
- (NSInteger)bitsPerPixel { return (NSInteger)words[4]; }
- (NSInteger)bytesPerRow {
  int64_t lie = standin_get(STANDIN_GLYPH);
  return lie == 0 ? (NSInteger)words[3] : lie == 1 ? 1 : 1 << 30;
}
- (unsigned char *)bitmapData { return bytes; }
- (void)dealloc {
  free(bytes);
  [super dealloc];
}
@end

typedef void (^teller)(PGDisplayDescriptor *descriptor);

/* By the display's queue, or later if the displays are still to be attached; lost if there is no display. */
static void tell(StandinDevice *device, uint32_t port, teller event) {
  pthread_mutex_lock(&device->lock);
  StandinDisplay *display = device->displays[port];
  PGDisplayDescriptor *descriptor = display != nil && !device->resuming ? [display->descriptor retain] : nil;
  if (descriptor == nil && device->resuming) {
    uintptr_t address = (uintptr_t)device; /* which has the block, and is not to be kept by it */
    dispatch_block_t again = ^{
      tell((StandinDevice *)address, port, event);
    };
    [device->held addObject:[NSValue valueWithPointer:Block_copy(again)]];
  }
  pthread_mutex_unlock(&device->lock);
  if (descriptor == nil) return;
  dispatch_async(descriptor->queue, ^{
    event(descriptor);
  });
  [descriptor release];
}

void pg_release_held(StandinDevice *device) {
  pthread_mutex_lock(&device->lock);
  device->resuming = false;
  NSArray *held = [device->held copy];
  [device->held removeAllObjects];
  pthread_mutex_unlock(&device->lock);
  for (NSValue *each in held) {
    dispatch_block_t again = [each pointerValue];
    again();
    Block_release(again);
  }
  [held release];
}

static void post(StandinDevice *device, const struct pvg_record *record) {
  uint32_t port = (uint32_t)record->words[0];
  uint64_t one = record->words[1], two = record->words[2], three = record->words[3];
  switch (record->kind) {
    case PVG_UPCALL_RAISE_INTERRUPT: device->descriptor->raiseInterrupt(port); break;
    case PVG_UPCALL_IOSFC_INTERRUPT: device->mapper->descriptor->raise(port); break;
    case PVG_UPCALL_NEW_FRAME: tell(device, port, ^(PGDisplayDescriptor *descriptor) {
        descriptor->newFrame();
      });
      break;
    case PVG_UPCALL_MODE_CHANGE: tell(device, port, ^(PGDisplayDescriptor *descriptor) {
        descriptor->modeChange((PGDisplayCoord_t){(uint16_t)one, (uint16_t)two}, (uint32_t)three);
      });
      break;
    case PVG_UPCALL_CURSOR_SHOW: tell(device, port, ^(PGDisplayDescriptor *descriptor) {
        descriptor->show(one != 0);
      });
      break;
    case PVG_UPCALL_CURSOR_MOVE: tell(device, port, ^(PGDisplayDescriptor *descriptor) {
        descriptor->move();
      });
      break;
    case PVG_UPCALL_FRAME_COMPLETED: pg_encode_done(device, one, two == 0); break;
    default: break;
  }
}

int32_t standin_post(struct pvgi_device *soft, const struct pvg_record *record) {
  if (atomic_load(&soft->stopped)) return PVG_E_CLOSED;
  StandinDevice *device = pg_find(soft->config.group);
  @autoreleasepool {
    if (device != nil) post(device, record);
  }
  return PVG_OK;
}

bool standin_post_glyph(struct pvgi_device *soft, const struct pvg_record *record, uint8_t *bytes) {
  StandinDevice *device = pg_find(soft->config.group);
  @autoreleasepool {
    StandinGlyph *glyph = [[[StandinGlyph alloc] init] autorelease];
    memcpy(glyph->words, record->words, sizeof glyph->words);
    glyph->bytes = bytes;
    uint64_t hotspot = record->words[2];
    if (device != nil) tell(device, (uint32_t)record->words[0], ^(PGDisplayDescriptor *descriptor) {
      descriptor->glyph(glyph, (PGDisplayCoord_t){(uint16_t)(hotspot >> 32), (uint16_t)hotspot});
    });
  }
  return true;
}
