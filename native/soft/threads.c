/* SPDX-License-Identifier: Apache-2.0
 *
 * threads.c - what the software PVG's threads are called. This file starts none.
 */
#include "soft_pvg.h"

const char *pvg_device_thread_name(uint32_t thread) {
  static const char *const names[] = {
    [THREAD_CONTROL] = "pvg-control",    [THREAD_TASK] = "pvg-task-0",        [THREAD_TASK + 1] = "pvg-task-1",
    [THREAD_DISPLAY] = "pvg-display",    [THREAD_VSYNC] = "pvg-vsync",        [THREAD_GPU] = "pvg-gpu",
    [THREAD_IOSFC] = "pvg-iosfc",        [THREAD_CHANNEL + 1] = "pvg-fifo-1", [THREAD_CHANNEL + 2] = "pvg-fifo-2",
    [THREAD_CHANNEL + 3] = "pvg-fifo-3", [THREAD_CHANNEL + 4] = "pvg-fifo-4", [THREAD_CHANNEL + 5] = "pvg-fifo-5",
    [THREAD_CHANNEL + 6] = "pvg-fifo-6", [THREAD_CHANNEL + 7] = "pvg-fifo-7", [THREAD_CHANNEL + 8] = "pvg-fifo-8",
  };
  bool known = thread < sizeof names / sizeof *names && names[thread] != NULL;
  return known ? names[thread] : "no thread of PVG's";
}
