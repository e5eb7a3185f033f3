/* SPDX-License-Identifier: Apache-2.0
 *
 * display.m - PGDisplay: modes, cursor, and encodes into Metal's textures by way of the software PVG's.
 *
 * An encode takes the display's current frame at once; its pixels are in the Metal texture before the command buffer completes.
 */
#import "pg.h"

@implementation StandinEncode
- (void)dealloc {
  [buffer release];
  [texture release];
  [super dealloc];
}
@end

static uint32_t soft_texture(StandinDevice *device, StandinTexture *texture) {
  pthread_mutex_lock(&texture->lock);
  if (texture->soft_device != device->soft || texture->soft == 0) {
    texture->soft = pvg_texture_create(device->soft, (uint32_t)texture->width, (uint32_t)texture->height, MTLTextureUsageRenderTarget);
    texture->soft_device = device->soft;
  }
  uint32_t soft = texture->soft;
  pthread_mutex_unlock(&texture->lock);
  return soft;
}

/* Taken out of the table, for the caller to release; nil if it is done already. */
static StandinEncode *take(StandinDevice *device, uint64_t number) {
  NSNumber *key = [NSNumber numberWithUnsignedLongLong:number];
  pthread_mutex_lock(&device->lock);
  StandinEncode *encode = [[device->encodes objectForKey:key] retain];
  [device->encodes removeObjectForKey:key];
  pthread_mutex_unlock(&device->lock);
  return encode;
}

void pg_encode_done(StandinDevice *device, uint64_t number, bool succeeded) {
  StandinEncode *encode = take(device, number);
  if (encode == nil) return;
  StandinTexture *texture = encode->texture;
  pthread_mutex_lock(&texture->lock);
  /* With another encode in flight it is refused, and then that one's picture is the one to have. */
  if (succeeded) pvg_texture_copy(texture->soft, texture->vram, 4 * texture->width * texture->height);
  pthread_mutex_unlock(&texture->lock);
  [encode->buffer workDone:succeeded];
  [encode release];
}

void pg_encodes_fail(StandinDevice *device) {
  pthread_mutex_lock(&device->lock);
  NSArray *numbers = [[device->encodes allKeys] retain];
  pthread_mutex_unlock(&device->lock);
  for (NSNumber *number in numbers) pg_encode_done(device, [number unsignedLongLongValue], false);
  [numbers release];
}

@implementation StandinDisplay
- (void)dealloc {
  pthread_mutex_lock(&device->lock);
  if (device->displays[port] == self) device->displays[port] = nil;
  pthread_mutex_unlock(&device->lock);
  [descriptor release];
  [modes release];
  [device release];
  [super dealloc];
}
- (NSArray *)modeList { return modes; }
- (void)setModeList:(NSArray *)list {
  if (standin_fails(STANDIN_MODES)) return;
  struct pvg_display_mode soft[128];
  uint32_t count = 0;
  for (PGDisplayMode *mode in list) {
    if (count == 128) [NSException raise:NSRangeException format:@"more than 128 modes"];
    soft[count++] = (struct pvg_display_mode){mode->size.x, mode->size.y, (uint32_t)(mode->rate * 1000 + 0.5), 0};
  }
  NSArray *before = modes;
  modes = [list copy];
  [before release];
  pvg_display_set_modes(device->soft, port, soft, count);
}
- (MTLTextureUsage)minimumTextureUsage { return MTLTextureUsageRenderTarget; }
- (PGDisplayCoord_t)cursorPosition {
  uint32_t place[2] = {0xffff, 0xffff};
  pvg_display_cursor_position(device->soft, port, place);
  return (PGDisplayCoord_t){(uint16_t)place[0], (uint16_t)place[1]};
}
- (uint64_t)count:(uint32_t)which {
  uint64_t counts[2] = {0, 0};
  pvg_display_present_counts(device->soft, port, counts);
  return counts[which];
}
#if STANDIN_MACOS < 260
- (uint32_t)guestPresentCount { return (uint32_t)[self count:0]; }
- (uint32_t)hostPresentCount { return (uint32_t)[self count:1]; }
#else
- (NSUInteger)guestPresentCount { return [self count:0]; }
- (NSUInteger)hostPresentCount { return [self count:1]; }
#endif
- (BOOL)encodeCurrentFrameToCommandBuffer:(id<MTLCommandBuffer>)given texture:(id<MTLTexture>)target region:(MTLRegion)region {
  if (standin_fails(STANDIN_ENCODE)) return NO;
  StandinTexture *texture = (StandinTexture *)target;
  if (region.origin.x != 0 || region.origin.y != 0 || region.size.width != texture->width || region.size.height != texture->height) return NO;
  StandinEncode *encode = [[[StandinEncode alloc] init] autorelease];
  encode->buffer = [(StandinCommandBuffer *)given retain];
  encode->texture = [texture retain];
  uint32_t soft = soft_texture(device, texture);
  [encode->buffer workBegun];
  pthread_mutex_lock(&device->lock);
  uint64_t number = ++device->encodeNumber;
  [device->encodes setObject:encode forKey:[NSNumber numberWithUnsignedLongLong:number]];
  pthread_mutex_unlock(&device->lock);
  if (pvg_display_encode(device->soft, port, soft, 0, number) == PVG_OK) return YES;
  StandinEncode *refused = take(device, number);
  [refused->buffer workDone:false];
  [refused release];
  return NO;
}
@end
