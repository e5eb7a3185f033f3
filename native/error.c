/* SPDX-License-Identifier: Apache-2.0
 *
 * error.c - what a thread asks about itself and the library: its last error text, its number, the version.
 *
 * Invariant: the text is the thread's own and always terminated, so that a pointer to it handed out stays valid
 * until that thread fails again. It keeps no status: every function returns its own.
 */
#define _GNU_SOURCE /* gettid's number, by syscall() since older libraries lack the function */
#include <stdarg.h>
#include <stdio.h>

#ifdef __APPLE__
#include <pthread.h>
#else
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "internal.h"

static _Thread_local char last_error[256];

int32_t pvgi_fail(int32_t status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(last_error, sizeof last_error, format, arguments);
  va_end(arguments);
  return status;
}

const char *pvg_last_error(void) { return last_error; }

#ifdef __APPLE__
uint32_t pvg_thread_id(void) {
  uint64_t id = 0;
  pthread_threadid_np(NULL, &id);
  return (uint32_t)id;
}
#else
uint32_t pvg_thread_id(void) { return (uint32_t)syscall(SYS_gettid); }
#endif

uint32_t pvg_bridge_version(void) { return PVG_BRIDGE_VERSION; }
