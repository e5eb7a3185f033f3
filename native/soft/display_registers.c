/* SPDX-License-Identifier: Apache-2.0
 *
 * display_registers.c - the registers from REG_DISPLAY to REG_NAME's last, which are about one port at a time.
 *
 * The guest selects the port; any value may come from it. Of a port that isn't there the registers read 0 (REG_MODE: MODE_NONE)
 * and ignore writes. No access here waits.
 */
#include "soft_pvg.h"

bool soft_display_register(uint64_t offset) { return offset >= REG_DISPLAY && offset < REG_NAME + 16; }

static uint32_t selected_mode(const struct soft_display *display, uint64_t offset) {
  if (display->mode_select >= display->mode_count) return 0;
  const struct pvg_display_mode *mode = &display->modes[display->mode_select];
  switch (offset) {
    case REG_MODE_SIZE: return mode->width << 16 | mode->height;
    case REG_STRIDE: return (mode->width * 4 + 63) & ~63u;
    default: return mode->rate_mhz;
  }
}

static uint32_t read_port(const struct soft_display *display, uint64_t offset) {
  const struct pvg_config *config = &display->device->config;
  if (offset >= REG_NAME) return config->display_name[(offset - REG_NAME) / 4];
  switch (offset) {
    case REG_MODE_COUNT: return display->mode_count;
    case REG_MODE_SELECT: return display->mode_select;
    case REG_MODE_SIZE:
    case REG_STRIDE:
    case REG_MODE_RATE: return selected_mode(display, offset);
    case REG_MODE_DEPTH: return 32;
    case REG_MODE: return display->mode;
    case REG_STRIDE_ALIGN: return 64;
    case REG_SERIAL: return config->display_serials[display->port];
    case REG_SIZE_MM: return config->display_mm[0] << 16 | config->display_mm[1];
    case REG_CONNECTED: return display->mode_count != 0;
    default: return 0;
  }
}

uint32_t soft_display_read_locked(struct soft_device *device, uint64_t offset) {
  if (offset == REG_DISPLAY) return device->display_select;
  if (offset == REG_PORTS) return device->config.ports;
  const struct soft_display *display = soft_display_of(device, device->display_select);
  if (display == NULL) return offset == REG_MODE ? MODE_NONE : 0;
  return read_port(display, offset);
}

void soft_display_write_locked(struct soft_device *device, uint64_t offset, uint32_t value) {
  if (offset == REG_DISPLAY) device->display_select = value;
  struct soft_display *display = soft_display_of(device, device->display_select);
  if (display == NULL) return;
  if (offset == REG_MODE_SELECT) display->mode_select = value;
  if (offset == REG_MODE) soft_mode_write_locked(display, value);
}
