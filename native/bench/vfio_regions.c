/* SPDX-License-Identifier: Apache-2.0
 *
 * vfio_regions.c - what the client reads and writes: configuration space, registers, and a ROM that says nothing.
 *
 * Invariant: configuration space is bytes with a mask of what may be changed, so sizing a BAR by writing ones to it works by itself. An access
 * to registers is carried out 4 bytes at a time, low address first; what isn't aligned reads 0 and writes nothing.
 */
#include <errno.h>
#include <string.h>

#include "vfio_server.h"

#define ROM_LENGTH 0x1000u
#define MSI 0x50u
#define EXPRESS 0x70u
#define EXPRESS_CONTROL_HIGH (EXPRESS + 9)
#define FUNCTION_RESET 0x80u

static void put16(uint8_t *at, uint32_t value) { memcpy(at, &(uint16_t){(uint16_t)value}, 2); }
static void put32(uint8_t *at, uint32_t value) { memcpy(at, &value, 4); }

static void capabilities(struct vfio_server *server) {
  uint8_t *config = server->config, *writable = server->writable;
  config[0x34] = MSI;
  put16(&config[0x06], 0x0010); /* there is a list of capabilities */
  config[MSI] = 0x05;
  config[MSI + 1] = EXPRESS;
  put16(&config[MSI + 2], 5u << 1 | 1u << 7); /* 32 vectors, 64-bit addresses */
  put16(&writable[MSI + 2], 7u << 4 | 1u);
  put32(&writable[MSI + 4], 0xfffffffcu);
  put32(&writable[MSI + 8], 0xffffffffu);
  put16(&writable[MSI + 12], 0xffffu);
  config[EXPRESS] = 0x10;
  put16(&config[EXPRESS + 2], 2);             /* an endpoint, version 2 */
  put32(&config[EXPRESS + 4], 1u << 28 | 1u << 15); /* function-level reset, role-based error reporting */
  put32(&config[EXPRESS + 12], 1u << 4 | 1u); /* one lane, 2.5 GT/s */
  put16(&config[EXPRESS + 18], 1u << 4 | 1u);
  put16(&writable[EXPRESS + 8], 0x7fffu);
}

void vfio_config_reset(struct vfio_server *server) {
  uint8_t *config = server->config, *writable = server->writable;
  memset(config, 0, VFIO_CONFIG_LENGTH);
  memset(writable, 0, VFIO_CONFIG_LENGTH);
  put16(&config[0x00], 0x106b);
  put16(&config[0x02], 0xeeee);
  config[0x0a] = 0x80;
  config[0x0b] = 0x03;
  put16(&config[0x2c], 0x106b);
  put16(&config[0x2e], 0xeeee);
  put16(&writable[0x04], 0x0546);
  writable[0x0c] = 0xff;
  put32(&writable[0x10], ~(VFIO_BAR_LENGTH - 1));
  put32(&writable[0x30], ~(ROM_LENGTH - 1) | 1u);
  writable[0x3c] = 0xff;
  capabilities(server);
}

int vfio_reset(struct vfio_server *server) {
  vfio_config_reset(server);
  return pvg_device_reset(server->device) == PVG_OK ? 0 : EIO;
}

uint64_t vfio_region_length(uint32_t region) {
  switch (region) {
    case VFIO_REGION_BAR0: return VFIO_BAR_LENGTH;
    case VFIO_REGION_ROM: return ROM_LENGTH;
    case VFIO_REGION_CONFIG: return VFIO_CONFIG_LENGTH;
    default: return 0;
  }
}

static bool is_register_access(const struct vfio_access *access) {
  return (access->count == 4 || access->count == 8) && access->offset % access->count == 0;
}

void vfio_region_read(struct vfio_server *server, const struct vfio_access *access, uint8_t *bytes) {
  uint64_t length = vfio_region_length(access->region);
  if (access->offset > length || access->count > length - access->offset) {
    memset(bytes, 0xff, access->count);
  } else if (access->region == VFIO_REGION_CONFIG) {
    memcpy(bytes, &server->config[access->offset], access->count);
  } else {
    memset(bytes, 0, access->count);
    if (access->region != VFIO_REGION_BAR0 || !is_register_access(access)) return;
    for (uint32_t at = 0; at < access->count; at += 4) {
      uint32_t value[2] = {0};
      pvg_mmio_read(server->device, PVG_WINDOW_GFX, access->offset + at, value);
      memcpy(bytes + at, value, 4);
    }
  }
}

void vfio_region_write(struct vfio_server *server, const struct vfio_access *access, const uint8_t *bytes) {
  uint64_t length = vfio_region_length(access->region);
  if (access->offset > length || access->count > length - access->offset) return;
  if (access->region == VFIO_REGION_CONFIG) {
    for (uint32_t at = 0; at < access->count; at++) {
      uint8_t *byte = &server->config[access->offset + at], mask = server->writable[access->offset + at];
      *byte = (uint8_t)((*byte & ~mask) | (bytes[at] & mask));
      if (access->offset + at == EXPRESS_CONTROL_HIGH && (bytes[at] & FUNCTION_RESET) != 0) vfio_reset(server);
    }
  } else if (access->region == VFIO_REGION_BAR0 && is_register_access(access)) {
    for (uint32_t at = 0; at < access->count; at += 4) {
      uint32_t value;
      memcpy(&value, bytes + at, 4);
      pvg_mmio_write(server->device, PVG_WINDOW_GFX, access->offset + at, value);
    }
  }
}
