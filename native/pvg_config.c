/* SPDX-License-Identifier: Apache-2.0
 *
 * pvg_config.c - whether a configuration, RAM ranges and display modes make sense, whichever PVG they are for.
 *
 * Everything is checked before anything is made, each field with a text of its own. This file keeps nothing and changes nothing.
 */
#include <string.h>

#include "pvg_device.h"

#define VECTORS_MAX 64u
#define ENCODE_DELAY_MAX_US 1000000u
#define NAME_MAX_LENGTH 13u

/* ---- RAM ranges ---- */

static bool overlaps(const struct pvg_ram_range *a, const struct pvg_ram_range *b) {
  return a->gpa < b->gpa + b->length && b->gpa < a->gpa + a->length;
}

/* A PVG that reaches guest memory through upcalls only has its ranges checked all the same. */
int32_t pvgi_check_ranges(const struct pvg_ram_range *ranges, uint32_t count) {
  if (count > PVGI_RAM_RANGES || (count != 0 && ranges == NULL)) {
    return pvgi_fail(PVG_E_ARGUMENT, "a device has 0..%u RAM ranges, not %u", PVGI_RAM_RANGES, count);
  }
  for (uint32_t i = 0; i < count; i++) {
    struct pvgi_memory memory;
    const struct pvg_ram_range *range = &ranges[i];
    if (pvgi_ram_acquire(range->ram, &memory) != PVG_OK) return PVG_E_HANDLE;
    bool fits = range->length != 0 && range->ram_offset <= memory.length &&
                range->length <= memory.length - range->ram_offset && range->gpa + range->length >= range->gpa &&
                range->reserved == 0;
    pvgi_ram_release(&memory);
    if (!fits) return pvgi_fail(PVG_E_ARGUMENT, "RAM range %u is empty or leaves its RAM", i);
    for (uint32_t j = 0; j < i; j++) {
      if (overlaps(range, &ranges[j])) return pvgi_fail(PVG_E_ARGUMENT, "RAM ranges %u and %u overlap", j, i);
    }
  }
  return PVG_OK;
}

/* ---- the configuration ---- */

/* A guest remembers its displays by their serial numbers, so two ports with the same one would be one display to it. */
static int32_t check_ports(const struct pvg_config *config) {
  if (config->ports < 1 || config->ports > PVG_PORTS_MAX) {
    return pvgi_fail(PVG_E_ARGUMENT, "a device has 1..%u ports, not %u", PVG_PORTS_MAX, config->ports);
  }
  const uint32_t *serials = config->display_serials;
  for (uint32_t i = 0; i < PVG_PORTS_MAX; i++) {
    if (i >= config->ports && serials[i] != 0) {
      return pvgi_fail(PVG_E_ARGUMENT, "display_serials[%u] is 0 on a device of %u ports, not %u", i, config->ports, serials[i]);
    }
    for (uint32_t j = 0; i < config->ports && j < i; j++) {
      if (serials[i] != serials[j]) continue;
      return pvgi_fail(PVG_E_ARGUMENT, "the displays of ports %u and %u have the same serial number, %u", j, i, serials[i]);
    }
  }
  return PVG_OK;
}

static int32_t check_displays(const struct pvg_config *config) {
  for (uint32_t i = 0; i < 2; i++) {
    if (config->display_mm[i] >= 1 && config->display_mm[i] <= 65535) continue;
    return pvgi_fail(PVG_E_ARGUMENT, "display_mm[%u] is 1..65535, not %u", i, config->display_mm[i]);
  }
  const char *name = (const char *)config->display_name;
  size_t length = strnlen(name, sizeof config->display_name);
  if (length < 1 || length > NAME_MAX_LENGTH) {
    return pvgi_fail(PVG_E_ARGUMENT, "a display's name has 1..%u bytes, not %zu", NAME_MAX_LENGTH, length);
  }
  for (size_t i = length; i < sizeof config->display_name; i++) {
    if (name[i] != 0) return pvgi_fail(PVG_E_ARGUMENT, "byte %zu behind a display's name is not 0", i);
  }
  return PVG_OK;
}

