/* SPDX-License-Identifier: Apache-2.0
 *
 * check.h - the one assertion of the native tests. Unlike assert() it can't be compiled away, and it says what
 * the library's last error was.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "pvg_bridge.h"

#define CHECK(condition)                                                                                    \
  do {                                                                                                      \
    if (!(condition)) {                                                                                     \
      fprintf(stderr, "%s:%d: not so: %s (last error: %s)\n", __FILE__, __LINE__, #condition, pvg_last_error()); \
      exit(1);                                                                                              \
    }                                                                                                       \
  } while (0)

#endif
