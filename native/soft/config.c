/* SPDX-License-Identifier: Apache-2.0
 *
 * config.c - what the software PVG says of itself: its name, what it can, and its GPUs.
 */
#include <string.h>

#include "soft_pvg.h"

const char *pvg_bridge_name(void) { return "soft"; }

int32_t pvg_bridge_can_suspend(void) { return 1; }

/* ---- GPUs ---- */

/* There is one, and it draws with the processor, so its memory is the processor's. */
static const uint32_t gpu_flags[] = {PVG_GPU_UNIFIED_MEMORY | PVG_GPU_DEFAULT};

#define GPUS ((uint32_t)(sizeof gpu_flags / sizeof *gpu_flags))

int32_t pvg_gpu_count(void) { return (int32_t)GPUS; }

int32_t pvg_gpu_flags(uint32_t index) {
  if (index < GPUS) return (int32_t)gpu_flags[index];
  return pvgi_fail(PVG_E_ARGUMENT, "there is no GPU %u, only %u", index, GPUS);
}

int32_t pvg_option_rom(void *path, uint32_t room) {
  (void)path;
  (void)room;
  return 0;
}

int32_t pvg_bridge_report(void *text, uint32_t room) {
  static const char report[] = "the software PVG draws with the processor, and asks nothing of the system\n";
  if (text == NULL && room != 0) return pvgi_fail(PVG_E_ARGUMENT, "no room for the report");
  if (room != 0) memcpy(text, report, sizeof report - 1 < room ? sizeof report - 1 : room);
  return (int32_t)(sizeof report - 1);
}