/* What PVG's own threads answer they look up in a map. */
static int32_t check_own(const struct pvg_config *config) {
  if (config->own_iosfc > PVG_OWN_IOSFC_CHECKED) {
    return pvgi_fail(PVG_E_ARGUMENT, "own_iosfc is 0..%u, not %u", PVG_OWN_IOSFC_CHECKED, config->own_iosfc);
  }
  if (config->own_traces >> PVG_TRACE_EVENTS != 0) {
    return pvgi_fail(PVG_E_ARGUMENT, "own_traces is 0x%x: there are %u events", config->own_traces, PVG_TRACE_EVENTS);
  }
  bool own = config->own_tasks != 0 || config->own_reads != 0 || config->own_iosfc != PVG_OWN_IOSFC_NONE;
  if (config->map == 0) return own ? pvgi_fail(PVG_E_ARGUMENT, "PVG can't answer by itself without a memory map") : PVG_OK;
  return pvg_map_cells(config->map) != 0 ? PVG_OK : PVG_E_HANDLE;
}

static int32_t check_host(const struct pvg_config *config) {
  if (pvg_group_cause(config->group) != PVG_CAUSE_NONE) {
    return pvgi_fail(PVG_E_HANDLE, "0x%x names no open group", config->group);
  }
  for (uint32_t i = 0; i < PVG_CLASSES; i++) {
    if (pvg_mailbox_depth(config->mailboxes[i]) >= 0) continue;
    return pvgi_fail(PVG_E_HANDLE, "mailboxes[%u] is 0x%x, which names no mailbox", i, config->mailboxes[i]);
  }
  return PVG_OK;
}

int32_t pvgi_check_config(const struct pvg_config *config) {
  if (config->version != PVG_BRIDGE_VERSION) {
    return pvgi_fail(PVG_E_ARGUMENT, "the configuration is of version %u, the library of %u", config->version,
                     PVG_BRIDGE_VERSION);
  }
  if (config->wake > PVG_WAKE_ALL) return pvgi_fail(PVG_E_ARGUMENT, "wake is 0..%u, not %u", PVG_WAKE_ALL, config->wake);
  if (config->page_shift != 12 && config->page_shift != 14) {
    return pvgi_fail(PVG_E_ARGUMENT, "page_shift is 12 or 14, not %u", config->page_shift);
  }
  if (config->vectors < 1 || config->vectors > VECTORS_MAX) {
    return pvgi_fail(PVG_E_ARGUMENT, "a device has 1..%u vectors, not %u", VECTORS_MAX, config->vectors);
  }
  if (pvg_gpu_flags(config->gpu) < 0) return PVG_E_ARGUMENT;
  if (config->encode_delay_us > ENCODE_DELAY_MAX_US) {
    return pvgi_fail(PVG_E_ARGUMENT, "encode_delay_us is 0..%u, not %u", ENCODE_DELAY_MAX_US, config->encode_delay_us);
  }
  if (config->poll_us > PVGI_POLL_MAX_US) {
    return pvgi_fail(PVG_E_ARGUMENT, "poll_us is 0..%u, not %u", PVGI_POLL_MAX_US, config->poll_us);
  }
  if (config->reserved != 0) return pvgi_fail(PVG_E_ARGUMENT, "reserved fields are 0");
  int32_t result = check_ports(config);
  if (result == PVG_OK) result = check_displays(config);
  if (result == PVG_OK) result = check_own(config);
  return result == PVG_OK ? check_host(config) : result;
}

/* ---- modes ---- */

static bool mode_is_sane(const struct pvg_display_mode *mode) {
  return mode->width >= 1 && mode->width <= PVGI_SIDE_MAX && mode->height >= 1 && mode->height <= PVGI_SIDE_MAX &&
         mode->rate_mhz >= 1000 && mode->rate_mhz <= 65535000 && mode->reserved == 0;
}

int32_t pvgi_check_modes(const struct pvg_display_mode *modes, uint32_t count) {
  if (modes == NULL || count < 1 || count > PVGI_MODES) {
    return pvgi_fail(PVG_E_ARGUMENT, "a mode list has 1..%u modes, not %u", PVGI_MODES, count);
  }
  for (uint32_t at = 0; at < count; at++) {
    if (mode_is_sane(&modes[at])) continue;
    return pvgi_fail(PVG_E_ARGUMENT, "mode %u is %ux%u at %u mHz; sides are 1..16384, rates 1000..65535000", at,
                     modes[at].width, modes[at].height, modes[at].rate_mhz);
  }
  return PVG_OK;
}
