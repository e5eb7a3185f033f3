/* SPDX-License-Identifier: Apache-2.0
 *
 * descriptors.h - how many descriptors the process has open, to see that none is left behind.
 */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <dirent.h>

#include "check.h"

/* With those that the look itself takes, which are as many each time. */
static int open_descriptors(void) {
  DIR *all = opendir("/proc/self/fd");
  CHECK(all != NULL);
  int count = 0;
  while (readdir(all) != NULL) count++;
  closedir(all);
  return count;
}

#endif
